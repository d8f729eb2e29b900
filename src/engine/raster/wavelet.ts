import { createRaster } from './planes';
import type { Raster } from './raster';

/** One level of the two-dimensional Haar transform; each band has half the sides, rounded up. */
export interface WaveletBands {
  approximation: Raster;
  horizontal: Raster;
  vertical: Raster;
  diagonal: Raster;
}

/**
 * One level of the orthonormal Haar transform of every plane, in the convention of PyWavelets'
 * `dwt2(image, 'haar', mode='symmetric')`: an odd side is extended by repeating its last pixel; `horizontal` holds
 * differences between rows (cH), `vertical` between columns (cV), first minus second.
 */
export function haar(raster: Raster): WaveletBands {
  const { width, height, channels, data } = raster;
  const halfWidth = Math.ceil(width / 2);
  const halfHeight = Math.ceil(height / 2);
  const make = () => createRaster(halfWidth, halfHeight, channels);
  const bands = { approximation: make(), horizontal: make(), vertical: make(), diagonal: make() };
  for (let channel = 0, to = 0; channel < channels; channel++) {
    for (let row = 0; row < halfHeight; row++) {
      const top = (channel * height + 2 * row) * width;
      const bottom = 2 * row + 1 < height ? top + width : top;
      for (let column = 0; column < halfWidth; column++, to++) {
        const left = 2 * column;
        const right = left + 1 < width ? left + 1 : left;
        const a = data[top + left]!;
        const b = data[top + right]!;
        const c = data[bottom + left]!;
        const d = data[bottom + right]!;
        bands.approximation.data[to] = (a + b + c + d) / 2;
        bands.horizontal.data[to] = (a + b - c - d) / 2;
        bands.vertical.data[to] = (a - b + c - d) / 2;
        bands.diagonal.data[to] = (a - b - c + d) / 2;
      }
    }
  }
  return bands;
}

/**
 * Inverse of {@link haar}.
 *
 * @param width,height size of the picture that was transformed (it is lost where a side was odd)
 */
export function inverseHaar(bands: WaveletBands, width: number, height: number): Raster {
  const { approximation, horizontal, vertical, diagonal } = bands;
  if (approximation.width !== Math.ceil(width / 2) || approximation.height !== Math.ceil(height / 2)) {
    throw new RangeError('The bands do not belong to a picture of this size.');
  }
  const result = createRaster(width, height, approximation.channels);
  for (let channel = 0, to = 0; channel < result.channels; channel++) {
    for (let row = 0; row < height; row++) {
      const at = (channel * approximation.height + (row >> 1)) * approximation.width;
      const signRow = row % 2 === 0 ? 0.5 : -0.5;
      for (let column = 0; column < width; column++) {
        const from = at + (column >> 1);
        const sign = column % 2 === 0 ? 0.5 : -0.5;
        result.data[to++] =
          approximation.data[from]! / 2 +
          horizontal.data[from]! * signRow +
          vertical.data[from]! * sign +
          diagonal.data[from]! * signRow * sign * 2;
      }
    }
  }
  return result;
}

/**
 * The high-frequency map M of LWay (CVPR 2024, section 3.3): L2 norm over the three detail bands of one Haar level,
 * the mean over the colour channels, brought back to size and stretched to 0..1 over the picture.
 *
 * @param colour 1 or 3 channels, display-encoded
 * @returns one channel of the same size; all zeros where the picture has no detail
 */
export function highFrequencyMap(colour: Raster): Raster {
  const { horizontal, vertical, diagonal } = haar(colour);
  const size = horizontal.width * horizontal.height;
  const norms = new Float32Array(size);
  for (let channel = 0; channel < colour.channels; channel++) {
    for (let i = 0, at = channel * size; i < size; i++, at++) {
      norms[i] = norms[i]! + Math.hypot(horizontal.data[at]!, vertical.data[at]!, diagonal.data[at]!) / colour.channels;
    }
  }
  let low = Infinity;
  let high = -Infinity;
  for (const norm of norms) {
    low = Math.min(low, norm);
    high = Math.max(high, norm);
  }
  const result = createRaster(colour.width, colour.height, 1);
  // Below float32's own rounding of the differences there is no detail to speak of.
  if (high - low < 1e-7) return result;
  for (let row = 0, to = 0; row < colour.height; row++) {
    const at = (row >> 1) * horizontal.width;
    for (let column = 0; column < colour.width; column++) {
      result.data[to++] = (norms[at + (column >> 1)]! - low) / (high - low);
    }
  }
  return result;
}
