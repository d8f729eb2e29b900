import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalEngine } from '../../src/engine/jobs/local-engine';
import type { Raster } from '../../src/engine/raster/raster';
import { sha256 } from '../../src/engine/network/load-network';
import * as ort from '../../src/engine/runtime/onnxruntime.node';
import type { Network } from '../../src/engine/network/registry';
import type { InferenceSession, Ort, Runtime, Tensor } from '../../src/engine/runtime/runtime';
import type { DeviceName, OrtDevice, PlainTensor, Tensors } from '../support/ort-device';
import { openDevice, swiftShaderFolder } from '../support/ort-device';
import { drawn, largestDifference, never } from './raster/support';
import { Collector, sourceOf } from './upscaling/pictures';
import { tinyModel } from './upscaling/tiny-networks';

const golden = join(__dirname, '../golden/engine');
const { width, height, values } = JSON.parse(readFileSync(join(golden, 'tiny-x2.json'), 'utf8')) as {
  width: number;
  height: number;
  values: number[];
};

/** A {@link Runtime} over ONNX Runtime in another process, where WASM and software WebGPU can be had. */
function runtimeOver(device: OrtDevice): Runtime {
  return {
    ort: ort as unknown as Ort,
    device: device.name === 'native' ? 'cpu' : device.name === 'WASM' ? 'wasm' : 'webgpu',
    deviceName: device.name,
    async createSession(model) {
      const session = await device.createSession(model);
      return {
        run: async (feeds: Record<string, Tensor>) => {
          const plain: Record<string, PlainTensor> = {};
          for (const [name, { type, dims, data }] of Object.entries(feeds))
            plain[name] = { type, dims, data: data as Float32Array };
          const answers: Tensors = await session.run(plain);
          return Object.fromEntries(
            Object.entries(answers).map(([name, { data, dims }]) => [
              name,
              new ort.Tensor('float32', data as Float32Array, dims),
            ]),
          );
        },
        release: () => session.release(),
      } as unknown as InferenceSession;
    },
    dispose: () => device.close(),
  };
}

let network: Network;
beforeAll(async () => {
  const bytes = new Uint8Array(readFileSync(join(golden, 'tiny-x2.onnx')));
  const { entry } = await tinyModel();
  network = { bytes, entry: { ...entry, bytes: bytes.length, sha256: await sha256(bytes) } };
});

const rgb = drawn(width, height, 3, (c, y, x) => 0.5 + 0.45 * Math.sin(0.7 * x + c) * Math.cos(0.9 * y - 2 * c));
const layer = drawn(width, height, 4, (c, y, x) =>
  c === 3 ? Math.min(1, Math.max(0, (x + y - 12) / 6)) : 2 * rgb.data[(c * height + y) * width + x]! - 0.4,
);

async function upscale(engine: LocalEngine, picture: Raster, scale: number, encoding: 'display' | 'linear') {
  const sink = new Collector();
  const options = { network, size: { scale }, device: 'auto' as const, tile: 30 };
  const report = await engine.upscale(never, sourceOf(picture, { encoding }), sink, options);
  return { report, result: sink.result };
}

const names: DeviceName[] = ['native', 'WASM', 'WebGPU'];
describe.each(names)('the whole engine on %s', (name) => {
  const check = name === 'WebGPU' && swiftShaderFolder() === undefined ? describe.skip : describe;
  check('gives', () => {
    let engine: LocalEngine;
    beforeAll(() => {
      const runtime = runtimeOver(openDevice(name));
      engine = new LocalEngine({
        runtimes: { fallback: runtime.device, open: () => Promise.resolve({ runtime, notices: [] }) },
      });
    });
    afterAll(() => engine.dispose());

    test('the golden pixels', async () => {
      const { report, result } = await upscale(engine, rgb, 2, 'display');
      expect(report).toMatchObject({ deviceName: name, tilesRedone: 0, notices: [] });
      expect(largestDifference(result.data, values)).toBeLessThan(1e-5);
    });

    test('what native CPU gives for a layer of linear light with alpha, overbright, at another scale', async () => {
      const native = new LocalEngine({
        runtimes: {
          fallback: 'cpu',
          open: () => Promise.resolve({ runtime: runtimeOver(openDevice('native')), notices: [] }),
        },
      });
      const expected = await upscale(native, layer, 3.3, 'linear');
      const { result } = await upscale(engine, layer, 3.3, 'linear');
      expect(largestDifference(result.data, expected.result.data)).toBeLessThan(1e-4);
      await native.dispose();
    });
  });
});
