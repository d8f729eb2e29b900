import { fromPlainError, LWayError, toPlainError } from '../../../engine';
import { decodeBase64, encodeBase64 } from './base64';
import type { Body, Direction, Envelope } from './envelope';
import { findEnvelope } from './envelope';
import { SendWindow } from './window';

/** A way for messages, made of a WebView's two `postMessage`s or of anything else that carries JSON. */
export interface Channel {
  /** May throw where the other end is gone. */
  post(message: unknown): void;
  /** Hands over every message that came from the right source, foreign ones too. Returns how to stop. */
  listen(listener: (message: unknown) => void): () => void;
}

/** One method that may be asked for: what it is given, what it answers, and what it tells meanwhile; all of it JSON. */
export interface Method<Params = unknown, Value = unknown, Progress = unknown> {
  params: Params;
  value: Value;
  progress: Progress;
}
/** Where nothing is known of the methods. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyMethods = Record<string, Method<any, any, any>>;

export interface Answer<Value = unknown> {
  value: Value;
  bytes?: Uint8Array;
}

/** A request, as its handler sees it. */
export interface Call<M extends Method = Method> {
  /** Aborts when the caller cancels, goes away or is reloaded. */
  readonly signal: AbortSignal;
  readonly params: M['params'];
  readonly bytes?: Uint8Array;
  progress(value: M['progress']): void;
}

type Answered<M extends Method> = Answer<M['value']> | (void extends M['value'] ? void : never);
export type Handler<M extends Method = Method> = (call: Call<M>) => Promise<Answered<M>> | Answered<M>;

export interface RequestOptions<Progress = unknown> {
  bytes?: Uint8Array;
  onProgress?: (value: Progress) => void;
  /** Milliseconds without a sign of life after which the request fails. */
  silence?: number;
}

export interface BridgeOptions {
  /** The page announces itself; the host waits for it. */
  role: 'host' | 'page';
  /** A session of the other side has begun: the first, or one after a reload. */
  onConnect?: () => void;
  /** Bytes of one piece of an attachment; base64 makes a third more of them. */
  chunk?: number;
  /** Bytes that may be on the way, unacknowledged. */
  window?: number;
  /** Milliseconds between two signs of life of a handler. */
  heartbeat?: number;
  /** Milliseconds without a sign of life after which a request fails. A hidden page's timers may fire once a minute. */
  silence?: number;
  /** Milliseconds without a sign of life that a cancelled request waits for the other side to clean up. */
  grace?: number;
  /** Milliseconds between two announcements. */
  hello?: number;
}

const defaults = {
  chunk: 3 << 20,
  window: 9 << 20,
  heartbeat: 5_000,
  silence: 150_000,
  grace: 20_000,
  hello: 200,
};

/** More than any attachment we send: a header that says otherwise is damaged. */
const MAX_BYTES = 1 << 30;
/** Numbers of messages that are remembered to drop doubles. */
const MEMORY = 2048;

interface Outgoing {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
  touch(): void;
  onProgress?: (value: unknown) => void;
  reply?: Incoming;
}
/** An attachment that is coming in. */
interface Incoming {
  bytes: Uint8Array;
  missing: number;
  value: unknown;
}
interface Serving {
  controller: AbortController;
  /** While the request's attachment is still coming in. */
  request?: Incoming & { method: string };
  /** Ends the signs of life. */
  stop?: () => void;
}

/**
 * Requests with replies, progress, cancelling and attachments, and events, between Photoshop's JavaScript and the page
 * in its WebView (or over any {@link Channel}). Both sides are the same but for who announces itself. Messages that are not
 * ours are passed over; when the other side is reloaded, what was under way with the old one fails on both ends.
 *
 * `Methods` are those of both sides, by their names.
 */
export class Bridge<Methods extends Record<keyof Methods, Method> = AnyMethods> {
  private readonly session = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
  private readonly options: typeof defaults & BridgeOptions;
  private readonly handlers = new Map<string, Handler>();
  private readonly listeners = new Map<string, Set<(value: unknown) => void>>();
  private readonly outgoing = new Map<number, Outgoing>();
  private readonly serving = new Map<number, Serving>();
  private readonly acknowledged = new Map<string, () => void>();
  private readonly seen = new Set<number>();
  private readonly waiting = new Set<() => void>();
  private window: SendWindow;
  private readonly stopListening: () => void;
  private helloTimer: ReturnType<typeof setTimeout> | undefined;
  private peer = '';
  private sent = 0;
  private requests = 0;
  private closed: Error | undefined;

  constructor(
    private readonly channel: Channel,
    options: BridgeOptions,
  ) {
    this.options = { ...defaults, ...options };
    this.window = new SendWindow(this.options.window);
    this.stopListening = channel.listen((message) => this.receive(message));
    if (options.role === 'page') this.announce();
  }

  get connected(): boolean {
    return this.peer !== '' && !this.closed;
  }

  /** Resolves once the other side is there. */
  whenConnected(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(this.closed);
      if (this.connected) return resolve();
      if (signal.aborted) return reject(reasonOf(signal));
      const settle = () => {
        this.waiting.delete(settle);
        signal.removeEventListener('abort', stop);
        if (this.closed) reject(this.closed);
        else resolve();
      };
      const stop = () => {
        this.waiting.delete(settle);
        reject(reasonOf(signal));
      };
      this.waiting.add(settle);
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  handle<Name extends keyof Methods & string>(method: Name, handler: Handler<Methods[Name]>): void {
    this.handlers.set(method, handler as unknown as Handler);
  }

  /** Returns how to stop. */
  on(event: string, listener: (value: unknown) => void): () => void {
    const set = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, set.add(listener));
    return () => set.delete(listener);
  }

  emit(event: string, value: unknown = null): void {
    // Events are not kept for those who come later.
    if (this.connected) this.answer({ t: 'event', name: event, value });
  }

  /**
   * Asks the other side. Rejects with its `LWayError`, with `signal.reason` when cancelled (once the other side has cleaned
   * up, or has been silent for the grace period), or with `timeout` after silence.
   */
  async request<Name extends keyof Methods & string>(
    signal: AbortSignal,
    method: Name,
    ...[params = null, options = {}]: null extends Methods[Name]['params']
      ? [params?: Methods[Name]['params'], options?: RequestOptions<Methods[Name]['progress']>]
      : [params: Methods[Name]['params'], options?: RequestOptions<Methods[Name]['progress']>]
  ): Promise<Answer<Methods[Name]['value']>> {
    if (signal.aborted) throw reasonOf(signal);
    await this.whenConnected(signal);
    if (signal.aborted) throw reasonOf(signal);
    const id = ++this.requests;
    return new Promise<Answer>((resolve, reject) => {
      let cancelled = false;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const silence = options.silence ?? this.options.silence;
      const finish = (settle: () => void) => {
        if (!this.outgoing.delete(id)) return;
        clearTimeout(timer);
        signal.removeEventListener('abort', cancel);
        settle();
      };
      const touch = () => {
        clearTimeout(timer);
        if (!this.outgoing.has(id)) return;
        if (cancelled) {
          timer = setTimeout(() => finish(() => reject(reasonOf(signal))), this.options.grace);
          return;
        }
        timer = setTimeout(() => {
          this.answer({ t: 'cancel', id });
          finish(() => reject(silent(method, silence)));
        }, silence);
      };
      const cancel = () => {
        cancelled = true;
        touch();
        try {
          this.post({ t: 'cancel', id });
        } catch {
          finish(() => reject(reasonOf(signal)));
        }
      };
      this.outgoing.set(id, {
        // A reply that a cancel came too late for counts: what the other side has done is done.
        resolve: (answer) => finish(() => resolve(answer)),
        reject: (error) => finish(() => reject(cancelled ? reasonOf(signal) : error)),
        touch,
        onProgress: options.onProgress,
      });
      signal.addEventListener('abort', cancel, { once: true });
      touch();
      this.send(
        { t: 'request', id, method, params, bytes: options.bytes?.length ?? 0 },
        'request',
        options.bytes,
        () => this.outgoing.has(id) && !cancelled,
      ).catch((error: unknown) => this.outgoing.get(id)?.reject(error));
    });
  }

  /** Fails all that is under way and stops listening. Safe to call twice. */
  close(reason: Error = gone()): void {
    if (this.closed) return;
    this.closed = reason;
    clearTimeout(this.helloTimer);
    this.stopListening();
    this.failAll(reason);
    for (const settle of [...this.waiting]) settle();
  }

  private announce(): void {
    if (this.connected || this.closed) return;
    try {
      this.post({ t: 'hello' });
    } catch {
      // The host is not there yet.
    }
    this.helloTimer = setTimeout(() => this.announce(), this.options.hello);
  }

  private post(body: Body): void {
    const envelope: Envelope = { lway: 1, from: this.session, to: this.peer, n: ++this.sent, body };
    this.channel.post(envelope);
  }

  /** Sends a message and then its attachment, piece by piece, as room is made; stops when `wanted` says so. */
  private async send(
    body: Extract<Body, { bytes: number }>,
    of: Direction,
    bytes: Uint8Array | undefined,
    wanted: () => boolean,
  ) {
    this.post(body);
    const { chunk } = this.options;
    const { window } = this;
    for (let offset = 0; bytes && offset < bytes.length; offset += chunk) {
      const piece = bytes.subarray(offset, offset + chunk);
      await window.take(piece.length);
      if (!wanted() || window !== this.window) {
        window.give(piece.length);
        return;
      }
      this.acknowledged.set(`${of} ${body.id} ${offset}`, () => window.give(piece.length));
      this.post({ t: 'chunk', id: body.id, of, offset, data: encodeBase64(piece) });
    }
  }

  private receive(message: unknown): void {
    const envelope = findEnvelope(message);
    if (!envelope || envelope.from === this.session) return;
    if (envelope.to !== '' && envelope.to !== this.session) {
      // Mail for an earlier session of ours: the page has to learn that the plugin has been reloaded.
      if (this.options.role === 'host') this.ask(envelope.from);
      return;
    }
    const { body } = envelope;
    if (envelope.from !== this.peer) {
      const introduces = this.options.role === 'host' ? body.t === 'hello' : body.t === 'welcome' && envelope.to !== '';
      if (introduces) {
        this.connect(envelope.from);
        this.seen.add(envelope.n);
      } else if (this.options.role === 'host') this.ask(envelope.from);
      else if (body.t === 'who') this.reannounce();
      return;
    }
    if (body.t === 'who') return; // asked before it knew us
    if (this.seen.has(envelope.n)) return;
    this.seen.add(envelope.n);
    this.seen.delete(envelope.n - MEMORY);
    this.take(body);
  }

  private connect(session: string): void {
    const before = this.peer;
    this.peer = session;
    this.seen.clear();
    if (before) this.failAll(reloaded());
    clearTimeout(this.helloTimer);
    // Before anything that is said because of it: the page knows nobody who has not welcomed it.
    if (this.options.role === 'host') this.answer({ t: 'welcome' });
    for (const settle of [...this.waiting]) settle();
    this.options.onConnect?.();
  }

  /** Says something that nobody waits for: where the other side is gone, it is not heard. */
  private answer(body: Body): void {
    try {
      this.post(body);
    } catch {
      // Gone.
    }
  }

  private reannounce(): void {
    if (this.options.role !== 'page') return;
    this.peer = '';
    this.failAll(reloaded());
    clearTimeout(this.helloTimer);
    this.announce();
  }

  private ask(session: string): void {
    try {
      this.channel.post({ lway: 1, from: this.session, to: session, n: ++this.sent, body: { t: 'who' } });
    } catch {
      // It is gone again.
    }
  }

  private take(body: Body): void {
    switch (body.t) {
      case 'hello':
        this.answer({ t: 'welcome' });
        break;
      case 'request':
        this.serve(body);
        break;
      case 'reply': {
        const call = this.outgoing.get(body.id);
        if (!call) break;
        call.touch();
        if (!body.bytes) call.resolve({ value: body.value });
        else call.reply = incoming(body.value, body.bytes);
        break;
      }
      case 'failure':
        this.outgoing.get(body.id)?.reject(fromPlainError(body.error));
        break;
      case 'progress': {
        const call = this.outgoing.get(body.id);
        call?.touch();
        call?.onProgress?.(body.value);
        break;
      }
      case 'alive':
        this.outgoing.get(body.id)?.touch();
        break;
      case 'cancel': {
        const serving = this.serving.get(body.id);
        if (serving?.request) this.fail(body.id, abortError());
        else serving?.controller.abort(abortError());
        break;
      }
      case 'event':
        for (const listener of [...(this.listeners.get(body.name) ?? [])]) listener(body.value);
        break;
      case 'chunk':
        this.takeChunk(body);
        break;
      case 'ack': {
        if (body.of === 'request') this.outgoing.get(body.id)?.touch();
        const key = `${body.of} ${body.id} ${body.offset}`;
        this.acknowledged.get(key)?.();
        this.acknowledged.delete(key);
        break;
      }
    }
  }

  private takeChunk(body: Extract<Body, { t: 'chunk' }>): void {
    const call = body.of === 'reply' ? this.outgoing.get(body.id) : undefined;
    const served = body.of === 'request' ? this.serving.get(body.id) : undefined;
    const target = call?.reply ?? served?.request;
    if (target) {
      try {
        const piece = decodeBase64(body.data);
        target.bytes.set(piece, body.offset);
        target.missing -= piece.length;
      } catch (error) {
        const damaged = new LWayError(
          'internal',
          'Pixels were damaged on the way between Photoshop and the panel.',
          'Try again; if it happens again, open an issue with the report from the diagnostics page.',
          { cause: error },
        );
        call?.reject(damaged);
        if (served) this.fail(body.id, damaged);
      }
    }
    // Acknowledged even where nobody waits for it any more: the sender's window must not fill up with lost pieces.
    try {
      this.post({ t: 'ack', id: body.id, of: body.of, offset: body.offset });
    } catch {
      return;
    }
    call?.touch();
    if (target?.missing !== 0) return;
    if (call) call.resolve({ value: target.value, bytes: target.bytes });
    else if (served?.request) {
      const { method, value } = served.request;
      served.request = undefined;
      this.run(body.id, served, method, value, target.bytes);
    }
  }

  private serve(body: Extract<Body, { t: 'request' }>): void {
    const serving: Serving = { controller: new AbortController() };
    this.serving.set(body.id, serving);
    if (body.bytes) serving.request = { ...incoming(body.params, body.bytes), method: body.method };
    else this.run(body.id, serving, body.method, body.params, undefined);
  }

  private run(id: number, serving: Serving, method: string, params: unknown, bytes: Uint8Array | undefined): void {
    const { signal } = serving.controller;
    const current = () => this.serving.get(id) === serving;
    const quietly = (body: Body) => {
      try {
        if (current()) this.post(body);
      } catch {
        serving.controller.abort(gone());
      }
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const beat = () => {
      timer = setTimeout(() => {
        quietly({ t: 'alive', id });
        if (current()) beat();
      }, this.options.heartbeat);
    };
    beat();
    serving.stop = () => clearTimeout(timer);
    const work = async (): Promise<Answer> => {
      const handler = this.handlers.get(method);
      if (!handler) throw new LWayError('internal', `Nothing answers “${method}” here.`, 'Update LWay and try again.');
      const call: Call = { signal, params, bytes, progress: (value) => quietly({ t: 'progress', id, value }) };
      return (await handler(call)) ?? { value: null };
    };
    work()
      .then(
        async (answer) => {
          if (!current()) return;
          if (signal.aborted && answer.bytes) return this.fail(id, abortError());
          const body: Body = { t: 'reply', id, value: answer.value ?? null, bytes: answer.bytes?.length ?? 0 };
          await this.send(body, 'reply', answer.bytes, () => current() && !signal.aborted);
        },
        (error: unknown) => this.fail(id, signal.aborted && !(error instanceof LWayError) ? abortError() : error),
      )
      .catch((error: unknown) => this.fail(id, error))
      .finally(() => {
        serving.stop?.();
        if (current()) this.serving.delete(id);
      });
  }

  private fail(id: number, error: unknown): void {
    if (!this.serving.delete(id)) return;
    this.answer({ t: 'failure', id, error: toPlainError(error) });
  }

  private failAll(reason: Error): void {
    this.window = new SendWindow(this.options.window);
    const give = [...this.acknowledged.values()];
    this.acknowledged.clear();
    for (const room of give) room();
    for (const { controller, stop } of this.serving.values()) {
      stop?.();
      controller.abort(reason);
    }
    this.serving.clear();
    for (const call of [...this.outgoing.values()]) call.reject(reason);
  }
}

function incoming(value: unknown, size: number): Incoming {
  if (!(Number.isInteger(size) && size > 0 && size <= MAX_BYTES)) throw new RangeError('An attachment has no size.');
  return { bytes: new Uint8Array(size), missing: size, value };
}

/** What the signal of a cancelled call holds; also made where there is no `DOMException` (Photoshop). */
export function abortError(message = 'Cancelled.'): Error {
  const error = new Error(message);
  error.name = 'AbortError';
  return error;
}

/** Why `signal` was aborted; Photoshop's signals may hold no reason. */
export function reasonOf(signal: AbortSignal): unknown {
  return signal.reason ?? abortError();
}

function silent(method: string, milliseconds: number): LWayError {
  return new LWayError(
    'timeout',
    `Photoshop and the LWay panel lost touch: no answer to “${method}” for ${Math.round(milliseconds / 1000)} seconds.`,
    'Close any open dialog in Photoshop, then try again; closing and reopening the panel restarts it.',
  );
}

function reloaded(): LWayError {
  return new LWayError(
    'internal',
    'The LWay panel was reloaded while it was working.',
    'Nothing was changed in the document: start the upscale again.',
  );
}

function gone(): LWayError {
  return new LWayError(
    'internal',
    'The LWay panel was closed while it was working.',
    'Nothing was changed in the document: open the panel and start the upscale again.',
  );
}
