import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { drawn, writePng } from '../cli/support/pictures';
import { TestRoot } from '../cli/support/test-root';
import { killMachine, start, writeSteps, type Running } from './support/programs';
import { hasRedis, RedisServer, until } from './support/redis';

// A whole evening of bad luck: three workers of which one is killed and one has a full disk, a queue that crashes in the
// middle, a damaged picture.
const withRedis = hasRedis ? test : test.skip;
jest.setTimeout(300_000);

const pictures = 200;
const poisoned = 'p100.png';

let root: TestRoot;
let redis: RedisServer;
const running: Running[] = [];
beforeEach(() => {
  root = new TestRoot();
  redis = new RedisServer();
});
afterEach(async () => {
  for (const { child } of running) if (child.exitCode === null) child.kill('SIGKILL');
  await Promise.all(running.splice(0).map(({ ended }) => ended));
  await redis.remove();
  root.remove();
});

function lway(args: readonly string[], shell?: string): Running {
  const started = start(root, { LWAY_QUEUE: redis.url }, args, shell);
  running.push(started);
  return started;
}

const results = (folder: string) => readdirSync(root.path(folder)).filter((name) => !name.startsWith('.'));

withRedis(
  '200 pictures, whatever happens: each there once, as one process alone makes it (needs redis-server)',
  async () => {
    writeSteps(root);
    mkdirSync(root.path('in'));
    mkdirSync(root.path('out'));
    for (let i = 0; i < pictures; i++) {
      const name = `p${String(i).padStart(3, '0')}.png`;
      await writePng(root.path('in', name), drawn(24 + (i % 20), 16 + Math.floor(i / 20), 3));
    }
    const whole = readFileSync(root.path('in', poisoned));
    writeFileSync(root.path('in', poisoned), whole.subarray(0, whole.length / 2));

    await redis.start();
    const work = ['work', '--device', 'cpu', '--json', '--patience', '5'];
    const [doomed, steady] = [lway(work), lway(work)];
    // The shell's limit on the size of files: pictures can be read there, results not written.
    const full = lway(work, 'ulimit -f 2');
    const play = ['play', 'steps.json', 'in', '--json'];
    const producer = lway([...play, '-o', 'out', '--queue']);

    const inWork = ({ events }: Running) =>
      events().filter(({ event }) => event === 'taken').length >
      events().filter(({ event }) => event === 'done').length;
    await until(() => results('out').length > 30 && inWork(doomed));
    killMachine(doomed);
    await until(() => results('out').length > 80);
    await redis.kill();
    await new Promise((resolve) => setTimeout(resolve, 500));
    await redis.start();
    expect(await producer.ended).toBe(1);

    // Told of once each, and none of them half.
    const told = (what: string) => producer.events().filter(({ event }) => event === what);
    expect(told('failed').map(({ input }) => input)).toEqual([root.path('in', poisoned)]);
    expect(told('failed')[0]).toMatchObject({ code: 'bad-image' });
    expect(new Set(told('done').map(({ output }) => output)).size).toBe(pictures - 1);
    expect(told('done')).toHaveLength(pictures - 1);
    expect(results('out')).toHaveLength(pictures - 1);

    // Everybody had a share in it, and the full disk cost nobody a try.
    expect(doomed.events().filter(({ event }) => event === 'done').length).toBeGreaterThan(0);
    expect(full.events().some(({ event, why }) => event === 'returned' && /disk is full/.test(String(why)))).toBe(true);
    const elsewise = full.events().filter(({ event, input }) => event === 'failed' && input !== `in/${poisoned}`);
    expect(elsewise).toEqual([]);
    expect(full.events().filter(({ event }) => event === 'done')).toEqual([]);

    steady.child.kill('SIGTERM');
    full.child.kill('SIGTERM');
    expect(await steady.ended).toBe(130);
    await full.ended;
    const status = lway(['queue', 'status', '--json']);
    expect(await status.ended).toBe(1);
    const counts = JSON.parse(status.text()) as { failures: object[] };
    expect(counts).toMatchObject({ waiting: 0, again: 0, inWork: 0, done: pictures - 1, putAside: 1, workers: [] });
    expect(counts.failures).toMatchObject([{ input: `in/${poisoned}`, tries: 3 }]);

    // Nothing half-written is left, also by the one that was killed.
    expect(readdirSync(root.path('out')).filter((name) => name.startsWith('.'))).toEqual([]);
    const alone = lway([...play, '-o', 'alone', '--device', 'cpu', '--report', 'alone.json']);
    expect(await alone.ended).toBe(1);
    expect(results('alone')).toEqual(results('out'));
    for (const name of results('alone')) {
      const same = readFileSync(root.path('alone', name)).equals(readFileSync(root.path('out', name)));
      expect([name, same]).toEqual([name, true]);
    }
  },
);
