import type { AdaptationReport, AdaptOptions, EngineEvent, UpscaleOptions } from '../../../src/engine/contract';
import { LocalEngine, type Adapt, type AdaptedWeights, type EngineParts } from '../../../src/engine/jobs/local-engine';
import { LWayError } from '../../../src/engine/common/errors';
import { readGraph, writeGraph } from '../../../src/engine/graph';
import type { Network } from '../../../src/engine/network/registry';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { ailingRuntime, type Ailment } from '../../support/ailing-runtime';
import { drawn, largestDifference, never, noise } from '../raster/support';
import { Collector, sourceOf } from '../upscaling/pictures';
import { tinyJob } from '../upscaling/tiny-job';
import { tinyModel } from '../upscaling/tiny-networks';

// The order of a job: what is opened, said, kept for the next one and freed. The adaptation is one that is known.

const picture = noise(64, 48, 3, 12);
const learned: AdaptationReport = { used: true, steps: 3, improvement: 0.1, message: 'learned', seconds: 1 };
const asItCame: Adapt = (_, { network }) => Promise.resolve({ network, report: learned });
const adapt: AdaptOptions = { level: 'quick', strength: 1, networks: {} as never };

/** An engine on one device, whose sessions and whose end are counted. */
function engineOn(parts: Partial<EngineParts> = {}, ailment: Ailment = {}, device: Runtime['device'] = 'cpu') {
  const counts = { opened: 0, sessions: 0, released: 0, disposed: 0 };
  const runtime = ailingRuntime(ailment, device, `A ${device}`);
  const create = runtime.createSession.bind(runtime);
  runtime.createSession = async (...args) => {
    const session = await create(...args);
    counts.sessions++;
    const release = session.release.bind(session);
    session.release = () => {
      counts.released++;
      return release();
    };
    return session;
  };
  runtime.dispose = async () => void counts.disposed++;
  const open = () => {
    counts.opened++;
    return Promise.resolve({ runtime, notices: ['The GPU is not used.'] });
  };
  const engine = new LocalEngine({ adapt: asItCame, runtimes: { fallback: device, open }, ...parts });
  return { engine, counts, runtime };
}

/** The network with the weights of its convolutions moved. */
function moved({ entry, bytes }: Network, by: number): Network {
  const graph = readGraph(bytes);
  const initializers = new Map(
    [...graph.initializers].map(([name, tensor]) => [
      name,
      tensor.type === 'float32' && tensor.dims.length === 4
        ? { ...tensor, data: Float32Array.from(tensor.data as Float32Array, (value) => value + by) }
        : tensor,
    ]),
  );
  return { entry, bytes: writeGraph({ ...graph, initializers }) };
}

describe('a job', () => {
  test('says what it is at, on which device, and what is not as asked for', async () => {
    const { engine } = engineOn();
    const events: EngineEvent[] = [];
    const job = await tinyJob({ adapt, onEvent: (event) => events.push(event) });
    const report = await engine.upscale(never, sourceOf(picture), new Collector(), job);
    const said = events.flatMap((event) =>
      event.type === 'phase' ? [event.phase] : event.type === 'progress' ? [] : [event.type],
    );
    expect(said).toEqual(['preparing', 'notice', 'device', 'adapting', 'upscaling', 'writing']);
    expect(events).toContainEqual({ type: 'device', device: 'cpu', name: 'A cpu' });
    expect(report).toMatchObject({ width: 128, height: 96, device: 'cpu', deviceName: 'A cpu', adaptation: learned });
    expect(report.notices).toEqual(['The GPU is not used.']);
    await engine.dispose();
  });

  test('finds the network of the last one loaded; another takes its place, and in the end all is freed', async () => {
    const { engine, counts } = engineOn();
    const job = await tinyJob();
    await engine.upscale(never, sourceOf(picture), new Collector(), job);
    await engine.upscale(never, sourceOf(picture), new Collector(), job);
    expect(counts).toEqual({ opened: 1, sessions: 1, released: 0, disposed: 0 });
    await engine.upscale(never, sourceOf(picture), new Collector(), await tinyJob({ network: await tinyModel() }));
    expect(counts).toEqual({ opened: 1, sessions: 2, released: 1, disposed: 0 });
    await engine.dispose();
    expect(counts).toEqual({ opened: 1, sessions: 2, released: 2, disposed: 1 });
    await engine.dispose();
    expect(counts).toEqual({ opened: 1, sessions: 2, released: 2, disposed: 1 });
  });

  test('tries a device again that could not be opened', async () => {
    const { runtime } = engineOn();
    let tries = 0;
    const open = () =>
      ++tries === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve({ runtime, notices: [] });
    const { engine } = engineOn({ runtimes: { fallback: 'cpu', open } });
    await expect(engine.upscale(never, sourceOf(picture), new Collector(), await tinyJob())).rejects.toThrow('not yet');
    await engine.upscale(never, sourceOf(picture), new Collector(), await tinyJob());
    expect(tries).toBe(2);
    await engine.dispose();
  });

  test('that is cancelled while its device is opened begins nothing', async () => {
    const abort = new AbortController();
    const { runtime } = engineOn();
    const open = () => {
      abort.abort(new Error('changed my mind'));
      return Promise.resolve({ runtime, notices: [] });
    };
    let adapted = 0;
    const counting: Adapt = (...job) => {
      adapted++;
      return asItCame(...job);
    };
    const { engine } = engineOn({ adapt: counting, runtimes: { fallback: 'cpu', open } });
    const sink = new Collector();
    const job = engine.upscale(abort.signal, sourceOf(picture), sink, await tinyJob({ adapt }));
    await expect(job).rejects.toThrow('changed my mind');
    expect([sink.info, adapted]).toEqual([null, 0]);
    await engine.dispose();
  });
});

test.each<[string, () => Promise<Partial<UpscaleOptions>>, string]>([
  [
    'a network that is only the end of another',
    async () => ({ network: await tinyModel({}, { kind: 'end' }) }),
    'bad-model',
  ],
  ['weights of another network', async () => ({ weights: (await tinyModel({ scale: 3 })).bytes }), 'bad-option'],
  [
    'weights for pictures of one size',
    async () => ({ weights: (await tinyModel({ size: { width: 36, height: 36 } })).bytes }),
    'bad-option',
  ],
])('%s is refused before anything is begun', async (_, change, code) => {
  const { engine } = engineOn();
  const sink = new Collector();
  const job = engine.upscale(never, sourceOf(picture), sink, await tinyJob(await change()));
  await expect(job).rejects.toMatchObject({ code });
  expect(sink.info).toBeNull();
  await engine.dispose();
});

describe('a result of which a part is there', () => {
  test('is an error where the adapted network fails: nothing of another network is put beside it', async () => {
    let runs = 0;
    const after: Ailment['after'] = ({ enlarged }) => ++runs > 1 && (enlarged!.data as Float32Array).fill(NaN);
    const { engine } = engineOn({}, { after });
    const sink = new Collector();
    const job = engine.upscale(never, sourceOf(picture), sink, await tinyJob({ adapt }));
    await expect(job).rejects.toMatchObject({ code: 'bad-output' });
    expect(sink).toMatchObject({ pieces: 1, ended: false });
    await engine.dispose();
  });

  test('is cancelled where that is why it cannot be written', async () => {
    const abort = new AbortController();
    const sink = new Collector();
    sink.write = () => {
      abort.abort(new Error('changed my mind'));
      return Promise.reject(new LWayError('document-changed', 'The document was closed.', ''));
    };
    const { engine } = engineOn();
    const job = engine.upscale(abort.signal, sourceOf(picture), sink, await tinyJob());
    await expect(job).rejects.toThrow('changed my mind');
    await engine.dispose();
  });
});

describe('an adaptation that fails', () => {
  const failing = (error: unknown) => engineOn({ adapt: () => Promise.reject(error), onDeviceLost: 'throw' }).engine;
  const lway = (code: LWayError['code']) => new LWayError(code, 'It happened.', '');

  test.each([
    ['device-lost', false],
    ['out-of-memory', false],
    ['bad-graph', true],
    ['unsupported', true],
  ] as const)('where a new worker can be had, with %s: the picture comes all the same is %p', async (code, comes) => {
    const engine = failing(lway(code));
    const sink = new Collector();
    const job = engine.upscale(never, sourceOf(picture), sink, await tinyJob({ adapt }));
    if (comes) expect((await job).adaptation).toMatchObject({ used: false, stopped: code });
    else await expect(job).rejects.toMatchObject({ code });
    expect(sink.ended).toBe(comes);
    await engine.dispose();
  });

  test('for having been cancelled ends the job', async () => {
    const engine = failing(new DOMException('enough', 'AbortError'));
    const job = engine.upscale(never, sourceOf(picture), new Collector(), await tinyJob({ adapt }));
    await expect(job).rejects.toMatchObject({ name: 'AbortError' });
    await engine.dispose();
  });

  test('says how long it took', async () => {
    const slow: Adapt = async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      throw lway('bad-graph');
    };
    const { engine } = engineOn({ adapt: slow });
    const report = await engine.upscale(never, sourceOf(picture), new Collector(), await tinyJob({ adapt }));
    expect(report.adaptation!.seconds).toBeGreaterThan(0.025);
    expect(report.adaptation!.seconds).toBeLessThanOrEqual(report.seconds);
    await engine.dispose();
  });
});

describe('a job that goes on', () => {
  test('writes what is missing, with the weights that were learned', async () => {
    const [sink, kept] = [new Collector(), [] as AdaptedWeights[]];
    const better = moved(await tinyModel(), 0.001);
    const first = engineOn({ adapt: () => Promise.resolve({ network: better, report: learned }) }).engine;
    const stop = new AbortController();
    const interrupted = await tinyJob({
      adapt,
      onEvent: (event) => {
        if (event.type === 'progress' && event.done === 2) stop.abort(new Error('interrupted'));
      },
    });
    const hooks = { onAdapted: (all: AdaptedWeights) => kept.push(all) };
    await expect(first.upscale(stop.signal, sourceOf(picture), sink, interrupted, hooks)).rejects.toThrow(
      'interrupted',
    );
    expect(kept).toEqual([{ bytes: better.bytes, report: learned }]);

    const { engine } = engineOn({ adapt: () => Promise.reject(new Error('adapted again')) });
    const progress: number[] = [];
    const job = await tinyJob({ adapt, onEvent: (event) => event.type === 'progress' && progress.push(event.done) });
    const resume = { done: 2, begun: true, adapted: kept[0]! };
    const report = await engine.upscale(never, sourceOf(picture), sink, job, { resume });
    expect(report.adaptation).toEqual(learned);
    expect(progress).toEqual(Array.from({ length: report.tiles - 1 }, (_, i) => i + 2));
    const whole = new Collector();
    await engine.upscale(never, sourceOf(picture), whole, await tinyJob({ network: better }));
    expect(largestDifference(sink.result.data, whole.result.data)).toBeLessThanOrEqual(1e-5);
    const before = new Collector();
    await engine.upscale(never, sourceOf(picture), before, await tinyJob());
    expect(largestDifference(sink.result.data, before.result.data)).toBeGreaterThan(1e-4);
    await Promise.all([engine.dispose(), first.dispose()]);
  });

  const wide = drawn(300, 16, 3, (c, y, x) => 0.5 + 0.3 * Math.sin(x / 5 + y / 3 + c));

  test.each<[string, Runtime['device'], { plannedFor?: Runtime['device']; limit?: number }, number]>([
    ['as planned', 'webgpu', { plannedFor: 'webgpu' }, 300],
    ['in smaller parts, where memory ran out', 'webgpu', { plannedFor: 'webgpu', limit: 150 }, 150],
    ['on another device in parts of its size', 'wasm', { plannedFor: 'webgpu' }, 256],
    ['on another device in parts that are smaller still', 'wasm', { plannedFor: 'webgpu', limit: 150 }, 150],
    ['on another device in parts no larger than its own', 'wasm', { plannedFor: 'webgpu', limit: 280 }, 256],
    ['as planned for this device, where nothing was', 'wasm', {}, 256],
  ])('computes %s', async (_, device, resume, most) => {
    let widest = 0;
    const before: Ailment['before'] = ({ image }) => (widest = Math.max(widest, image!.dims[3]!));
    const { engine } = engineOn({}, { before }, device);
    const hooks = { resume: { done: 0, begun: false, ...resume } };
    const job = await tinyJob({ tile: undefined });
    const report = await engine.upscale(never, sourceOf(wide), new Collector(), job, hooks);
    // The tiles stay those that were planned: a part of them may have been written.
    expect(report.tiles).toBe(resume.plannedFor ? 1 : 2);
    expect(widest).toBeLessThanOrEqual(most);
    expect(widest).toBeGreaterThan(most / 2);
    await engine.dispose();
  });
});

test.each([
  ['a network for drawings', { forDrawings: true }, undefined, 100],
  ['one that is tuned towards them', {}, 40, 40],
  ['another', {}, undefined, undefined],
] as const)(
  'how far weights are those for drawings is told to the adaptation: %s',
  async (_, changes, drawnBy, share) => {
    const told: unknown[] = [];
    const { engine } = engineOn({
      adapt: (signal, job) => {
        told.push(job.drawn);
        return asItCame(signal, job);
      },
    });
    const network = await tinyModel({}, changes);
    const tuning = drawnBy === undefined ? undefined : { detail: 100, noise: 0, blur: 0, drawn: drawnBy, ends: {} };
    const job = await tinyJob({ network, adapt, tuning });
    await engine.upscale(never, sourceOf(picture), new Collector(), job);
    await engine.adapt(never, [sourceOf(picture)], { network, device: 'auto', adapt, tuning });
    expect(told).toEqual([share, share]);
    await engine.dispose();
  },
);

test('a tile that a person wants larger than is usual for a device is computed whole', async () => {
  let widest = 0;
  const before: Ailment['before'] = ({ image }) => (widest = Math.max(widest, image!.dims[3]!));
  const { engine } = engineOn({}, { before }, 'wasm');
  const wide = drawn(300, 16, 3, (_c, y, x) => 0.5 + 0.3 * Math.sin(x / 5 + y / 3));
  await engine.upscale(never, sourceOf(wide), new Collector(), await tinyJob({ tile: 400 }));
  expect(widest).toBe(300);
  await engine.dispose();
});

test('a job that is cancelled before its turn opens no device', async () => {
  const { engine, counts } = engineOn();
  const abort = new AbortController();
  const first = engine.upscale(never, sourceOf(picture), new Collector(), await tinyJob({ device: 'cpu' }));
  const second = engine.upscale(abort.signal, sourceOf(picture), new Collector(), await tinyJob({ device: 'wasm' }));
  abort.abort(new Error('no'));
  await expect(second).rejects.toThrow('no');
  await first;
  expect(counts.opened).toBe(1);
  await engine.dispose();
});

describe('a series', () => {
  const series = [picture, noise(40, 40, 3, 1), noise(50, 30, 3, 2)].map((each) => sourceOf(each));

  test('is learned from in order, by the network as it was tuned', async () => {
    const sizes: number[][] = [];
    const events: EngineEvent[] = [];
    const { engine } = engineOn({
      adapt: (_, { source, others, network, onEvent }) => {
        for (const { info } of [source, ...others!]) sizes.push([info.width, info.height]);
        onEvent({ type: 'notice', message: network.entry.id });
        return Promise.resolve({ network, report: { ...learned, pictures: 3 } });
      },
    });
    const { network } = await tinyJob();
    const job = { network, device: 'auto' as const, adapt, onEvent: (event: EngineEvent) => events.push(event) };
    const report = await engine.adapt(never, series, job);
    expect(report).toEqual({ ...learned, pictures: 3, tuning: undefined });
    expect(sizes).toEqual([
      [64, 48],
      [40, 40],
      [50, 30],
    ]);
    expect(events).toEqual([
      { type: 'phase', phase: 'preparing' },
      { type: 'notice', message: 'The GPU is not used.' },
      { type: 'device', device: 'cpu', name: 'A cpu' },
      { type: 'phase', phase: 'adapting' },
      { type: 'notice', message: 'tiny' },
    ]);
    await engine.dispose();
  });

  test('is tuned by its first picture, and says how', async () => {
    const { network } = await tinyJob();
    const { engine } = engineOn({
      adapt: (_, job) => Promise.resolve({ network: job.network, report: { ...learned, weights: job.network.bytes } }),
    });
    const tuning = { detail: 100, noise: 40, blur: 0, ends: { clean: moved(network, 0.5) } };
    const report = await engine.adapt(never, series, { network, device: 'auto', adapt, tuning });
    expect(report.tuning).toEqual({ detail: 100, noise: 40, blur: 0, estimate: undefined });
    const weight = (file: Uint8Array) =>
      Number([...readGraph(file).initializers.values()].find(({ dims }) => dims.length === 4)!.data[0]);
    expect(weight(report.weights!) - weight(network.bytes)).toBeCloseTo(0.2, 5);
    await engine.dispose();
  });

  test('that is cancelled before its turn opens no device', async () => {
    const { engine, counts } = engineOn();
    const { network } = await tinyJob();
    const job = engine.adapt(AbortSignal.abort(new Error('no')), series, { network, device: 'auto', adapt });
    await expect(job).rejects.toThrow('no');
    expect(counts.opened).toBe(0);
    await engine.dispose();
  });
});
