import { Job as QueueJob, Queue, QueueEvents, type JobState } from 'bullmq';
import { LWayError, type PlainError, toPlainError, untilAborted } from '../../engine';
import { exitCode } from '../exit-codes';
import type { PlayReport } from '../files/play-report';
import type { Target } from '../files/targets';
import { createReporter } from '../output/create-reporter';
import type { Reporter } from '../output/reporter';
import type { Environment } from '../environment';
import { addPictures } from './add-pictures';
import type { QueueAddress } from './address';
import { Artefacts } from './artefacts';
import { connect, prefix, queueName } from './connection';
import {
  jobOptions,
  jobVersion,
  pictureId,
  reasonOf,
  seriesId,
  type Job,
  type Picture,
  type PictureResult,
  type SeriesResult,
  type Work,
} from './job';
import type { Places } from './places';

export interface PutOptions {
  readonly address: QueueAddress;
  readonly places: Places;
  readonly work: Work;
  /** Networks that workers may not have, by their hash. */
  readonly brought: readonly Uint8Array[];
  readonly targets: readonly Target[];
  readonly report: PlayReport;
  readonly series: boolean;
  readonly again: boolean;
  /** Whether to stay until all is done. */
  readonly wait: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/**
 * Puts pictures into a queue and, unless told otherwise, tells what becomes of them. What is there already, from an earlier
 * run, is only waited for; what was put aside is tried anew.
 * @returns the exit code
 */
export async function putInQueue(environment: Environment, options: PutOptions): Promise<number> {
  const redis = await connect(environment.signal, options.address);
  const queue = new Queue<Job>(queueName, { connection: redis, prefix });
  queue.on('error', () => undefined);
  const artefacts = new Artefacts(redis);
  const reporter = createReporter(environment, options);
  const batch = new Batch(environment, options, queue, artefacts, reporter);
  reporter.begin(options.targets.length);
  try {
    if (!options.wait) return await batch.run();
    const listening = redis.duplicate();
    listening.on('error', () => undefined);
    const events = new QueueEvents(queueName, { connection: listening, prefix });
    try {
      events.on('error', () => undefined);
      events.on('completed', ({ jobId }) => batch.look(jobId));
      events.on('failed', ({ jobId }) => batch.look(jobId));
      // From here on nothing is missed.
      await events.waitUntilReady();
      return await batch.run();
    } finally {
      // It would go on trying to listen, and is not waited for: its last question may take long to be answered.
      void events.close().catch(() => undefined);
      listening.disconnect();
    }
  } finally {
    redis.disconnect();
  }
}

/** How often all that is still out is looked after, should the queue's own word of it have been lost. */
const lookEvery = 10_000;
/** Jobs whose states are asked for together. */
const askedTogether = 200;
/** States of jobs of which there is something to tell: `unknown` are those that somebody has taken out. */
const ended = ['completed', 'failed', 'unknown'];
/** Pictures that go into the queue together: the first are there soon, however long it takes to hash all of them. */
const putTogether = 20;

interface Out {
  /** Of its job. */
  readonly id: string;
  readonly index: number;
  readonly target: Target;
  readonly picture: Picture;
}

/** The pictures of one run, from being hashed to being told of. */
class Batch {
  private readonly summary = { succeeded: 0, failed: 0, skipped: 0 };
  private readonly began = performance.now();
  /** Not done yet, by their jobs. */
  private readonly out = new Map<string, Out>();
  private series: string | null = null;
  /** All pictures have been put into the queue. */
  private complete = false;
  private told: Promise<void> = Promise.resolve();
  private settled!: () => void;
  private readonly allSettled = new Promise<void>((resolve) => (this.settled = resolve));

  constructor(
    private readonly environment: Environment,
    private readonly options: PutOptions,
    private readonly queue: Queue<Job>,
    private readonly artefacts: Artefacts,
    private readonly reporter: Reporter,
  ) {}

  async run(): Promise<number> {
    const { signal, stderr } = this.environment;
    const { wait, address } = this.options;
    for (const bytes of this.options.brought) await this.artefacts.put(bytes);
    try {
      await this.put();
      if (!wait) {
        if (this.options.json || this.summary.failed > 0) this.end();
        this.note(`${count(this.out.size)} in the queue at ${address.shown}; "lway queue status" shows the progress.`);
        return this.code();
      }
      await this.wait();
    } catch (error) {
      if (!signal.aborted) throw error;
      this.end();
      if (!this.options.json)
        stderr.write(
          `${count(this.out.size)} still in the queue, where workers go on with ${this.out.size === 1 ? 'it' : 'them'}; run the same command again to wait for the rest.\n`,
        );
      return exitCode.cancelled;
    }
    this.end();
    return this.code();
  }

  /** Something has become of a job. */
  look(id: string): void {
    if (id !== this.series && !this.out.has(id)) return;
    this.told = this.told.then(() => this.settle(id)).catch(() => undefined);
  }

  private async put(): Promise<void> {
    const { targets, series } = this.options;
    // A series is learned from all of them.
    const together = series ? targets.length : putTogether;
    for (let at = 0; at < targets.length; at += together) await this.putSome(targets.slice(at, at + together), at + 1);
    this.complete = true;
    this.settleAll();
  }

  /** @param first number of the first one */
  private async putSome(targets: readonly Target[], first: number): Promise<void> {
    const { signal } = this.environment;
    const { work, report, series, again, wait } = this.options;
    const found: Omit<Out, 'id'>[] = [];
    for (const [i, target] of targets.entries()) {
      signal.throwIfAborted();
      const index = first + i;
      const finished = again ? undefined : await report.finished(target.input);
      // A series needs all its pictures, also those that are done, to be the same series again.
      if (finished !== undefined && !series) {
        this.reporter.fileBegins(index, target.input);
        this.skipped(target, finished);
        continue;
      }
      try {
        found.push({ index, target, picture: await this.pictureOf(target) });
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof LWayError && error.code === 'bad-option') throw error;
        this.reporter.fileBegins(index, target.input);
        await this.failed(target, toPlainError(error));
      }
    }
    const pictures = found.map(({ picture }) => picture);
    this.series = series ? seriesId(work, pictures) : null;
    const items = found.map((each): Out => ({ ...each, id: pictureId(work, each.picture, this.series ?? undefined) }));
    for (const item of items) this.out.set(item.id, item);
    await Promise.all(items.map((item) => this.tidy(item)));
    const left = items.filter(({ id }) => this.out.has(id));
    if (left.length === 0) return;
    if (wait) for (const { index, target } of left) this.reporter.fileBegins(index, target.input);
    const waiting = left.map(({ picture }) => picture);
    if (this.series === null) await addPictures(this.queue, work, waiting);
    else await this.putSeries(this.series, pictures, waiting);
  }

  private async pictureOf({ input, output, format }: Target): Promise<Picture> {
    const { places } = this.options;
    const [from, to] = [await places.placeOf(input), await places.placeOf(output)];
    const sha256 = await places.contentOf(this.environment.signal, input).catch((cause: unknown) => {
      if (cause instanceof LWayError) throw cause;
      const code = (cause as NodeJS.ErrnoException).code;
      throw new LWayError(
        'bad-image',
        code === 'ENOENT' ? `There is no file "${input}".` : `"${input}" cannot be read (${code ?? String(cause)}).`,
        'Check the name and the permissions of the file.',
        { cause },
      );
    });
    return { input: from, sha256, output: to, format: format?.name ?? null };
  }

  /** What an earlier run has left of the same job: what is done is done, as long as its result is there. */
  private async tidy({ id, index, target }: Out): Promise<void> {
    const { again, places } = this.options;
    const { state, job } = await this.find<PictureResult>(id);
    if (!job) return;
    if (state === 'completed') {
      const output = await places.pathOf(job.returnvalue.output);
      if (!again && (await places.exists(this.environment.signal, job.returnvalue.output))) {
        // It may have been done just now, and told of.
        if (!this.out.delete(id)) return;
        this.reporter.fileBegins(index, target.input);
        return this.skipped(target, output);
      }
      await job.remove();
    } else if (state === 'failed') await job.remove();
  }

  private async putSeries(id: string, pictures: readonly Picture[], left: readonly Picture[]): Promise<void> {
    const { work } = this.options;
    const { state, job } = await this.find<SeriesResult>(id);
    if (job && state === 'completed') {
      const { sha256, adaptation } = job.returnvalue;
      if (!this.options.again && (sha256 === null || (await this.artefacts.has(sha256)))) {
        return addPictures(this.queue, work, left, { id, sha256, adaptation });
      }
      await job.remove();
    } else if (job && state === 'failed') await job.remove();
    const data: Job = { kind: 'series', version: jobVersion, work, pictures };
    await this.queue.add('series', data, { ...jobOptions, jobId: id });
  }

  /** A job and what has become of it. Asked for in this order: a job read before it ended does not hold its result. */
  private async find<R>(id: string): Promise<{ state: JobState | 'unknown'; job: QueueJob<Job, R> | undefined }> {
    const state = await this.queue.getJobState(id);
    return { state, job: await QueueJob.fromId<Job, R>(this.queue, id) };
  }

  private async wait(): Promise<void> {
    const { signal } = this.environment;
    this.progress();
    let looking = false;
    const lookAfterAll = async () => {
      if (looking) return;
      looking = true;
      await this.lookAfterAll().catch(() => undefined);
      looking = false;
    };
    void lookAfterAll();
    const regularly = setInterval(() => void lookAfterAll(), lookEvery);
    const lonely = setTimeout(() => void this.sayWhereNobodyWorks(), 3000);
    try {
      await untilAborted(signal, this.allSettled);
      await this.told;
    } finally {
      clearInterval(regularly);
      clearTimeout(lonely);
    }
  }

  private async lookAfterAll(): Promise<void> {
    const ids = [...(this.series === null ? [] : [this.series]), ...this.out.keys()];
    for (let at = 0; at < ids.length; at += askedTogether) {
      const asked = ids.slice(at, at + askedTogether);
      const states = await Promise.all(asked.map((id) => this.queue.getJobState(id)));
      asked.filter((_, i) => ended.includes(states[i]!)).forEach((id) => this.look(id));
    }
  }

  private async sayWhereNobodyWorks(): Promise<void> {
    const workers = await this.queue.getWorkersCount().catch(() => 1);
    if (workers === 0) this.note('No worker is there yet: start one with "lway work --queue …", here or elsewhere.');
  }

  private async settle(id: string): Promise<void> {
    if (id === this.series) return this.settleSeries(id);
    const item = this.out.get(id);
    if (!item) return;
    const { target } = item;
    const { state, job } = await this.find<PictureResult>(id);
    if (!job) {
      // Those of a series come when it has been learned.
      if (this.series !== null && (await QueueJob.fromId(this.queue, this.series))) return;
      if (!this.out.delete(id)) return;
      await this.failed(target, gone);
    } else if (state === 'completed') {
      if (!this.out.delete(id)) return;
      const { returnvalue: result } = job;
      const output = await this.options.places.pathOf(result.output);
      const report = { ...result, input: target.input, output, deviceName: `${result.deviceName}, ${result.worker}` };
      await this.options.report.done(report);
      this.reporter.fileDone(report);
      this.summary.succeeded++;
    } else if (state === 'failed') {
      if (!this.out.delete(id)) return;
      await this.failed(target, reasonOf(job));
    } else return;
    this.progress();
    this.settleAll();
  }

  private async settleSeries(id: string): Promise<void> {
    const { state, job } = await this.find<SeriesResult>(id);
    if (job && state !== 'failed') {
      if (state !== 'completed') return;
      const { adaptation } = job.returnvalue;
      if (adaptation) this.reporter.seriesDone(adaptation);
      this.series = null;
      return;
    }
    const reason = job ? reasonOf(job) : gone;
    for (const { target } of this.out.values()) await this.failed(target, reason);
    this.out.clear();
    this.settleAll();
  }

  private settleAll(): void {
    if (this.complete && this.out.size === 0) this.settled();
  }

  private skipped({ input }: Target, output: string): void {
    this.reporter.fileSkipped(input, output);
    this.summary.skipped++;
  }

  private async failed({ input }: Target, error: PlainError): Promise<void> {
    this.reporter.fileFailed(input, error);
    this.summary.failed++;
    await this.options.report.failed(input, error);
  }

  private progress(): void {
    const { succeeded, failed, skipped } = this.summary;
    const [done, total] = [succeeded + failed + skipped, this.options.targets.length];
    if (done < total) this.reporter.queued(done, total);
  }

  private note(message: string): void {
    this.reporter.event({ type: 'notice', message });
  }

  private end(): void {
    this.reporter.end({ ...this.summary, seconds: (performance.now() - this.began) / 1000 });
  }

  private code(): number {
    return this.summary.failed > 0 ? exitCode.failed : exitCode.ok;
  }
}

const gone: PlainError = {
  code: 'no-queue',
  message: 'The job was taken out of the queue before it was done.',
  advice: 'Run the same command again to put it back.',
};

function count(pictures: number): string {
  return pictures === 1 ? '1 picture is' : `${pictures} pictures are`;
}
