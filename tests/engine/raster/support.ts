import { randomFrom } from '../../../src/engine/adaptation/random';
import { createRaster } from '../../../src/engine/raster/planes';
import type { Channels, Raster } from '../../../src/engine/raster/raster';

export { randomFrom as randomNumbers };

/** A raster of pseudo-random values in 0..1, the same for the same seed. */
export function noise(width: number, height: number, channels: Channels, seed = 1): Raster {
  const random = randomFrom(seed);
  const raster = createRaster(width, height, channels);
  for (let i = 0; i < raster.data.length; i++) raster.data[i] = random();
  return raster;
}

/** A raster whose values come from a function of channel, row and column. */
export function drawn(
  width: number,
  height: number,
  channels: Channels,
  value: (channel: number, row: number, column: number) => number,
): Raster {
  const raster = createRaster(width, height, channels);
  for (let channel = 0, i = 0; channel < channels; channel++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) raster.data[i++] = value(channel, row, column);
    }
  }
  return raster;
}

/** Largest difference between two lists of numbers of the same length. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** A signal that never fires. */
export const never = new AbortController().signal;
