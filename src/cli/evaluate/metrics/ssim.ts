import type { Raster } from '../../../engine';
import { filterInside, gaussianWeights, type Field } from './gaussian';

/**
 * Mean structural similarity of two planes: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error
 * visibility to structural similarity", 2004: Gaussian window of 11×11 with sigma 1.5, K1 = 0.01, K2 = 0.03, over all
 * places where the window lies inside. The same as scikit-image's `structural_similarity(gaussian_weights=True,
 * sigma=1.5, use_sample_covariance=False)`.
 *
 * @param a,b one channel, at least 11×11
 * @param range difference between the largest and the smallest value there can be
 */
export function ssim(a: Raster, b: Raster, range = 255): number {
  if (a.width !== b.width || a.height !== b.height || a.channels !== 1 || b.channels !== 1) {
    throw new RangeError('Only planes of the same size can be compared.');
  }
  const window = gaussianWeights(1.5, 5);
  const { width, height } = a;
  const field = (value: (i: number) => number): Field =>
    filterInside({ width, height, data: Float64Array.from({ length: width * height }, (_, i) => value(i)) }, window);
  const meanA = field((i) => a.data[i]!).data;
  const meanB = field((i) => b.data[i]!).data;
  const squareA = field((i) => a.data[i]! ** 2).data;
  const squareB = field((i) => b.data[i]! ** 2).data;
  const product = field((i) => a.data[i]! * b.data[i]!).data;
  const c1 = (0.01 * range) ** 2;
  const c2 = (0.03 * range) ** 2;
  let sum = 0;
  for (let i = 0; i < meanA.length; i++) {
    const [x, y] = [meanA[i]!, meanB[i]!];
    const covariance = product[i]! - x * y;
    const variances = squareA[i]! - x * x + (squareB[i]! - y * y);
    sum += ((2 * x * y + c1) * (2 * covariance + c2)) / ((x * x + y * y + c1) * (variances + c2));
  }
  return sum / meanA.length;
}
