import type { AdaptationReport, PlainError } from '../../engine';
import type { TextOutput } from '../environment';
import type { FileEvent, FileReport } from '../upscale-file';
import type { Reporter, Summary } from './reporter';

/** Changes when a field is removed or gets another meaning; new fields may appear at any time. */
export const jsonSchema = 1;

/** One JSON object per line on standard output (docs/cli.md, "Output for programs"). */
export class JsonReporter implements Reporter {
  constructor(
    private readonly output: TextOutput,
    private readonly version: string,
    /** What every line says besides. */
    private readonly context: object = {},
  ) {}

  begin(files: number): void {
    this.line({ event: 'begin', schema: jsonSchema, lway: this.version, files });
  }

  seriesBegins(inputs: readonly string[]): void {
    this.line({ event: 'series', pictures: inputs.length, inputs });
  }

  seriesDone(adaptation: AdaptationReport): void {
    this.line({ event: 'learned', ...facts(adaptation) });
  }

  fileBegins(index: number, input: string): void {
    this.line({ event: 'file', index, input });
  }

  event({ type, ...rest }: FileEvent, input?: string): void {
    // Pixels are nothing to read.
    if (type === 'preview') return;
    this.line({ event: type, ...rest, input });
  }

  fileDone({ adaptation, ...report }: FileReport): void {
    this.line({ event: 'done', ...report, adaptation: adaptation && facts(adaptation) });
  }

  fileFailed(input: string, error: PlainError): void {
    this.line({ event: 'failed', input, ...error });
  }

  fileSkipped(input: string, output: string): void {
    this.line({ event: 'skipped', input, output });
  }

  queued(done: number, total: number): void {
    this.line({ event: 'queue', done, total });
  }

  end(summary: Summary): void {
    this.line({ event: 'end', ...summary });
  }

  private line(value: object): void {
    this.output.write(`${JSON.stringify({ ...value, ...this.context })}\n`);
  }
}

/** The weights are megabytes; --save-weights keeps them. */
function facts(adaptation: AdaptationReport): AdaptationReport {
  return { ...adaptation, weights: undefined };
}
