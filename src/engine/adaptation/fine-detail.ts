import { boxMeans } from '../raster/box';
import { plane } from '../raster/planes';
import type { Raster } from '../raster/raster';
import { toYCbCr } from '../raster/ycbcr';
import type { Crop } from './crops';

const BLOCK = 8;
const QUANTILES = [0.02, 0.1, 0.5];
const FLOOR = 0.3;

/**
 * How strong fine detail is where a picture has least of it: what tells noise and grain from texture.
 *
 * For brightness and two colour differences, each in a fine and a coarser band: the logarithms of the root mean squares, in
 * 8-bit steps, of the blocks of 8 × 8 pixels that lie at the quantiles. `training/lway/fine_detail.py` computes the same.
 *
 * @param crops sides of 8 and more
 * @returns 18 numbers
 */
export function fineDetail(crops: readonly Crop[]): Float32Array {
  const strengths: number[][] = Array.from({ length: 6 }, () => []);
  for (const { pixels } of crops) {
    bandsOf(pixels).forEach((band, i) => addBlocks(strengths[i]!, band, pixels.width, pixels.height));
  }
  const numbers = strengths.flatMap((values) => {
    values.sort((a, b) => a - b);
    return QUANTILES.map((q) => Math.log(quantile(values, q) + FLOOR));
  });
  return Float32Array.from(numbers);
}

/** From Y, Cb and Cr to brightness, blue less brightness and red less brightness. */
const SCALES = [1, 1.772, 1.402];

/** The fine and the coarser band of each, [height, width]. */
function bandsOf(rgb: Raster): Float32Array[] {
  const ycc = toYCbCr(rgb);
  const { data, width, height } = ycc;
  const smooth = boxMeans(data, width, height, 1);
  const smoother = boxMeans(smooth, width, height, 2);
  const bands = [data.map((value, i) => value - smooth[i]!), smooth.map((value, i) => value - smoother[i]!)];
  return SCALES.flatMap((scale, channel) =>
    bands.map((band) => plane({ ...ycc, data: band }, channel).map((value) => scale * value)),
  );
}

function addBlocks(strengths: number[], band: Float32Array, width: number, height: number): void {
  for (let top = 0; top + BLOCK <= height; top += BLOCK) {
    for (let left = 0; left + BLOCK <= width; left += BLOCK) {
      let squares = 0;
      for (let y = top; y < top + BLOCK; y++) {
        for (let x = left; x < left + BLOCK; x++) squares += band[y * width + x]! ** 2;
      }
      strengths.push(255 * Math.sqrt(squares / BLOCK ** 2));
    }
  }
}

/** Between the two sorted values that `q` falls between, in proportion. */
function quantile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}
