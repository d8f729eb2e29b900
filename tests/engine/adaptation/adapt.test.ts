import { resolve } from 'node:path';
import type { AdaptOptions, EngineEvent } from '../../../src/engine/contract';
import { adapt, mixWeights, type Ablation } from '../../../src/engine/adaptation';
import { runAll } from '../../../src/engine/network/run';
import { cropGrid } from '../../../src/engine/adaptation/crops';
import { patchSide } from '../../../src/engine/adaptation/plan';
import { randomFrom } from '../../../src/engine/adaptation/random';
import { GraphBuilder, readGraph, writeGraph, type Tensor } from '../../../src/engine/graph';
import { createRaster, crop } from '../../../src/engine/raster/planes';
import type { Raster } from '../../../src/engine/raster/raster';
import { loadNetwork, readRegistry } from '../../../src/engine/network/networks.node';
import type { Network } from '../../../src/engine/network/registry';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import { tinyModel } from '../upscaling/tiny-networks';

// The networks that ship, on pictures small enough for a test; quality is measured by `npm run evaluate`.

const folder = resolve(__dirname, '../../../models');
const runtime = cpuRuntime(2);
const signal = new AbortController().signal;
/** Small and quick, with every part of the objective at work. */
const small: Ablation = { steps: 4, patch: 24, batch: 2, trainingBatches: 2, heldOutBatches: 1, checkEvery: 2 };

let networks: AdaptOptions['networks'];
let faithful: Network;
/** One picture and its adaptation, which several tests compare with. */
const usualPicture = detailed(64, 64);
let usual: ReturnType<typeof adapted> | undefined;
const usually = () => (usual ??= adapted(usualPicture, faithful));

beforeAll(async () => {
  const registry = await readRegistry(folder);
  const load = (id: string) => loadNetwork(folder, registry, id);
  faithful = await load('lway-faithful-x4');
  networks = {
    encoder: await load('lway-encoder-x4'),
    reconstructor: await load('lway-reconstructor-x4'),
    features: await load('darknet-features'),
  };
});

afterAll(() => runtime.dispose());

/** Blobs with edges, half of them with a fine texture: something to learn, and even ground that tells it from noise. */
function detailed(width: number, height: number): Raster {
  const raster = createRaster(width, height, 3);
  raster.data.forEach((_, i) => {
    const [x, y, c] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
    const blob = Math.sin(x / 7 + c) + Math.cos(y / 5) > 0.4 ? 0.75 : 0.25;
    raster.data[i] = blob + (x > width / 2 ? 0.08 * Math.sin(1.9 * x + c) * Math.sin(2.3 * y) : 0);
  });
  return raster;
}

function filled(width: number, height: number, value: (i: number) => number): Raster {
  const raster = createRaster(width, height, 3);
  raster.data.forEach((_, i) => (raster.data[i] = value(i)));
  return raster;
}

interface Signals {
  enough: AbortSignal;
  on: AbortSignal;
}

interface Choices extends Signals {
  ablation: Ablation;
  series: Raster[];
  start: Network;
}

function adapted(
  raster: Raster,
  network: Network,
  { ablation = small, enough, on = signal, series, start }: Partial<Choices> = {},
) {
  const events: EngineEvent[] = [];
  const [picture, ...others] = [raster, ...(series ?? [])].map((each) => ({
    width: each.width,
    height: each.height,
    read: async (_: AbortSignal, rect: Parameters<typeof crop>[1]) => crop(each, rect),
  }));
  const options = { level: 'standard', strength: 1, networks: { ...networks, start }, ablation, enough } as const;
  const onEvent = (event: EngineEvent) => void events.push(event);
  const request = { picture: picture!, series: others, network, options, onEvent };
  return adapt(on, runtime, request).then((result) => ({ ...result, events }));
}

test('a network learns from a picture, judged by what it did not learn from', async () => {
  const { events, ...result } = await adapted(detailed(96, 80), faithful, {
    ablation: { ...small, learningRate: 1e-4 },
  });
  expect(result.used).toBe(true);
  expect(result.improvement).toBeGreaterThan(0);
  expect(result.message).toMatch(/^Matched in \d+ steps: .*(closer to your picture|a small change)/);
  expect(result.frozen).toEqual([]);
  const losses = events.filter((event) => event.type === 'adaptation');
  expect(losses.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4]);
  expect(losses.at(-1)!.heldOut).toBeLessThan(losses[0]!.heldOut!);
  // A piece that is not learned from, by the network as it came and at each check.
  const previews = events.flatMap((event) => (event.type === 'preview' ? [event] : []));
  expect(previews.map(({ step }) => step)).toEqual([0, 2, 4]);
  for (const { image } of previews) {
    expect(image).toMatchObject({ width: 80, height: 80 });
    expect(image.data).toHaveLength(4 * 80 * 80);
    expect(new Set(image.data.filter((_, i) => i % 4 === 3))).toEqual(new Set([255]));
  }
  expect(previews[1]!.image.data).not.toEqual(previews[0]!.image.data);
  // The adapted network is an ordinary one with the same weights by name, and other values.
  const [before, after] = [readGraph(faithful.bytes), readGraph(result.weights!)];
  expect([...after.initializers.keys()]).toEqual(expect.arrayContaining([...before.initializers.keys()]));
  const feed = { lr: { data: detailed(20, 10).data, shape: [1, 3, 10, 20] } };
  const [original] = await runAll(signal, runtime, faithful.bytes, [feed]);
  const [other] = await runAll(signal, runtime, result.weights!, [feed]);
  expect(other).toHaveLength(original!.length);
  expect(other).not.toEqual(original);

  const half = mixWeights(faithful.bytes, result.weights!, 0.5);
  const name = [...before.initializers.keys()].find((key) => before.initializers.get(key)!.data.length > 1000)!;
  const at = (graph: ReturnType<typeof readGraph>) => Number(graph.initializers.get(name)!.data[17]);
  expect(at(readGraph(half))).toBeCloseTo((at(before) + at(after)) / 2, 6);
  expect(mixWeights(faithful.bytes, result.weights!, 0)).toBe(faithful.bytes);
});

test('the same picture gives the same weights again', async () => {
  const [first, second] = [await usually(), await adapted(usualPicture, faithful)];
  expect(second.improvement).toBeCloseTo(first.improvement, 5);
  expect(second.steps).toBe(first.steps);
});

describe('a series', () => {
  const flat = filled(64, 64, () => 0.4);

  test('teaches where the picture itself has nothing to say', async () => {
    const alone = await adapted(flat, faithful);
    expect(alone.used).toBe(false);
    const ablation = { ...small, learningRate: 1e-4 };
    const together = await adapted(flat, faithful, { ablation, series: [detailed(96, 80), detailed(70, 64)] });
    expect(together).toMatchObject({ used: true, message: expect.stringMatching(/^Matched in \d+ steps/) });
  });

  test('pictures smaller than a patch, and flat ones, change nothing', async () => {
    const alone = await usually();
    const together = await adapted(usualPicture, faithful, { series: [detailed(16, 90), flat] });
    expect(together.improvement).toBeCloseTo(alone.improvement, 5);
  });
});

test('a network with an op that has no gradient says what cannot learn, and learns behind it', async () => {
  const network = await tinyModel({ kind: 'softsign' });
  const result = await adapted(detailed(72, 72), network, { ablation: { ...small, learningRate: 5e-5 } });
  expect(result.used).toBe(true);
  expect(result.frozen).toEqual([expect.stringContaining('Softsign'), expect.stringContaining('Softsign')]);
  const notices = result.events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
  // 224 weights before the Softsign, 876 behind it.
  expect(notices).toEqual([expect.stringMatching(/^20 % of this network cannot learn.*Softsign/)]);
});

test.each([
  ['takes one picture at a time only', { kind: 'one-by-one' }],
  ['has its picture as the second output', { kind: 'two-outputs' }],
  ['takes sides that are multiples of 8', { kind: 'multiple-of-8', scale: 4 }],
] as const)('a network that %s learns', async (_, kind) => {
  const network = await tinyModel(kind);
  const ablation = { ...small, learningRate: 2e-4 };
  const result = await adapted(detailed(96, 80), network, { ablation });
  expect(result).toMatchObject({ used: true, frozen: [] });
  expect(result.events.filter(({ type }) => type === 'notice')).toEqual([]);
});

test('crops are as large as the patches that are cut from them', () => {
  const [rect] = cropGrid(300, 280, 4, () => 0.5, 256);
  expect(rect).toMatchObject({ width: 256, height: 256 });
  expect(
    patchSide({ width: 416, height: 270 }, { ...faithful, entry: { ...faithful.entry, multipleOf: 128 } }, 48),
  ).toBe(128);
});

test('a network for oblong pictures only is used as it came', async () => {
  const network = await tinyModel({ size: { width: 48, height: 40 } });
  const result = await adapted(detailed(96, 96), network, { ablation: small });
  expect(result).toMatchObject({ used: false, message: expect.stringMatching(/oblong/) as string });
});

describe('a start network', () => {
  /** Steps that change nothing: one is as good as four. */
  const idle = { ...small, start: 1, learningRate: 0, steps: 1 };
  const bias = (file: Uint8Array) => Number(readGraph(file).initializers.get('tail.bias')!.data[0]);
  const shift = 0.05;

  /** The faithful network, but too bright, and the start network that knows it. */
  async function tooBright() {
    const network = readGraph(faithful.bytes);
    const { dims, data } = network.initializers.get('tail.bias') as Tensor & { data: Float32Array };
    const biases = { type: 'float32', dims, data: data.map((value) => value + shift) } as const;
    const bytes = writeGraph({ ...network, initializers: new Map(network.initializers).set('tail.bias', biases) });
    const b = new GraphBuilder('start');
    const share = b.add(b.mul(b.reduceSum(b.input('embedding', [1, 512]), undefined, false), 0), 1);
    const offset = b.constant({ type: 'float32', dims, data: data.map(() => -shift) });
    const entry = { ...faithful.entry, id: 'start', input: { ...faithful.entry.input, name: 'embedding' } };
    const graph = b.build({ share: b.reshape(share, [1]), 'tail.bias': b.mul(offset, share) });
    return {
      network: { ...faithful, bytes },
      start: { entry: { ...entry, output: 'share' }, bytes: writeGraph(graph) },
    };
  }

  test('gives the weights to begin with, where the picture bears it out', async () => {
    const { network, start } = await tooBright();
    const ablation = { ...small, start: 1, learningRate: 1e-4 };
    const result = await adapted(usualPicture, network, { ablation, start });
    expect(result).toMatchObject({
      used: true,
      start: 1,
      message: expect.stringMatching(/: colours.* closer to your picture/),
    });
    expect(bias(result.weights!)).toBeCloseTo(bias(faithful.bytes), 2);
    // Against the network as it came, not against the start.
    expect(result.improvement).toBeGreaterThan(0.3);
  });

  test('counts as well where learning gains nothing more', async () => {
    const { network, start } = await tooBright();
    const result = await adapted(usualPicture, network, { ablation: idle, start });
    expect(result).toMatchObject({ used: true, start: 1, steps: 0 });
    expect(result.message).toBe('Learning brought no further improvement; the weights for clean pictures were used.');
    expect(bias(result.weights!)).toBeCloseTo(bias(faithful.bytes), 6);
  });

  test('stays out where it does not help, or is not wanted', async () => {
    const { network, start } = await tooBright();
    expect(await adapted(usualPicture, faithful, { ablation: idle, start })).toMatchObject({ used: false, steps: 0 });
    const without = { ...idle, start: 0 };
    expect(await adapted(usualPicture, network, { ablation: without, start })).toMatchObject({ used: false });
  });
});

const random = randomFrom(5);
test.each([
  ['one colour', filled(64, 64, () => 0.4), /no fine detail/],
  ['an 8-bit gradient', filled(256, 64, (i) => Math.round(i % 256) / 255), /no fine detail/],
  ['3 × 3 pixels', detailed(3, 3), /too small/],
  ['1 × 500 pixels', detailed(1, 500), /too small/],
  ['noise', filled(64, 64, () => random()), /noise/],
])('%s: nothing to learn, and it says so', async (_, raster, message) => {
  const result = await adapted(raster, faithful);
  expect(result).toMatchObject({ used: false, message: expect.stringMatching(message) });
  // It is looked at, and that is all.
  expect(result.events.filter((event) => event.type !== 'progress' || event.unit !== 'analysis')).toEqual([]);
});

test('steps that make it worse leave the original network', async () => {
  const result = await adapted(usualPicture, faithful, { ablation: { ...small, steps: 2, learningRate: 0.5 } });
  expect(result).toMatchObject({ used: false, message: expect.stringMatching(/did not improve/) });
});

test('stopped before the first step nothing is kept, nor got ready; cancelling throws all away', async () => {
  const stopped = await adapted(usualPicture, faithful, { enough: AbortSignal.abort() });
  expect(stopped).toMatchObject({ used: false, steps: 0, message: expect.stringMatching(/was stopped/) });
  expect(stopped.events).toEqual([{ type: 'progress', done: 0, total: 4, unit: 'analysis' }]);
  const cancelled = new AbortController();
  const running = adapted(usualPicture, faithful, { on: cancelled.signal });
  cancelled.abort(new DOMException('enough', 'AbortError'));
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
});

test.each([
  ['×2', {}],
  ['NHWC, BGR, 0..255', { layout: 'NHWC', channels: 'BGR', white: 255 }],
  ['half precision', { type: 'FLOAT16' }],
  ['×4 of a fixed size', { scale: 4, size: { width: 24, height: 24 } }],
] as const)("a person's network learns too: %s", async (_, options) => {
  const network = await tinyModel(options);
  // Large enough for pairs also at the fixed size.
  const result = await adapted(detailed(96, 96), network, { ablation: { ...small, steps: 12, learningRate: 2e-4 } });
  expect(result.used).toBe(true);
  expect(result.weights).toBeDefined();
});
