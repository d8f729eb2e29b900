import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Job } from 'bullmq';
import { queueAddress } from '../../src/cli/queue/address';
import { connect } from '../../src/cli/queue/connection';
import { drawn, scene, writePng } from '../cli/support/pictures';
import { tinyNetwork } from '../engine/upscaling/tiny-networks';
import { writeSteps } from './support/programs';
import { told, useQueue, withRedis } from './support/queue-test';
import { freePort, RedisServer, until } from './support/redis';

// A real Redis on the loopback address; who waits or works is the built command line, in processes of their own.

const here = useQueue();
const servers: RedisServer[] = [];

beforeEach(() => mkdirSync(here.root.path('in')));
afterEach(async () => {
  for (const each of servers.splice(0)) await each.remove();
});

/** A server for one test alone. */
async function server(options: string[], start = true): Promise<RedisServer> {
  const made = new RedisServer(options);
  servers.push(made);
  if (start) await made.start();
  return made;
}

const lway = (...args: string[]) => here.lway(args);
/** In this process, with the checkout as its package, as the others have it. */
const inside = (...args: string[]) =>
  here.root.lwayIn({ root: process.cwd(), env: { XDG_DATA_HOME: here.root.home, ...here.env } }, ...args);
const put = (...more: string[]) => lway('play', 'steps.json', 'in', '-o', 'out', '--queue', '--json', ...more);
const work = (...more: string[]) => lway('work', '--device', 'cpu', '--json', ...more);

async function status() {
  return JSON.parse((await inside('queue', 'status', '--json')).stdout) as Record<string, unknown>;
}

withRedis('a job that ends while it is read is waited for, not taken for one without a result', async () => {
  await writePng(here.root.path('in', 'a.png'), drawn(9, 8, 3));
  const play = ['play', 'steps.json', 'in', '-o', 'out', '--queue'];
  expect(await inside(...play, '--no-wait')).toMatchObject({ code: 0 });
  const read = Job.fromId.bind(Job);
  const reading = jest.spyOn(Job, 'fromId').mockImplementationOnce(async (queue, id) => {
    const job = await read(queue, id);
    expect(await work('--until-empty').ended).toBe(0);
    return job;
  });
  expect(await inside(...play)).toMatchObject({ code: 0 });
  reading.mockRestore();
  expect(readdirSync(here.root.path('out'))).toEqual(['a.png']);
});

withRedis('what is done is not done again; what is gone, mended or asked for is', async () => {
  const { root } = here;
  for (const name of ['a', 'b']) await writePng(root.path('in', `${name}.png`), drawn(9, name.charCodeAt(0) - 90, 3));
  writeFileSync(root.path('in', 'c.png'), 'no picture');
  const metrics = work('--metrics', '0');
  const first = put();
  expect(await first.ended).toBe(1);
  expect(told(first, 'done')).toHaveLength(2);
  expect(told(first, 'failed')).toMatchObject([{ input: root.path('in', 'c.png'), code: 'bad-image' }]);
  expect(told(metrics, 'failed').map(({ attempt, again }) => [attempt, again])).toEqual([
    [1, true],
    [2, true],
    [3, false],
  ]);

  // The report says what is done, and where that is lost, the queue.
  rmSync(root.path('out', 'b.png'));
  rmSync(root.path('steps-report.json'));
  await writePng(root.path('in', 'c.png'), drawn(10, 8, 3));
  const second = put();
  expect(await second.ended).toBe(0);
  expect(told(second, 'skipped').map(({ input }) => input)).toEqual([root.path('in', 'a.png')]);
  expect(told(second, 'done').map(({ output }) => output)).toEqual(
    expect.arrayContaining([root.path('out', 'b.png'), root.path('out', 'c.png')]),
  );
  const third = put();
  expect(await third.ended).toBe(0);
  expect(told(third, 'skipped')).toHaveLength(3);

  const notice = told(metrics, 'notice').find(({ message }) => /127\.0\.0\.1:\d+\/metrics/.test(String(message)));
  const url = /http:\S+metrics/.exec(String(notice!['message']))![0];
  const text = await (await fetch(url)).text();
  expect(text).toContain('lway_jobs_total{outcome="done"} 4');
  expect(text).toContain('lway_jobs_total{outcome="put aside"} 1');
  expect(text).toMatch(/lway_queue_jobs\{state="completed"\} \d/);
  expect((await fetch(url, { headers: { Origin: 'http://elsewhere.invalid' } })).status).toBe(403);
  expect(await status()).toMatchObject({ done: 3, waiting: 0, workers: [{}] });
});

withRedis('Ctrl-C finishes what is in work, SIGTERM gives it back, and nobody has tried in vain', async () => {
  const { root } = here;
  await writePng(root.path('in', 'a.png'), drawn(600, 500, 3));
  await writePng(root.path('in', 'b.png'), drawn(601, 500, 3));
  expect(await inside('play', 'steps.json', 'in', '-o', 'out', '--queue', '--no-wait')).toMatchObject({ code: 0 });
  const finishing = work('--jobs', '1', '--tile', '32');
  await until(() => told(finishing, 'progress').length > 2);
  finishing.child.kill('SIGINT');
  expect(await finishing.ended).toBe(130);
  expect(told(finishing, 'done')).toHaveLength(1);
  expect(await status()).toMatchObject({ done: 1, waiting: 1, inWork: 0 });

  const leaving = work('--jobs', '1', '--tile', '32');
  await until(() => told(leaving, 'progress').length > 2);
  leaving.child.kill('SIGTERM');
  expect(await leaving.ended).toBe(130);
  expect(told(leaving, 'returned')).toHaveLength(1);
  expect(told(leaving, 'done')).toEqual([]);
  expect(await status()).toMatchObject({ done: 1, waiting: 1, inWork: 0 });
  expect(readdirSync(root.path('out'))).toHaveLength(1);

  const last = work('--until-empty');
  expect(await last.ended).toBe(0);
  expect(readdirSync(root.path('out')).sort()).toEqual(['a.png', 'b.png']);
});

withRedis('whoever waits may leave, and come back', async () => {
  const { root } = here;
  await writePng(root.path('in', 'a.png'), drawn(9, 8, 3));
  const waiting = put();
  await until(() => told(waiting, 'queue').length > 0);
  waiting.child.kill('SIGINT');
  expect(await waiting.ended).toBe(130);
  expect(await status()).toMatchObject({ waiting: 1 });
  expect(await work('--until-empty').ended).toBe(0);
  const again = put();
  expect(await again.ended).toBe(0);
  expect(told(again, 'skipped')).toHaveLength(1);
});

withRedis('a picture that has changed is not upscaled; a foreign result is not replaced', async () => {
  const { root } = here;
  await writePng(root.path('in', 'a.png'), drawn(9, 8, 3));
  await writePng(root.path('in', 'b.png'), drawn(9, 9, 3));
  expect(await inside('play', 'steps.json', 'in', '-o', 'out', '--queue', '--no-wait')).toMatchObject({ code: 0 });
  await writePng(root.path('in', 'a.png'), drawn(19, 8, 3));
  mkdirSync(root.path('out'));
  writeFileSync(root.path('out', 'b.png'), 'mine');
  const worker = work();
  await until(() => told(worker, 'failed').length >= 2);
  worker.child.kill('SIGTERM');
  await worker.ended;
  expect(told(worker, 'failed')).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ input: 'in/a.png', code: 'document-changed', again: true }),
      expect.objectContaining({ input: 'in/b.png', code: 'storage', again: true }),
    ]),
  );
  expect(readFileSync(root.path('out', 'b.png'), 'utf8')).toBe('mine');
  expect(existsSync(root.path('out', 'a.png'))).toBe(false);
});

withRedis('a series is learned once, and all workers use what it taught', async () => {
  const { root } = here;
  writeSteps(root, { model: root.path('tiny.onnx'), adapt: 'quick' });
  writeFileSync(root.path('tiny.onnx'), tinyNetwork());
  for (const [i, name] of ['a', 'b', 'c'].entries())
    await writePng(root.path('in', `${name}.png`), scene(64 + 8 * i, 56));
  const workers = [work('--jobs', '1'), work('--jobs', '1')];
  const producer = put('--series');
  expect([await producer.ended, producer.text()]).toMatchObject([0, expect.stringContaining('"learned"')]);
  expect(workers.flatMap((each) => told(each, 'learned'))).toMatchObject([{ pictures: 3, used: true }]);
  for (const { adaptation } of told(producer, 'done')) expect(adaptation).toMatchObject({ pictures: 3, used: true });
  const alone = await inside(
    'play',
    'steps.json',
    'in',
    '-o',
    'alone',
    '--series',
    '--device',
    'cpu',
    '--report',
    'alone.json',
  );
  expect(alone).toMatchObject({ code: 0 });
  for (const name of ['a.png', 'b.png', 'c.png'])
    expect(readFileSync(root.path('out', name)).equals(readFileSync(root.path('alone', name)))).toBe(true);

  // One more try of the same series has its weights already.
  rmSync(root.path('out', 'b.png'));
  const again = put('--series');
  expect(await again.ended).toBe(0);
  expect(told(again, 'done')).toHaveLength(1);
  expect(workers.flatMap((each) => told(each, 'learned'))).toHaveLength(1);
});

withRedis('a queue that starts a little later is waited for', async () => {
  const late = await server([], false);
  late.port = await freePort();
  const connecting = connect(new AbortController().signal, queueAddress({ env: {} }, late.url));
  await late.start();
  const redis = await connecting;
  expect(await redis.ping()).toBe('PONG');
  redis.disconnect();
});

withRedis('password and TLS: right ones work, wrong ones are said, none of them is shown', async () => {
  const { root } = here;
  const certificate = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  const files = [
    '-keyout',
    root.path('key.pem'),
    '-out',
    root.path('cert.pem'),
    '-addext',
    'subjectAltName=DNS:localhost',
  ];
  if (spawnSync('openssl', ['req', ...certificate, ...files]).status !== 0) throw new Error('This takes openssl.');
  const tls = ['--tls-cert-file', root.path('cert.pem'), '--tls-key-file', root.path('key.pem')];
  const guarded = await server([
    '--port',
    '0',
    '--tls-port',
    'PORT',
    ...tls,
    '--tls-auth-clients',
    'no',
    '--requirepass',
    'open sesame',
  ]);
  await writePng(root.path('in', 'a.png'), drawn(9, 8, 3));
  const trusting = { NODE_EXTRA_CA_CERTS: root.path('cert.pem') };
  const at = `localhost:${guarded.port}`;

  here.env = { ...trusting, LWAY_QUEUE: `rediss://:open%20sesame@${at}` };
  const put1 = put('--no-wait');
  expect([await put1.ended, put1.text()]).toMatchObject([0, expect.stringContaining(`rediss://${at}/0`)]);
  here.env = { ...trusting, LWAY_QUEUE: `rediss://${at}`, LWAY_QUEUE_PASSWORD: 'open sesame' };
  const worker = work('--until-empty');
  expect(await worker.ended).toBe(0);
  expect(existsSync(root.path('out', 'a.png'))).toBe(true);

  here.env = { ...trusting, LWAY_QUEUE: `rediss://:close%20sesame@${at}` };
  const wrong = lway('queue', 'status');
  expect([await wrong.ended, wrong.text()]).toMatchObject([
    3,
    expect.stringContaining('refuses the name or the password'),
  ]);
  here.env = { LWAY_QUEUE: `rediss://:open%20sesame@${at}` };
  const distrusting = lway('queue', 'status');
  expect([await distrusting.ended, distrusting.text()]).toMatchObject([
    3,
    expect.stringContaining('NODE_EXTRA_CA_CERTS'),
  ]);
  for (const each of [put1, worker, wrong, distrusting]) expect(each.text()).not.toMatch(/sesame/);
});
