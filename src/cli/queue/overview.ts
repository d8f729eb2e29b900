import { Queue } from 'bullmq';
import type { Environment } from '../environment';
import type { QueueAddress } from './address';
import { connect, prefix, queueName } from './connection';
import { reasonOf, type Job } from './job';
import { nameOf } from './job-log';

/** How far a queue is. */
export interface Overview {
  queue: string;
  waiting: number;
  /** Failed once or twice, and waiting for the next try. */
  again: number;
  inWork: number;
  done: number;
  putAside: number;
  workers: { name: string; address: string }[];
  /** The latest that were put aside. */
  failures: { job: string; input: string; code: string; message: string; advice: string; tries: number }[];
}

/** Most failures that are listed. */
const listed = 20;

/** @throws LWayError `no-queue` */
export async function overview(environment: Environment, address: QueueAddress): Promise<Overview> {
  return withQueue(environment, address, async (queue) => {
    const counts = await queue.getJobCounts();
    const of = (...states: string[]) => states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
    const failed = await queue.getFailed(0, listed - 1);
    const workers = await queue.getWorkers();
    return {
      queue: address.shown,
      waiting: of('waiting', 'paused', 'prioritized'),
      again: of('delayed'),
      inWork: of('active'),
      done: of('completed'),
      putAside: of('failed'),
      // The other connections of workers have no name of their own.
      workers: workers.flatMap(({ rawname = '', addr = '' }) => {
        const name = rawname.split(':w:')[1];
        return name === undefined ? [] : [{ name, address: addr }];
      }),
      failures: failed.map((job) => ({
        job: job.id!,
        input: nameOf(job.data),
        tries: job.attemptsMade,
        ...reasonOf(job),
      })),
    };
  });
}

/** Puts back what was put aside. @returns how many */
export async function retry(environment: Environment, address: QueueAddress): Promise<number> {
  return withQueue(environment, address, async (queue) => {
    const { failed = 0 } = await queue.getJobCounts('failed');
    await queue.retryJobs({ state: 'failed' });
    return failed;
  });
}

/** Takes out all that is not in work. @returns how many were waiting */
export async function clear(environment: Environment, address: QueueAddress): Promise<number> {
  return withQueue(environment, address, async (queue) => {
    const { waiting = 0, delayed = 0 } = await queue.getJobCounts('waiting', 'delayed');
    await queue.drain(true);
    for (const state of ['completed', 'failed'] as const) await queue.clean(0, 0, state);
    return waiting + delayed;
  });
}

async function withQueue<T>(
  { signal }: Environment,
  address: QueueAddress,
  work: (queue: Queue<Job>) => Promise<T>,
): Promise<T> {
  // Who asks how it is wants to know that it is not there.
  const redis = await connect(signal, address, 0);
  try {
    const queue = new Queue<Job>(queueName, { connection: redis, prefix });
    queue.on('error', () => undefined);
    return await work(queue);
  } finally {
    redis.disconnect();
  }
}
