// Messages of protocol.ts as bytes: a line of JSON, then as many bytes as its `bytes` says.

const newline = 10;
/** Pixels of one message; more is a stream that has lost its step. */
const most = 2 ** 30;

export function encodeFrame(header: object, bytes?: Uint8Array): Uint8Array[] {
  const line = new TextEncoder().encode(
    `${JSON.stringify(bytes?.length ? { ...header, bytes: bytes.length } : header)}\n`,
  );
  return bytes?.length ? [line, bytes] : [line];
}

/** A whole message from one piece of memory. @throws SyntaxError where it is none */
export function decodeFrame(whole: Uint8Array): { header: unknown; bytes: Uint8Array } {
  const end = whole.indexOf(newline);
  if (end < 0) throw new SyntaxError('A message has no end.');
  const header = JSON.parse(new TextDecoder().decode(whole.subarray(0, end))) as { bytes?: number };
  const bytes = whole.subarray(end + 1);
  if (bytes.length !== (header.bytes ?? 0)) throw new SyntaxError('A message is cut off.');
  return { header, bytes };
}

/** Puts messages together from pieces as they come over a pipe. */
export class FrameReader {
  private pieces: Uint8Array[] = [];
  private length = 0;
  private header: { bytes?: number } | null = null;

  constructor(private readonly onFrame: (header: unknown, bytes: Uint8Array) => void) {}

  /** @throws SyntaxError where it is no message */
  push(piece: Uint8Array): void {
    this.pieces.push(piece);
    this.length += piece.length;
    for (;;) {
      if (!this.header) {
        // Only what has just come can hold the end of the line, but lines are short and rarely split.
        const whole = this.joined();
        const end = whole.indexOf(newline);
        if (end < 0) return;
        this.header = JSON.parse(new TextDecoder().decode(whole.subarray(0, end))) as { bytes?: number };
        this.keep(whole.subarray(end + 1));
      }
      const { bytes: wanted = 0 } = this.header;
      if (!(wanted >= 0 && wanted <= most)) throw new SyntaxError('A message has an impossible length.');
      if (this.length < wanted) return;
      const whole = this.joined();
      const { header } = this;
      this.header = null;
      this.keep(whole.subarray(wanted));
      this.onFrame(header, whole.subarray(0, wanted));
    }
  }

  private keep(rest: Uint8Array): void {
    this.pieces = rest.length > 0 ? [rest] : [];
    this.length = rest.length;
  }

  private joined(): Uint8Array {
    if (this.pieces.length === 1) return this.pieces[0]!;
    const whole = new Uint8Array(this.length);
    let at = 0;
    for (const piece of this.pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.pieces = [whole];
    return whole;
  }
}
