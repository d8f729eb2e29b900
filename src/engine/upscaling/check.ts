import { plane } from '../raster/planes';
import type { Raster } from '../raster/raster';

/** Side of the blocks, in LR pixels, whose means are compared. */
const block = 16;
/** How far a block's mean may move, 0..1: networks change contrast and noise, not the brightness of whole areas. */
const tolerance = 0.25;
/** A block that varies at least this much (largest minus smallest value) cannot come out constant. */
const contrast = 0.1;

/**
 * Looks at a network's answer to a tile before anybody else does: graphics drivers fail by returning zeros, noise or
 * NaN without an error (microsoft/onnxruntime#29130, #31626; upscayl/upscayl#1003).
 *
 * @param input 3 channels, 0..1
 * @param output 3 channels, `scale` times as large
 * @returns what is wrong with it, `null` where nothing is
 */
export function findFault(input: Raster, output: Raster, scale: number): string | null {
  for (const value of output.data) if (value - value !== 0) return 'values that are not a number';
  for (let channel = 0; channel < 3; channel++) {
    const from = plane(input, channel);
    const to = plane(output, channel);
    for (let y = 0; y < input.height; y += block) {
      for (let x = 0; x < input.width; x += block) {
        const width = Math.min(block, input.width - x);
        const height = Math.min(block, input.height - y);
        const before = statistics(from, input.width, x, y, width, height);
        const after = statistics(to, output.width, x * scale, y * scale, width * scale, height * scale);
        if (before.high - before.low > contrast && after.high - after.low < 1e-6)
          return 'an area of one colour where the picture has detail';
        // A few pixels say little of an area's mean.
        if (width * height >= 64 && Math.abs(after.mean - before.mean) > tolerance)
          return 'an area whose brightness is not the picture’s';
      }
    }
  }
  return null;
}

function statistics(values: Float32Array, stride: number, x: number, y: number, width: number, height: number) {
  let sum = 0;
  let low = Infinity;
  let high = -Infinity;
  for (let row = y; row < y + height; row++) {
    for (let i = row * stride + x; i < row * stride + x + width; i++) {
      const value = values[i]!;
      sum += value;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return { mean: sum / (width * height), low, high };
}
