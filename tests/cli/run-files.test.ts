import { basename } from 'node:path';
import type { Engine, UpscaleReport } from '../../src/engine/contract';
import { LWayError } from '../../src/engine/common/errors';
import { NoRoom } from '../../src/cli/files/file-errors';
import { inLibvips } from '../../src/cli/files/libvips';
import { formats } from '../../src/cli/files/formats';
import type { Target } from '../../src/cli/files/targets';
import { JsonReporter } from '../../src/cli/output/json-reporter';
import { FileRun } from '../../src/cli/run-files';
import { drawn, writePng } from './support/pictures';
import { TestRoot } from './support/test-root';

let root: TestRoot;
beforeEach(() => (root = new TestRoot()));
afterEach(() => root.remove());

/** Says what it is asked for, and holds each file until it is let go. */
class HeldEngine implements Engine {
  readonly asked: string[] = [];
  atOnce = 0;
  most = 0;
  constructor(private readonly answer: (name: string, beside: boolean) => Promise<void>) {}

  async upscale(...[signal, source, sink, options]: Parameters<Engine['upscale']>): Promise<UpscaleReport> {
    const name = String(source.info.width);
    this.asked.push(name);
    this.most = Math.max(this.most, ++this.atOnce);
    try {
      await this.answer(name, this.atOnce > 1);
      options.onEvent?.({ type: 'phase', phase: 'preparing' });
      const whole = { x: 0, y: 0, width: source.info.width, height: source.info.height };
      await sink.begin(signal, source.info);
      await sink.write(signal, 0, 0, await source.read(signal, whole));
      await sink.end(signal);
    } finally {
      this.atOnce--;
    }
    const { width, height } = source.info;
    return { width, height, device: 'cpu', deviceName: 'CPU', tiles: 1, tilesRedone: 0, seconds: 0, notices: [] };
  }

  async dispose(): Promise<void> {}
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 20));

async function pictures(count: number): Promise<Target[]> {
  const targets: Target[] = [];
  for (let i = 1; i <= count; i++) {
    await writePng(root.path(`${i}.png`), drawn(i, 4, 3));
    targets.push({ input: root.path(`${i}.png`), output: root.path('out', `${i}.png`), format: formats.png });
  }
  return targets;
}

function runOf(engine: Engine, signal = new AbortController().signal) {
  const lines: { event: string; input?: string; index?: number }[] = [];
  const reporter = new JsonReporter({ write: (text) => lines.push(JSON.parse(text) as (typeof lines)[0]) }, '1');
  const pass = { size: { scale: 1 }, options: {} as never };
  const run = new FileRun(signal, engine, reporter, async () => ({ options: { passes: [pass], force: false } }));
  return { run, lines };
}

test('neighbours are in work together, no more than three, and every line says whose it is', async () => {
  const engine: HeldEngine = new HeldEngine(async () => {
    while (engine.asked.length < 3) await turn();
    await turn();
  });
  const { run, lines } = runOf(engine);
  await run.all(await pictures(8));
  expect(run.summary).toEqual({ succeeded: 8, failed: 0, skipped: 0 });
  expect(engine.most).toBe(3);
  expect(lines.every(({ input }) => input !== undefined)).toBe(true);
  expect(lines.filter(({ event }) => event === 'file').map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test.each([
  ['the disk', () => new NoRoom('The disk is full.', 'Free some space.')],
  ['the memory', () => new LWayError('out-of-memory', 'No memory.', 'Try a smaller tile.')],
])('where %s is too small for several, one is done after the other', async (_what, lack) => {
  const engine = new HeldEngine(async (_name, beside) => {
    await turn();
    if (beside) throw lack();
  });
  const { run, lines } = runOf(engine);
  await run.all(await pictures(6));
  expect(run.summary).toEqual({ succeeded: 6, failed: 0, skipped: 0 });
  expect(lines.filter(({ event }) => event === 'failed')).toEqual([]);
});

test('a file for which there is no room alone either fails, and only that one', async () => {
  const engine = new HeldEngine(async (name) => {
    await turn();
    if (name === '2') throw new NoRoom('The disk is full.', 'Free some space.');
  });
  const { run, lines } = runOf(engine);
  await run.all(await pictures(4));
  expect(run.summary).toEqual({ succeeded: 3, failed: 1, skipped: 0 });
  const failed = lines.filter(({ event }) => event === 'failed');
  expect(failed.map(({ input }) => basename(input!))).toEqual(['2.png']);
});

test('what would fail for all ends the run, and nothing is left in work', async () => {
  const engine = new HeldEngine(async (name) => {
    await turn();
    if (name === '1') throw new LWayError('no-device', 'No GPU.', 'Choose cpu.');
  });
  const { run } = runOf(engine);
  await expect(run.all(await pictures(9))).rejects.toMatchObject({ code: 'no-device' });
  expect(engine.atOnce).toBe(0);
  expect(engine.asked.length).toBeLessThan(5);
});

test('where warnings count nothing else runs, and the rest waits for its turn', async () => {
  const log: string[] = [];
  let [now, most] = [0, 0];
  const work = (name: string) => async () => {
    log.push(name);
    most = Math.max(most, ++now);
    await turn();
    now--;
    return name;
  };
  const beside = [1, 2, 3].map((each) => inLibvips(false, work(`beside ${each}`)));
  const alone = inLibvips(true, async () => {
    expect(now).toBe(0);
    await work('alone')();
    expect(log).toEqual(['beside 1', 'beside 2', 'beside 3', 'alone']);
    throw new Error('damaged');
  });
  const after = inLibvips(false, work('after'));
  await expect(alone).rejects.toThrow('damaged');
  await expect(Promise.all([...beside, after])).resolves.toContain('after');
  expect(most).toBe(3);
});
