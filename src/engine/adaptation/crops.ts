import { copyRect, createRaster } from '../raster/planes';
import { highFrequencyMap, haar } from '../raster/wavelet';
import type { Raster, Rect } from '../raster/raster';
import type { Noise } from './noise';
import type { NetworkPicture } from './picture';
import { shuffled } from './random';
import { spanStarts } from './spans';

/** A piece of the picture that adaptation looks at, with the map M over it. */
export interface Crop {
  readonly rect: Rect;
  /** RGB, 0..1. */
  readonly pixels: Raster;
  /** High-frequency map, one channel, 0..1 over all crops together. */
  readonly map: Raster;
  /** Noise of the whole picture, where it is to be left out of the learning. */
  readonly noise?: Noise;
  /** The same noise, however faint. */
  readonly grain?: Noise;
}

/** Side of a crop in pixels; even, so that crops stacked for one wavelet transform do not touch. */
const SIDE = 160;

/**
 * Where crops lie: evenly over the picture, without overlap, `most` of them in random order where more fit.
 *
 * @param patch side of the patches that are to be cut from them
 */
export function cropGrid(width: number, height: number, most: number, random: () => number, patch = SIDE): Rect[] {
  const side = Math.max(SIDE, patch);
  const w = Math.min(side, width);
  const h = Math.min(side, height);
  // Spread, so that what does not divide evenly is left out between the crops and not at one side.
  const columns = spanStarts(width, w);
  const rects = spanStarts(height, h).flatMap((y) => columns.map((x) => ({ x, y, width: w, height: h })));
  return rects.length <= most ? rects : shuffled(rects, random).slice(0, most);
}

/** Reads the crops and computes M over all of them at once, so that it ranks detail across the whole picture. */
export async function readCrops(
  signal: AbortSignal,
  picture: NetworkPicture,
  rects: readonly Rect[],
): Promise<readonly Crop[]> {
  const pixels: Raster[] = [];
  for (const rect of rects) pixels.push(await picture.read(signal, rect));
  const { width, height } = rects[0]!;
  // Rows of an even number: the Haar transform of the stack is the stack of the transforms.
  const step = height + (height % 2);
  const stack = createRaster(width, step * pixels.length, 3);
  pixels.forEach((raster, i) => {
    copyRect(raster, { x: 0, y: 0, width, height }, stack, 0, i * step);
    // The last one, twice where their number is odd.
    copyRect(raster, { x: 0, y: height - 1, width, height: 1 }, stack, 0, (i + 1) * step - 1);
  });
  const map = highFrequencyMap(stack);
  return rects.map((rect, i) => ({
    rect,
    pixels: pixels[i]!,
    map: createRaster(width, height, 1, map.data.slice(i * step * width, (i * step + height) * width)),
  }));
}

/** How much there is to see in a crop. */
export interface Detail {
  /** Root mean square of the three Haar detail bands, 0..1 units. */
  readonly detail: number;
  /** Standard deviation of the noise, from the median of the diagonal band (Donoho 1994). */
  readonly noise: number;
  /** Standard deviation of the pixel values. */
  readonly contrast: number;
}

/** Measures {@link Detail} over some crops together. */
export function detailOf(crops: readonly Crop[]): Detail {
  let squares = 0;
  let count = 0;
  const diagonals: number[] = [];
  let sum = 0;
  let sumOfSquares = 0;
  let values = 0;
  for (const { pixels } of crops) {
    const { horizontal, vertical, diagonal } = haar(pixels);
    for (let i = 0; i < diagonal.data.length; i++) {
      squares += horizontal.data[i]! ** 2 + vertical.data[i]! ** 2 + diagonal.data[i]! ** 2;
      diagonals.push(Math.abs(diagonal.data[i]!));
    }
    count += diagonal.data.length * 3;
    for (const value of pixels.data) {
      sum += value;
      sumOfSquares += value * value;
    }
    values += pixels.data.length;
  }
  diagonals.sort((a, b) => a - b);
  const mean = sum / values;
  return {
    detail: Math.sqrt(squares / count),
    noise: diagonals[Math.floor(diagonals.length / 2)]! / 0.6745,
    contrast: Math.sqrt(Math.max(0, sumOfSquares / values - mean * mean)),
  };
}
