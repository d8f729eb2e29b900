import { LoadedNetwork } from '../../../src/engine/network/loaded-network';
import { cpuRuntime } from '../../../src/engine/node';
import type { Network } from '../../../src/engine/network/registry';
import type { Runtime, SessionOptions } from '../../../src/engine/runtime/runtime';
import { noise } from '../raster/support';
import { tinyModel } from '../upscaling/tiny-networks';

const cpu = cpuRuntime(1);
afterAll(() => cpu.dispose());

/** What sessions were asked for with, on a runtime that says it is `device`; all computes on the CPU. */
async function sessionsFor(device: 'cpu' | 'webgpu', network: Network, sizes: readonly (readonly [number, number])[]) {
  const asked: unknown[] = [];
  const runtime = Object.assign(Object.create(cpu) as Runtime, {
    device,
    createSession: (bytes: Uint8Array, options: SessionOptions = {}) => {
      asked.push(options.dimensions ?? null);
      return cpu.createSession(bytes, options);
    },
  });
  const loaded = new LoadedNetwork(runtime, network);
  for (const [width, height] of sizes) {
    const result = await loaded.run(noise(width, height, 3, width));
    expect([result.width, result.height]).toEqual([2 * width, 2 * height]);
  }
  await loaded.close();
  return asked;
}

const sizes = [
  [12, 8],
  [12, 8],
  [8, 12],
] as const;

test('one session serves images of all sizes on the CPU', async () => {
  expect(await sessionsFor('cpu', await tinyModel(), sizes)).toEqual([null]);
});

test('on the GPU each size has a session that knows it', async () => {
  expect(await sessionsFor('webgpu', await tinyModel(), sizes)).toEqual([
    { width: 12, height: 8 },
    { width: 8, height: 12 },
  ]);
});
