import type { Readable, Writable } from 'node:stream';
import { LWayError } from '../../engine';
import { encodeFrame, FrameReader } from './frames';
import type { GimpPort, Question } from './protocol';

interface Waiting {
  resolve(result: { answer: unknown; bytes: Uint8Array }): void;
  reject(error: unknown): void;
}

/** Asks the plug-in over this process's own pipes. */
export class PipePort implements GimpPort {
  /** Aborts when the plug-in has ended: GIMP was closed, or the person cancelled. */
  readonly gone: AbortSignal;
  private readonly waiting: Waiting[] = [];
  private readonly ended = new AbortController();

  constructor(
    input: Readable,
    private readonly output: Writable,
  ) {
    this.gone = this.ended.signal;
    const reader = new FrameReader((answer, bytes) => this.waiting.shift()?.resolve({ answer, bytes }));
    input.on('data', (piece: Buffer) => {
      try {
        reader.push(piece);
      } catch {
        this.end();
      }
    });
    for (const event of ['end', 'close', 'error']) input.on(event, () => this.end());
    output.on('error', () => this.end());
  }

  ask(signal: AbortSignal, question: Question, bytes?: Uint8Array): Promise<{ answer: unknown; bytes: Uint8Array }> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (this.gone.aborted) return reject(this.gone.reason);
      // What has been asked will be answered: nobody may be waiting any more, the order stays.
      const stop = () => reject(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      const settle = () => signal.removeEventListener('abort', stop);
      this.waiting.push({
        resolve: (result) => {
          settle();
          resolve(result);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      for (const piece of encodeFrame(question, bytes)) this.output.write(piece);
    });
  }

  private end(): void {
    if (this.gone.aborted) return;
    this.ended.abort(
      new LWayError('document-changed', 'GIMP has been closed, or has ended LWay.', 'Choose Upscale with LWay again.'),
    );
    for (const { reject } of this.waiting.splice(0)) reject(this.gone.reason);
  }
}
