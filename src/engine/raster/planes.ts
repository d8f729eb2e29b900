import type { Channels, Raster, Rect } from './raster';
import { hasAlpha } from './raster';

/**
 * A raster of zeros, or one over `data` (not copied), which must hold exactly `channels * height * width` values.
 * @throws RangeError where sizes and data do not agree: an error of the program, not of the picture
 */
export function createRaster(width: number, height: number, channels: Channels, data?: Float32Array): Raster {
  const length = width * height * channels;
  if (!(width >= 1 && height >= 1) || !Number.isSafeInteger(length)) {
    throw new RangeError(`A raster of ${width}×${height}×${channels} cannot be made.`);
  }
  if (data && data.length !== length) {
    throw new RangeError(`${data.length} values do not make a raster of ${width}×${height}×${channels}.`);
  }
  return { width, height, channels, data: data ?? new Float32Array(length) };
}

/** One channel's values, a view: writing to it writes to the raster. */
export function plane(raster: Raster, channel: number): Float32Array {
  const size = raster.width * raster.height;
  return raster.data.subarray(channel * size, (channel + 1) * size);
}

/** Number of colour channels: 1 or 3. */
export function colourChannels(channels: Channels): 1 | 3 {
  return channels <= 2 ? 1 : 3;
}

/** The colour planes, a view that shares memory with `raster`. */
export function colourOf(raster: Raster): Raster {
  const channels = colourChannels(raster.channels);
  const { width, height } = raster;
  return { width, height, channels, data: raster.data.subarray(0, width * height * channels) };
}

/** The alpha plane as a gray raster that shares memory with `raster`; `null` where there is none. */
export function alphaOf(raster: Raster): Raster | null {
  if (!hasAlpha(raster.channels)) return null;
  const { width, height } = raster;
  return { width, height, channels: 1, data: plane(raster, raster.channels - 1) };
}

/** Colour (1 or 3 channels) and alpha (1 channel, same size) in one new raster. */
export function joinAlpha(colour: Raster, alpha: Raster): Raster {
  if (alpha.width !== colour.width || alpha.height !== colour.height) {
    throw new RangeError('Colour and alpha differ in size.');
  }
  const result = createRaster(colour.width, colour.height, (colour.channels + 1) as Channels);
  result.data.set(colour.data);
  result.data.set(alpha.data, colour.data.length);
  return result;
}

/** Three equal planes from one: what an RGB network gets to see of a gray picture. */
export function grayToRgb(gray: Raster): Raster {
  const result = createRaster(gray.width, gray.height, 3);
  for (let channel = 0; channel < 3; channel++) result.data.set(gray.data, channel * gray.data.length);
  return result;
}

/** Mean of three planes: the gray in the answer of an RGB network to {@link grayToRgb}. Colour casts cancel. */
export function meanOfRgb(rgb: Raster): Raster {
  const result = createRaster(rgb.width, rgb.height, 1);
  const [red, green, blue] = [plane(rgb, 0), plane(rgb, 1), plane(rgb, 2)];
  for (let i = 0; i < result.data.length; i++) result.data[i] = (red[i]! + green[i]! + blue[i]!) / 3;
  return result;
}

/** A copy of the part of `raster` inside `rect`, which must lie in it. */
export function crop(raster: Raster, rect: Rect): Raster {
  const result = createRaster(rect.width, rect.height, raster.channels);
  copyRect(raster, rect, result, 0, 0);
  return result;
}

/** Copies `rect` of `from` into `to` so that its top left corner comes to lie at `x`,`y`; both must hold it. */
export function copyRect(from: Raster, rect: Rect, to: Raster, x: number, y: number): void {
  if (from.channels !== to.channels) throw new RangeError('Rasters differ in channels.');
  if (
    rect.x < 0 ||
    rect.y < 0 ||
    rect.x + rect.width > from.width ||
    rect.y + rect.height > from.height ||
    x < 0 ||
    y < 0 ||
    x + rect.width > to.width ||
    y + rect.height > to.height
  ) {
    throw new RangeError('A rectangle to copy reaches outside its raster.');
  }
  for (let channel = 0; channel < from.channels; channel++) {
    for (let row = 0; row < rect.height; row++) {
      const start = (channel * from.height + rect.y + row) * from.width + rect.x;
      to.data.set(from.data.subarray(start, start + rect.width), (channel * to.height + y + row) * to.width + x);
    }
  }
}
