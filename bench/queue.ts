import { mkdirSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { TestRoot } from '../tests/cli/support/test-root';
import { start, writeSteps, type Running } from '../tests/queue/support/programs';
import { hasRedis, RedisServer, until } from '../tests/queue/support/redis';
import { median, type Bench, type Cell } from './bench';

const pictures = 300;
const rounds = 3;

async function drawPictures(root: TestRoot): Promise<void> {
  mkdirSync(root.path('in'));
  for (let i = 0; i < pictures; i++) {
    const data = Buffer.from(Array.from({ length: 48 * 32 * 3 }, (_, k) => (k * 7 + i * 13 + (k >> 5)) & 255));
    const png = await sharp(data, { raw: { width: 48, height: 32, channels: 3 } })
      .png()
      .toBuffer();
    writeFileSync(root.path('in', `${i}.png`), png);
  }
}

/** Seconds that the program itself says that its pictures took, without its start. */
async function secondsOf({ ended, events, text }: Running): Promise<number> {
  await ended;
  const end = events().find(({ event }) => event === 'end');
  if (end?.['succeeded'] !== pictures) throw new Error(`Not all is done: ${text().slice(-500)}`);
  return Number(end['seconds']);
}

async function measure(part: string): Promise<Cell[][]> {
  if (!hasRedis) return [[part, '–', '–', 'no Redis here']];
  const root = new TestRoot();
  const redis = new RedisServer();
  try {
    writeSteps(root);
    await drawPictures(root);
    await redis.start();
    const env = { LWAY_QUEUE: redis.url };
    const workers = Number(part.split(' ')[0]);
    const [alone, queued]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const one = start(root, env, [
        'play',
        'steps.json',
        'in',
        '-o',
        `alone-${round}`,
        '--device',
        'cpu',
        '--json',
        '--again',
      ]);
      alone.push(await secondsOf(one));
      const put = start(root, env, [
        'play',
        'steps.json',
        'in',
        '-o',
        `out-${round}`,
        '--queue',
        '--no-wait',
        '--again',
      ]);
      if ((await put.ended) !== 0) throw new Error(put.text());
      const working = Array.from({ length: workers }, () => start(root, env, ['work', '--device', 'cpu', '--json']));
      const counted = (what: string) =>
        working.reduce((sum, { text }) => sum + text().split(`"event":"${what}"`).length - 1, 0);
      await until(() => counted('taken') > 0);
      const began = performance.now();
      await until(() => counted('done') === pictures);
      queued.push((performance.now() - began) / 1000);
      for (const { child } of working) child.kill('SIGTERM');
      await Promise.all(working.map(({ ended }) => ended));
    }
    const ms = (seconds: number) => (1000 * seconds) / pictures;
    const more = median(queued.map((each, i) => ms(each - alone[i]!)));
    const cells = [median(alone), median(queued)].map((each) => ms(each).toFixed(1));
    return [[part, ...cells, `${more.toFixed(1)} ms`]];
  } finally {
    await redis.remove();
    root.remove();
  }
}

const bench: Bench = {
  title: 'Many machines',
  about: `${pictures} pictures of 48×32 pixels through a queue on this machine, with a network of one convolution: milliseconds a picture from the first that a worker takes to the last that is done, beside one process without a queue in the same round. What one worker needs more is what the queue costs, and that pictures are hashed; aim: at most 5 ms a job. More workers share this machine's cores.`,
  head: ['workers', 'without a queue, ms a picture', 'with it, ms a picture', 'more'],
  parts: ['1 worker', '2 workers', '4 workers'],
  run: measure,
};
export default bench;
