import { adapt, type Ablation } from '../../../src/engine/adaptation';
import type { AdaptOptions, EngineEvent } from '../../../src/engine/contract';
import { crop } from '../../../src/engine/raster/planes';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { ailingRuntime } from '../../support/ailing-runtime';
import { drawn, never } from '../raster/support';
import { tinyModel } from '../upscaling/tiny-networks';

// A whole adaptation of a tiny network: what it opens, runs and says, whatever it comes to.

const picture = drawn(
  64,
  56,
  3,
  (c, y, x) => (Math.sin(x / 4) + Math.cos(y / 3 + c) > 0 ? 0.7 : 0.3) + 0.002 * (x % 5),
);
const small = { steps: 2, patch: 16, batch: 1, trainingBatches: 1, heldOutBatches: 2, checkEvery: 1, patience: 9 };

/** Counts the sessions that are open, and the runs that judge or teach the network. */
function counting() {
  const counts = { open: 0, made: 0, learning: 0, judging: 0 };
  const before = (feeds: object) => {
    const names = Object.keys(feeds);
    if (names.includes('weights')) counts[names.includes('schedule') ? 'learning' : 'judging']++;
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
  return { runtime, counts };
}

async function adapted(
  runtime: Runtime,
  ablation: Partial<Ablation> = {},
  onEvent?: (event: EngineEvent) => void,
  on = never,
) {
  const network = await tinyModel();
  // An R for another scale, and an embedding that is given: neither is ever run.
  const elsewhere = { entry: { ...network.entry, scale: 3 }, bytes: new Uint8Array() };
  const networks: AdaptOptions['networks'] = {
    encoder: elsewhere,
    reconstructor: elsewhere,
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
  await adapted(runtime, {}, (event) => events.push(event));
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
    const cancel = (event: EngineEvent) => {
      if (event.type === 'progress' && event.done === at) abort.abort(new Error('changed my mind'));
    };
    await expect(adapted(runtime, { steps: 4 }, cancel, abort.signal)).rejects.toThrow('changed my mind');
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
