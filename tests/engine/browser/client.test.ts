import type { EngineEvent, UpscaleOptions } from '../../../src/engine/contract';
import { WorkerEngine } from '../../../src/engine/browser/client';
import type { FromWorker, ToWorker, WorkerLike } from '../../../src/engine/browser/messages';
import type { OrtFiles } from '../../../src/engine/runtime/ort-files';
import { usualTile } from '../../../src/engine/upscaling/usual-tile';
import { TestWorker } from '../../support/test-worker';
import { never, noise } from '../raster/support';
import { Collector, sourceOf } from '../upscaling/pictures';
import { tinyModel } from '../upscaling/tiny-networks';

// What the page makes of a worker's silence, by a clock that stands still until a test moves it.

const patience = { first: 1000, factor: 10, least: 200, cancel: 100 };
const picture = noise(40, 30, 3, 4);

beforeEach(() => {
  // Only what the watchdog waits with: the worker takes the time that it takes.
  const untouched = ['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const;
  const others = ['setImmediate', 'clearImmediate', 'setInterval', 'clearInterval'] as const;
  jest.useFakeTimers({ doNotFake: [...untouched, ...others] });
});
afterEach(() => jest.useRealTimers());

/** A worker that says only what a test has it say. */
class SilentWorker implements WorkerLike {
  terminated = false;
  readonly received: ToWorker[] = [];
  private listener: ((event: { data: unknown; message?: string }) => void) | undefined;

  postMessage(message: ToWorker): void {
    this.received.push(message);
  }

  addEventListener(type: string, listener: (event: { data: unknown; message?: string }) => void): void {
    if (type === 'message') this.listener = listener;
  }

  terminate(): void {
    this.terminated = true;
  }

  say(event: EngineEvent): void {
    this.listener!({ data: { type: 'event', job: 1, event } satisfies FromWorker });
  }
}

/** An engine whose first worker is this one; those that follow are sound. */
function engineWith(first: SilentWorker | TestWorker, files = (): Promise<OrtFiles> => Promise.resolve(ort)) {
  const workers: (SilentWorker | TestWorker)[] = [];
  const createWorker = () => {
    workers.push(workers.length === 0 ? first : new TestWorker(() => undefined, workers.length + 1));
    return workers.at(-1)!;
  };
  return { engine: new WorkerEngine({ createWorker, files, patience }), workers };
}
const ort: OrtFiles = { binary: new Uint8Array(8) };

const options = async (more: Partial<UpscaleOptions> = {}): Promise<UpscaleOptions> => ({
  network: await tinyModel(),
  size: { scale: 2 },
  device: 'auto',
  ...more,
});

/** Waits, by a clock that goes on, for what comes of messages. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('a worker that never says a word is replaced, and the next has parts that fit any device', async () => {
  const silent = new SilentWorker();
  const { engine, workers } = engineWith(silent);
  const job = engine.upscale(never, sourceOf(picture), new Collector(), await options());
  await until(() => silent.received.length > 0);
  jest.advanceTimersByTime(patience.first - 1);
  expect(silent.terminated).toBe(false);
  jest.advanceTimersByTime(1);
  expect(silent.terminated).toBe(true);
  const report = await job;
  expect(report).toMatchObject({ tilesRedone: 1, notices: [expect.stringContaining('from the beginning')] });
  const [start] = workers[1]!.received;
  // Nothing was heard of a device yet.
  expect(start).toMatchObject({ call: { given: { resume: { limit: usualTile.wasm / 2 } } } });
  await engine.dispose();
});

test('each word is a sign of life, and after the first tiles it waits as long as they say', async () => {
  const silent = new SilentWorker();
  const { engine } = engineWith(silent);
  const job = engine.upscale(never, sourceOf(picture), new Collector(), await options());
  await until(() => silent.received.length > 0);
  for (let i = 0; i < 3; i++) {
    jest.advanceTimersByTime(patience.first - 1);
    silent.say({ type: 'notice', message: 'still here' });
  }
  expect(silent.terminated).toBe(false);
  for (let done = 1; done <= 3; done++) silent.say({ type: 'progress', done, total: 9, unit: 'tile' });
  // Tiles as quick as these: no more than the least.
  jest.advanceTimersByTime(patience.least - 1);
  expect(silent.terminated).toBe(false);
  jest.advanceTimersByTime(patience.first / 2);
  expect(silent.terminated).toBe(true);
  await job;
  await engine.dispose();
});

test('the time that the page takes is not the worker’s, and nothing waits when the job is over', async () => {
  const worker = new TestWorker(() => undefined, 1);
  let give: ((files: OrtFiles) => void) | undefined;
  const { engine } = engineWith(worker, () => new Promise((resolve) => (give = resolve)));
  const job = engine.upscale(never, sourceOf(picture), new Collector(), await options());
  await until(() => give !== undefined);
  jest.advanceTimersByTime(100 * patience.first);
  expect(worker.terminated).toBe(false);
  give!(ort);
  expect(await job).toMatchObject({ tilesRedone: 0, notices: [] });
  expect(jest.getTimerCount()).toBe(0);
  await engine.dispose();
});

test('a cancel waits neither for the worker nor for the page, and what comes late is sent to nobody', async () => {
  const worker = new TestWorker(() => undefined, 1);
  const { engine, workers } = engineWith(worker);
  const abort = new AbortController();
  let late: (() => void) | undefined;
  const source = sourceOf(picture);
  const slow: typeof source = {
    ...source,
    read: async (_, rect) => {
      await new Promise<void>((resolve) => (late = resolve));
      return source.read(never, rect);
    },
  };
  const job = engine.upscale(abort.signal, slow, new Collector(), await options());
  await until(() => late !== undefined);
  abort.abort(new Error('changed my mind'));
  jest.advanceTimersByTime(patience.cancel);
  await expect(job).rejects.toThrow('changed my mind');
  expect(worker.terminated).toBe(true);
  const { length } = worker.received;
  late!();
  const next = new Collector();
  await engine.upscale(never, source, next, await options());
  expect(next.ended).toBe(true);
  expect(workers).toHaveLength(2);
  expect(worker.received).toHaveLength(length);
  expect(jest.getTimerCount()).toBe(0);
  await engine.dispose();
});
