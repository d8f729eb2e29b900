/** What went wrong, for code; the message and the advice are for people. */
export type ErrorCode =
  | 'bad-image' // not an image, truncated, zero-sized, not a number
  | 'too-large' // beyond what a format, an editor or this machine can hold
  | 'bad-model' // not an ONNX network that maps an image to an image
  | 'missing-model'
  | 'bad-graph' // an ONNX graph that cannot be read, fixed in shape or differentiated
  | 'bad-option'
  | 'unsupported' // this editor, format or device cannot do it
  | 'no-device' // no device able to run the network
  | 'no-queue' // the queue that pictures are put into does not answer
  | 'out-of-memory'
  | 'device-lost'
  | 'bad-output' // the network gave NaN, a constant or the wrong size
  | 'timeout'
  | 'storage' // the disk or the browser's storage is full or refuses
  | 'document-changed' // the person closed or changed the document meanwhile
  | 'busy'
  | 'internal';

/**
 * An error made for a person to read: `message` is one sentence that says what happened, `advice` one that says
 * what to do next. Cancelling is no error: it surfaces as the signal's own `AbortError`.
 */
export class LWayError extends Error {
  override readonly name = 'LWayError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly advice: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The form in which an {@link LWayError} crosses a worker or a message bridge. */
export interface PlainError {
  code: ErrorCode | 'aborted';
  message: string;
  advice: string;
}

/** Whether `error` only says that the person cancelled. */
export function isAbort(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { name?: unknown }).name === 'AbortError';
}

/** Turns anything thrown into plain data; {@link fromPlainError} turns it back. */
export function toPlainError(error: unknown): PlainError {
  if (error instanceof LWayError) return { code: error.code, message: error.message, advice: error.advice };
  const message = error instanceof Error ? error.message : String(error);
  if (isAbort(error)) return { code: 'aborted', message, advice: '' };
  return { code: 'internal', message, advice: 'Try again; if it happens again, report this message.' };
}

/** The error that {@link toPlainError} wrote down; `aborted` becomes an `AbortError` again. */
export function fromPlainError(plain: PlainError): Error {
  if (plain.code !== 'aborted') return new LWayError(plain.code, plain.message, plain.advice);
  const error = new Error(plain.message);
  error.name = 'AbortError';
  return error;
}
