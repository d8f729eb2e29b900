import { bleedColour } from '../raster/alpha';
import { alphaOf, colourOf, grayToRgb } from '../raster/planes';
import type { PictureInfo, Raster } from '../raster/raster';
import { encodeDisplay, splitExcess } from '../raster/transfer';

/** LR pixels by which visible colour is carried under transparency; tiles of pictures with alpha see as much more. */
export const bleedReach = 8;

/** A picture as networks see it, whether they enlarge it or learn from it. */
export interface Seen {
  /** 3 channels, display-encoded, 0..1, colour filled in under transparency; three equal ones where it is gray. */
  readonly rgb: Raster;
  /** What lies outside 0..1 and goes round the network: 1 or 3 channels; null where nothing does. */
  readonly excess: Raster | null;
}

/** @param picture any channels; is used up */
export function seenByNetwork(picture: Raster, encoding: PictureInfo['encoding']): Seen {
  if (encoding === 'linear') encodeDisplay(picture);
  bleedColour(picture, bleedReach);
  const colour = colourOf(picture);
  const excess = splitExcess(colour);
  if (colour.channels === 1) return { rgb: grayToRgb(colour), excess };
  return { rgb: alphaOf(picture) === null ? colour : { ...colour, data: colour.data.slice() }, excess };
}
