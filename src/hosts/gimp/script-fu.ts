/**
 * GIMP's Script-Fu server (Filters ▸ Script-Fu ▸ Start Server). Each request is the letter G, the length of the script
 * in two bytes (big-endian) and the script; each answer the letter G, an error byte, a length in two bytes and the text
 * that the script's value prints as. Source: GIMP, plug-ins/script-fu/server/README.
 */
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { LWayError } from '../../engine/errors';

const longest = 0xffff;
const headerBytes = 4;

export interface ScriptFuOptions {
  /** Where the server listens on this machine; GIMP proposes 10008. */
  port?: number;
  /** Milliseconds that one script may take. */
  timeout?: number;
}

interface Waiting {
  resolve(text: string): void;
  reject(error: unknown): void;
}

/** One connection; scripts run one after the other, in GIMP's own interpreter. */
export class ScriptFu {
  private socket: Socket | null = null;
  private received = Buffer.alloc(0);
  private readonly waiting: Waiting[] = [];
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: ScriptFuOptions = {}) {}

  /**
   * Runs a script and gives what its value prints as.
   *
   * @param signal cancels the waiting; a script that GIMP has begun is run to its end there
   * @throws LWayError `unsupported` where no server listens or the script fails, `timeout`
   */
  run(signal: AbortSignal, script: string): Promise<string> {
    const answer = this.last.then(() => {
      signal.throwIfAborted();
      return this.exchange(script);
    });
    this.last = answer.catch(() => undefined);
    return untilAborted(signal, answer);
  }

  close(): void {
    this.socket?.destroy();
    this.socket = null;
  }

  private async exchange(script: string): Promise<string> {
    const text = Buffer.from(script, 'utf8');
    if (text.length > longest) throw new RangeError('The script is too long for the Script-Fu server.');
    const socket = (this.socket ??= await this.open());
    const header = Buffer.from('G\0\0', 'latin1');
    header.writeUInt16BE(text.length, 1);
    const { timeout = 600_000 } = this.options;
    return new Promise<string>((resolve, reject) => {
      const late = setTimeout(() => {
        this.drop(
          new LWayError(
            'timeout',
            `GIMP has not answered for ${Math.round(timeout / 1000)} seconds.`,
            'See whether it waits for something, a dialog perhaps, and try again.',
          ),
        );
      }, timeout);
      this.waiting.push({
        resolve: (answer) => {
          clearTimeout(late);
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(late);
          reject(error as Error);
        },
      });
      socket.write(Buffer.concat([header, text]));
    });
  }

  private async open(): Promise<Socket> {
    const { port = 10008 } = this.options;
    const socket = connect({ host: '127.0.0.1', port });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      });
    } catch (cause) {
      throw new LWayError(
        'unsupported',
        `GIMP does not listen on port ${port} of this machine.`,
        'In GIMP choose Filters ▸ Script-Fu ▸ Start Server, with server 127.0.0.1 and this port.',
        { cause },
      );
    }
    const gone = () => {
      this.drop(new LWayError('unsupported', 'GIMP has closed the connection.', 'Start its Script-Fu server again.'));
    };
    socket.removeAllListeners('error');
    socket.on('error', gone);
    socket.on('close', gone);
    socket.on('data', (data) => this.receive(data));
    return socket;
  }

  private receive(data: Buffer): void {
    this.received = Buffer.concat([this.received, data]);
    while (this.received.length >= headerBytes) {
      const length = headerBytes + this.received.readUInt16BE(2);
      if (this.received.length < length) return;
      const failed = this.received[1] !== 0;
      const text = this.received.toString('utf8', headerBytes, length);
      this.received = this.received.subarray(length);
      const waiting = this.waiting.shift();
      if (failed) waiting?.reject(refusal(text));
      else waiting?.resolve(text);
    }
  }

  private drop(error: LWayError): void {
    const { socket } = this;
    this.socket = null;
    this.received = Buffer.alloc(0);
    socket?.removeAllListeners('close');
    socket?.destroy();
    for (const waiting of this.waiting.splice(0)) waiting.reject(error);
  }
}

function refusal(text: string): LWayError {
  const reason = text.replace(/^Error: /, '').trim();
  return new LWayError(
    'unsupported',
    `GIMP could not do it: ${reason}`,
    'See whether the image is still open in GIMP.',
  );
}

function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
