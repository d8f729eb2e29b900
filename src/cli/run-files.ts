import { type Engine, isAbort, type SeriesEngine, toPlainError } from '../engine';
import { createNodeEngine } from '../engine/node';
import { exitCode, exitCodeOf } from './exit-codes';
import { noRoom } from './files/file-errors';
import type { Target } from './files/targets';
import { createReporter } from './output/create-reporter';
import type { Reporter } from './output/reporter';
import type { Environment } from './environment';
import type { FileOptions, FileReport } from './upscale-file';
import { upscaleFile } from './upscale-file';

/** What to do with one file. */
export interface FileJob {
  /** Where an earlier run has put the result already: nothing is done. */
  finished?: string;
  options: FileOptions;
  /** Called when the result is in its place, for one file at a time; a rejection makes the file count as failed. */
  done?: (report: FileReport) => Promise<void>;
  failed?: (error: unknown) => Promise<void>;
}

/**
 * Files in work at once: while the network computes one, the next is decoded and the one before is encoded. More would
 * only lie about on the disk, since the engine computes one after the other.
 */
export const filesAtOnce = 3;

/**
 * Upscales files with one engine, so that network and session are loaded once. Reading, computing and writing of
 * neighbours overlap. A file that fails is reported and does not stop the rest; cancelling does.
 *
 * @param before what is done once for all files; what it throws ends the run
 * @returns the exit code
 */
export async function runFiles(
  environment: Environment,
  flags: { json?: boolean; quiet?: boolean },
  targets: readonly Target[],
  jobFor: (target: Target) => Promise<FileJob>,
  before?: (engine: SeriesEngine, reporter: Reporter) => Promise<void>,
): Promise<number> {
  const reporter = createReporter(environment, flags);
  const started = performance.now();
  const engine = createNodeEngine();
  const run = new FileRun(environment.signal, engine, reporter, jobFor);
  reporter.begin(targets.length);
  try {
    await before?.(engine, reporter);
    await run.all(targets);
  } finally {
    reporter.end({ ...run.summary, seconds: (performance.now() - started) / 1000 });
    await engine.dispose();
  }
  return run.summary.failed > 0 ? exitCode.failed : exitCode.ok;
}

interface InWork {
  readonly index: number;
  readonly target: Target;
  /** Another file was in work at the same time. */
  beside: boolean;
  ended?: Promise<void>;
}

/** One run over files. */
export class FileRun {
  readonly summary = { succeeded: 0, failed: 0, skipped: 0 };
  private readonly inWork = new Set<InWork>();
  /** Did not find room beside others. */
  private readonly again: InWork[] = [];
  private readonly stop = new AbortController();
  private readonly signal: AbortSignal;
  /** What ended the run. */
  private fatal: { error: unknown } | null = null;
  /** The end of what is told of files that are done: in one piece for each. */
  private told: Promise<void> = Promise.resolve();

  constructor(
    private readonly asked: AbortSignal,
    private readonly engine: Engine,
    private readonly reporter: Reporter,
    private readonly jobFor: (target: Target) => Promise<FileJob>,
    private atOnce = filesAtOnce,
  ) {
    this.signal = AbortSignal.any([asked, this.stop.signal]);
  }

  /** @throws what ended the run before all files had their turn, once nothing is in work any more */
  async all(targets: readonly Target[]): Promise<void> {
    for (const [index, target] of targets.entries()) {
      await this.fewer(this.atOnce);
      if (this.fatal) break;
      this.begin({ index, target, beside: false });
    }
    await this.fewer(1);
    for (const each of this.again) {
      if (this.fatal) break;
      this.begin({ ...each, beside: false });
      await this.fewer(1);
    }
    await this.told;
    if (this.fatal) throw this.fatal.error;
  }

  /** Waits until fewer than `most` files are in work. */
  private async fewer(most: number): Promise<void> {
    while (this.inWork.size >= Math.min(most, this.atOnce))
      await Promise.race([...this.inWork].map((each) => each.ended));
  }

  private begin(file: InWork): void {
    for (const each of this.inWork) each.beside = file.beside = true;
    this.inWork.add(file);
    file.ended = this.one(file).finally(() => this.inWork.delete(file));
  }

  private async one(file: InWork): Promise<void> {
    const { target, index } = file;
    const { input } = target;
    const { reporter, summary, signal } = this;
    let job: FileJob | null = null;
    try {
      signal.throwIfAborted();
      reporter.fileBegins(index + 1, input);
      job = await this.jobFor(target);
      if (job.finished !== undefined) {
        reporter.fileSkipped(input, job.finished);
        summary.skipped++;
        return;
      }
      const { options, done } = job;
      const report = await upscaleFile(signal, this.engine, target, options, (event) => reporter.event(event, input));
      await this.tell(async () => {
        await done?.(report);
        reporter.fileDone(report);
        summary.succeeded++;
      });
    } catch (error) {
      if (this.asked.aborted || isAbort(error)) return this.end(this.asked.aborted ? this.asked.reason : error);
      // The same network and device would fail for all the other files, too.
      if (exitCodeOf(error) === exitCode.cannotStart) return this.end(error);
      if (file.beside && noRoom(error)) {
        // What the others have on the disk or in memory may be all that it lacks.
        this.atOnce = 1;
        this.again.push(file);
        return;
      }
      await this.tell(async () => {
        reporter.fileFailed(input, toPlainError(error));
        summary.failed++;
        await job?.failed?.(error);
      }).catch((later: unknown) => this.end(later));
    }
  }

  private tell(what: () => Promise<void>): Promise<void> {
    const turn = this.told.then(what);
    this.told = turn.catch(() => undefined);
    return turn;
  }

  /** The first reason counts; what follows from it are the others' ends. */
  private end(error: unknown): void {
    this.fatal ??= { error };
    this.stop.abort(error);
  }
}
