import { resolve } from 'node:path';
import { adapt, estimate, method, recipes, tuningFor, type Ablation } from '../../../src/engine/adaptation';
import { cropGrid, readCrops } from '../../../src/engine/adaptation/crops';
import { embed } from '../../../src/engine/adaptation/embedding';
import { readFrom } from '../../../src/engine/adaptation/estimate';
import { gather } from '../../../src/engine/adaptation/material';
import { planAdaptation } from '../../../src/engine/adaptation/plan';
import { randomFrom } from '../../../src/engine/adaptation/random';
import { isRefusal } from '../../../src/engine/adaptation/refusal';
import type { AdaptRequest } from '../../../src/engine/adaptation/request';
import { readSamples } from '../../../src/engine/adaptation/samples';
import { selfPairs } from '../../../src/engine/adaptation/self-pairs';
import type { AdaptOptions, EngineEvent } from '../../../src/engine/contract';
import { foldEmbedding, readGraph } from '../../../src/engine/graph';
import { loadEstimators } from '../../../src/engine/network/adaptation-networks';
import { loadNetwork, readRegistry } from '../../../src/engine/network/networks.node';
import type { Network, NetworkEntry, NetworkRegistry } from '../../../src/engine/network/registry';
import { createRaster, crop } from '../../../src/engine/raster/planes';
import type { Raster } from '../../../src/engine/raster/raster';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import { goldenNumbers, tellTale } from '../golden-numbers';
import { never } from '../raster/support';
import { clean, compressed, fewColours, filled, haloed, noisy, pictureOf, soft } from './golden-pictures';

// Whole adaptations of small pictures by the networks that ship, few steps each: their losses, and what became of the
// weights. See golden-numbers.ts for how the numbers are renewed, which they have to be after new weights as well.

/** Other CPUs and numbers of threads add in another order: of two threads no number was further off than 5e-6. */
const golden = goldenNumbers('adaptation-runs', 2e-4);

const folder = resolve(__dirname, '../../../models');
const runtime = cpuRuntime(1);
const small: Ablation = { steps: 4, patch: 24, batch: 2, trainingBatches: 2, heldOutBatches: 1, checkEvery: 2 };

let registry: NetworkRegistry;
let faithful: Network;
let networks: AdaptOptions['networks'];
let start: Network;
const load = (id: string) => loadNetwork(folder, registry, id);

beforeAll(async () => {
  registry = await readRegistry(folder);
  faithful = await load('lway-faithful-x4');
  start = await load('lway-start-x4');
  networks = {
    encoder: await load('lway-encoder-x4'),
    reconstructor: await load('lway-reconstructor-x4'),
    features: await load('darknet-features'),
    readOut: await load('lway-estimate'),
  };
});

afterAll(() => runtime.dispose());

interface Choices {
  level?: AdaptOptions['level'];
  ablation?: Ablation;
  series?: readonly Raster[];
  begin?: Network;
  network?: Network;
}

const requestOf = (raster: Raster, { level = 'standard', ablation = small, series = [], begin, network }: Choices) => {
  const options = { level, strength: 1, networks: { ...networks, start: begin }, ablation } as const;
  return { picture: pictureOf(raster), series: series.map(pictureOf), network: network ?? faithful, options };
};

/** What an adaptation said and did. */
async function adapted(raster: Raster, choices: Choices = {}) {
  const events: EngineEvent[] = [];
  const request: AdaptRequest = { ...requestOf(raster, choices), onEvent: (event) => void events.push(event) };
  const {
    used,
    pictures,
    steps,
    start: began,
    improvement,
    change,
    message,
    weights,
    frozen,
  } = await adapt(never, runtime, request);
  const of = <T extends EngineEvent['type']>(type: T) =>
    events.filter((event): event is Extract<EngineEvent, { type: T }> => event.type === type);
  const [before, after] = [readGraph(request.network.bytes), weights && readGraph(weights)];
  const moved = [...before.initializers].filter(([, { type, data }]) => type === 'float32' && data.length > 20);
  return {
    losses: of('adaptation').map(({ loss }) => loss),
    heldOut: of('adaptation').map(({ heldOut }) => heldOut),
    progress: of('progress').map(({ done, total, unit }) => `${done} of ${total} ${unit}`),
    notices: of('notice').map((event) => event.message),
    shown: of('preview').map(({ step, image: { width, data } }) => {
      return [step, width, data.reduce((sum, value) => sum + value, 0) / data.length];
    }),
    used,
    pictures,
    steps,
    start: began,
    improvement,
    change: { ...change },
    message,
    frozen,
    // How far the weights went, layer by layer.
    moved:
      after &&
      moved
        .filter((_, i) => i % 5 === 0)
        .map(([name, { data }]) => {
          const now = after.initializers.get(name)!.data;
          let sum = 0;
          for (let i = 0; i < data.length; i++) sum += (Number(now[i]) - Number(data[i])) ** 2;
          return 1e4 * Math.sqrt(sum);
        }),
  };
}

const usual = (): Choices => ({});

describe('an adaptation to', () => {
  test.each<[string, () => Raster | Promise<Raster>, () => Choices]>([
    ['a clean picture', () => clean(66, 61), usual],
    ['a noisy one, in more patches', () => noisy(85, 66), () => ({ ablation: { ...small, steps: 2, patch: 32 } })],
    [
      'a compressed one, where there is nothing to learn',
      async () => crop(await compressed(), { x: 3, y: 5, width: 93, height: 90 }),
      usual,
    ],
    [
      'one with halos, quickly',
      () => haloed(61, 66),
      () => ({ level: 'quick', ablation: { batch: 2, patch: 24, learningRate: 1e-4 } }),
    ],
    [
      'a soft one, thoroughly',
      () => soft(64, 64),
      () => ({ level: 'thorough', ablation: { steps: 4, patch: 32, batch: 2 } }),
    ],
    [
      'a series, of which one is flat and one too small',
      () => clean(66, 61),
      () => ({ series: [noisy(49, 73, 0.02), filled(60, 60, 0.4), clean(20, 90)], ablation: { ...small, steps: 2 } }),
    ],
    ['a clean one, from a start', () => clean(70, 66), () => ({ begin: start, ablation: { ...small, steps: 2 } })],
    [
      'the picture by bicubic means, anywhere in it',
      () => noisy(64, 64),
      () => ({ ablation: { ...small, steps: 2, cycle: 'bicubic', target: 'picture', choice: 'uniform' } }),
    ],
    [
      'the picture by the reconstructor, without M',
      () => clean(64, 64),
      () => ({ ablation: { ...small, steps: 2, cycle: 'reconstructor', map: false, trainable: { last: 3 } } }),
    ],
    [
      'pairs alone, pulled back',
      () => clean(64, 64),
      () => ({ ablation: { ...small, steps: 2, cycle: 'none', weightAnchor: 3e3, trainable: 'biases-and-norms' } }),
    ],
  ])('%s', async (name, make, choices) => {
    golden(name, await adapted(await make(), choices()));
  });
});

describe('what an adaptation to it learns from', () => {
  test.each<[string, () => Raster | Promise<Raster>, () => Choices]>([
    ['a clean picture', () => clean(101, 66), usual],
    ['a noisy one', () => noisy(66, 101), usual],
    ['a compressed one, and a sharpened one', compressed, () => ({ series: [haloed(70, 73)] })],
  ])('%s', async (name, make, choices) => {
    const request = requestOf(await make(), choices());
    const plan = planAdaptation(request, 'cpu');
    if (isRefusal(plan)) throw new Error(plan.refused);
    const random = randomFrom(1);
    const samples = await readSamples(never, runtime, plan.pictures, 4, request.options, random, plan);
    if (isRefusal(samples)) throw new Error(samples.refused);
    const material = await gather(never, runtime, plan, samples, request.options, random);
    golden(`data: ${name}`, {
      embeddings: samples.map(({ embedding }) => tellTale(embedding)),
      noise: samples.map(({ crops }) => crops[0]!.grain!.levels.map(({ deviations }) => tellTale(deviations))),
      batches: material.batches,
      pairs: material.pairs && { side: material.pairs.side, high: material.pairs.high.map(tellTale) },
      training: material.training.map((data) => Object.values(data).map(tellTale)),
      heldOut: material.heldOut.map((data) => Object.values(data).map(tellTale)),
    });
  });
});

test('of many crops, eight are reduced', async () => {
  const picture = clean(200, 30);
  const embedding = Float32Array.from({ length: 512 }, (_, i) => Math.sin(i));
  const reconstructor = foldEmbedding(readGraph(networks.reconstructor.bytes), embedding);
  const crops = Array.from({ length: 13 }, (_, i) => {
    const rect = { x: 15 * i, y: 2, width: 19, height: 26 };
    return { rect, pixels: crop(picture, rect), map: createRaster(19, 26, 1) };
  });
  const samples = [{ crops, embedding, reconstructor }];
  const pairs = async (some: typeof samples) => {
    const all = await selfPairs(never, runtime, some, 4);
    return all.map(({ low, high }) => ({ shape: low.shape, low: tellTale(low.data), high: tellTale(high.data) }));
  };
  golden('self-pairs', {
    one: await pairs(samples),
    three: await pairs([...samples, { ...samples[0]!, crops: crops.slice(5, 9) }, ...samples]),
    none: await pairs([{ ...samples[0]!, reconstructor: undefined as never }]),
  });
});

test.each<[string, () => Raster | Promise<Raster>]>([
  ['clean', () => clean(97, 83)],
  ['noisy', () => noisy(90, 70)],
  ['soft', () => soft(161, 50)],
  ['compressed', compressed],
  ['few colours', () => fewColours(48, 40)],
  ['few colours, small', () => fewColours(40, 15)],
  ['just large enough', () => clean(16, 40)],
  ['small', () => clean(15, 40)],
  ['dark, of one value', () => filled(40, 40, 0.1)],
])('what is told of a picture: %s', async (name, make) => {
  // Whether it is drawn is asked of a network only where the values do not tell.
  const { drawing, ...others } = (await loadEstimators(registry.models, ({ id }) => load(id)))!;
  const estimators = name.startsWith('few') ? { ...others, drawing } : others;
  const told = await estimate(never, runtime, estimators, pictureOf(await make()));
  golden(`told: ${name}`, told && { ...told });
});

test.each([48, 96, 128])(
  'noise of a picture of %d pixels is believed as far as there may be a flat place',
  async (side) => {
    const estimators = (await loadEstimators(registry.models, ({ id }) => load(id)))!;
    const picture = pictureOf(noisy(side, side));
    const crops = await readCrops(never, picture, cropGrid(side, side, 8, randomFrom(1)));
    const embedding = await embed(never, runtime, estimators.encoder, crops);
    const { noise } = (await readFrom(never, runtime, estimators.readOut, embedding, crops))!;
    expect(noise).toBeGreaterThan(1);
    const told = await estimate(never, runtime, estimators, picture);
    expect(told!.noise).toBeCloseTo(noise * Math.min(1, side / 96), 5);
  },
);

test('of a large picture, eight crops are told from and 24 learned from', async () => {
  const crops = async (
    look: (picture: AdaptRequest['picture'], signal: AbortSignal) => Promise<unknown>,
    most: number,
  ) => {
    const [piece, enough] = [clean(160, 160), new AbortController()];
    let reads = 0;
    const read = () => {
      if (++reads === most) enough.abort(new Error('enough'));
      return Promise.resolve(piece);
    };
    await expect(look({ width: 960, height: 960, read }, enough.signal)).rejects.toThrow('enough');
    return reads;
  };
  const estimators = (await loadEstimators(registry.models, ({ id }) => load(id)))!;
  expect(await crops((picture, signal) => estimate(signal, runtime, estimators, picture), 8)).toBe(8);
  const { options } = requestOf(clean(32, 32), {});
  const plan = { side: 24, recipe: { ...recipes.standard, ...method } };
  const learn = (picture: AdaptRequest['picture'], signal: AbortSignal) =>
    readSamples(signal, runtime, [picture], 4, options, randomFrom(1), plan);
  expect(await crops(learn, 24)).toBe(24);
});

test('the mix that suits what is told', async () => {
  const ends: NetworkEntry['ends'] = {
    faithful: { model: 'f', compression: [20, 60] },
    crisp: { model: 'c' },
    clean: { model: 'n', noise: [3, 10], compression: [40, 80] },
    sharp: { model: 's', blur: [0.5, 1.5] },
    drawn: { model: 'd', drawn: [0.4, 0.9] },
  };
  const photographs = { ...ends, drawn: undefined };
  const faithfulOnly = { ...photographs, crisp: undefined };
  const told = [
    { noise: 0, compression: 0, blur: 0 },
    { noise: 4, compression: 30, blur: 0.6, drawn: 0.3 },
    { noise: 9, compression: 55, blur: 0.9, drawn: 0.55 },
    { noise: 2, compression: 12, blur: 1.3, drawn: 0.8 },
    { noise: 90, compression: 90, blur: 9, drawn: 1 },
  ];
  for (const [name, some] of Object.entries({ ends, photographs, faithfulOnly, none: undefined }))
    golden(
      `mix: ${name}`,
      told.map((each) => ({ ...tuningFor({ ...faithful.entry, ends: some }, each) })),
    );
});
