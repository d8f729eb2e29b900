import { colourOf, createRaster } from './planes';
import type { Raster } from './raster';

// The sRGB transfer function (IEC 61966-2-1), extended below zero by symmetry as scRGB does, so that values outside
// 0..1 survive the way there and back.

/** One value of linear light → display-encoded. Odd: `encode(-x) = -encode(x)`. */
export function encodeValue(linear: number): number {
  const size = Math.abs(linear);
  const encoded = size <= 0.0031308 ? 12.92 * size : 1.055 * size ** (1 / 2.4) - 0.055;
  return linear < 0 ? -encoded : encoded;
}

/** One display-encoded value → linear light. Inverse of {@link encodeValue}. */
export function decodeValue(display: number): number {
  const size = Math.abs(display);
  const linear = size <= 0.04045 ? size / 12.92 : ((size + 0.055) / 1.055) ** 2.4;
  return display < 0 ? -linear : linear;
}

/** Linear light → display-encoded, in place, colour only; alpha is no light. Returns `raster`. */
export function encodeDisplay(raster: Raster): Raster {
  const { data } = colourOf(raster);
  for (let i = 0; i < data.length; i++) data[i] = encodeValue(data[i]!);
  return raster;
}

/** Display-encoded → linear light, in place, colour only. Returns `raster`. */
export function decodeDisplay(raster: Raster): Raster {
  const { data } = colourOf(raster);
  for (let i = 0; i < data.length; i++) data[i] = decodeValue(data[i]!);
  return raster;
}

/**
 * Takes out what lies outside 0..1 so that it can go round the network: clamps the colour of `raster` in place and
 * returns the excess (value minus clamped value, 0 where the value was inside), colour channels only.
 * `null` when all was inside. Enlarged with a resampler it is put back by {@link mergeExcess}.
 */
export function splitExcess(raster: Raster): Raster | null {
  const colour = colourOf(raster);
  const { data } = colour;
  let excess: Raster | null = null;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    const inside = Math.min(1, Math.max(0, value));
    if (value === inside) continue;
    excess ??= createRaster(colour.width, colour.height, colour.channels);
    excess.data[i] = value - inside;
    data[i] = inside;
  }
  return excess;
}

/** Adds `excess` (same size and colour channels) to the colour of `raster`, in place. Returns `raster`. */
export function mergeExcess(raster: Raster, excess: Raster): Raster {
  const { data } = colourOf(raster);
  if (data.length !== excess.data.length) throw new RangeError('The excess differs in size from the picture.');
  for (let i = 0; i < data.length; i++) data[i] = data[i]! + excess.data[i]!;
  return raster;
}
