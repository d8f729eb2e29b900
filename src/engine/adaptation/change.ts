import type { AdaptationLosses } from './loss-values';
import { SEEN_NOISE, strengthOf, type Noise } from './noise';

/** What an adaptation changed, in terms of the picture. */
export interface Change {
  /** Colours and brightness, means over 8 × 8 pixels, are clearly closer to the picture's. */
  readonly colours: boolean;
  /** So is what is finer than that: edges and textures. */
  readonly edges: boolean;
  /** What was kept out of the learning. */
  readonly noise: boolean;
  readonly compression: boolean;
}

/** Errors of colour below this nobody sees: half a step of 8 bits, squared. */
const INVISIBLE = (0.5 / 255) ** 2;
/** Shares by which the squared error must fall to be worth a word: a tenth and a twentieth of the error itself. */
const COLOURS_FELL = 0.19;
const EDGES_FELL = 0.1;

/** What held-out patches say of an adaptation, from the losses before and after it. */
export function changeOf(before: AdaptationLosses, after: AdaptationLosses, noises: readonly Noise[]): Change {
  const edges = ({ disagreement = 0, colours = 0 }: AdaptationLosses) => Math.max(0, disagreement - colours);
  const fell = (first: number, now: number, share: number) => first > INVISIBLE && now < first * (1 - share);
  return {
    colours: fell(before.colours ?? 0, after.colours ?? 0, COLOURS_FELL),
    edges: fell(edges(before), edges(after), EDGES_FELL),
    ...leftOut(noises),
  };
}

/** What is kept out of the learning. */
export function leftOut(noises: readonly Noise[]): Pick<Change, 'noise' | 'compression'> {
  return {
    noise: noises.some((noise) => strengthOf(noise) > SEEN_NOISE),
    compression: noises.some(({ quality }) => quality !== null),
  };
}
