import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { drawn, writePng } from '../cli/support/pictures';
import { killMachine, type Running } from './support/programs';
import { told, useQueue, withRedis } from './support/queue-test';
import { until } from './support/redis';

// A whole evening of bad luck: three workers of which one is killed and one has a full disk, a queue that crashes in the
// middle, a damaged picture.
jest.setTimeout(300_000);

const pictures = 200;
const poisoned = 'p100.png';

const here = useQueue();
const { redis, lway } = here;
const results = (folder: string) => readdirSync(here.root.path(folder)).filter((name) => !name.startsWith('.'));

withRedis(
  '200 pictures, whatever happens: each there once, as one process alone makes it (needs redis-server)',
  async () => {
    const { root } = here;
    mkdirSync(root.path('in'));
    mkdirSync(root.path('out'));
    for (let i = 0; i < pictures; i++) {
      const name = `p${String(i).padStart(3, '0')}.png`;
      await writePng(root.path('in', name), drawn(24 + (i % 20), 16 + Math.floor(i / 20), 3));
    }
    const whole = readFileSync(root.path('in', poisoned));
    writeFileSync(root.path('in', poisoned), whole.subarray(0, whole.length / 2));

    const work = ['work', '--device', 'cpu', '--json', '--patience', '5'];
    const [doomed, steady] = [lway(work), lway(work)];
    // The shell's limit on the size of files: pictures can be read there, results not written.
    const full = lway(work, 'ulimit -f 2');
    const play = ['play', 'steps.json', 'in', '--json'];
    const producer = lway([...play, '-o', 'out', '--queue']);

    const inWork = (worker: Running) => told(worker, 'taken').length > told(worker, 'done').length;
    await until(() => results('out').length > 30 && inWork(doomed));
    killMachine(doomed);
    await until(() => results('out').length > 80);
    await redis.kill();
    await new Promise((resolve) => setTimeout(resolve, 500));
    await redis.start();
    expect(await producer.ended).toBe(1);

    // Told of once each, and none of them half.
    const [failed, done] = [told(producer, 'failed'), told(producer, 'done')];
    expect(failed.map(({ input }) => input)).toEqual([root.path('in', poisoned)]);
    expect(failed[0]).toMatchObject({ code: 'bad-image' });
    expect(new Set(done.map(({ output }) => output)).size).toBe(pictures - 1);
    expect(done).toHaveLength(pictures - 1);
    expect(results('out')).toHaveLength(pictures - 1);

    // Everybody had a share in it, and the full disk cost nobody a try.
    expect(told(doomed, 'done').length).toBeGreaterThan(0);
    expect(told(full, 'returned').some(({ why }) => /disk is full/.test(String(why)))).toBe(true);
    const elsewise = told(full, 'failed').filter(({ input }) => input !== `in/${poisoned}`);
    expect(elsewise).toEqual([]);
    // It makes none; but whoever takes a job again that was made, and not told of, when the queue crashed, tells of it.
    const makers = [doomed, steady].map((each) => ({
      name: told(each, 'done')[0]!['worker'],
      took: told(each, 'taken').map(({ job }) => job),
    }));
    for (const { worker, job } of told(full, 'done')) {
      expect(makers.find(({ name }) => name === worker)?.took).toContain(job);
    }

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
