import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { float32, int64, readGraph, writeGraph, type Attributes } from '../../../src/engine/graph';
import { createNodeEngine, takeInFile, type SaidOfNetwork } from '../../../src/engine/node';
import { describeWithSharedData, sharedData } from '../../support/shared-data';
import { smoothPicture } from '../../../src/engine/upscaling/probe-pictures';
import { crop } from '../../../src/engine/raster/planes';
import { largestDifference, never, noise } from '../raster/support';
import { safetensors } from '../conversion/support';
import { Collector, sourceOf } from './pictures';
import { tinyModel, tinyNetwork, tinyRadius, type TinyOptions } from './tiny-networks';

const engine = createNodeEngine({ threads: 1 });
afterAll(() => engine.dispose());

const takeIn = (bytes: Uint8Array, name: string, said?: SaidOfNetwork, signal = never) =>
  takeInFile(signal, { file: { name: `${name}.onnx`, bytes }, name, said });

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
    const { layout = 'NCHW', channels = 'RGB', white = 1, type = 'FLOAT', size, scale = 2, kind } = options;
    // It was not trained on photographs: which colour comes first does not show.
    const { entry } = await takeIn(bytes, 'My network (v1)', options.channels && { channels });
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

    const picture = noise(52, 44, 3, 3);
    const [sink, plain] = [new Collector(), new Collector()];
    const job = { size: { scale }, device: 'cpu' as const };
    await engine.upscale(never, sourceOf(picture), sink, { ...job, network: { entry, bytes } });
    await engine.upscale(never, sourceOf(picture), plain, { ...job, network: await tinyModel({ scale }) });
    const tolerance = type === 'FLOAT16' ? 5e-3 : 1e-4;
    expect(largestDifference(sink.result.data, plain.result.data)).toBeLessThanOrEqual(tolerance);
  });

  test('of which every pixel sees the whole is said to be one', async () => {
    expect((await takeIn(tinyNetwork({ kind: 'global' }), 'global')).entry.receptiveField).toBeNull();
  });

  test('whose sides must fit each other is not given those that only happen to', async () => {
    // As of a SwinIR whose mask is one of so many windows: 48×64 fits, 48×48 does not.
    expect((await takeIn(tinyNetwork({ kind: 'area-of-1024', scale: 1 }), 'windows')).entry.multipleOf).toBe(32);
  });

  test('to which all ranges are one is told to be 0..1', async () => {
    expect((await takeIn(tinyNetwork({ kind: 'blur' }), 'blur')).entry.input.range).toEqual([0, 1]);
  });

  test('that takes noise away is not told to be of a range in which it takes none', async () => {
    // In 0..255 it gives the smooth probe back exactly, and everything else as well.
    const network = tinyNetwork({ kind: 'denoiser', scale: 1 });
    expect((await takeIn(network, 'denoiser')).entry.input.range).toEqual([0, 1]);
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
    ['a network that makes negatives', tinyNetwork({ kind: 'unlike' }), /does not look like/],
    ['a network that answers with NaN', tinyNetwork({ kind: 'nan' }), /does not look like/],
    ['a network that answers with black', tinyNetwork({ kind: 'black' }), /does not look like/],
    ['a network that enlarges too much', tinyNetwork({ scale: 9 }), /9 times; at most 8/],
    ['a network for tiny pictures only', tinyNetwork({ size: { width: 4, height: 4 } }), /4×4 pixels only/],
  ])('%s is refused with the reason', async (_, bytes, reason) => {
    const inspected = takeIn(bytes, 'bad');
    await expect(inspected).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringMatching(reason),
      advice: expect.stringMatching(/\w/),
    });
  });

  test.each<[string, TinyOptions, SaidOfNetwork, RegExp]>([
    ['whole numbers in and out', { type: 'UINT8', white: 255 }, {}, /whole numbers are floats/],
    ['brightness alone', { ports: 'brightness' }, {}, /brightness goes through/],
    ['opacity as a fourth channel', { ports: 'opacity' }, {}, /opacity/],
    ['opacity, white is 255', { ports: 'opacity', white: 255 }, {}, /opacity/],
    ['a noise level', { ports: 'level' }, { values: { level: 0.25 } }, /"level" is 0\.25/],
    ['a noise level for each pixel', { ports: 'map' }, { values: { level: 0.25 } }, /"level" is 0\.25 everywhere/],
    ['a border that is lost', { ports: 'border' }, {}, /2 pixels/],
    ['a border that is lost, and NHWC', { ports: 'border', layout: 'NHWC', scale: 3 }, {}, /2 pixels/],
  ])('%s: it is made one with a picture in and out', async (_, options, said, note) => {
    const { entry, bytes } = await takeIn(tinyNetwork(options), 'odd', said);
    const { scale = 2, white = 1 } = options;
    expect(entry).toMatchObject({ scale, description: expect.stringMatching(note), bytes: bytes.length });
    expect(entry.input.range).toEqual([0, white]);
    // Colours beside the network's are enlarged otherwise than by it: smooth ones alike.
    const picture = options.ports === 'brightness' ? smoothPicture(40, 30) : noise(40, 30, 3, 3);
    const [sink, plain] = [new Collector(), new Collector()];
    const job = { size: { scale }, device: 'cpu' as const };
    await engine.upscale(never, sourceOf(picture), sink, { ...job, network: { entry, bytes } });
    await engine.upscale(never, sourceOf(picture), plain, { ...job, network: await tinyModel({ scale }) });
    // What lies inside is the tiny network's own answer; a border of edges instead of zeros is not.
    const inner = (of: Collector) => crop(of.result, { x: 16, y: 16, width: 40 * scale - 32, height: 30 * scale - 32 });
    const tolerance = options.ports === 'brightness' ? 0.1 : options.type === 'UINT8' ? 3e-3 : 1e-4;
    expect(largestDifference(inner(sink).data, inner(plain).data)).toBeLessThanOrEqual(tolerance);
  });

  test('an input that nobody has given a value is named', async () => {
    await expect(takeIn(tinyNetwork({ ports: 'level' }), 'odd')).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringMatching(/"level"/),
      advice: expect.stringMatching(/--value level=/),
    });
  });

  test('can be left alone in the middle', async () => {
    const abort = new AbortController();
    const inspected = takeIn(tinyNetwork(), 'x', {}, abort.signal);
    abort.abort(new Error('never mind'));
    await expect(inspected).rejects.toThrow('never mind');
  });
});

type Op = readonly [op: string, constant: string, attributes?: Attributes];

/** The same network with operations, each with a constant, before and after it. */
function wrapped(bytes: Uint8Array, before: readonly Op[], after: readonly Op[]): Uint8Array {
  const { inputs, outputs, nodes, initializers, ...graph } = readGraph(bytes);
  const [input, output] = [inputs[0]!, outputs[0]!];
  const [from, to] = ['its own input', 'its own output'];
  const renamed = (names: readonly string[]) =>
    names.map((name) => (name === input.name ? from : name === output.name ? to : name));
  const chain = (ops: readonly Op[], first: string, last: string) =>
    ops.map(([op, constant, attributes = {}], i) => ({
      name: `${first} ${i}`,
      op,
      inputs: [i === 0 ? first : `${first} ${i}`, constant],
      outputs: [i === ops.length - 1 ? last : `${first} ${i + 1}`],
      attributes,
    }));
  const constants = { half: float32(0.5), two: float32(2), one: float32(1), 'blue first': int64([2, 1, 0]) };
  return writeGraph({
    ...graph,
    inputs,
    outputs,
    initializers: new Map([...initializers, ...Object.entries(constants)]),
    nodes: [
      ...chain(before, input.name, from),
      ...nodes.map((node) => ({ ...node, inputs: renamed(node.inputs), outputs: renamed(node.outputs) })),
      ...chain(after, to, output.name),
    ],
  });
}

/** The same network with values of -1..1 in and out. */
const signed = (bytes: Uint8Array) =>
  wrapped(
    bytes,
    [
      ['Mul', 'half'],
      ['Add', 'half'],
    ],
    [
      ['Mul', 'two'],
      ['Sub', 'one'],
    ],
  );

/** The same network with blue first in and out. */
const blueFirst = (bytes: Uint8Array) => {
  const reversed: Op = ['Gather', 'blue first', { axis: 1 }];
  return wrapped(bytes, [reversed], [reversed]);
};

test('weights of a family that takes 0..1 are not guessed at', async () => {
  // Brighter than the picture by a twentieth: in 0..255 that would be nothing, and look right.
  const values = {
    'body.0.weight': [3, 3, 3, 3],
    'body.0.bias': [3],
    'body.1.weight': [3],
    'body.2.weight': [12, 3, 3, 3],
  };
  const file = {
    name: 'x.safetensors',
    bytes: safetensors({ ...values, 'body.2.bias': [12] }, { 'body.2.bias': 0.05 }),
  };
  const inputOf = async (said?: SaidOfNetwork) => (await takeInFile(never, { file, name: 'x', said })).entry.input;
  expect(await inputOf({ range: undefined })).toMatchObject({ channels: 'RGB', range: [0, 1] });
  expect(await inputOf({ range: [0, 255], channels: 'BGR' })).toMatchObject({ channels: 'BGR', range: [0, 255] });
});

test.each([
  ['lway-photo-fast-x4', [0, 1]],
  ['lway-faithful-x4', [-1, 1]],
])(
  '%s, which hardly cares, made for %j, is told to be that',
  async (name, range) => {
    const bytes = new Uint8Array(readFileSync(resolve('models', `${name}.onnx`)));
    const { entry } = await takeIn(range[0] === 0 ? bytes : signed(bytes), name);
    expect(entry.input).toMatchObject({ channels: 'RGB', range });
  },
  60_000,
);

test.each(['lway-crisp-x4', 'lway-crisp-x2'])(
  '%s is told to have red first, and blue where it has',
  async (name) => {
    const bytes = new Uint8Array(readFileSync(resolve('models', `${name}.onnx`)));
    expect((await takeIn(bytes, name)).entry.input).toMatchObject({ channels: 'RGB', range: [0, 1] });
    expect((await takeIn(blueFirst(bytes), name)).entry.input).toMatchObject({ channels: 'BGR', range: [0, 1] });
    expect((await takeIn(blueFirst(bytes), name, { channels: 'RGB' })).entry.input.channels).toBe('RGB');
  },
  60_000,
);

const peers = ['4xNomos8k_span_otf_weak', 'ClearReality4x', 'RealESRGAN_General_WDN_x4_v3'];
describeWithSharedData('peers')('networks from the wild', () => {
  test.each(peers)(
    '%s',
    async (name) => {
      const bytes = new Uint8Array(readFileSync(resolve(sharedData, 'peers', `${name}.onnx`)));
      const { entry } = await takeIn(bytes, name);
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
