import { TestRoot } from '../../cli/support/test-root';
import { start, writeSteps, type Running } from './programs';
import { hasRedis, RedisServer } from './redis';

/** A test that takes Redis or Valkey. */
export const withRedis = hasRedis ? test : test.skip;

/** What a test of a queue works with: a folder, programs that are started there, and a queue that nobody else has. */
export interface QueueTest {
  root: TestRoot;
  redis: RedisServer;
  /** What programs get besides this process's environment. */
  env: NodeJS.ProcessEnv;
  lway(args: readonly string[], shell?: string): Running;
}

/** One server for all tests of a file, each of which has a database of its own. */
export function useQueue(): QueueTest {
  const redis = new RedisServer();
  const running: Running[] = [];
  let database = 0;
  const here: QueueTest = {
    root: null!,
    redis,
    env: {},
    lway: (args, shell) => {
      const started = start(here.root, here.env, args, shell);
      running.push(started);
      return started;
    },
  };
  beforeAll(async () => {
    if (hasRedis) await redis.start();
  });
  afterAll(() => redis.remove());
  beforeEach(() => {
    here.root = new TestRoot();
    writeSteps(here.root);
    here.env = { LWAY_QUEUE: `${redis.url}/${database++}` };
  });
  afterEach(async () => {
    for (const { child } of running) if (child.exitCode === null) child.kill('SIGKILL');
    await Promise.all(running.splice(0).map(({ ended }) => ended));
    here.root.remove();
  });
  return here;
}

/** The events of one kind that a program has told. */
export function told({ events }: Running, what: string): ReturnType<Running['events']> {
  return events().filter(({ event }) => event === what);
}
