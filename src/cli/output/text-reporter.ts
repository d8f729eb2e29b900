import { basename } from 'node:path';
import type { SingleBar } from 'cli-progress';
import { SingleBar as Bar } from 'cli-progress';
import type { AdaptationReport, PlainError, TuningReport } from '../../engine';
import type { TextOutput } from '../environment';
import type { FileEvent, FileReport } from '../upscale-file';
import type { Reporter, Summary } from './reporter';
import { duration } from './text';

/** Shows how far a file is. */
interface ProgressView {
  show(label: string, done: number, total: number, secondsLeft: number | undefined): void;
  /** Says what goes on where nobody can tell how far it is. */
  wait(label: string): void;
  /** Takes the view away, so that a line can be written. */
  clear(): void;
}

/** Back to the line's begin, and all of it erased (ECMA-48 CR, EL 2). */
const eraseLine = '\r\x1b[2K';

/** The bar of a terminal. */
export class BarView implements ProgressView {
  private bar: SingleBar | null = null;
  private waiting = false;

  constructor(private readonly output: NodeJS.WritableStream) {}

  show(label: string, done: number, total: number, secondsLeft: number | undefined): void {
    if (this.waiting) this.clear();
    const payload = { label, left: secondsLeft === undefined ? '' : `, ${duration(secondsLeft)} left` };
    if (!this.bar) {
      this.bar = new Bar({
        format: '{label} {bar} {percentage} % ({value}/{total}{left})',
        barsize: 24,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        hideCursor: true,
        clearOnComplete: true,
        // A handler of its own would end the process before the work files are removed.
        gracefulExit: false,
        stream: this.output,
      });
      this.bar.start(total, done, payload);
    }
    this.bar.setTotal(total);
    this.bar.update(done, payload);
  }

  wait(label: string): void {
    this.clear();
    this.waiting = true;
    this.output.write(`${label}…`);
  }

  clear(): void {
    this.bar?.stop();
    this.bar = null;
    if (this.waiting) this.output.write(eraseLine);
    this.waiting = false;
  }
}

/** Plain lines for logs: at most one in five seconds or for each tenth of the work, whichever comes later. */
export class LinesView implements ProgressView {
  private last = { label: '', share: 0, time: 0 };

  constructor(
    private readonly output: TextOutput,
    private readonly now: () => number = () => performance.now(),
  ) {}

  show(label: string, done: number, total: number, secondsLeft: number | undefined): void {
    const share = done / total;
    const { last } = this;
    const time = this.now();
    if (label === last.label && done < total && (share - last.share < 0.1 || time - last.time < 5000)) return;
    this.last = { label, share, time };
    const left = secondsLeft === undefined || done >= total ? '' : `, ${duration(secondsLeft)} left`;
    this.output.write(`${label}: ${done} of ${total}${left}\n`);
  }

  wait(label: string): void {
    this.output.write(`${label}\n`);
  }

  clear(): void {
    this.last = { label: '', share: 0, time: 0 };
  }
}

/** Results on standard output; progress, notices and errors on standard error. */
export class TextReporter implements Reporter {
  private files = 0;
  /** What is learned from together. */
  private series = '';
  /** Files in work by their input, as they are called in lines. */
  private readonly labels = new Map<string, string>();
  private device = '';
  /** Notices already given: what holds for the machine is said once, not for every file. */
  private readonly said = new Set<string>();

  constructor(
    private readonly out: TextOutput,
    private readonly err: TextOutput,
    private readonly progress: ProgressView,
  ) {}

  begin(files: number): void {
    this.files = files;
  }

  seriesBegins(inputs: readonly string[]): void {
    this.series = inputs.length === 1 ? '1 picture' : `${inputs.length} pictures`;
    this.note(`Matching to ${this.series}${inputs.length === 1 ? '' : ' together'}.`);
  }

  seriesDone({ message }: AdaptationReport): void {
    this.note(message);
  }

  fileBegins(index: number, input: string): void {
    this.labels.set(input, this.files > 1 ? `[${index}/${this.files}] ${basename(input)}` : basename(input));
  }

  event(event: FileEvent, input?: string): void {
    const label = input === undefined ? this.series : (this.labels.get(input) ?? basename(input));
    switch (event.type) {
      case 'device':
        if (this.device !== event.name) this.note(`Computing on ${event.name}.`);
        this.device = event.name;
        break;
      case 'notice':
        if (!this.said.has(event.message)) this.note(`Note: ${event.message}`);
        this.said.add(event.message);
        break;
      case 'progress':
        this.progress.show(
          `${label} ${event.unit === 'tile' ? 'upscaling' : 'matching'}`,
          event.done,
          event.total,
          event.secondsLeft,
        );
        break;
      case 'phase':
        this.progress.clear();
        if (event.phase === 'writing') this.progress.wait(`${label} writing the result`);
        break;
    }
  }

  fileDone(report: FileReport): void {
    this.progress.clear();
    this.labels.delete(report.input);
    this.out.write(
      `${report.output}  ${report.width}×${report.height}, ${duration(report.seconds)} on ${report.deviceName}\n`,
    );
    if (report.tuning) this.note(tuningNote(report.tuning));
    if (report.adaptation) this.note(report.adaptation.message);
  }

  fileFailed(input: string, error: PlainError): void {
    this.progress.clear();
    this.labels.delete(input);
    this.err.write(failure(input, error));
  }

  fileSkipped(_input: string, output: string): void {
    this.note(`${output} already exists from an earlier run.`);
  }

  queued(done: number, total: number): void {
    this.progress.show('in the queue, done', done, total, undefined);
  }

  end({ succeeded, failed, skipped, seconds }: Summary): void {
    this.progress.clear();
    if (this.files < 2) return;
    const parts = [`${succeeded} upscaled`, failed && `${failed} failed`, skipped && `${skipped} done before`];
    this.note(`${parts.filter(Boolean).join(', ')} in ${duration(seconds)}.`);
  }

  private note(text: string): void {
    this.progress.clear();
    this.err.write(`${text}\n`);
  }
}

/** `--quiet`: errors only. */
export class QuietReporter implements Reporter {
  constructor(private readonly err: TextOutput) {}
  begin(): void {}
  seriesBegins(): void {}
  seriesDone(): void {}
  fileBegins(): void {}
  event(): void {}
  fileDone(): void {}
  fileSkipped(): void {}
  queued(): void {}
  end(): void {}
  fileFailed(input: string, error: PlainError): void {
    this.err.write(failure(input, error));
  }
}

/** Says which picture it was, unless the message does. */
function failure(input: string, { message, advice }: PlainError): string {
  const name = basename(input);
  return `${message.includes(`${name}"`) ? '' : `${name}: `}${message} ${advice}\n`;
}

/** How Detail, Noise and Blur were set for this picture, and by what. */
function tuningNote({ detail, noise, blur, drawn = 0, estimate }: TuningReport): string {
  const drawing = drawn > 0 ? `, ${drawn} % the network for drawings` : '';
  const told = estimate
    ? `: noise of about ${estimate.noise.toFixed(1)} steps of 255, compression ${Math.round(estimate.compression)} of 100, ` +
      `blur of ${estimate.blur.toFixed(1)} pixels`
    : '';
  return `Detail ${detail}, noise ${noise}, blur ${blur}${drawing}${told}.`;
}
