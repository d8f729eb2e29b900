import { LWayError } from '../engine';
import type { UpscaleSettings } from './settings';

/** The engine's range of output scales. */
export const minScale = 1;
export const maxScale = 8;

/** Factors that are taken. */
export interface Scales {
  readonly least: number;
  readonly most: number;
}

const ofNetworks: Scales = { least: minScale, most: maxScale };

/**
 * Size of the result for a picture of `width`×`height`: the factor applied, or the largest size with the picture's own
 * proportions that fits into the wanted one. Never less than a pixel.
 * @throws LWayError `bad-option` where the factor would lie outside of `scales`, which are 1..8 unless given
 */
export function resultSize(
  size: UpscaleSettings['size'],
  width: number,
  height: number,
  { least, most } = ofNetworks,
): { width: number; height: number } {
  const scale = 'scale' in size ? size.scale : Math.min(size.width / width, size.height / height);
  if (!(scale >= least && scale <= most)) {
    if ('scale' in size) {
      throw new LWayError('bad-option', `The scale ${scale} is out of range.`, 'Choose a factor from 1 to 8.');
    }
    const smaller = scale < least;
    const limit = smaller ? [width, height] : [width * most, height * most];
    throw new LWayError(
      'bad-option',
      `A picture of ${width}×${height} pixels cannot be upscaled to fit ${size.width}×${size.height}: that is ` +
        (smaller ? 'smaller than it is.' : `more than ${most} times its size.`),
      `Choose a size of ${smaller ? 'at least' : 'at most'} ${limit[0]}×${limit[1]}.`,
    );
  }
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale));
  if ('scale' in size) return { width: side(width), height: side(height) };
  // Rounding must not push the tight side over what was asked for.
  return { width: Math.min(side(width), size.width), height: Math.min(side(height), size.height) };
}
