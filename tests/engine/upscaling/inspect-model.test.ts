import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createNodeEngine, inspectModelFile } from '../../../src/engine/node';
import { describeWithSharedData, sharedData } from '../../support/shared-data';
import { largestDifference, never, noise } from '../raster/support';
import { Collector, sourceOf } from './pictures';
import { tinyModel, tinyNetwork, tinyRadius, type TinyOptions } from './tiny-networks';

const engine = createNodeEngine({ threads: 1 });
afterAll(() => engine.dispose());

const variants: TinyOptions[] = [
  {},
  { channels: 'BGR' },
  { layout: 'NHWC' },
  { white: 255 },
  { type: 'FLOAT16' },
  { size: { width: 40, height: 32 } },
  { scale: 1 },
  { scale: 3, layout: 'NHWC', channels: 'BGR', white: 255 },
  { scale: 4, type: 'FLOAT16', white: 255, size: { width: 24, height: 24 } },
  { kind: 'multiple-of-4' },
];

describe('a network that a person brings', () => {
  test.each(variants)('%j: all of it is found out, and it upscales', async (options) => {
    const bytes = tinyNetwork(options);
    const entry = await inspectModelFile(never, bytes, 'My network (v1)');
    const { layout = 'NCHW', channels = 'RGB', white = 1, type = 'FLOAT', size, scale = 2, kind } = options;
    expect(entry).toMatchObject({
      id: 'my-network-v1',
      name: 'My network (v1)',
      scale,
      multipleOf: kind === 'multiple-of-4' ? 4 : 1,
      input: { name: 'image', layout, channels, range: [0, white], type: type === 'FLOAT16' ? 'float16' : 'float32' },
      output: 'enlarged',
      bytes: bytes.length,
    });
    expect(entry.input.size).toEqual(size);
    expect(entry.receptiveField).toBeGreaterThanOrEqual(tinyRadius);
    expect(entry.receptiveField).toBeLessThanOrEqual(tinyRadius + 3);

    const picture = noise(50, 41, 3, 3);
    const [sink, plain] = [new Collector(), new Collector()];
    const job = { size: { scale }, device: 'cpu' as const };
    await engine.upscale(never, sourceOf(picture), sink, { ...job, model: { entry, bytes } });
    await engine.upscale(never, sourceOf(picture), plain, { ...job, model: await tinyModel({ scale }) });
    const tolerance = type === 'FLOAT16' ? 5e-3 : 1e-4;
    expect(largestDifference(sink.result.data, plain.result.data)).toBeLessThanOrEqual(tolerance);
  });

  test('of which every pixel sees the whole is said to be one', async () => {
    expect((await inspectModelFile(never, tinyNetwork({ kind: 'global' }), 'global')).receptiveField).toBeNull();
  });

  test.each<[string, Uint8Array, RegExp]>([
    [
      'a text file',
      new TextEncoder().encode('This is not an ONNX file, whatever its name says.\n'),
      /not an ONNX file/,
    ],
    ['an empty file', new Uint8Array(), /empty/],
    ['half a file', tinyNetwork().subarray(0, 2000), /not an ONNX file/],
    ['an int8 input', tinyNetwork({ type: 'INT8' }), /int8/],
    ['a uint8 input', tinyNetwork({ type: 'UINT8' }), /uint8/],
    ['a network that makes negatives', tinyNetwork({ kind: 'unlike' }), /does not look like/],
    ['a network that answers with NaN', tinyNetwork({ kind: 'nan' }), /does not look like/],
    ['a network that answers with black', tinyNetwork({ kind: 'black' }), /does not look like/],
    ['a network for tiny pictures only', tinyNetwork({ size: { width: 4, height: 4 } }), /4×4 pixels only/],
  ])('%s is refused with the reason', async (_, bytes, reason) => {
    const inspected = inspectModelFile(never, bytes, 'bad');
    await expect(inspected).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringMatching(reason),
      advice: expect.stringMatching(/\w/),
    });
  });

  test('can be left alone in the middle', async () => {
    const abort = new AbortController();
    const inspected = inspectModelFile(abort.signal, tinyNetwork(), 'x');
    abort.abort(new Error('never mind'));
    await expect(inspected).rejects.toThrow('never mind');
  });
});

const peers = ['4xNomos8k_span_otf_weak', 'ClearReality4x', 'RealESRGAN_General_WDN_x4_v3'];
describeWithSharedData('peers')('networks from the wild', () => {
  test.each(peers)(
    '%s',
    async (name) => {
      const bytes = new Uint8Array(readFileSync(resolve(sharedData, 'peers', `${name}.onnx`)));
      const entry = await inspectModelFile(never, bytes, name);
      expect(entry).toMatchObject({
        scale: 4,
        multipleOf: 1,
        input: { name: 'data', layout: 'NCHW', channels: 'RGB', range: [0, 1], type: 'float32' },
        output: 'output',
      });
      expect(entry.receptiveField).toBeGreaterThan(10);
      expect(entry.receptiveField).toBeLessThan(40);
    },
    60_000,
  );
});
