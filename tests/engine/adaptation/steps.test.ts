import type { AdaptOptions, EngineEvent } from '../../../src/engine/contract';
import { LWayError } from '../../../src/engine/common/errors';
import type { Crop } from '../../../src/engine/adaptation/crops';
import { layoutOf } from '../../../src/engine/network/layout';
import { withNetwork, type RunAll } from '../../../src/engine/network/run';
import { nothingToLearn, readSamples, type Sample } from '../../../src/engine/adaptation/samples';
import { gather } from '../../../src/engine/adaptation/material';
import { choosePatches, type Patch } from '../../../src/engine/adaptation/patches';
import { makePairs, prepareBatches, shapesOf } from '../../../src/engine/adaptation/prepare';
import { planAdaptation } from '../../../src/engine/adaptation/plan';
import { randomFrom } from '../../../src/engine/adaptation/random';
import { learningRateAt, method, recipes, type FullRecipe } from '../../../src/engine/adaptation/recipe';
import { isRefusal } from '../../../src/engine/adaptation/refusal';
import { train, type Trainable } from '../../../src/engine/adaptation/train';
import { verdict } from '../../../src/engine/adaptation/verdict';
import { GraphBuilder, readGraph, sizeOf } from '../../../src/engine/graph';
import { createRaster } from '../../../src/engine/raster/planes';
import type { NetworkEntry } from '../../../src/engine/network/registry';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import { runNative } from '../graph/support/native';
import { tinyModel } from '../upscaling/tiny-networks';

// Plan, look, gather, learn and judge, each alone.

const signal = new AbortController().signal;
const options = { level: 'standard', strength: 1 } as AdaptOptions;

/** Crops in which every value is there once: what comes from one pixel can be told from all others. */
function countedCrops(width: number, height: number): Crop[] {
  const pixels = createRaster(width, height, 3);
  pixels.data.forEach((_, i) => (pixels.data[i] = i / 2 ** 20));
  const map = createRaster(width, height, 1);
  map.data.forEach((_, i) => (map.data[i] = (i % 7) / 7));
  return [{ rect: { x: 0, y: 0, width, height }, pixels, map }];
}

describe('plan', () => {
  const request = (width: number, height: number) => ({
    picture: { width, height, read: () => Promise.reject(new Error('nothing is read yet')) },
    network,
    options,
  });
  let network: Awaited<ReturnType<typeof tinyModel>>;
  beforeAll(async () => void (network = await tinyModel()));

  test('a picture without room for a patch is refused before anything is read', () => {
    expect(planAdaptation(request(15, 400), 'cpu')).toEqual({ refused: 'too-small' });
    expect(isRefusal(planAdaptation(request(16, 16), 'cpu'))).toBe(false);
  });

  test('from a third of weights for drawings on, nothing is learned', () => {
    const refusal = (drawn: number) => {
      const plan = planAdaptation({ ...request(64, 64), drawn }, 'cpu');
      return isRefusal(plan) ? plan.refused : undefined;
    };
    expect([32.9, 33, 100].map(refusal)).toEqual([undefined, 'drawn', 'drawn']);
  });

  test('what the ablation changes wins over the network, and the network over the level', () => {
    const own = { ...network, entry: { ...network.entry, adaptation: { learningRate: 1e-3, pairsWeight: 7 } } };
    const plan = planAdaptation(
      { ...request(64, 64), network: own, options: { ...options, ablation: { pairsWeight: 9 } } },
      'cpu',
    );
    if (isRefusal(plan)) throw new Error('refused');
    expect(plan.recipe).toEqual({ ...method, ...recipes.standard, learningRate: 1e-3, pairsWeight: 9 });
  });
});

test.each([
  [{ detail: 0.9 / 255, noise: 0, contrast: 0.2 }, 'flat'],
  [{ detail: 0.1, noise: 0.08, contrast: 0.1 }, 'noise'],
  [{ detail: 0.1, noise: 0.06, contrast: 0.1 }, null],
  [{ detail: 1.1 / 255, noise: 0, contrast: 0.2 }, null],
])('look: %j teaches nothing for being %s', (detail, reason) => {
  expect(nothingToLearn(detail)).toBe(reason);
});

test('the target “picture” is the picture itself with its noise, the target “clean” leaves the noise out', async () => {
  const network = await tinyModel();
  const runtime = cpuRuntime(1);
  const pixels = createRaster(64, 64, 3);
  // Bars, with noise of a deviation of 0.023: about six steps of 8 bits.
  const [random, deviation] = [randomFrom(5), 0.08 / Math.sqrt(12)];
  pixels.data.forEach((_, i) => (pixels.data[i] = (i % 64 < 32 ? 0.3 : 0.7) + 0.08 * (random() - 0.5)));
  const picture = { width: 64, height: 64, read: async () => pixels };
  // An R for another scale: there are no pairs, and none of its bytes is read.
  const reconstructor = { entry: { ...network.entry, scale: 3 }, bytes: new Uint8Array() };
  const look = {
    ...options,
    networks: { ...options.networks, reconstructor },
    ablation: { embedding: new Float32Array(4) },
  };
  /** Root mean square of what the target leaves out of the picture. */
  const leftOutFor = async (target: FullRecipe['target']) => {
    const recipe: FullRecipe = {
      ...{ ...method, ...recipes.standard, target, start: 0 },
      ...{ batch: 2, trainingBatches: 1, heldOutBatches: 1 },
    };
    const plan = {
      ...{ recipe, network, original: readGraph(network.bytes), share: { trainable: 'all' } as const },
      ...{ side: 16, pictures: [picture], several: false },
    };
    const samples = await readSamples(signal, runtime, [picture], 2, look, randomFrom(1), plan);
    if (isRefusal(samples)) throw new Error(samples.refused);
    const { training } = await gather(signal, runtime, plan, samples, look, randomFrom(1));
    const data = training[0]!;
    const given = data[network.entry.input.name]!;
    const squares = data['lway.target']!.reduce((sum, value, i) => sum + (value - given[i]!) ** 2, 0);
    return Math.sqrt(squares / given.length);
  };
  try {
    expect(await leftOutFor('picture')).toBe(0);
    // The network keeps most of the noise, and that is not held against it.
    expect((await leftOutFor('clean')) / deviation).toBeGreaterThan(0.1);
  } finally {
    await runtime.dispose();
  }
});

test('noise too faint to be seen is known as grain alone; where the target is the picture, none is looked for', async () => {
  const pixels = createRaster(64, 64, 3);
  const random = randomFrom(5);
  const { entry } = await tinyModel();
  const reconstructor = { entry: { ...entry, scale: 3 }, bytes: new Uint8Array() };
  const look = {
    ...options,
    networks: { ...options.networks, reconstructor },
    ablation: { embedding: new Float32Array(4) },
  };
  const knownOf = async (target: FullRecipe['target'], deviation: number) => {
    const spread = deviation * Math.sqrt(12);
    pixels.data.forEach((_, i) => (pixels.data[i] = ((i + 1) % 32 < 16 ? 0.3 : 0.7) + spread * (random() - 0.5)));
    const picture = { width: 64, height: 64, read: async () => pixels };
    const plan = { side: 16, recipe: { ...method, ...recipes.standard, target } };
    // Nothing runs: the embedding is given, and R is one for another scale.
    const samples = await readSamples(signal, {} as Runtime, [picture], 2, look, randomFrom(1), plan);
    if (isRefusal(samples)) throw new Error(samples.refused);
    const { noise, grain } = samples[0]!.crops[0]!;
    return { noise: noise !== undefined, grain: grain !== undefined };
  };
  expect(await knownOf('clean', 0.002)).toEqual({ noise: false, grain: true });
  expect(await knownOf('clean', 0.02)).toEqual({ noise: true, grain: true });
  expect(await knownOf('picture', 0.02)).toEqual({ noise: false, grain: false });
});

describe('gather', () => {
  test.each([
    [48, 160, 160, 24, 8],
    [32, 96, 64, 6, 2],
    [24, 160, 50, 40, 12],
  ])('no pixel is both learned from and held out: side %i in %i × %i', (side, width, height, training, heldOut) => {
    const chosen = choosePatches(countedCrops(width, height), side, { training, heldOut }, randomFrom(1));
    const learned = new Set(chosen.training.flatMap(({ pixels }) => [...pixels.data]));
    const held = chosen.heldOut.flatMap(({ pixels }) => [...pixels.data]);
    expect(held).toHaveLength(heldOut * 3 * side * side);
    expect(held.filter((value) => learned.has(value))).toEqual([]);
  });

  test('the data of the steps keep them apart as well, and hold what the network makes of them', async () => {
    const network = await tinyModel();
    const runtime = cpuRuntime(1);
    try {
      const recipe: FullRecipe = {
        ...method,
        ...recipes.standard,
        pairsWeight: 0,
        start: 0,
        batch: 2,
        trainingBatches: 3,
        heldOutBatches: 1,
      };
      const share = { trainable: 'all' } as const;
      const plan = {
        recipe,
        network,
        original: readGraph(network.bytes),
        share,
        side: 16,
        pictures: [],
        several: false,
      };
      const samples = [{ crops: countedCrops(64, 64), embedding: new Float32Array(4) }];
      const { training, heldOut } = await gather(signal, runtime, plan, samples, options, randomFrom(1));
      const { name } = network.entry.input;
      expect([training.length, heldOut.length]).toEqual([3, 1]);
      const learned = new Set(training.flatMap((data) => [...data[name]!]));
      expect([...heldOut[0]![name]!].filter((value) => learned.has(value))).toEqual([]);
      expect(heldOut[0]!['lway.before']).toHaveLength(heldOut[0]![name]!.length * network.entry.scale ** 2);
    } finally {
      await runtime.dispose();
    }
  });

  test('a single batch to learn from is enough', async () => {
    const runtime = cpuRuntime(1);
    try {
      const network = await tinyModel();
      const recipe: FullRecipe = {
        ...{ ...method, ...recipes.standard, pairsWeight: 0, start: 0 },
        ...{ batch: 2, trainingBatches: 1, heldOutBatches: 1 },
      };
      const plan = {
        ...{ recipe, network, original: readGraph(network.bytes), share: { trainable: 'all' } as const },
        ...{ side: 16, pictures: [], several: false },
      };
      const samples = [{ crops: countedCrops(64, 64), embedding: new Float32Array(4) }];
      const { training, batches } = await gather(signal, runtime, plan, samples, options, randomFrom(1));
      expect([training.length, batches]).toEqual([1, true]);
    } finally {
      await runtime.dispose();
    }
  });

  test('halos are looked for in all patches together, also in those to judge by', async () => {
    const [side, scale] = [16, 2];
    const patch = (contrast: number): Patch => {
      const pixels = createRaster(side, side, 3);
      pixels.data.forEach((_, i) => (pixels.data[i] = 0.5 + (i % 6 < 3 ? -contrast : contrast)));
      return { pixels, map: createRaster(side, side, 1) };
    };
    // Softer than the picture, and wrong in brightness: of faint bars that is most of the difference.
    const soft: RunAll = async (feeds) =>
      feeds.map(({ x }) => {
        const { data } = x!;
        return Float32Array.from({ length: data.length * scale ** 2 }, (_, i) => {
          const [column, line] = [i % (side * scale), Math.floor(i / (side * scale))];
          const at = (line >> 1) * side + (column >> 1);
          const [left, right] = [data[column > 1 ? at - 1 : at]!, data[column < 2 * side - 2 ? at + 1 : at]!];
          return 0.05 + 0.5 * data[at]! + 0.25 * (left + right);
        });
      });
    const { entry, ...rest } = await tinyModel();
    const network = { ...rest, entry: { ...entry, scale, adaptation: {}, input: { ...entry.input, name: 'x' } } };
    const layout = layoutOf(entry.input);
    const targetOf = async (training: number) => {
      const patches = { training: [patch(training)], heldOut: [patch(0.02)] };
      const batches = await prepareBatches(soft, { network, layout, patches, batch: 1, side, pairs: null });
      return batches.heldOut[0]!['lway.target'];
    };
    expect(await targetOf(0.02)).toEqual(patch(0.02).pixels.data);
    expect(await targetOf(0.4)).not.toEqual(patch(0.02).pixels.data);
  });

  test.each(['NCHW', 'NHWC'] as const)(
    'the data of a step are as large as it is made for, and what the network gives is read: %s',
    async (order) => {
      const runtime = cpuRuntime(1);
      try {
        const network = await tinyModel({ layout: order, channels: 'BGR', white: 255 });
        const { entry } = network;
        const layout = layoutOf(entry.input);
        const [side, batch] = [16, 2];
        const crops = countedCrops(64, 64);
        const patches = choosePatches(crops, side, { training: 4, heldOut: 2 }, randomFrom(1));
        const pairs = {
          side: 8,
          low: [0.1, 0.2, 0.3].map((value) => new Float32Array(3 * 8 ** 2).fill(value)),
          high: [0.1, 0.2, 0.3].map((value) => new Float32Array(3 * 16 ** 2).fill(value)),
        };
        const given = { network, layout, patches, batch, side, pairs };
        const { training, heldOut } = await withNetwork(signal, runtime, network.bytes, (run) =>
          prepareBatches(run, given),
        );
        expect([training.length, heldOut.length]).toEqual([2, 1]);
        const shapes = shapesOf(layout, entry.input.name, batch, side, entry.scale, pairs);
        for (const data of [...training, ...heldOut])
          expect(Object.fromEntries(Object.entries(data).map(([name, values]) => [name, values.length]))).toEqual(
            Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, sizeOf(shape)])),
          );
        const maps = (data: readonly Patch[]) => data.flatMap(({ map }) => [...map.data]);
        expect([...training, ...heldOut].flatMap((data) => [...data['lway.map']!])).toEqual([
          ...maps(patches.training),
          ...maps(patches.heldOut),
        ]);
        // Pairs take turns from step to step.
        expect(training.map((data) => data['lway.pair.high']![0])).toEqual([0.1, 0.2].map(Math.fround));
        // Nearest neighbours and little else: the enlarged patch is the patch in its place, colour by colour.
        const { pixels } = patches.training[0]!;
        const before = training[0]!['lway.before']!;
        pixels.data.forEach((value, i) => {
          const [x, y, c] = [i % side, Math.floor(i / side) % side, Math.floor(i / side ** 2)];
          expect(Math.abs(before[(c * 2 * side + 2 * y) * 2 * side + 2 * x]! - value)).toBeLessThan(0.05);
        });
      } finally {
        await runtime.dispose();
      }
    },
  );

  test('a network that wants BGR, channels last and 0..255 gets it, and is read so', async () => {
    const layout = layoutOf({ layout: 'NHWC', channels: 'BGR', range: [0, 255] });
    // One pixel, red 1, green 0.4, blue 0.2.
    const given = layout.toNetwork(Float32Array.of(1, 0.4, 0.2), 1, 1);
    expect([...given].map(Math.round)).toEqual([51, 102, 255]);
    const b = new GraphBuilder('layout');
    const graph = b.build({ y: layout.toStandard(b, b.input('x', [1, 1, 1, 3])) });
    const { y } = await runNative(graph, { x: { data: given, dims: [1, 1, 1, 3] } });
    [1, 0.4, 0.2].forEach((value, i) => expect(y![i]).toBeCloseTo(value, 5));
  });
});

describe('internal pairs', () => {
  /** R that takes down by the mean of 2 × 2 pixels. */
  function halving() {
    const b = new GraphBuilder('halving');
    const graph = b.build({
      y: b.op('AveragePool', [b.input('x', [1, 3, 8, 8])], { kernel_shape: [2, 2], strides: [2, 2] }),
    });
    const open = (ports: typeof graph.inputs) => ports.map((port) => ({ ...port, shape: ['n', 3, 'h', 'w'] }));
    return { ...graph, inputs: open(graph.inputs), outputs: open(graph.outputs) };
  }
  const sample = (width: number, height: number, count = 1): Sample => ({
    crops: Array.from({ length: count }, () => countedCrops(width, height)[0]!),
    embedding: new Float32Array(4),
    reconstructor: halving(),
  });
  let entry: NetworkEntry;
  let runtime: Runtime;
  beforeAll(async () => {
    ({ entry } = await tinyModel());
    runtime = cpuRuntime(1);
  });
  afterAll(() => runtime.dispose());
  const pairsOf = (samples: readonly Sample[], patch = 16, changes: Partial<NetworkEntry> = {}) =>
    makePairs(signal, runtime, samples, patch, { ...entry, ...changes });

  test('are pieces of the picture, and what R makes of them', async () => {
    const pairs = (await pairsOf([sample(64, 48)]))!;
    expect(pairs.side).toBe(24);
    expect(pairs.low).toHaveLength(2);
    pairs.low.forEach((low, k) => {
      const high = pairs.high[k]!;
      expect([low.length, high.length]).toEqual([3 * 24 ** 2, 3 * 48 ** 2]);
      low.forEach((value, i) => {
        const [x, row] = [i % 24, Math.floor(i / 24)];
        const corner = 2 * row * 48 + 2 * x;
        const mean = [0, 1, 48, 49].reduce((sum, more) => sum + high[corner + more]! / 4, 0);
        expect(Math.abs(value - mean)).toBeLessThan(1e-5);
      });
    });
  });

  test.each([
    [16, 100, 8],
    [15, 100, null],
    [48, 100, 24],
    [100, 47, 20],
    // No more than ten thirds of a patch, however large the picture.
    [160, 160, 24],
  ])('of a picture of %i × %i have a side of %j', async (width, height, side) => {
    expect((await pairsOf([sample(width, height)]))?.side ?? null).toBe(side);
  });

  test('have the one size that a network takes, where the picture has room for it', async () => {
    const input = { ...entry.input, size: { width: 20, height: 20 } };
    expect((await pairsOf([sample(40, 60)], 20, { input }))!.side).toBe(20);
    expect(await pairsOf([sample(39, 60)], 20, { input })).toBeNull();
  });

  test('come from all pictures in turn, and are eight at most', async () => {
    const single = (await pairsOf([sample(64, 64, 9)]))!;
    expect(single.high).toHaveLength(8);
    const bright = sample(64, 64, 9);
    for (const { pixels } of bright.crops) pixels.data.fill(0.75);
    const two = (await pairsOf([sample(64, 64, 9), bright]))!;
    expect(two.high.map((high) => high[0]! === 0.75)).toEqual([false, true, false, true, false, true, false, true]);
  });

  test('there are none without an R', async () => {
    expect(await pairsOf([{ ...sample(64, 64), reconstructor: undefined }])).toBeNull();
  });
});

describe('learn', () => {
  const recipe = { ...method, ...recipes.standard, steps: 6, checkEvery: 2, patience: 1 };
  const [one, two, held] = [1, 2, 3].map((value) => ({ x: Float32Array.of(value) }));

  /**
   * A run whose held-out totals are given; it remembers what it was fed.
   *
   * @param disagreements of the same checks; a quarter of the totals where left out
   */
  function scripted(totals: readonly number[], disagreements: readonly number[] = []) {
    const fed = { learned: [] as number[], judged: [] as number[], restored: [] as number[] };
    let judged = 0;
    let steps = 0;
    const run: Trainable = {
      step: async (_, data) => {
        fed.learned.push((data as Record<string, Float32Array>)['x']![0]!);
        steps += 1;
        if (totals[judged] === undefined) throw new LWayError('bad-output', 'no number', '');
        return { total: 1 };
      },
      evaluate: async (_, data) => {
        fed.judged.push((data as Record<string, Float32Array>)['x']![0]!);
        const total = totals[judged]!;
        return { total, cycle: total / 2, disagreement: disagreements[judged++] ?? total / 4 };
      },
      weights: async () => Float32Array.of(steps),
      restore: async (packed) => void fed.restored.push((packed as Float32Array)[0]!),
    };
    return { run, fed };
  }
  const learn = (
    run: Trainable,
    more: { general?: Float32Array; enough?: AbortSignal; events?: EngineEvent[]; keptShare?: number } = {},
  ) =>
    train(
      signal,
      run,
      {
        recipe: { ...recipe, keptShare: more.keptShare ?? 1 },
        training: [one!, two!],
        heldOut: [held!],
        general: more.general,
        enough: more.enough,
        onEvent: (event) => void more.events?.push(event),
      },
      () => Float32Array.of(-2),
    );

  test('what is held out is judged by and never learned from', async () => {
    const { run, fed } = scripted([1, 0.9, 0.8, 0.7]);
    await learn(run);
    expect(fed).toEqual({ learned: [1, 2, 1, 2, 1, 2], judged: [3, 3, 3, 3], restored: [] });
  });

  test('the last step is judged, though it is not its turn', async () => {
    const { run } = scripted([1, 0.9, 0.8, 0.7]);
    const judged: number[] = [];
    const onEvent = (event: EngineEvent) => {
      if (event.type === 'adaptation' && event.heldOut !== undefined) judged.push(event.step);
    };
    const work = { recipe: { ...recipe, steps: 5 }, training: [one!], heldOut: [held!], onEvent };
    const trained = await train(signal, run, work, () => Float32Array.of(-2));
    expect(judged).toEqual([0, 2, 4, 5]);
    expect(trained).toMatchObject({ bestStep: 5, best: { total: 0.7 } });
  });

  test('each step has its own learning rate', async () => {
    const { run } = scripted([1, 0.9, 0.8, 0.7]);
    const rates: number[] = [];
    const step: Trainable['step'] = (end, data, rate) => {
      rates.push(rate);
      return run.step(end, data, rate);
    };
    await learn({ ...run, step });
    expect(rates).toEqual([0, 1, 2, 3, 4, 5].map((i) => learningRateAt(recipe, i)));
  });

  test('the best weights are kept, and it stops when the held-out loss rises', async () => {
    const { run, fed } = scripted([1, 0.5, 0.6, 0.1]);
    const trained = await learn(run);
    expect(trained).toMatchObject({ bestStep: 2, improvement: 0.5, best: { total: 0.5 }, before: { total: 1 } });
    expect(trained.weights).toEqual(Float32Array.of(2));
    expect(fed.learned).toHaveLength(4);
  });

  test('where the end agrees less with the picture than the beginning, half of the way is tried', async () => {
    const half = scripted([1, 0.9, 0.8, 0.7, 0.75], [0.2, 0.3, 0.3, 0.3, 0.21]);
    const trained = await learn(half.run);
    expect(half.fed.learned).toHaveLength(6);
    // Half-way between the -2 that it began with and the 6 of the last step.
    expect(half.fed.restored).toEqual([2]);
    expect(trained).toMatchObject({ bestStep: 6, best: { total: 0.75 }, weights: Float32Array.of(2) });
  });

  test('half of the way is not kept where it agrees less as well, or is no better than what was kept before', async () => {
    const worse = scripted([1, 0.9, 0.8, 0.7, 0.75], [0.2, 0.3, 0.3, 0.3, 0.3]);
    expect(await learn(worse.run)).toMatchObject({ bestStep: 0, weights: undefined });
    const later = scripted([1, 0.5, 0.45, 0.4, 0.6], [0.2, 0.2, 0.3, 0.3, 0.2]);
    expect(await learn(later.run)).toMatchObject({ bestStep: 2, best: { total: 0.5 }, weights: Float32Array.of(2) });
  });

  test('of the best weights a share is kept where the recipe says so, and judged by what it is then', async () => {
    const { run, fed } = scripted([1, 0.5, 0.6, 0.55]);
    // A quarter of the way from the -2 that it began with to the 2 of the second step.
    const kept = { bestStep: 2, improvement: 0.5, best: { total: 0.55 }, weights: Float32Array.of(-1) };
    expect(await learn(run, { keptShare: 0.25 })).toMatchObject(kept);
    expect(fed.restored).toEqual([-1]);
    expect(await learn(scripted([1, 1.1, 1.2]).run, { keptShare: 0.25 })).toMatchObject({ weights: undefined });
    // Stopped at its third step: no check more than the two before.
    const enough = new AbortController();
    const ended = scripted([1, 0.5, 0.55]);
    const step: Trainable['step'] = (...args) => {
      if (ended.fed.learned.length === 2) enough.abort();
      return ended.run.step(...args);
    };
    const early = await learn({ ...ended.run, step }, { keptShare: 0.25, enough: enough.signal });
    expect(early).toMatchObject({ stopped: true, best: { total: 0.5 }, weights: Float32Array.of(-1) });
    expect(ended.fed.judged).toHaveLength(2);
  });

  test('where learning never got better, nothing is kept, and half of the steps are enough to know', async () => {
    const { run, fed } = scripted([1, 1.1, 1.2, 0.1], [0.2, 0.2, 0.2, 0.2]);
    expect(await learn(run)).toMatchObject({ bestStep: 0, improvement: 0, weights: undefined });
    expect(fed.learned).toHaveLength(4);
  });

  test('says how far it is, what is left, and how a held-out piece looks by now', async () => {
    const { run } = scripted([1, 0.9, 0.8, 0.7]);
    // Two pixels by two: red, green, blue and a bright gray.
    const piece = Float32Array.of(1, 0, 0, 0.75, 0, 1, 0, 0.75, 0, 0, 1, 0.75);
    const slow: Trainable = {
      ...run,
      step: async (...args) => {
        for (const began = performance.now(); performance.now() - began < 10;);
        return run.step(...args);
      },
      evaluate: async (end, data, onShown) => {
        onShown?.(piece);
        return run.evaluate(end, data, onShown);
      },
    };
    const events: EngineEvent[] = [];
    await learn(slow, { events });
    const of = <T extends EngineEvent['type']>(type: T) =>
      events.filter((event): event is Extract<EngineEvent, { type: T }> => event.type === type);
    expect(of('adaptation').map(({ step, heldOut }) => [step, heldOut])).toEqual([
      ...[
        [0, 1],
        [1, undefined],
        [2, 0.9],
        [3, undefined],
        [4, 0.8],
        [5, undefined],
        [6, 0.7],
      ],
    ]);
    expect(of('preview').map(({ step }) => step)).toEqual([0, 2, 4, 6]);
    const rgba = [...[255, 0, 0, 255], ...[0, 255, 0, 255], ...[0, 0, 255, 255], ...[191, 191, 191, 255]];
    expect(of('preview')[0]!.image).toEqual({ width: 2, height: 2, data: Uint8ClampedArray.from(rgba) });
    const progress = of('progress');
    expect(progress.map(({ done, total, unit }) => [done, total, unit])).toEqual(
      [1, 2, 3, 4, 5, 6].map((done) => [done, 6, 'step']),
    );
    // Five steps of a hundredth of a second each, on a machine that may be busy.
    expect(progress[0]!.secondsLeft).toBeGreaterThanOrEqual(0.05);
    expect(progress[0]!.secondsLeft).toBeLessThan(60);
    expect(progress[5]!.secondsLeft).toBe(0);
  });

  test('what agrees to within one step of 8 bits is left alone', async () => {
    // The disagreement of a scripted run is a quarter of its total.
    const total = (steps: number) => 4 * (steps / 255) ** 2;
    const agreeing = scripted([total(0.9), 0]);
    expect(await learn(agreeing.run)).toMatchObject({ agreed: true, bestStep: 0 });
    expect(agreeing.fed.learned).toEqual([]);
    const other = scripted([total(1.1), total(0.5)]);
    expect(await learn(other.run)).toMatchObject({ agreed: false });
    expect(other.fed.learned).not.toEqual([]);
  });

  test('losses that are no numbers end it with what was best', async () => {
    const { run } = scripted([1, 0.5]);
    expect(await learn(run)).toMatchObject({ bestStep: 2, best: { total: 0.5 } });
  });

  test('enough: it stops there', async () => {
    const enough = new AbortController();
    enough.abort();
    const { run, fed } = scripted([1]);
    expect(await learn(run, { enough: enough.signal })).toMatchObject({ stopped: true, weights: undefined });
    expect(fed.learned).toEqual([]);
  });

  /** Says in the middle of a step that it is enough. */
  const enoughIn = (wanted: number, { run, fed }: ReturnType<typeof scripted>) => {
    const enough = new AbortController();
    const step: Trainable['step'] = (...args) => {
      if (fed.learned.length + 1 === wanted) enough.abort();
      return run.step(...args);
    };
    return learn({ ...run, step }, { enough: enough.signal });
  };

  test('enough in the first step: that is kept, where it is better', async () => {
    const better = scripted([1, 0.9]);
    expect(await enoughIn(1, better)).toMatchObject({ stopped: true, bestStep: 1, weights: Float32Array.of(1) });
    expect(better.fed.learned).toHaveLength(1);
    expect(await enoughIn(1, scripted([1, 1.1]))).toMatchObject({ stopped: true, bestStep: 0, weights: undefined });
  });

  test('enough later: what was best is kept, and no check is waited for', async () => {
    const { run, fed } = scripted([1, 0.9, 0.8, 0.7]);
    expect(await enoughIn(4, { run, fed })).toMatchObject({ stopped: true, bestStep: 2, weights: Float32Array.of(2) });
    expect([fed.learned, fed.judged]).toEqual([
      [1, 2, 1, 2],
      [3, 3],
    ]);
  });

  test('enough in the last step is as if it had not been said', async () => {
    const all = scripted([1, 0.9, 0.8, 0.7]);
    expect(await enoughIn(recipe.steps, all)).toMatchObject({ stopped: false });
  });

  test('a start is judged against the network as it came', async () => {
    const { run, fed } = scripted([1, 0.8, 0.7, 0.75]);
    const trained = await learn(run, { general: Float32Array.of(-1) });
    expect(fed.restored).toEqual([-1, -2]);
    expect(trained).toMatchObject({ general: { total: 1 }, before: { total: 0.8 }, bestStep: 2 });
  });
});

describe('judge', () => {
  const losses = (total: number, cycle: number) => ({ total, cycle });
  const trained = (improvement: number) => ({
    general: losses(1, 1),
    before: losses(1, 1),
    best: losses(1 - improvement, 0.6),
    bestStep: 4,
    agreed: false,
    stopped: false,
    improvement,
    weights: Float32Array.of(1),
  });

  test('less than a hundredth is chance', () => {
    expect(verdict(trained(0.0099), false)).toEqual({ refused: 'no-gain' });
    expect(verdict(trained(0.0101), false)).toEqual({ learned: true, steps: 4, improvement: 0.4 });
  });

  test('says so where there was nothing to put right', () => {
    expect(verdict({ ...trained(0), agreed: true }, false)).toEqual({ refused: 'agrees' });
    expect(verdict({ ...trained(0), stopped: true }, false)).toEqual({ refused: 'stopped' });
    expect(verdict({ ...trained(0.2), stopped: true }, false)).toMatchObject({ learned: true });
  });

  test('where there is no cycle, the loss itself says how much was won', () => {
    const { general, best, ...rest } = trained(0.2);
    const found = verdict({ ...rest, general: { total: general.total }, best: { total: best.total } }, false);
    expect(found).toEqual({ learned: true, steps: 4, improvement: 0.2 });
    // Further from the picture than before is no gain, however little it is.
    expect(verdict({ ...trained(0.2), best: losses(0.8, 1.5) }, false)).toMatchObject({ improvement: 0 });
    expect(verdict({ ...trained(0.2), weights: undefined }, false)).toEqual({ refused: 'no-gain' });
    expect(verdict({ ...trained(0.2), weights: undefined }, true)).toEqual({
      learned: false,
      steps: 0,
      improvement: 0,
    });
  });

  test('a start stays where learning gained nothing more', () => {
    expect(verdict({ ...trained(0), before: losses(0.9, 0.8) }, true)).toMatchObject({ learned: false, steps: 0 });
  });
});
