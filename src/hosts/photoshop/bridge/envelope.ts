import type { PlainError } from '../../../engine';

/** Which way an attachment goes: with a request or with its reply. */
export type Direction = 'request' | 'reply';

/** What one message says. Plain JSON: the WebView's channel is `JSON.parse(JSON.stringify(message))`. */
export type Body =
  /** The page announces its session, again and again until it is welcomed. */
  | { t: 'hello' }
  | { t: 'welcome' }
  /** A message came from a session that nobody here knows: announce yourself. */
  | { t: 'who' }
  | { t: 'request'; id: number; method: string; params: unknown; bytes: number }
  | { t: 'reply'; id: number; value: unknown; bytes: number }
  | { t: 'failure'; id: number; error: PlainError }
  | { t: 'progress'; id: number; value: unknown }
  /** The handler is still at work. */
  | { t: 'alive'; id: number }
  | { t: 'cancel'; id: number }
  | { t: 'event'; name: string; value: unknown }
  /** A piece of an attachment, base64. */
  | { t: 'chunk'; id: number; of: Direction; offset: number; data: string }
  /** That piece has been taken in: there is room for another. */
  | { t: 'ack'; id: number; of: Direction; offset: number };

/**
 * Every message of ours. The key `lway` tells them from what else travels on the same channel (UXP wraps messages and
 * has a `type` of its own) and is the protocol's version.
 */
export interface Envelope {
  lway: 1;
  /** Session that sends: a page that has been reloaded is another one. */
  from: string;
  /** Session meant; empty while it is not known. */
  to: string;
  /** Counts up within a session: a message that two listeners both hand over is taken once. */
  n: number;
  body: Body;
}

const nested = ['data', 'message', 'detail'];

/** Finds our envelope in what a channel hands over: as it is, as JSON text, or inside an event's `data` or `message`. */
export function findEnvelope(message: unknown, depth = 0): Envelope | null {
  if (depth > 3) return null;
  if (typeof message === 'string') {
    if (!message.startsWith('{') || !message.includes('"lway"')) return null;
    try {
      return findEnvelope(JSON.parse(message), depth + 1);
    } catch {
      return null;
    }
  }
  if (typeof message !== 'object' || message === null) return null;
  if (isEnvelope(message)) return message;
  for (const key of nested) {
    const found = findEnvelope((message as Record<string, unknown>)[key], depth + 1);
    if (found) return found;
  }
  return null;
}

function isEnvelope(value: object): value is Envelope {
  const { lway, from, to, n, body } = value as Partial<Envelope>;
  return (
    lway === 1 &&
    typeof from === 'string' &&
    typeof to === 'string' &&
    typeof n === 'number' &&
    typeof body === 'object' &&
    body !== null &&
    typeof body.t === 'string'
  );
}
