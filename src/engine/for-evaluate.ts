/**
 * What `lway evaluate` looks at beside what everybody may ask of the engine: the recipe, and parts of an adaptation by
 * themselves. Nothing that a person gets goes through here.
 */
export {
  adapt,
  method,
  networkPicture,
  recipes,
  type AblatedOptions,
  type Ablation,
  type AdaptationResult,
  type Cycle,
  type FullRecipe,
} from './adaptation';
export { cropGrid, readCrops } from './adaptation/crops';
export { embed } from './adaptation/embedding';
export { randomFrom } from './adaptation/random';
