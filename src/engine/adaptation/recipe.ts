import type { AdaptOptions } from '../contract';

/** What the upscaled picture is taken down with before it is compared with the picture. */
export type Cycle = 'area' | 'bicubic' | 'reconstructor' | 'none';

/** How patches are chosen. */
export type Choice = 'detail' | 'uniform';

/**
 * What the result is compared with: the picture as it is, or what of it noise and compression do not explain where they are
 * strong enough to be seen.
 */
export type Target = 'picture' | 'clean';

/** What a level decides, and a network may want otherwise. {@link recipes} are what the levels stand for. */
export interface Recipe {
  /** Adam steps at most. */
  readonly steps: number;
  /** Highest learning rate; it falls along a half cosine to a tenth of it. */
  readonly learningRate: number;
  /** Side of a patch, LR pixels. */
  readonly patch: number;
  /** Patches per step. */
  readonly batch: number;
  /** Batches of patches prepared for learning, and held out for the decision when to stop. */
  readonly trainingBatches: number;
  readonly heldOutBatches: number;
  /** The held-out loss is taken every so many steps… */
  readonly checkEvery: number;
  /** …and learning stops when it has not improved so many times in a row. */
  readonly patience: number;
  /**
   * Weight of the L1 distance of means over 8 × 8 pixels, M or not: M leaves smooth places out, and pairs drew their colours
   * away (docs/quality-more.md).
   */
  readonly meansWeight: number;
  /** Weight of the feature distance on the LR grid beside the L1 distance. */
  readonly featureWeight: number;
  /** Weight of the internal pairs: S(R(x, E(x))) against x. 0: none. */
  readonly pairsWeight: number;
  /** Share of that weight which the feature distance of the pairs gets, besides their L1 distance. */
  readonly pairFeatures: number;
  /** Weight of what downscaling cannot see of the change (anchor h). */
  readonly unseenAnchor: number;
  /** Weight of the feature distance between adapted and unadapted result (anchor a). */
  readonly featureAnchor: number;
  /** Most of the offsets that a start network gives for this picture, where there is one; 0: begin as it came. */
  readonly start: number;
  /** Of a network whose steps take long on the device: the part that computes last, or all of it all the same. */
  readonly large: 'part' | 'all';
  /** Seed of the choice and order of patches. */
  readonly seed: number;
}

/** What is the same for all levels and networks: {@link method}. Only ablations change it. */
export interface Method {
  readonly cycle: Cycle;
  readonly target: Target;
  /** From this share of weights for drawings on, 0..100, nothing is learned (docs/quality-more.md, "Drawings and matching"). */
  readonly mostDrawn: number;
  /** From this probability of being drawn on, 0..1, half of what was learned is kept ("Drawings and matching"). */
  readonly likelyDrawn: number;
  /** Share of what was learned that is kept, 0..1. */
  readonly keptShare: number;
  /** Weigh the cycle with the high-frequency map M (LWay, CVPR 2024, section 3.3). */
  readonly map: boolean;
  /**
   * Pull towards the original weights. Times the learning rate it is the share of the distance that a step takes back: 1e4
   * with 2e-5 takes back a fifth. 0: none.
   */
  readonly weightAnchor: number;
  /** Which weights learn. */
  readonly trainable: 'all' | 'biases-and-norms' | { readonly last: number };
  /** Patches are taken where M says that there is most detail, or anywhere with equal chance. */
  readonly choice: Choice;
}

/** Everything that decides how a network is adapted. */
export type FullRecipe = Recipe & Method;

/** Departures from recipe and method, for controls and ablations: only `lway evaluate` asks for them. Plain data. */
export interface Ablation extends Partial<FullRecipe> {
  /** Taken for the picture's degradation embedding. */
  readonly embedding?: Float32Array;
}

/** {@link AdaptOptions} for those who come by the inner entry. */
export interface AblatedOptions extends AdaptOptions {
  ablation?: Ablation;
}

export const method: Method = {
  cycle: 'area',
  target: 'clean',
  mostDrawn: 33,
  likelyDrawn: 0.5,
  keptShare: 1,
  map: true,
  weightAnchor: 0,
  trainable: 'all',
  choice: 'detail',
};

const standard: Recipe = {
  steps: 8,
  learningRate: 6e-5,
  patch: 48,
  batch: 4,
  trainingBatches: 6,
  heldOutBatches: 2,
  checkEvery: 2,
  patience: 2,
  meansWeight: 2,
  featureWeight: 0.07,
  pairsWeight: 2,
  pairFeatures: 0.12,
  unseenAnchor: 1,
  featureAnchor: 0.5,
  start: 1,
  large: 'part',
  seed: 1,
};

/** The levels that a person chooses from. */
export const recipes: Readonly<Record<'quick' | 'standard' | 'thorough', Recipe>> = {
  quick: { ...standard, steps: 4, trainingBatches: 3, heldOutBatches: 1 },
  standard,
  thorough: {
    ...standard,
    steps: 24,
    trainingBatches: 12,
    heldOutBatches: 4,
    checkEvery: 3,
    patience: 3,
    large: 'all',
  },
};

/** Steps over which the learning rate rises: Adam's first steps move every weight by as much, all at once. */
const WARM_UP = 4;

/** The learning rate of step `step` (from 0) of `steps`: a short rise, then half a cosine down to a tenth. */
export function learningRateAt(recipe: Recipe, step: number): number {
  const rising = Math.min(1, (step + 1) / WARM_UP);
  const falling = 0.5 * (1 + Math.cos((Math.PI * step) / Math.max(1, recipe.steps)));
  return recipe.learningRate * rising * (0.1 + 0.9 * falling);
}
