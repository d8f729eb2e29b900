import { adaptJob } from '../engine/adapt-job';
import type { SeriesEngine } from '../engine/engine';
import { isAbort, toPlainError } from '../engine/errors';
import { createNodeEngine } from '../engine/engine.node';
import { exitCode, exitCodeOf } from './exit-codes';
import type { Target } from './files/targets';
import { createReporter } from './output/create-reporter';
import type { Reporter } from './output/reporter';
import type { Surroundings } from './surroundings';
import type { FileOptions, FileReport } from './upscale-file';
import { upscaleFile } from './upscale-file';

/** What to do with one file. */
export interface FileJob {
  /** Where an earlier run has put the result already: nothing is done. */
  finished?: string;
  options: FileOptions;
  /** Called when the result is in its place; a rejection makes the file count as failed. */
  done?: (report: FileReport) => Promise<void>;
  failed?: (error: unknown) => Promise<void>;
}

/**
 * Upscales files one after the other with one engine, so that network and session are loaded once. A file that fails
 * is reported and does not stop the rest; cancelling does.
 *
 * @param before what is done once for all files; what it throws ends the run
 * @returns the exit code
 */
export async function runFiles(
  surroundings: Surroundings,
  flags: { json?: boolean; quiet?: boolean },
  targets: readonly Target[],
  jobFor: (target: Target) => Promise<FileJob>,
  before?: (engine: SeriesEngine, reporter: Reporter) => Promise<void>,
): Promise<number> {
  const { signal } = surroundings;
  const reporter = createReporter(surroundings, flags);
  const started = performance.now();
  const summary = { succeeded: 0, failed: 0, skipped: 0 };
  const engine = createNodeEngine({ adapt: adaptJob });
  reporter.begin(targets.length);
  try {
    await before?.(engine, reporter);
    for (const [i, target] of targets.entries()) {
      reporter.fileBegins(i + 1, target.input);
      let job: FileJob | null = null;
      try {
        signal.throwIfAborted();
        job = await jobFor(target);
        if (job.finished !== undefined) {
          reporter.fileSkipped(target.input, job.finished);
          summary.skipped++;
          continue;
        }
        const report = await upscaleFile(signal, engine, target, job.options, (event) => reporter.event(event));
        await job.done?.(report);
        reporter.fileDone(report);
        summary.succeeded++;
      } catch (error) {
        if (signal.aborted || isAbort(error)) throw signal.aborted ? signal.reason : error;
        // The same network and device would fail for all the other files, too.
        if (exitCodeOf(error) === exitCode.cannotStart) throw error;
        reporter.fileFailed(target.input, toPlainError(error));
        await job?.failed?.(error);
        summary.failed++;
      }
    }
  } finally {
    reporter.end({ ...summary, seconds: (performance.now() - started) / 1000 });
    await engine.dispose();
  }
  return summary.failed > 0 ? exitCode.failed : exitCode.ok;
}
