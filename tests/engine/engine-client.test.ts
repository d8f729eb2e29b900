import { getEventListeners } from 'node:events';
import type { EngineEvent } from '../../src/engine/contract';
import type { Adapt } from '../../src/engine/jobs/local-engine';
import { createNodeEngine } from '../../src/engine/node';
import { WorkerEngine } from '../../src/engine/browser/client';
import type { FromWorker } from '../../src/engine/browser/messages';
import type { Patience } from '../../src/engine/browser/watchdog';
import { LWayError } from '../../src/engine/common/errors';
import { usualTile } from '../../src/engine/upscaling/usual-tile';
import { TestWorker } from '../support/test-worker';
import { largestDifference, never, noise } from './raster/support';
import { Collector, sourceOf } from './upscaling/pictures';
import { tinyJob } from './upscaling/tiny-job';
import { tinyNetwork } from './upscaling/tiny-networks';

const picture = noise(64, 48, 3, 12);
/** For workers that are not expected to fall silent, on a machine that may be busy; and for those that are. */
const patience: Patience = { first: 60_000, factor: 1, least: 60_000, cancel: 100 };
const hasty: Patience = { ...patience, first: 2000, least: 2000 };

function setUp(
  ail: (worker: number, run: number) => Promise<void> | void = () => undefined,
  adapt?: Adapt,
  waiting = patience,
) {
  const workers: TestWorker[] = [];
  const engine = new WorkerEngine({
    createWorker: () => {
      const number = workers.length + 1;
      const worker = new TestWorker((run) => ail(number, run), number, adapt);
      workers.push(worker);
      return worker;
    },
    files: () => Promise.resolve({ binary: new Uint8Array(8) }),
    patience: waiting,
  });
  return { engine, workers };
}

const hang = () => new Promise<void>(() => undefined);

let expected: Float32Array;
beforeAll(async () => {
  const engine = createNodeEngine({ threads: 1 });
  const sink = new Collector();
  await engine.upscale(never, sourceOf(picture), sink, await tinyJob({ device: 'cpu' }));
  expected = sink.result.data;
  await engine.dispose();
});

function right(sink: Collector): void {
  expect(largestDifference(sink.result.data, expected)).toBeLessThanOrEqual(1e-4);
}

describe('the engine in a worker', () => {
  test('gives what the engine in this thread gives, and says the same', async () => {
    const { engine, workers } = setUp();
    const events: EngineEvent[] = [];
    const sink = new Collector();
    const report = await engine.upscale(
      never,
      sourceOf(picture),
      sink,
      await tinyJob({ onEvent: (e) => events.push(e) }),
    );
    right(sink);
    expect(report).toMatchObject({ width: 128, height: 96, device: 'webgpu', deviceName: 'worker 1', tilesRedone: 0 });
    expect(events.filter(({ type }) => type === 'progress')).toHaveLength(report.tiles + 1);
    // The next job finds the worker as it is.
    await engine.upscale(never, sourceOf(picture), new Collector(), await tinyJob());
    expect(workers).toHaveLength(1);
    await engine.dispose();
    expect(workers[0]!.terminated).toBe(true);
  });

  test('finds out how a network wants its image', async () => {
    const { engine } = setUp();
    const file = (name: string, bytes: Uint8Array) => ({ file: { name, bytes }, name });
    const { entry } = await engine.takeIn(never, file('mine.onnx', tinyNetwork({ layout: 'NHWC' })));
    expect(entry).toMatchObject({ scale: 2, input: { layout: 'NHWC' } });
    const bad = engine.takeIn(never, file('text', new TextEncoder().encode('text')));
    await expect(bad).rejects.toMatchObject({ code: 'bad-model' });
    await engine.dispose();
  });

  test('a failed job and a full store leave the next one unharmed', async () => {
    const { engine } = setUp();
    const full = new Collector();
    full.write = () => Promise.reject(new LWayError('storage', 'The disk is full.', 'Make room.'));
    const sink = new Collector();
    const jobs = [
      engine.upscale(never, sourceOf(picture), new Collector(), await tinyJob({ size: { scale: 20 } })),
      engine.upscale(never, sourceOf(picture), full, await tinyJob()),
      engine.upscale(never, sourceOf(picture), sink, await tinyJob()),
    ] as const;
    const [first, second, third] = await Promise.allSettled(jobs);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'bad-option' } });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'storage', advice: 'Make room.' } });
    expect(third).toMatchObject({ status: 'fulfilled' });
    right(sink);
    await engine.dispose();
  });
});

describe('a worker that fails', () => {
  test.each([
    ['crashes', (workers: TestWorker[]) => async () => workers[0]!.emit('error', { message: 'out of luck' })],
    ['hangs', () => hang],
    ['loses its device', () => () => Promise.reject(new Error('GPUDevice was lost'))],
    ['runs out of memory', () => () => Promise.reject(new Error('std::bad_alloc'))],
  ])('when it %s, another goes on after the last finished piece', async (name, make) => {
    const spoil: { now?: () => Promise<void> } = {};
    const { engine, workers } = setUp(
      (worker, run) => (worker === 1 && run >= 2 ? spoil.now!() : undefined),
      undefined,
      name === 'hangs' ? hasty : patience,
    );
    spoil.now = make(workers) as () => Promise<void>;
    const sink = new Collector();
    const notices: string[] = [];
    const job = await tinyJob({ onEvent: (e) => e.type === 'notice' && notices.push(e.message) });
    const report = await engine.upscale(never, sourceOf(picture), sink, job);
    right(sink);
    expect(workers).toHaveLength(2);
    expect(workers[0]!.terminated).toBe(true);
    expect(report.tilesRedone).toBeGreaterThanOrEqual(1);
    expect(notices.at(-1)).toMatch(/after the 2 finished tiles/);
    expect(report.notices).toEqual(notices);
    await engine.dispose();
  });

  test('while a piece is being written: it is not written twice', async () => {
    const { engine, workers } = setUp();
    const sink = new Collector();
    const write = sink.write.bind(sink);
    sink.write = async (...piece) => {
      if (sink.pieces === 2) workers[0]!.emit('error', { message: 'at the worst moment' });
      await new Promise((resolve) => setTimeout(resolve, 5));
      await write(...piece);
    };
    await engine.upscale(never, sourceOf(picture), sink, await tinyJob());
    right(sink);
    expect(workers).toHaveLength(2);
    await engine.dispose();
  });

  test('again and again: the GPU is left, then it is an error, and the next job runs', async () => {
    let ill = true;
    const { engine, workers } = setUp(() => (ill ? Promise.reject(new Error('device lost')) : undefined));
    const failing = engine.upscale(never, sourceOf(picture), new Collector(), await tinyJob());
    await expect(failing).rejects.toMatchObject({ code: 'device-lost' });
    expect(workers).toHaveLength(4);
    ill = false;
    const sink = new Collector();
    expect(await engine.upscale(never, sourceOf(picture), sink, await tinyJob())).toMatchObject({ device: 'webgpu' });
    right(sink);
    await engine.dispose();
  });

  test('an adaptation that was finished is not made again', async () => {
    let made = 0;
    const adapt: Adapt = (_signal, { network }) => {
      made++;
      const report = { used: true, steps: 3, improvement: 0.1, message: 'learned', seconds: 1 };
      return Promise.resolve({ network, report });
    };
    const { engine } = setUp((worker, run) => (worker === 1 && run === 1 ? hang() : undefined), adapt, hasty);
    const sink = new Collector();
    const job = await tinyJob({ adapt: { level: 'quick', strength: 1, networks: {} as never } });
    const report = await engine.upscale(never, sourceOf(picture), sink, job);
    expect(report.adaptation).toMatchObject({ used: true, message: 'learned' });
    expect(made).toBe(1);
    right(sink);
    await engine.dispose();
  });
});

describe('after each failure', () => {
  /** Device and largest tile that each worker was asked for, one after the other. */
  const asked = (workers: readonly TestWorker[]) =>
    workers.map(({ received }) => {
      const [start] = received;
      if (start?.type !== 'start' || start.call.method !== 'upscale') throw new Error('not started');
      const { options: given, resume } = start.call.given;
      return [given.device, resume.limit];
    });
  const dying = (workers: TestWorker[]) => async () => void workers.at(-1)!.emit('error', { message: 'out of luck' });
  const saying = (text: string) => () => () => Promise.reject(new Error(text));

  test.each<
    [string, (workers: TestWorker[]) => () => Promise<void>, number | undefined, (number | undefined)[], string]
  >([
    ['memory ran out', saying('std::bad_alloc'), 36, [undefined, 18, undefined, 18], 'out-of-memory'],
    [
      'memory ran out, of tiles as usual',
      saying('std::bad_alloc'),
      undefined,
      [undefined, -1, undefined, -1],
      'out-of-memory',
    ],
    ['the worker died', dying, 36, [undefined, 18, undefined, 18], 'device-lost'],
    ['the device was lost', saying('device lost'), 36, [undefined, undefined, undefined, undefined], 'device-lost'],
  ])('where %s: smaller parts, then the CPU, and in the end an error', async (_, make, tile, limits, code) => {
    const failing: { now?: () => Promise<void> } = {};
    const { engine, workers } = setUp(() => failing.now!());
    failing.now = make(workers);
    const notices: string[] = [];
    const onEvent = (event: EngineEvent) => {
      if (event.type === 'notice' && event.message.includes(' It goes on ')) notices.push(event.message);
    };
    const job = engine.upscale(never, sourceOf(picture), new Collector(), await tinyJob({ tile, onEvent }));
    await expect(job).rejects.toMatchObject({ code });
    const half = Math.floor(usualTile.webgpu / 2);
    expect(asked(workers)).toEqual(
      ['auto', 'auto', 'wasm', 'wasm'].map((device, i) => [device, limits[i] === -1 ? half : limits[i]]),
    );
    expect(workers.every(({ terminated }) => terminated)).toBe(true);
    expect(notices.map((notice) => / from the beginning, on the CPU\.$/.test(notice))).toEqual([false, true, false]);
    expect(notices.every((notice) => notice.includes('from the beginning'))).toBe(true);
    if (make === dying) expect(notices[0]).toContain('(out of luck)');
    await engine.dispose();
  });

  test('on the CPU already it stays there', async () => {
    const { engine, workers } = setUp(() => Promise.reject(new Error('std::bad_alloc')));
    const job = engine.upscale(never, sourceOf(picture), new Collector(), await tinyJob({ device: 'wasm' }));
    await expect(job).rejects.toMatchObject({ code: 'out-of-memory' });
    expect(asked(workers)).toEqual([
      ['wasm', undefined],
      ['wasm', 18],
      ['wasm', 9],
      ['wasm', 4],
    ]);
    await engine.dispose();
  });
});

describe('a job leaves nothing behind:', () => {
  test('no listener at its signals, and the time that it took', async () => {
    const learned = { used: true, steps: 3, improvement: 0.1, message: 'learned', seconds: 1 };
    const { engine, workers } = setUp(
      (worker, run) => (worker === 1 && run === 1 ? Promise.reject(new Error('device lost')) : undefined),
      (_signal, { network }) => Promise.resolve({ network, report: learned }),
    );
    const [cancel, enough] = [new AbortController(), new AbortController()];
    const adapt = { level: 'quick' as const, strength: 1, networks: {} as never, enough: enough.signal };
    const began = performance.now();
    const job = await tinyJob({ adapt });
    const report = await engine.upscale(cancel.signal, sourceOf(picture), new Collector(), job);
    expect(report.tilesRedone).toBe(1);
    expect(workers).toHaveLength(2);
    expect(report.seconds).toBeGreaterThan(0);
    expect(report.seconds).toBeLessThanOrEqual((performance.now() - began) / 1000);
    for (const { signal } of [cancel, enough]) expect(getEventListeners(signal, 'abort')).toEqual([]);
    await engine.dispose();
  });

  test('that was cancelled before its turn asks for no worker', async () => {
    const { engine, workers } = setUp();
    const job = engine.upscale(AbortSignal.abort(new Error('no')), sourceOf(picture), new Collector(), await tinyJob());
    await expect(job).rejects.toThrow('no');
    expect(workers).toHaveLength(0);
    await engine.dispose();
    const late = engine.upscale(never, sourceOf(picture), new Collector(), await tinyJob());
    await expect(late).rejects.toMatchObject({ code: 'unsupported' });
    expect(workers).toHaveLength(0);
  });

  test('whose picture cannot be read ends with its worker, and the next begins anew', async () => {
    const { engine, workers } = setUp();
    const gone = new LWayError('bad-image', 'It is gone.', 'Open it again.');
    const source = { ...sourceOf(picture), read: () => Promise.reject(gone) };
    await expect(engine.upscale(never, source, new Collector(), await tinyJob())).rejects.toBe(gone);
    expect(workers.map(({ terminated }) => terminated)).toEqual([true]);
    const sink = new Collector();
    const report = await engine.upscale(never, sourceOf(picture), sink, await tinyJob());
    right(sink);
    expect(report).toMatchObject({ notices: [], tilesRedone: 0 });
    expect(workers).toHaveLength(2);
    await engine.dispose();
  });

  test('that was cancelled while its picture is read ends for that, and keeps its worker', async () => {
    const { engine, workers } = setUp();
    const abort = new AbortController();
    const source = {
      ...sourceOf(picture),
      read: (signal: AbortSignal) => {
        abort.abort(new Error('changed my mind'));
        return Promise.reject(signal.reason as Error);
      },
    };
    await expect(engine.upscale(abort.signal, source, new Collector(), await tinyJob())).rejects.toThrow(
      'changed my mind',
    );
    const sink = new Collector();
    await engine.upscale(never, sourceOf(picture), sink, await tinyJob());
    right(sink);
    expect(workers).toHaveLength(1);
    await engine.dispose();
  });
});

describe('a worker', () => {
  test.each(['error', 'messageerror'])('that ends between jobs (%s) is replaced', async (type) => {
    const { engine, workers } = setUp();
    await engine.upscale(never, sourceOf(picture), new Collector(), await tinyJob());
    workers[0]!.emit(type, {});
    expect(workers[0]!.terminated).toBe(true);
    const sink = new Collector();
    const report = await engine.upscale(never, sourceOf(picture), sink, await tinyJob());
    right(sink);
    expect(report).toMatchObject({ tilesRedone: 0, deviceName: 'worker 2' });
    await engine.dispose();
  });

  test('that cannot be started is an error, and the next job tries again', async () => {
    let broken = true;
    const workers: TestWorker[] = [];
    const engine = new WorkerEngine({
      createWorker: () => {
        if (broken) throw new LWayError('unsupported', 'There are no workers here.', '');
        workers.push(new TestWorker(() => undefined, 1));
        return workers[0]!;
      },
      files: () => Promise.resolve({ binary: new Uint8Array(8) }),
      patience,
    });
    const job = await tinyJob();
    await expect(engine.upscale(never, sourceOf(picture), new Collector(), job)).rejects.toMatchObject({
      code: 'unsupported',
    });
    broken = false;
    const sink = new Collector();
    await engine.upscale(never, sourceOf(picture), sink, job);
    right(sink);
    await engine.dispose();
  });
});

describe('a worker that fails while the network learns', () => {
  const lost = new LWayError('device-lost', 'The graphics device stopped responding.', 'Try again.');
  const memory = new LWayError('out-of-memory', 'Memory was too small.', 'Close programs.');
  const learned = { used: true, steps: 3, improvement: 0.1, message: 'learned', seconds: 1 };

  test.each([
    ['loses its device once: another learns', [lost], 2, { used: true }],
    ['loses its device twice: the picture comes unadapted', [lost, lost], 3, { used: false, stopped: 'device-lost' }],
    ['hangs twice', ['hang', 'hang'], 3, { used: false, stopped: 'device-lost' }],
    ['runs out of memory', [memory], 2, { used: false, stopped: 'out-of-memory' }],
  ] as const)('%s', async (_, failures, expectedWorkers, expectedReport) => {
    let made = 0;
    const adapt: Adapt = async (_signal, { network }) => {
      const failure = failures[made++];
      if (failure === 'hang') await hang();
      else if (failure) throw failure;
      return { network, report: learned };
    };
    const { engine, workers } = setUp(
      undefined,
      adapt,
      (failures as readonly unknown[]).includes('hang') ? hasty : patience,
    );
    const sink = new Collector();
    const job = await tinyJob({ adapt: { level: 'quick', strength: 1, networks: {} as never } });
    const report = await engine.upscale(never, sourceOf(picture), sink, job);
    right(sink);
    expect(report.adaptation).toMatchObject(expectedReport);
    expect(report.device).toBe('webgpu');
    expect(workers).toHaveLength(expectedWorkers);
    const over = report.notices.filter((notice) => notice.endsWith('Learning starts over.'));
    expect(over).toHaveLength(failures.length - (expectedReport.used ? 0 : 1));
    expect(report.tilesRedone).toBe(failures.length);
    const said = report.notices.filter((notice) => notice.startsWith('Matching was not possible'));
    expect(said).toHaveLength(expectedReport.used ? 0 : 1);
    await engine.dispose();
  });
});

describe('cancelling', () => {
  test('is obeyed at any tile, and keeps the worker', async () => {
    const { engine, workers } = setUp();
    for (const at of [0, 1, 3]) {
      const abort = new AbortController();
      const sink = new Collector();
      const onEvent = (event: EngineEvent) => {
        if (event.type === 'progress' && event.done === at) abort.abort(new Error('changed my mind'));
      };
      await expect(engine.upscale(abort.signal, sourceOf(picture), sink, await tinyJob({ onEvent }))).rejects.toThrow(
        'changed my mind',
      );
      expect(sink.ended).toBe(false);
    }
    expect(workers).toHaveLength(1);
    await engine.dispose();
  });

  test('ends a worker that does not obey', async () => {
    const { engine, workers } = setUp((worker, run) => (worker === 1 && run === 1 ? hang() : undefined));
    const abort = new AbortController();
    const onEvent = (event: EngineEvent) => {
      if (event.type === 'progress' && event.done === 1) setTimeout(() => abort.abort(new Error('too slow')), 10);
    };
    const job = engine.upscale(abort.signal, sourceOf(picture), new Collector(), await tinyJob({ onEvent }));
    await expect(job).rejects.toThrow('too slow');
    expect(workers[0]!.terminated).toBe(true);
    const sink = new Collector();
    await engine.upscale(never, sourceOf(picture), sink, await tinyJob());
    right(sink);
    await engine.dispose();
  });

  test('“enough” that was said before holds as well', async () => {
    const adapt: Adapt = async (_signal, { network, options: { enough } }) => {
      if (!enough!.aborted) await new Promise<void>((resolve) => enough!.addEventListener('abort', () => resolve()));
      return { network, report: { used: true, steps: 7, improvement: 0.2, message: 'stopped early', seconds: 1 } };
    };
    const { engine } = setUp(undefined, adapt);
    const adaptation = { level: 'quick' as const, strength: 1, networks: {} as never, enough: AbortSignal.abort() };
    const job = await tinyJob({ adapt: adaptation });
    const report = await engine.upscale(never, sourceOf(picture), new Collector(), job);
    expect(report.adaptation).toMatchObject({ steps: 7 });
    await engine.dispose();
  });

  test('“enough” ends the adaptation only', async () => {
    const adapt: Adapt = async (_signal, { network, options: { enough } }) => {
      await new Promise<void>((resolve) => enough!.addEventListener('abort', () => resolve()));
      return { network, report: { used: true, steps: 7, improvement: 0.2, message: 'stopped early', seconds: 1 } };
    };
    const { engine } = setUp(undefined, adapt);
    const enough = new AbortController();
    const onEvent = (event: EngineEvent) => {
      if (event.type === 'phase' && event.phase === 'adapting') enough.abort();
    };
    const adaptation = { level: 'quick' as const, strength: 1, networks: {} as never, enough: enough.signal };
    const sink = new Collector();
    const report = await engine.upscale(never, sourceOf(picture), sink, await tinyJob({ adapt: adaptation, onEvent }));
    expect(report.adaptation).toMatchObject({ steps: 7 });
    right(sink);
    await engine.dispose();
  });
});

test('messages that are none of ours, or of a job long over, are dropped', async () => {
  const { engine, workers } = setUp();
  const sink = new Collector();
  const onEvent = (event: EngineEvent) => {
    if (event.type !== 'progress') return;
    const stray: FromWorker = { type: 'failed', job: 99, error: { code: 'internal', message: 'stray', advice: '' } };
    for (const data of [null, 'text', { type: 'done' }, { job: 1 }, stray]) workers[0]!.emit('message', { data });
  };
  await engine.upscale(never, sourceOf(picture), sink, await tinyJob({ onEvent }));
  right(sink);
  await engine.dispose();
});
