import type { Raster } from '../../../engine';
import { filterInside, gaussianWeights, replicate, type Field } from './gaussian';

/** Side of the squares that are ranked by how flat they are, pixels. */
const BLOCK = 16;
/** Share of the squares that counts: the flattest. */
const FLAT = 0.25;

/**
 * Grain: deviation of what is finer than the picture's own pixels and a few of their neighbours, in the flattest quarter of
 * the picture, steps of 8-bit luma. Noise that a network invents, sharpens or takes away shows here.
 *
 * @param own luma of the result
 * @param flatBy luma of the same picture without noise, as large: where it is flat. The ground truth, or the enlarged picture.
 * @param scale of the enlargement: the high-pass keeps wavelengths up to about five pixels of the picture
 */
export function grain(own: Raster, flatBy: Raster, scale: number): number {
  const [fine, other] = [highPass(own, scale), highPass(flatBy, scale)];
  const { width, height } = own;
  const blocks: { own: number; other: number }[] = [];
  for (let y = 0; y + BLOCK <= height; y += BLOCK) {
    for (let x = 0; x + BLOCK <= width; x += BLOCK) {
      blocks.push({ own: energyOf(fine, x, y), other: energyOf(other, x, y) });
    }
  }
  blocks.sort((a, b) => a.other - b.other);
  const flat = blocks.slice(0, Math.ceil(FLAT * blocks.length));
  return Math.sqrt(flat.reduce((sum, block) => sum + block.own, 0) / Math.max(1, flat.length));
}

function highPass(raster: Raster, sigma: number): Field {
  const { width, height } = raster;
  const radius = 3 * sigma;
  const field = { width, height, data: Float64Array.from(raster.data) };
  const low = filterInside(replicate(field, radius), gaussianWeights(sigma, radius));
  return { width, height, data: field.data.map((value, i) => value - low.data[i]!) };
}

/** Mean square over a square. */
function energyOf({ width, data }: Field, x: number, y: number): number {
  let sum = 0;
  for (let row = y; row < y + BLOCK; row++) {
    for (let column = x; column < x + BLOCK; column++) sum += data[row * width + column]! ** 2;
  }
  return sum / BLOCK ** 2;
}
