import type { AdaptLevel } from '../actions/settings';
import type { EngineEvent } from '../engine';

const key = 'lway.pace.v1';

/** What this machine has shown, by network: seconds for a megapixel of the original, and for matching at each level. */
interface Shown {
  megapixel?: number;
  /** Measured with all that is set up once, such as shaders: it will be less. */
  rough?: boolean;
  match: Partial<Record<AdaptLevel, number>>;
}

/** Where it is kept; the page's own storage, or nowhere. */
type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem'>;

/** Tells how long an upscale will take on this machine, from those that it has seen: by the first tiles of each. */
export class Pace {
  private shown: Record<string, Shown> = {};

  constructor(private readonly storage: Storage | null = pageStorage()) {
    try {
      const kept: unknown = JSON.parse(this.storage?.getItem(key) ?? '{}');
      if (typeof kept === 'object' && kept !== null) this.shown = kept as Record<string, Shown>;
    } catch {
      // Measured anew.
    }
  }

  /** @param pixels of the original; @returns seconds, null while not known */
  estimate(network: string, pixels: number, level: AdaptLevel): number | null {
    const upscaling = this.upscaling(network, pixels);
    const matching = level === 'off' ? 0 : this.shown[network]?.match?.[level];
    return upscaling === null || matching === undefined ? null : matching + upscaling;
  }

  /** The same without matching. */
  upscaling(network: string, pixels: number): number | null {
    const { megapixel } = this.shown[network] ?? {};
    return megapixel === undefined ? null : (megapixel * pixels) / 1e6;
  }

  /** Takes what a piece that was tried has shown. @param megapixel seconds for one of an original like this */
  tried(network: string, megapixel: number): void {
    this.upscaled(network, megapixel, false);
  }

  /**
   * Listens to one upscale.
   *
   * @param enough ends its matching early: how long that would have taken is not known then
   */
  meter(
    network: string,
    pixels: number,
    level: AdaptLevel,
    enough?: AbortSignal,
    now = () => performance.now(),
  ): (event: EngineEvent) => void {
    let phase = '';
    /** A picture that is left alone, such as a drawing, says nothing of how long matching takes. */
    let learned = false;
    let began = now();
    let first: { done: number; at: number } | null = null;
    return (event) => {
      if (event.type === 'phase') {
        // A matching that had to begin anew, its device lost, is followed by another.
        if (learned && event.phase === 'upscaling' && enough?.aborted !== true && level !== 'off')
          this.matched(network, level, (now() - began) / 1000);
        phase = event.phase;
        began = now();
        learned = false;
      }
      if (event.type === 'progress' && event.unit === 'step') learned = true;
      if (event.type !== 'progress' || event.unit !== 'tile' || phase !== 'upscaling' || event.done === 0) return;
      // The first tile pays for shaders and memory; where there is no other, it has to do.
      const [tiles, since] = first ? [event.done - first.done, first.at] : [event.done, began];
      if (first || event.total === 1) {
        this.upscaled(network, ((now() - since) / 1000 / tiles) * (event.total / (pixels / 1e6)), first !== null);
      }
      first ??= { done: event.done, at: now() };
    };
  }

  /** @param sure measured without what is set up once */
  private upscaled(network: string, megapixel: number, sure: boolean): void {
    const entry = this.entry(network);
    const { megapixel: before, rough = false } = entry;
    if (!Number.isFinite(megapixel) || (!sure && before !== undefined && !rough)) return;
    entry.megapixel = sure || before === undefined ? megapixel : Math.min(before, megapixel);
    entry.rough = !sure;
    this.keep();
  }

  private matched(network: string, level: AdaptLevel, seconds: number): void {
    this.entry(network).match[level] = seconds;
    this.keep();
  }

  private entry(network: string): Shown {
    const entry = this.shown[network];
    return entry && typeof entry.match === 'object' ? entry : (this.shown[network] = { match: {} });
  }

  private keep(): void {
    try {
      this.storage?.setItem(key, JSON.stringify(this.shown));
    } catch {
      // For this visit only.
    }
  }
}

function pageStorage(): Storage | null {
  try {
    return (globalThis as { localStorage?: Storage }).localStorage ?? null;
  } catch {
    return null;
  }
}
