import type { Network } from '../network/registry';
import { evenSide } from './patches';
import type { NetworkPicture } from './picture';
import { method, recipes, type FullRecipe } from './recipe';
import type { Refusal } from './refusal';
import type { AdaptRequest } from './request';

/** What is decided before anything is looked at. */
export interface Plan {
  readonly recipe: FullRecipe;
  readonly model: Network;
  /** Side of the patches, LR pixels. */
  readonly side: number;
  /** The pictures that hold at least one patch. */
  readonly pictures: readonly NetworkPicture[];
  /** Whether a series was asked for, however many of it take part. */
  readonly several: boolean;
}

/** The recipe of the level, with what the network has of its own and what the ablation changes. */
export function planAdaptation({ picture, series = [], model, options }: AdaptRequest): Plan | Refusal {
  const recipe: FullRecipe = {
    ...method,
    ...recipes[options.level],
    ...model.entry.adaptation,
    ...options.ablation,
  };
  const all = [picture, ...series];
  const side = Math.max(...all.map((each) => patchSide(each, model, recipe.patch)));
  const { size } = model.entry.input;
  if (size !== undefined && size.width !== size.height) return { refused: 'oblong' };
  if (side === 0) return { refused: 'too-small' };
  const pictures = all.filter(({ width, height }) => Math.min(width, height) >= side);
  return { recipe, model, side, pictures, several: series.length > 0 };
}

/**
 * Side of the patches; 0 where the picture does not hold one that is worth comparing.
 *
 * @param most side that the recipe asks for
 */
export function patchSide(picture: Pick<NetworkPicture, 'width' | 'height'>, model: Network, most: number): number {
  const { size } = model.entry.input;
  const least = Math.min(picture.width, picture.height);
  if (size !== undefined) return size.width === size.height && size.width <= least ? size.width : 0;
  const multiple = Math.max(4, model.entry.multipleOf);
  const wanted = Math.max(evenSide(least, most), Math.min(16, least), multiple <= least ? multiple : 0);
  const side = Math.floor(wanted / multiple) * multiple;
  return side >= 16 ? side : 0;
}
