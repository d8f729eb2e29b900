import type { Channel } from '../../../src/hosts/photoshop/bridge/bridge';
import { later } from './later';

export interface WebViewOptions {
  /** Milliseconds that each message takes. */
  delay?: number;
}

/**
 * The two ends of a WebView's message channel. A message is `JSON.parse(JSON.stringify(message))`, in order, never at once;
 * a hidden WebView hears nothing until it is shown; a reloaded one has lost its listeners and all that was on the way to it.
 */
export class FakeWebView {
  readonly host: Channel;
  private readonly delay: number;
  private hidden = false;
  private gone = false;
  private waiting: string[] = [];
  private pageListeners = new Set<(message: unknown) => void>();
  private readonly hostListeners = new Set<(message: unknown) => void>();
  private generation = 0;
  /** Characters that went each way. */
  readonly traffic = { toPage: 0, toHost: 0, longest: 0 };

  constructor({ delay = 0 }: WebViewOptions = {}) {
    this.delay = delay;
    this.host = {
      post: (message) => {
        if (this.gone) throw new Error('The WebView has been closed.');
        const text = this.serialise(message, 'toPage');
        if (this.hidden) this.waiting.push(text);
        else this.deliverToPage(text);
      },
      listen: (listener) => {
        this.hostListeners.add(listener);
        return () => this.hostListeners.delete(listener);
      },
    };
  }

  /** The page's end, for the page that is loaded now. */
  page(): Channel {
    const generation = this.generation;
    const listeners = this.pageListeners;
    return {
      post: (message) => {
        if (generation !== this.generation || this.gone) return; // an unloaded page's scripts do not run
        const text = this.serialise(message, 'toHost');
        later(this.delay, () => {
          if (generation !== this.generation) return;
          for (const listener of [...this.hostListeners]) listener(JSON.parse(text));
        });
      },
      listen: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
  }

  /** A message of somebody else on the same channel. */
  strayToPage(message: unknown): void {
    this.deliverToPage(JSON.stringify(message));
  }
  strayToHost(message: unknown): void {
    for (const listener of [...this.hostListeners]) listener(JSON.parse(JSON.stringify(message)));
  }

  reload(): void {
    this.generation++;
    this.pageListeners = new Set();
    this.waiting = [];
  }
  hide(): void {
    this.hidden = true;
  }
  show(): void {
    this.hidden = false;
    for (const text of this.waiting.splice(0)) this.deliverToPage(text);
  }
  close(): void {
    this.reload();
    this.gone = true;
  }

  private serialise(message: unknown, way: 'toPage' | 'toHost'): string {
    const text = JSON.stringify(message);
    this.traffic[way] += text.length;
    this.traffic.longest = Math.max(this.traffic.longest, text.length);
    return text;
  }

  private deliverToPage(text: string): void {
    const listeners = this.pageListeners;
    later(this.delay, () => {
      for (const listener of [...listeners]) if (listeners === this.pageListeners) listener(JSON.parse(text));
    });
  }
}
