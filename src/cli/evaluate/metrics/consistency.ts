import { type Raster, resize } from '../../../engine';
import { luma } from './luma';
import { psnr } from './psnr';

/**
 * How far a result agrees with the picture that it was made from: PSNR in dB between the picture's luma and that of
 * the result averaged down over areas to its size. Needs no ground truth; says nothing about detail.
 */
export function consistency(result: Raster, picture: Raster): number {
  return psnr(luma(resize(result, picture.width, picture.height, 'area')), luma(picture));
}
