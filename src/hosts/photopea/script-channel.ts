import { LWayError, untilAborted } from '../../engine';
import type { PhotopeaPort } from './port';
import { separator, wrap } from './scripts';

export interface ScriptAnswer {
  /** What the script has put out with `out.push(…)`, as texts. */
  values: string[];
  /** Files that it has saved, in order. */
  files: ArrayBuffer[];
}

export interface ScriptOptions {
  /** How many files the script saves. */
  files?: number;
  /** Milliseconds to wait. */
  timeout?: number;
}

/**
 * Runs scripts in Photopea one after the other. Photopea promises no order, says "done" more often than it is asked and
 * tells nothing of errors: so every script answers for itself, under a token of its own, and "done" is passed over.
 * Source: photopea.com/api/live, github.com/photopea/photopea issues 5228, 6137.
 */
export class ScriptChannel {
  private count = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly port: PhotopeaPort) {}

  /**
   * @param body ES5; puts texts and numbers out with `out.push(…)`
   * @throws LWayError `unsupported` where the script throws, `timeout`
   */
  run(signal: AbortSignal, body: string, options: ScriptOptions = {}): Promise<ScriptAnswer> {
    return this.enqueue(signal, () => this.exchange(body, options));
  }

  /** Hands a file to Photopea, which opens it as a new document in its own time. */
  open(signal: AbortSignal, file: ArrayBuffer): Promise<void> {
    return this.enqueue(signal, async () => this.port.post(file));
  }

  private enqueue<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const result = this.last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.last = result.catch(() => undefined);
    return untilAborted(signal, result);
  }

  private exchange(body: string, { files: wanted = 0, timeout = 60_000 }: ScriptOptions): Promise<ScriptAnswer> {
    const token = `__lway_${++this.count}_${Math.random().toString(36).slice(2)}__`;
    return new Promise((resolve, reject) => {
      let values: string[] | null = null;
      const files: ArrayBuffer[] = [];
      const finish = (end: () => void) => {
        clearTimeout(late);
        stop();
        end();
      };
      const late = setTimeout(() => {
        const error = new LWayError(
          'timeout',
          `Photopea has not answered for ${Math.round(timeout / 1000)} seconds.`,
          'Check whether Photopea is showing a dialog, then try again.',
        );
        finish(() => reject(error));
      }, timeout);
      const stop = this.port.listen((data) => {
        if (data instanceof ArrayBuffer) files.push(data);
        else if (typeof data === 'string' && data.startsWith(token)) {
          const [, kind, ...rest] = data.split(separator);
          if (kind !== '=') {
            const reason = rest.join(' ');
            return finish(() => reject(refusal(reason)));
          }
          values = rest;
        }
        const answer = values;
        // A file may come after the script's own answer.
        if (answer && files.length >= wanted) finish(() => resolve({ values: answer, files }));
      });
      this.port.post(wrap(token, body));
    });
  }
}

function refusal(reason: string): LWayError {
  return new LWayError('unsupported', `Photopea could not do it: ${reason}`, 'Check that the document is still open.');
}
