import { toPlainError } from '../../engine';
import { createReporter } from '../output/create-reporter';
import { JsonReporter } from '../output/json-reporter';
import type { Reporter } from '../output/reporter';
import { duration } from '../output/text';
import type { Environment } from '../environment';
import type { FileEvent } from '../upscale-file';
import { shortId, type Job, type PictureResult } from './job';

/** What becomes of a job that could not be done. */
export type Afterwards = { again: true; seconds: number } | { again: false };

/** What a worker tells of its jobs: every line names picture and job. */
export interface JobLog {
  note(message: string): void;
  taken(id: string, job: Job): void;
  event(id: string, job: Job, event: FileEvent): void;
  done(id: string, result: PictureResult): void;
  failed(id: string, job: Job, error: unknown, attempt: number, afterwards: Afterwards): void;
  /** Given back to the queue as it was. */
  returned(id: string, job: Job, why?: string): void;
  /** For the learning of a series. */
  reporter(id: string): Reporter;
  end(summary: { succeeded: number; failed: number; returned: number; seconds: number }): void;
}

/** The picture, or how many. */
export function nameOf(job: Job): string {
  return job.kind === 'picture' ? job.input : `series of ${job.pictures.length}`;
}

export function createJobLog(environment: Environment, flags: { json?: boolean; quiet?: boolean }): JobLog {
  return flags.json ? new JsonLog(environment) : new TextLog(environment, flags.quiet ?? false);
}

class JsonLog implements JobLog {
  constructor(private readonly environment: Environment) {}

  note(message: string): void {
    this.line({ event: 'notice', message });
  }

  taken(id: string, job: Job): void {
    this.line({ event: 'taken', job: id, input: nameOf(job) });
  }

  event(id: string, job: Job, event: FileEvent): void {
    this.reporter(id).event(event, nameOf(job));
  }

  done(id: string, result: PictureResult): void {
    this.reporter(id).fileDone(result);
  }

  failed(job: string, what: Job, error: unknown, attempt: number, { again }: Afterwards): void {
    this.line({ event: 'failed', job, input: nameOf(what), ...toPlainError(error), attempt, again });
  }

  returned(job: string, what: Job, why?: string): void {
    this.line({ event: 'returned', job, input: nameOf(what), why });
  }

  reporter(job: string): Reporter {
    const { stdout, version } = this.environment;
    return new JsonReporter(stdout, version, { job });
  }

  end(summary: object): void {
    this.line({ event: 'end', ...summary });
  }

  private line(value: object): void {
    this.environment.stdout.write(`${JSON.stringify(value)}\n`);
  }
}

class TextLog implements JobLog {
  private readonly files: Reporter;

  constructor(
    private readonly environment: Environment,
    private readonly quiet: boolean,
  ) {
    this.files = createReporter(environment, { quiet });
  }

  note(message: string): void {
    this.files.event({ type: 'phase', phase: 'preparing' });
    if (!this.quiet) this.environment.stderr.write(`${message}\n`);
  }

  taken(): void {}

  event(id: string, job: Job, event: FileEvent): void {
    this.files.event(event, label(id, nameOf(job)));
  }

  done(id: string, result: PictureResult): void {
    this.files.fileDone({ ...result, input: label(id, result.input), output: label(id, result.output) });
  }

  failed(id: string, job: Job, error: unknown, attempt: number, afterwards: Afterwards): void {
    this.files.fileFailed(label(id, nameOf(job)), toPlainError(error));
    this.note(
      afterwards.again
        ? `${label(id, nameOf(job))}: that was try ${attempt}; the next one comes in ${duration(afterwards.seconds)}.`
        : `${label(id, nameOf(job))}: put aside after ${attempt} tries.`,
    );
  }

  returned(id: string, job: Job, why?: string): void {
    this.note(`${label(id, nameOf(job))}: given back to the queue${why === undefined ? '' : ` (${why})`}.`);
  }

  reporter(): Reporter {
    return this.files;
  }

  end({ succeeded, failed, returned, seconds }: Parameters<JobLog['end']>[0]): void {
    const parts = [`${succeeded} upscaled`, failed && `${failed} put aside`, returned && `${returned} given back`];
    this.note(`${parts.filter(Boolean).join(', ')} in ${duration(seconds)}.`);
  }
}

function label(id: string, name: string): string {
  return `${name} [${shortId(id)}]`;
}
