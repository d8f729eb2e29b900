import { plane } from '../raster/planes';
import type { Raster } from '../raster/raster';

/** Side of the blocks, in LR pixels, whose means are compared. */
const block = 16;
/** How far a block's mean may move, 0..1: networks change contrast and noise, not the brightness of whole areas. */
const tolerance = 0.25;
/** A block with a pixel this far from its first one cannot come out constant. */
const contrast = 0.05;

/**
 * Looks at a network's answer to a tile before anybody else does: graphics drivers fail by returning zeros, noise or
 * NaN without an error (microsoft/onnxruntime#29130, #31626; upscayl/upscayl#1003).
 *
 * @param input 3 channels, 0..1
 * @param output 3 channels, `scale` times as large
 * @returns what is wrong with it, `null` where nothing is
 */
export function findFault(input: Raster, output: Raster, scale: number): string | null {
  for (let channel = 0; channel < 3; channel++) {
    const from = plane(input, channel);
    const to = plane(output, channel);
    for (let y = 0; y < input.height; y += block) {
      for (let x = 0; x < input.width; x += block) {
        const width = Math.min(block, input.width - x);
        const height = Math.min(block, input.height - y);
        const after = sumOf(to, output.width, x * scale, y * scale, width * scale, height * scale);
        // NaN and infinity survive every sum.
        if (after - after !== 0) return 'values that are not a number';
        if (
          !varies(to, output.width, x * scale, y * scale, width * scale, height * scale, 1e-6) &&
          varies(from, input.width, x, y, width, height, contrast)
        )
          return 'a flat area where the picture has detail';
        const shift =
          after / (width * height * scale * scale) - sumOf(from, input.width, x, y, width, height) / (width * height);
        // A few pixels say little of an area's mean.
        if (width * height >= 64 && Math.abs(shift) > tolerance) return 'an area whose brightness is not the picture’s';
      }
    }
  }
  return null;
}

function sumOf(values: Float32Array, stride: number, x: number, y: number, width: number, height: number): number {
  let sum = 0;
  for (let row = y; row < y + height; row++) {
    const end = row * stride + x + width;
    for (let i = end - width; i < end; i++) sum += values[i]!;
  }
  return sum;
}

/** Whether any value is farther than `by` from the first: found at once where there is a picture. */
function varies(
  values: Float32Array,
  stride: number,
  x: number,
  y: number,
  width: number,
  height: number,
  by: number,
): boolean {
  const first = values[y * stride + x]!;
  for (let row = y; row < y + height; row++) {
    const end = row * stride + x + width;
    for (let i = end - width; i < end; i++) if (Math.abs(values[i]! - first) > by) return true;
  }
  return false;
}
