import type { Losses } from '../graph';

/**
 * Terms of the objective by name (objective.ts). `disagreement`, the mean squared error of the result taken down again,
 * `colours`, the part of it that means over 8 × 8 pixels have, and `grain`, the mean size of what taking down does not see in
 * flat places, are looked at but not learned from.
 */
export type Term =
  'cycle' | 'disagreement' | 'colours' | 'grain' | 'means' | 'features' | 'unseen' | 'kept' | 'pairs' | 'pairFeatures';

/** Losses of an adaptation: the weighted sum that is learned from, and its terms without their weights. */
export type AdaptationLosses = { readonly total: number } & { readonly [term in Term]?: number };

/** The losses of a training run as those of an adaptation. */
export function adaptationLosses(losses: Losses): AdaptationLosses {
  const { total } = losses;
  if (total === undefined) throw new Error('a training step without a total loss');
  return { ...losses, total };
}

/** Means over batches of equal size. */
export function meanLosses(all: readonly Losses[]): AdaptationLosses {
  const result: Record<string, number> = {};
  for (const losses of all) {
    for (const [name, value] of Object.entries(losses)) result[name] = (result[name] ?? 0) + value / all.length;
  }
  return adaptationLosses(result);
}
