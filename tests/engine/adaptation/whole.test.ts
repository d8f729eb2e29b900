import { adapt, type Ablation } from '../../../src/engine/adaptation';
import type { AdaptOptions, EngineEvent } from '../../../src/engine/contract';
import { GraphBuilder, readGraph, writeGraph } from '../../../src/engine/graph';
import { crop } from '../../../src/engine/raster/planes';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { ailingRuntime } from '../../support/ailing-runtime';
import { drawn, largestDifference, never } from '../raster/support';
import { tinyModel, type TinyOptions } from '../upscaling/tiny-networks';

// A whole adaptation of a tiny network: what it opens, runs and says, whatever it comes to.

const picture = drawn(
  64,
  56,
  3,
  (c, y, x) => (Math.sin(x / 4) + Math.cos(y / 3 + c) > 0 ? 0.7 : 0.3) + 0.002 * (x % 5),
);
const small = { steps: 2, patch: 16, batch: 1, trainingBatches: 1, heldOutBatches: 2, checkEvery: 1, patience: 9 };

/** Counts the sessions that are open, and the runs that judge or teach the network; keeps what these are fed. */
function counting() {
  const counts = { open: 0, made: 0, learning: 0, judging: 0 };
  const fed = { learning: new Set<string>(), judging: new Set<string>() };
  const before = (feeds: object) => {
    if (!('weights' in feeds)) return;
    const what = 'schedule' in feeds ? 'learning' : 'judging';
    counts[what]++;
    const { image } = feeds as Record<string, { data?: Float32Array }>;
    fed[what].add(image!.data!.join());
  };
  const runtime = ailingRuntime({ before }, 'cpu', 'A CPU');
  const create = runtime.createSession.bind(runtime);
  runtime.createSession = async (...args) => {
    const session = await create(...args);
    counts.open++;
    counts.made++;
    const release = session.release.bind(session);
    session.release = () => {
      counts.open--;
      return release();
    };
    return session;
  };
  return { runtime, counts, fed };
}

/** A file of an R that takes means over 2 × 2 pixels, whatever the embedding. */
function halving(): Uint8Array {
  const b = new GraphBuilder('halving');
  const nothing = b.mul(b.reduceSum(b.input('embedding', [1, 4]), undefined, false), 0);
  const { inputs, outputs, ...graph } = b.build({
    y: b.add(b.averagePool(b.input('x', [1, 3, 8, 8]), [2, 2]), nothing),
  });
  const open = (ports: typeof inputs) =>
    ports.map((port) => (port.shape.length === 4 ? { ...port, shape: [1, 3, 'h', 'w'] } : port));
  return writeGraph({ ...graph, inputs: open(inputs), outputs: open(outputs) });
}

interface Choices {
  /** How the network has its pictures. */
  readonly kind?: TinyOptions;
  /** With an R for its scale. */
  readonly pairs?: boolean;
  readonly onEvent?: (event: EngineEvent) => void;
  readonly on?: AbortSignal;
}

async function adapted(
  runtime: Runtime,
  ablation: Partial<Ablation> = {},
  { kind, pairs = false, onEvent, on = never }: Choices = {},
) {
  const network = await tinyModel(kind);
  // An R for another scale, and an embedding that is given: neither is ever run.
  const elsewhere = { entry: { ...network.entry, scale: 3 }, bytes: new Uint8Array() };
  const networks: AdaptOptions['networks'] = {
    encoder: elsewhere,
    reconstructor: pairs ? { ...network, bytes: halving() } : elsewhere,
    features: await tinyModel(),
  };
  const given = { ...small, embedding: new Float32Array(4), learningRate: 1e-3, ...ablation };
  const options = { level: 'quick', strength: 1, networks, ablation: given } as const;
  const { width, height } = picture;
  const read = (_: AbortSignal, rect: Parameters<typeof crop>[1]) => Promise.resolve(crop(picture, rect));
  return adapt(on, runtime, { picture: { width, height, read }, network, options, onEvent });
}

test('leaves no session open, and judges by each held-out batch once before and after each step', async () => {
  const { runtime, counts } = counting();
  const result = await adapted(runtime);
  expect(result).toMatchObject({ used: true, pictures: 1, frozen: [], start: undefined });
  expect(counts).toMatchObject({ open: 0, learning: 2, judging: 6 });
  expect(counts.made).toBeGreaterThan(2);
  const { split, seconds } = result;
  const parts = Object.values(split);
  expect(parts.every((part) => part > 0)).toBe(true);
  expect(parts.reduce((sum, part) => sum + part)).toBeLessThanOrEqual(seconds);
  await runtime.dispose();
});

test('says how far it is from the beginning on', async () => {
  const { runtime } = counting();
  const events: EngineEvent[] = [];
  await adapted(runtime, {}, { onEvent: (event) => events.push(event) });
  const progress = events.flatMap((event) =>
    event.type === 'progress' ? [[event.unit, event.done, event.total]] : [],
  );
  expect(progress).toEqual([
    ...[0, 1, 2, 3].map((done) => ['analysis', done, 4]),
    ...[1, 2].map((done) => ['step', done, 2]),
  ]);
  await runtime.dispose();
});

test('cancelled at any step it leaves no session open', async () => {
  for (const at of [1, 2, 3]) {
    const { runtime, counts } = counting();
    const abort = new AbortController();
    const onEvent = (event: EngineEvent) => {
      if (event.type === 'progress' && event.done === at) abort.abort(new Error('changed my mind'));
    };
    await expect(adapted(runtime, { steps: 4 }, { onEvent, on: abort.signal })).rejects.toThrow('changed my mind');
    expect(counts.open).toBe(0);
    await runtime.dispose();
  }
});

test('where nothing is won the network stays, with what was found out', async () => {
  const { runtime, counts } = counting();
  const result = await adapted(runtime, { learningRate: 0 });
  expect(result).toMatchObject({ used: false, pictures: 1, steps: 0, improvement: 0, frozen: [] });
  expect(result.weights).toBeUndefined();
  expect(result.seconds).toBeGreaterThan(0);
  expect(counts.open).toBe(0);
  await runtime.dispose();
});

test('no piece that it is judged by is ever learned from', async () => {
  const { runtime, fed } = counting();
  await adapted(runtime, { steps: 4, trainingBatches: 2 });
  expect([fed.learning.size, fed.judging.size]).toEqual([2, 1]);
  expect([...fed.judging].filter((piece) => fed.learning.has(piece))).toEqual([]);
  await runtime.dispose();
});

/** Its losses at each step: of what is learned from, and of what is held out. */
async function lossesOf(ablation: Partial<Ablation>, choices: Choices): Promise<number[]> {
  const { runtime } = counting();
  const losses: number[] = [];
  const onEvent = (event: EngineEvent) => {
    if (event.type === 'adaptation') losses.push(event.loss, event.heldOut!);
  };
  await adapted(runtime, ablation, { ...choices, onEvent });
  await runtime.dispose();
  return losses;
}

let usual: Promise<number[]> | undefined;
const withPairs = () => (usual ??= lossesOf({}, { pairs: true }));

test.each<[string, TinyOptions]>([
  ['blue first', { channels: 'BGR' }],
  ['channels last, blue first and 0..255', { layout: 'NHWC', channels: 'BGR', white: 255 }],
])('the same network with %s learns the same', async (_, kind) => {
  const [plain, other] = [await withPairs(), await lossesOf({}, { pairs: true, kind })];
  expect(plain).toHaveLength(6);
  expect(largestDifference(other, plain)).toBeLessThan(1e-4);
});

test('pairs are learned from, where there is an R for them', async () => {
  const [without, off] = [await lossesOf({}, {}), await lossesOf({ pairsWeight: 0 }, { pairs: true })];
  expect(largestDifference(without, off)).toBeLessThan(1e-6);
  (await withPairs()).forEach((loss, i) => expect(loss).toBeGreaterThan(1.1 * off[i]!));
});

test('the anchor of the weights holds them near to those that it came with', async () => {
  const original = readGraph((await tinyModel()).bytes).initializers;
  const wayOf = async (weightAnchor: number) => {
    const { runtime } = counting();
    const { weights } = await adapted(runtime, { steps: 6, weightAnchor });
    await runtime.dispose();
    const moved = [...readGraph(weights!).initializers].filter(([, { type }]) => type === 'float32');
    return moved.reduce(
      (sum, [name, { data }]) =>
        sum + largestDifference(data as Float32Array, original.get(name)!.data as Float32Array),
      0,
    );
  };
  expect(await wayOf(1000)).toBeLessThan(0.8 * (await wayOf(0)));
});
