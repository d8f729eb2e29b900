import { BLOCK, forwardDct } from '../raster/dct';
import type { Raster, Rect } from '../raster/raster';

/** The tables that ITU-T T.81, annex K, gives as examples and nearly all programs scale, row by row. */
const LUMA = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
  87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];
/** Of the one for colour, every other row and column: what of it is not 99. By {@link LUMA}'s index. */
const CHROMA: Readonly<Record<number, number>> = { 0: 17, 1: 24, 8: 24, 9: 56 };

/** Qualities that are looked for: above, quantisation is not coarser than a picture's own noise. */
const QUALITIES = Array.from({ length: 21 }, (_, i) => 30 + 3 * i);
/** Low frequencies, by which a quality is known: they are rarely all zero. */
const TOLD_BY = [1, 2, 3, 8, 9, 10, 16, 17, 24];
/** Blocks that are looked at, and values away from zero that are needed. */
const MOST_BLOCKS = 300;
const LEAST_VALUES = 60;
/** Mean cosine of the phase of values on the grid of quantisation steps: 1 on the grid, 0 or less anywhere else. */
const LEAST_FIT = 0.35;

/** A piece of a picture, luma 0..1, and where it lies. */
export interface LumaPiece {
  readonly rect: Rect;
  readonly luma: Raster;
}

/**
 * The quality (30..90, as the Independent JPEG Group's programs count it) that a picture was last compressed with, told by
 * its DCT coefficients, which lie on multiples of the quantisation steps. Null where none shows: never compressed, better
 * than that, or changed in size since.
 */
export function jpegQuality(pieces: readonly LumaPiece[]): number | null {
  let best: { fit: number; quality: number | null } = { fit: LEAST_FIT, quality: null };
  for (let phase = 0; phase < BLOCK * BLOCK; phase++) {
    const values = coefficientsAt(pieces, phase % BLOCK, phase >> 3);
    const fits = QUALITIES.map((quality) => ({ quality, fit: fitOf(values, quality) }));
    const top = Math.max(...fits.map(({ fit }) => fit));
    // Half a step is a grid as well: of all that fit, the coarsest is the one.
    const coarsest = fits.find(({ fit }) => fit >= 0.8 * top)!;
    if (top > best.fit) best = { fit: top, quality: coarsest.quality };
  }
  return best.quality;
}

/** Largest error that a quality of 30..90 made of each coefficient of Y, Cb and Cr, 0..1 units; [3 · 64]. */
export function quantisationErrors(quality: number): Float32Array {
  const errors = new Float32Array(3 * BLOCK * BLOCK);
  for (let i = 0; i < BLOCK * BLOCK; i++) {
    errors[i] = stepOf(LUMA[i]!, quality) / 510;
    // Colour is mostly stored at half size: its frequencies reach half as far here.
    const known = Math.max(i >> 3, i % BLOCK) < BLOCK / 2;
    errors[64 + i] = errors[128 + i] = known ? stepOf(CHROMA[i] ?? 99, quality) / 510 : 1;
  }
  return errors;
}

function stepOf(entry: number, quality: number): number {
  // In whole numbers, as libjpeg's jpeg_quality_scaling computes it; between 30 and 90 all of them are within its 1..255.
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  return Math.floor((entry * percent + 50) / 100);
}

/** Coefficients of blocks whose corners lie at multiples of 8 plus the phase, 8-bit units; by {@link TOLD_BY}. */
export function coefficientsAt(pieces: readonly LumaPiece[], phaseX: number, phaseY: number): number[][] {
  const values: number[][] = TOLD_BY.map(() => []);
  const out = new Float32Array(BLOCK * BLOCK);
  const places = pieces.flatMap(({ rect, luma }) => {
    const all: { luma: Raster; at: number }[] = [];
    for (let y = first(rect.y, phaseY); y + BLOCK <= luma.height; y += BLOCK) {
      for (let x = first(rect.x, phaseX); x + BLOCK <= luma.width; x += BLOCK) {
        all.push({ luma, at: y * luma.width + x });
      }
    }
    return all;
  });
  const every = Math.max(1, places.length / MOST_BLOCKS);
  for (let i = 0; i < places.length; i += every) {
    const { luma, at } = places[Math.floor(i)]!;
    forwardDct(luma.data, at, luma.width, out);
    TOLD_BY.forEach((index, k) => values[k]!.push(255 * out[index]!));
  }
  return values;
}

/** The first multiple of 8 plus the phase, seen from `from`. */
function first(from: number, phase: number): number {
  return (((phase - from) % BLOCK) + BLOCK) % BLOCK;
}

/**
 * How well coefficients, 8-bit units, by {@link TOLD_BY}, lie on the quantisation steps of a quality: 1 for all on the grid, 0
 * for too few to tell.
 */
export function fitOf(values: readonly (readonly number[])[], quality: number): number {
  let sum = 0;
  let count = 0;
  TOLD_BY.forEach((index, k) => {
    const step = stepOf(LUMA[index]!, quality);
    for (const value of values[k]!) {
      const steps = Math.abs(value) / step;
      // What rounds to zero says nothing, and far multiples need the step too exactly.
      if (steps < 0.5 || steps > 3.5) continue;
      sum += Math.cos(2 * Math.PI * steps);
      count += 1;
    }
  });
  return count >= LEAST_VALUES ? sum / count : 0;
}
