import type { Refusal } from './refusal';
import type { Trained } from './train';

/** Improvements of the held-out loss below this are chance. */
export const LEAST_IMPROVEMENT = 0.01;

/** What is kept of an adaptation. */
export interface Verdict {
  /** Whether the learned weights are kept, or those that a start gave. */
  readonly learned: boolean;
  /** Steps after which the kept weights stood; 0: those of the start. */
  readonly steps: number;
  /** Share by which the disagreement with the picture fell, start included, 0..1. */
  readonly improvement: number;
}

/** Whether anything was gained that is worth keeping. */
export function verdict(trained: Trained, started: boolean): Verdict | Refusal {
  const { general, before, best, bestStep, agreed, stopped, improvement, weights } = trained;
  const learned = weights !== undefined && improvement >= LEAST_IMPROVEMENT;
  if (!learned && !started) return { refused: agreed ? 'agrees' : stopped ? 'stopped' : 'no-gain' };
  const now = learned ? best : before;
  const fell = general.cycle === undefined ? improvement : Math.max(0, 1 - now.cycle! / general.cycle);
  return { learned, steps: learned ? bestStep : 0, improvement: fell };
}
