import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { servePage } from '../../../scripts/serve.mjs';
import { LWayError, toPlainError } from '../../engine';

/** What the page asks for by its address below `/api/`. The signal aborts when the page no longer waits. */
export type Handlers = Readonly<
  Record<string, (signal: AbortSignal, body: Uint8Array) => Promise<Uint8Array | object>>
>;

export interface PageServer {
  /** Opens the panel, once: the ticket in it is no longer taken afterwards. */
  readonly url: string;
  /** Hears whether a page is there, now and whenever that changes. */
  onPage(listener: (open: boolean) => void): void;
  close(): Promise<void>;
}

const tokenHeader = 'x-lway-token';
/** Bytes of one request: more than any network or piece of a picture. */
const largest = 2 ** 30;
/** Milliseconds between signs of life. */
const heartbeat = 5000;

/**
 * Serves the panel's page to one window on this machine. Files of the page are nobody's secret; all else takes a token that
 * only the page has, which got it for the ticket in its address, and comes from the page's own origin.
 *
 * @param root folder of the built page
 * @param file page to open
 */
export async function startPageServer(root: string, file: string, handlers: Handlers): Promise<PageServer> {
  let ticket: string | null = randomBytes(32).toString('hex');
  const token = randomBytes(32).toString('hex');
  const url = new URL(file, 'http://127.0.0.1/');
  const pages = new Set<ServerResponse>();
  const listeners: ((open: boolean) => void)[] = [];
  const tell = () => listeners.forEach((listener) => listener(pages.size > 0));

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const name = /^\/api\/([a-z/]+)$/.exec(request.url ?? '')?.[1];
    if (name === undefined) return false;
    const gone = new AbortController();
    response.on('close', () => gone.abort(new DOMException('The page no longer waits.', 'AbortError')));
    const send = (status: number, body: Uint8Array | object) => {
      const bytes = body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
      const type = body instanceof Uint8Array ? 'application/octet-stream' : 'application/json; charset=utf-8';
      response.writeHead(status, { 'Content-Type': type, 'Content-Length': bytes.length, 'Cache-Control': 'no-store' });
      response.end(bytes);
    };
    // A browser names the origin of every POST: whoever does not is no page of ours.
    const allowed = request.method === 'POST' && request.headers.origin !== undefined;
    if (!allowed) return (send(403, toPlainError(refused())), true);
    try {
      if (name === 'session') {
        const given = await bodyOf(request, 1024);
        if (ticket === null || !equal(Buffer.from(given).toString('latin1'), ticket)) throw refused();
        ticket = null;
        send(200, { token });
        return true;
      }
      // Before anything is taken in: who has no token shall not fill the memory.
      const given = request.headers[tokenHeader];
      if (typeof given !== 'string' || !equal(given, token)) throw refused();
      if (name === 'alive') {
        stayAlive(response);
        return true;
      }
      const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
      if (!handler) throw new LWayError('unsupported', `"${name}" is not served.`, 'Reinstall LWay’s plug-in.');
      send(200, await handler(gone.signal, await bodyOf(request, largest)));
    } catch (error) {
      if (!gone.signal.aborted) send(error instanceof Refused ? 403 : 400, toPlainError(error));
    }
    return true;
  };

  const stayAlive = (response: ServerResponse) => {
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store' });
    response.write('.');
    const beat = setInterval(() => response.write('.'), heartbeat);
    pages.add(response);
    tell();
    response.on('close', () => {
      clearInterval(beat);
      pages.delete(response);
      tell();
    });
  };

  const server = await servePage(root, 0, { answer });
  url.port = new URL(server.url).port;
  url.hash = ticket;
  return {
    url: url.href,
    onPage: (listener) => {
      listeners.push(listener);
      listener(pages.size > 0);
    },
    close: () => server.close(),
  };
}

class Refused extends LWayError {}

function refused(): LWayError {
  return new Refused(
    'unsupported',
    'This page does not belong to LWay’s window.',
    'Open the panel from the editor’s menu.',
  );
}

function equal(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

async function bodyOf(request: IncomingMessage, largest: number): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > largest) throw new LWayError('too-large', 'That is too much at once.', 'Choose a smaller file.');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
