/** How long the worker may stay silent, in milliseconds. */
export interface Patience {
  /** Before the first tile or step is done: shaders are compiled, memory is set up. */
  first: number;
  /** Later: this many times as long as the slowest tile so far, but at least `least`. */
  factor: number;
  least: number;
  /** After a cancel, before the worker is ended. */
  cancel: number;
}

export const usualPatience: Patience = { first: 300_000, factor: 10, least: 60_000, cancel: 1_500 };

/** Calls `onSilence` once where a job gives no sign of life for longer than its pace so far explains. */
export class Watchdog {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private slowest = 0;
  private lastTile: number | null = null;
  private stopped = false;

  constructor(
    private readonly patience: Patience,
    private readonly signal: AbortSignal,
    private readonly onSilence: () => void,
  ) {}

  /** The worker has given a sign of life, or something new to do: the time begins anew. */
  restart(): void {
    this.pause();
    if (this.stopped) return;
    const { first, factor, least, cancel } = this.patience;
    const usual = this.slowest > 0 ? Math.max(least, factor * this.slowest) : first;
    this.timer = setTimeout(this.onSilence, this.signal.aborted ? cancel : usual);
  }

  /** A tile or step is done: what one takes says how long to wait for the next. */
  tileDone(): void {
    const now = performance.now();
    if (this.lastTile !== null) this.slowest = Math.max(this.slowest, now - this.lastTile);
    this.lastTile = now;
  }

  /** While the page itself is at work: its time does not count against the worker. */
  pause(): void {
    clearTimeout(this.timer);
  }

  stop(): void {
    this.stopped = true;
    this.pause();
  }
}
