import { hostname } from 'node:os';
import { DelayedError, Queue, WaitingError, Worker, type Job as QueueJob } from 'bullmq';
import { isAbort, LWayError, toPlainError, untilAborted } from '../../engine';
import { createNodeEngine } from '../../engine/node';
import { exitCode } from '../exit-codes';
import { NoRoom } from '../files/file-errors';
import { openNetworks } from '../networks';
import type { Computing } from '../passes';
import type { Environment } from '../environment';
import type { QueueAddress } from './address';
import { addPictures } from './add-pictures';
import { Artefacts } from './artefacts';
import { connect, prefix, queueName } from './connection';
import { jobOptions, type Job, type PictureJob, type SeriesJob } from './job';
import { createJobLog, type JobLog } from './job-log';
import { LockKeeper } from './keep-locks';
import { serveMetrics, WorkMetrics } from './metrics';
import { Places } from './places';
import { SharedFolder } from './shared-folder';
import { JobRunner } from './job-runner';

export interface WorkOptions {
  readonly address: QueueAddress;
  readonly computing: Computing;
  /** Jobs in work at once. */
  readonly jobs: number;
  readonly root?: string;
  /** Seconds without a sign of life after which a worker counts as gone. */
  readonly patience: number;
  /** Ends when there is nothing left to do. */
  readonly untilEmpty: boolean;
  /** Loopback port of the metrics. */
  readonly metrics?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Seconds that a worker rests where the disk is full: at first, at most; and how often until it gives up. */
const rest = { first: 2, most: 60, times: 12 };

/**
 * Takes jobs from a queue and does them until it is told to end.
 * @returns the exit code
 */
export async function work(environment: Environment, options: WorkOptions): Promise<number> {
  const { signal, cwd, root } = environment;
  const { address, computing, patience } = options;
  const places = new Places(environment, await SharedFolder.open(cwd, options.root));
  const networks = await openNetworks(environment);
  const redis = await connect(signal, address);
  const engine = createNodeEngine();
  const name = `${hostname()}:${process.pid}`;
  const artefacts = new Artefacts(redis);
  const runner = new JobRunner({ engine, networks, places, artefacts, computing, worker: name });
  const queue = new Queue<Job>(queueName, { connection: redis, prefix });
  const keeper = new LockKeeper(root, { address, patience: patience * 1000 });
  const log = createJobLog(environment, options);
  const metrics = new WorkMetrics(() => queue.getJobCounts());
  const server = options.metrics === undefined ? null : await serveMetrics(options.metrics, metrics);
  if (server) log.note(`Metrics are at ${server.url}metrics.`);
  const shift = new Shift({ environment, options, runner, queue, keeper, log, metrics, name });
  try {
    redis.on('close', () => shift.lost());
    redis.on('ready', () => shift.back());
    return await shift.run();
  } finally {
    redis.removeAllListeners('close');
    await server?.close();
    await keeper.close();
    redis.disconnect();
    await places.close();
    await engine.dispose();
  }
}

interface Parts {
  readonly environment: Environment;
  readonly options: WorkOptions;
  readonly runner: JobRunner;
  readonly queue: Queue<Job>;
  readonly keeper: LockKeeper;
  readonly log: JobLog;
  readonly metrics: WorkMetrics;
  readonly name: string;
}

/** States in which nothing is left to be done. */
const finished = ['completed', 'failed'];

/** One run of a worker. */
class Shift {
  private readonly worker: Worker<Job>;
  private readonly summary = { succeeded: 0, failed: 0, returned: 0 };
  private readonly stop = new AbortController();
  private inWork = 0;
  private fullInARow = 0;
  private gone = false;
  /** What no job can be done without. */
  private unfit: unknown = null;
  private ended!: () => void;
  private readonly end = new Promise<void>((resolve) => (this.ended = resolve));

  constructor(private readonly parts: Parts) {
    const { options, queue, name, log } = parts;
    const lockDuration = options.patience * 1000;
    this.worker = new Worker<Job>(queueName, (job, token) => this.one(job, token!), {
      connection: queue.opts.connection,
      prefix,
      name,
      concurrency: options.jobs,
      autorun: false,
      lockDuration,
      stalledInterval: lockDuration / 2,
      // A picture that takes its worker with it is tried as often as others.
      maxStalledCount: jobOptions.attempts - 1,
      skipLockRenewal: true,
      drainDelay: 2,
    });
    this.worker.on('error', (error) => {
      if (/Missing lock|lock mismatch|is not in the active state/i.test(error.message))
        log.note('A job was silent for so long that another worker has taken it.');
    });
  }

  async run(): Promise<number> {
    const { environment, options, log } = this.parts;
    const { signal, finish } = environment;
    const began = performance.now();
    const onCancel = () => this.cancel();
    const onFinish = () => this.finish();
    if (signal.aborted) signal.throwIfAborted();
    signal.addEventListener('abort', onCancel, { once: true });
    finish?.addEventListener('abort', onFinish, { once: true });
    const beat = setInterval(() => this.parts.keeper.tell(), 10_000);
    const watch = options.untilEmpty ? setInterval(() => void this.endWhereEmpty(), 500) : undefined;
    log.note(`Working for ${options.address.shown} as ${this.parts.name}, ${options.jobs} at a time.`);
    const running = this.worker.run().catch((error: unknown) => this.isUnfit(error));
    try {
      await this.end;
      // What the queue does not answer any more is not waited for for ever.
      const patience = new Promise((resolve) => setTimeout(resolve, 8000).unref());
      await (signal.aborted ? Promise.race([this.worker.close(), patience]) : this.worker.close());
      await (signal.aborted ? Promise.race([running, patience]) : running);
    } finally {
      clearInterval(beat);
      clearInterval(watch);
      signal.removeEventListener('abort', onCancel);
      finish?.removeEventListener('abort', onFinish);
      log.end({ ...this.summary, seconds: (performance.now() - began) / 1000 });
    }
    if (this.unfit !== null) throw this.unfit;
    if (signal.aborted || finish?.aborted) return exitCode.cancelled;
    return this.summary.failed > 0 ? exitCode.failed : exitCode.ok;
  }

  lost(): void {
    if (this.gone || this.stop.signal.aborted) return;
    this.gone = true;
    this.parts.log.note(`The queue at ${this.parts.options.address.shown} does not answer; trying again…`);
  }

  back(): void {
    if (this.gone) this.parts.log.note('The queue answers again.');
    this.gone = false;
  }

  /** Takes no more jobs; those in work are done. */
  private finish(): void {
    if (this.inWork > 0) {
      const what = this.inWork === 1 ? 'the picture that is' : `the ${this.inWork} pictures that are`;
      this.parts.log.note(`Finishing ${what} in work; press Ctrl-C again to give back what is not done.`);
    }
    this.ended();
  }

  /** Gives back what is in work. */
  private cancel(): void {
    // Closed first: what is given back must not come to us again.
    void this.worker.close();
    this.stop.abort(this.parts.environment.signal.reason);
    this.ended();
  }

  private isUnfit(error: unknown): void {
    this.unfit ??= error;
    void this.worker.close();
    this.stop.abort(error);
    this.ended();
  }

  private async endWhereEmpty(): Promise<void> {
    if (this.inWork > 0) return;
    // Also what others have in work, or what waits for its next try, may come to us.
    const counts = await this.parts.queue.getJobCounts();
    const left = Object.entries(counts).some(([state, count]) => !finished.includes(state) && count > 0);
    if (!left) this.ended();
  }

  private async one(job: QueueJob<Job>, token: string): Promise<unknown> {
    const { log, keeper, metrics } = this.parts;
    const id = job.id!;
    const began = performance.now();
    this.inWork++;
    metrics.inWork.set(this.inWork);
    keeper.hold(id, token);
    log.taken(id, job.data);
    try {
      const result = job.data.kind === 'series' ? await this.series(job, job.data) : await this.picture(job, job.data);
      this.summary.succeeded++;
      this.fullInARow = 0;
      metrics.done((performance.now() - began) / 1000);
      return result;
    } catch (error) {
      if (this.stop.signal.aborted || isAbort(error)) {
        await job.moveToWait(token);
        return this.giveBack(id, job.data, new WaitingError());
      }
      if (error instanceof NoRoom) {
        const seconds = this.takeARest(error);
        await job.moveToDelayed(Date.now() + 1000, token);
        return this.giveBack(id, job.data, new DelayedError(), `${error.message} Resting for ${seconds} s`);
      }
      if (error instanceof LWayError && error.code === 'no-device') {
        this.isUnfit(error);
        await job.moveToWait(token);
        return this.giveBack(id, job.data, new WaitingError(), error.message);
      }
      const attempt = job.attemptsMade + 1;
      const again = attempt < (job.opts.attempts ?? 1);
      const seconds = (jobOptions.backoff.delay * 2 ** (attempt - 1)) / 1000;
      log.failed(id, job.data, error, attempt, again ? { again, seconds } : { again });
      if (!again) this.summary.failed++;
      metrics.jobs.inc({ outcome: again ? 'failed' : 'put aside' });
      const plain = toPlainError(error);
      await job.updateData({ ...job.data, error: plain });
      throw new Error(`${plain.message} ${plain.advice}`, { cause: error });
    } finally {
      this.inWork--;
      metrics.inWork.set(this.inWork);
      keeper.letGo(id);
    }
  }

  private giveBack(id: string, job: Job, how: Error, why?: string): never {
    this.parts.log.returned(id, job, why);
    this.summary.returned++;
    this.parts.metrics.jobs.inc({ outcome: 'returned' });
    throw how;
  }

  /** A full disk fails every job; so nobody takes any for a while, and none is put aside for it. */
  private takeARest(error: NoRoom): number {
    const seconds = Math.min(rest.first * 2 ** this.fullInARow, rest.most);
    if (++this.fullInARow > rest.times) this.isUnfit(error);
    void this.worker.pause(true);
    setTimeout(() => {
      if (!this.stop.signal.aborted) void this.worker.resume();
    }, seconds * 1000).unref();
    return seconds;
  }

  private async picture(job: QueueJob<Job>, data: PictureJob): Promise<unknown> {
    const { runner, log } = this.parts;
    const id = job.id!;
    const { signal } = this.stop;
    const made = (what: NonNullable<PictureJob['made']>) =>
      untilAborted(signal, job.updateData({ ...data, made: what }));
    const result = await runner.picture(signal, data, (event) => log.event(id, data, event), made);
    log.done(id, result);
    return result;
  }

  private async series(job: QueueJob<Job>, data: SeriesJob): Promise<unknown> {
    const { runner, log, queue } = this.parts;
    const result = await runner.series(this.stop.signal, data, log.reporter(job.id!));
    const series = { id: job.id!, sha256: result.sha256, adaptation: result.adaptation };
    await untilAborted(this.stop.signal, addPictures(queue, data.work, data.pictures, series));
    return result;
  }
}
