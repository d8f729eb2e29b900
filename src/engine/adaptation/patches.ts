import { crop as cut } from '../raster/planes';
import type { Raster } from '../raster/raster';
import type { Crop } from './crops';
import type { Noise } from './noise';
import { shuffled } from './random';
import type { Choice } from './recipe';
import { spanStarts } from './spans';

/** A square of the picture to learn from. */
export interface Patch {
  readonly pixels: Raster;
  readonly map: Raster;
  /** Noise of the picture that it is a piece of, where that is to be left out. */
  readonly noise?: Noise;
  /** The same, however faint: pairs would teach it. */
  readonly grain?: Noise;
}

/** Patches to learn from and patches to judge by; no pixel is in both. */
export interface ChosenPatches {
  readonly training: readonly Patch[];
  readonly heldOut: readonly Patch[];
}

interface Place {
  readonly crop: Crop;
  readonly x: number;
  readonly y: number;
  readonly energy: number;
}

/**
 * Chooses squares of `side` pixels where M says that there is something to learn: the picture's crops are laid out in
 * a grid of places, the richest of them are kept, and every fourth one is held out.
 *
 * @param wanted number of training and of held-out patches; fewer places are used several times over
 * @param choice 'uniform': any places instead of the richest
 */
export function choosePatches(
  crops: readonly Crop[],
  side: number,
  wanted: { readonly training: number; readonly heldOut: number },
  random: () => number,
  choice: Choice = 'detail',
): ChosenPatches {
  const all = crops.flatMap((crop) => placesIn(crop, side));
  const places = choice === 'uniform' ? shuffled(all, random) : all.sort((a, b) => b.energy - a.energy);
  const total = wanted.training + wanted.heldOut;
  const rich = places.slice(0, Math.max(2, total));
  // Of four places or fewer it is the second richest: the poorest, by itself, agrees with what the others may be far from.
  const heldOut = rich.filter((_, i) => i % 4 === (rich.length <= 4 ? 1 : 3));
  const training = rich.filter((place) => !heldOut.includes(place));
  return {
    training: fill(shuffled(training, random), wanted.training).map((place) => patchAt(place, side)),
    // A picture that holds a single place judges by what it learns from; the strength of the anchors guards it.
    heldOut: fill(heldOut.length > 0 ? heldOut : training, wanted.heldOut).map((place) => patchAt(place, side)),
  };
}

/** What sides of patches are a multiple of: the network's number, and 4 for what looks at its answer. */
export function sideUnit(multipleOf: number): number {
  let unit = multipleOf;
  while (unit % 4 !== 0) unit += multipleOf;
  return unit;
}

/**
 * Side of patches of at most `most` that divide `length` pixels evenly where that is a few of them: two patches of 48 would
 * leave a quarter of 128 pixels out, and what is never looked at pays for what is.
 */
export function evenSide(length: number, most: number): number {
  return length < 4 * most ? length / Math.ceil(length / most) : most;
}

function placesIn(crop: Crop, side: number): Place[] {
  const { width, height } = crop.pixels;
  const columns = spanStarts(width, side);
  return spanStarts(height, side).flatMap((y) =>
    columns.map((x) => {
      const { data } = cut(crop.map, { x, y, width: side, height: side });
      return { crop, x, y, energy: data.reduce((sum, value) => sum + value, 0) };
    }),
  );
}

function fill<T>(elements: readonly T[], count: number): T[] {
  return Array.from({ length: count }, (_, i) => elements[i % elements.length]!);
}

function patchAt({ crop, x, y }: Place, side: number): Patch {
  const rect = { x, y, width: side, height: side };
  return { pixels: cut(crop.pixels, rect), map: cut(crop.map, rect), noise: crop.noise, grain: crop.grain };
}

/** Arrays of one length, one after the other: the data of an [N, ...] tensor. */
export function joined(arrays: readonly Float32Array[]): Float32Array {
  const size = arrays[0]!.length;
  const result = new Float32Array(size * arrays.length);
  arrays.forEach((array, i) => result.set(array, i * size));
  return result;
}
