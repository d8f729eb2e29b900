import type { Raster } from '../raster/raster';
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

function bandsOf({ data, width, height }: Raster): Float32Array[] {
  const area = width * height;
  const planes = [0, 1, 2].map(() => new Float32Array(area));
  for (let i = 0; i < area; i++) {
    const [red, green, blue] = [data[i]!, data[area + i]!, data[2 * area + i]!];
    const brightness = 0.299 * red + 0.587 * green + 0.114 * blue;
    planes[0]![i] = brightness;
    planes[1]![i] = blue - brightness;
    planes[2]![i] = red - brightness;
  }
  return planes.flatMap((plane) => {
    const smooth = box(plane, width, height, 1);
    const smoother = box(smooth, width, height, 2);
    return [plane.map((value, i) => value - smooth[i]!), smooth.map((value, i) => value - smoother[i]!)];
  });
}

/** Mean over the pixels of the plane that are at most `reach` away. */
function box(plane: Float32Array, width: number, height: number, reach: number): Float32Array {
  const along = (from: Float32Array, length: number, step: number, position: (i: number) => number) =>
    from.map((_, i) => {
      const at = position(i);
      const [first, last] = [Math.max(0, at - reach), Math.min(length - 1, at + reach)];
      let sum = 0;
      for (let k = first; k <= last; k++) sum += from[i + (k - at) * step]!;
      return sum / (last - first + 1);
    });
  const rows = along(plane, width, 1, (i) => i % width);
  return along(rows, height, width, (i) => Math.floor(i / width));
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
