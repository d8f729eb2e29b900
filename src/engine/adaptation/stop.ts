import type { AdaptationLosses } from './loss-values';

/** Decides when to stop, and remembers the best weights, from losses on patches that are not learned from. */
export class StopRule {
  private best: number;
  private lowest: number;
  private bestStep = 0;
  private misses = 0;

  /**
   * @param before the held-out loss of the unadapted network
   * @param patience checks without improvement after which to stop
   * @param least steps before which it never stops: at first the anchors, zero for the unadapted network, can only rise
   */
  constructor(
    private readonly before: number,
    private readonly patience: number,
    private readonly least: number,
  ) {
    this.best = before;
    this.lowest = before;
  }

  /**
   * Takes the held-out loss after `step` steps: whether it is the best so far, and whether to stop.
   *
   * @param stands these weights may be kept ({@link standsBy}). Past those that may not, learning goes on while the loss falls:
   * what disagrees on the way may agree at the end.
   */
  check(step: number, heldOut: number, stands = true): { best: boolean; stop: boolean } {
    const fell = heldOut < this.lowest;
    if (fell) this.lowest = heldOut;
    this.misses = fell ? 0 : this.misses + 1;
    const best = stands && heldOut < this.best;
    if (best) {
      this.best = heldOut;
      this.bestStep = step;
    }
    return { best, stop: (this.misses >= this.patience && step >= this.least) || !Number.isFinite(heldOut) };
  }

  /** Steps after which the loss was lowest; 0: never lower than before. */
  get bestAt(): number {
    return this.bestStep;
  }

  /** Share by which the loss fell, 0..1. */
  get improvement(): number {
    return this.before > 0 ? 1 - this.best / this.before : 0;
  }
}

/** One step of 8 bits, squared. */
const ONE_STEP = (1 / 255) ** 2;

/**
 * Whether the result, taken down again, already is the picture to within one step of 8 bits (root mean square). Then there is
 * nothing that could be seen to put right, and what a network learns all the same can only go wrong: the discrepancy
 * principle. Nearly flat pictures are harmed that way (docs/quality-more.md).
 */
export function agreesAlready({ disagreement }: AdaptationLosses): boolean {
  return disagreement !== undefined && disagreement < ONE_STEP;
}

/** By how much the squared disagreement may grow: held-out places are few, and a twentieth of its root is chance. */
const LOOSENING = 1.1;

/** By how much flat places may get grainier (docs/quality-more.md, "Grain in flat places"), and what is no grain to begin with. */
const MOST_GRAIN = 1.15;
const NO_GRAIN = 0.01 / 255;

/**
 * Whether a network may be kept, from the losses before and now. Whatever pairs and features gained, one that clearly agrees
 * less with the picture than before has not been adapted to it, and what is flat has to stay flat.
 */
export function standsBy(before: AdaptationLosses, now: AdaptationLosses): boolean {
  const agrees = (now.disagreement ?? 0) <= LOOSENING * (before.disagreement ?? 0);
  return agrees && (now.grain ?? 0) <= MOST_GRAIN * (before.grain ?? 0) + NO_GRAIN;
}
