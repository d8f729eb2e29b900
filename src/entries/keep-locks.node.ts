import { parentPort, workerData } from 'node:worker_threads';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { prefix, queueName, redisOptions } from '../cli/queue/connection';
import type { Holding, ThreadData } from '../cli/queue/keep-locks';

/** A process from which nothing was heard for so long is stuck: its jobs go to others. */
const mostSilence = 30 * 60_000;

const { address, patience } = workerData as ThreadData;
const redis = new Redis(redisOptions(address));
redis.on('error', () => undefined);
// Takes no jobs: only its way of renewing locks is wanted.
const worker = new Worker(queueName, null, { connection: redis, prefix, autorun: false, skipStalledCheck: true });
worker.on('error', () => undefined);

let held: readonly Holding[] = [];
let heard = Date.now();
parentPort!.on('message', (holding: readonly Holding[]) => {
  held = holding;
  heard = Date.now();
});

setInterval(() => {
  if (held.length === 0 || Date.now() - heard > mostSilence) return;
  const ids = held.map(({ id }) => id);
  const tokens = held.map(({ token }) => token);
  // What could not be renewed is somebody else's by now, which the worker finds out when it is done.
  void worker.extendJobLocks(ids, tokens, patience).catch(() => undefined);
}, patience / 4);
