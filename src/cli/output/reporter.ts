import type { AdaptationReport, PlainError } from '../../engine';
import type { FileEvent, FileReport } from '../upscale-file';

export interface Summary {
  succeeded: number;
  failed: number;
  /** Left out because an earlier run had finished them (`lway play`). */
  skipped: number;
  seconds: number;
}

/** How a run over files is shown: a bar on a terminal, lines elsewhere, JSON for programs. */
export interface Reporter {
  begin(files: number): void;
  /** One adaptation to several pictures begins; again without one of them where that turned out to be unreadable. */
  seriesBegins(inputs: readonly string[]): void;
  seriesDone(adaptation: AdaptationReport): void;
  /** `index` counts from 1. Several files may be in work at once. */
  fileBegins(index: number, input: string): void;
  /** `input`: which file it is about; left out, all of them. */
  event(event: FileEvent, input?: string): void;
  fileDone(report: FileReport): void;
  fileFailed(input: string, error: PlainError): void;
  fileSkipped(input: string, output: string): void;
  /** Of pictures in a queue: how many something has become of. */
  queued(done: number, total: number): void;
  end(summary: Summary): void;
}
