/** LWay itself: the SR network adapted to the picture before it is applied ("Low-Res Leads the Way", CVPR 2024). */
export { adapt } from './adapt';
export type { AdaptRequest } from './request';
export {
  method,
  recipes,
  type AblatedOptions,
  type Ablation,
  type Cycle,
  type FullRecipe,
  type Recipe,
} from './recipe';
export { mixWeights } from './strength';
export { isEnd, knobs, loadEnds, mixEnds, nothingTunable, ownTuning, tunable, type Knob } from './ends';
export { estimate, tuningFor } from './estimate';
export type { AdaptationResult } from './result';
export { networkPicture, type NetworkPicture } from './picture';
