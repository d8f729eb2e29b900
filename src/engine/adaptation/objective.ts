import type { GraphBuilder, Loss, LossValues, Value } from '../graph';
import type { FeatureDistance } from './features';
import { areaDown, type Degrader } from './degraders';
import type { Term } from './loss-values';
import type { FullRecipe } from './recipe';

/** Data of one training step by name, besides the network's own input x [B, 3, p, p]. */
export const dataNames = {
  /** M over the patches, [B, 1, p, p]. */
  map: 'lway.map',
  /** What the result is compared with, [B, 3, p, p] RGB: the picture, or what of it is no noise. */
  target: 'lway.target',
  /** The unadapted result of the patches, [B, 3, s p, s p]. */
  before: 'lway.before',
  /** Pieces of the picture taken down once more, and those pieces: [P, 3, q, q] and [P, 3, s q, s q]. */
  pairLow: 'lway.pair.low',
  pairHigh: 'lway.pair.high',
} as const;

/** LR pixels at a patch's border that are not compared: there the network sees padding instead of the picture. */
export const BORDER = 3;

/** Places where M is below this share of its largest value are flat, the more so the lower it is. */
const FLAT = 0.1;

/** Changes below this, 0..1, cost little at the anchor: one step of 8 bits. */
const SLACK = 1 / 255;

/**
 * The objective of the adaptation.
 *
 * `cycle`: M times the L1 distance between the result, taken down again, and the picture (LWay, CVPR 2024), here on the
 * LR grid and without the picture's noise; `means`: the same of means over 8 × 8 pixels, M or not; `features`: the same in
 * feature space; `pairs` and `pairFeatures`: supervised, the picture itself as the target of its reduced copy; `unseen` and
 * `kept`: anchors that hold what downscaling cannot see, without which the network fills the high frequencies with patterns.
 */
export function objective(
  recipe: FullRecipe,
  scale: number,
  degrade: Degrader | undefined,
  distance: FeatureDistance | undefined,
): (b: GraphBuilder, values: LossValues) => Loss {
  return (b, { output, inputs, network }) => {
    const terms: { [term in Term]?: Value } = {};
    const weighted: Value[] = [];
    const add = (name: Term, term: Value, weight: number) => {
      terms[name] = term;
      weighted.push(b.mul(term, weight));
    };
    const x = inputs[dataNames.target]!;
    if (degrade !== undefined) {
      const low = degrade(b, output);
      const difference = b.sub(inner(b, low, BORDER), inner(b, x, BORDER));
      const miss = b.abs(difference);
      add('cycle', recipe.map ? weightedMean(b, miss, inner(b, inputs[dataNames.map]!, BORDER)) : b.mean(miss), 1);
      // Not learned from: M leaves smooth places out, and they must not pay for the others.
      terms.disagreement = b.mean(b.square(miss));
      const block = Math.min(8, difference.shape[2] as number);
      const means = b.averagePool(difference, [block, block]);
      terms.colours = b.mean(b.square(means));
      if (recipe.meansWeight > 0) add('means', b.mean(b.abs(means)), recipe.meansWeight);
      if (distance !== undefined && recipe.featureWeight > 0) {
        const enlarge = (value: Value) => b.resize(value, [2, 2]);
        add('features', distance(b, b.clip(enlarge(low), 0, 1), enlarge(x)), recipe.featureWeight);
      }
    }
    const enlarge = (value: Value) => b.resize(value, [scale, scale]);
    const flat = b.relu(b.sub(1, b.mul(inputs[dataNames.map]!, 1 / FLAT)));
    terms.grain = weightedMean(b, b.abs(b.sub(output, enlarge(areaDown(b, output, scale)))), enlarge(flat));
    const before = inputs[dataNames.before]!;
    if (recipe.unseenAnchor > 0) {
      const change = b.sub(output, before);
      const seen = b.resize(areaDown(b, change, scale), [scale, scale], { mode: 'cubic' });
      // Charbonnier: an absolute value would price the first, smallest change as high as the last.
      const unseen = b.sub(b.sqrt(b.add(b.square(b.sub(change, seen)), SLACK ** 2)), SLACK);
      add('unseen', b.mean(unseen), recipe.unseenAnchor);
    }
    if (distance !== undefined && recipe.featureAnchor > 0) {
      add('kept', distance(b, b.clip(output, 0, 1), b.clip(before, 0, 1)), recipe.featureAnchor);
    }
    if (recipe.pairsWeight > 0) {
      const result = network(inputs[dataNames.pairLow]!);
      const target = inputs[dataNames.pairHigh]!;
      const border = 2 * scale;
      add('pairs', b.mean(b.abs(b.sub(inner(b, result, border), inner(b, target, border)))), recipe.pairsWeight);
      if (distance !== undefined)
        add('pairFeatures', distance(b, b.clip(result, 0, 1), target), recipe.pairsWeight * recipe.pairFeatures);
    }
    return { total: b.sum(weighted), terms, shown: b.slice(output, [0], [1], [0]) };
  };
}

/** All but `border` pixels at each side. */
function inner(b: GraphBuilder, value: Value, border: number): Value {
  const [, , height, width] = value.shape as readonly [number, number, number, number];
  return b.slice(value, [border, border], [height - border, width - border], [2, 3]);
}

/** Mean of [N, C, H, W] weighted by [N, 1, H, W]; the weights' sum may be zero. */
function weightedMean(b: GraphBuilder, value: Value, weight: Value): Value {
  const channels = value.shape[1]!;
  const total = b.add(b.mul(b.reduceSum(weight, undefined, false), channels), 1e-6);
  return b.div(b.reduceSum(b.mul(value, weight), undefined, false), total);
}
