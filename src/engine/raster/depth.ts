import { LWayError } from '../common/errors';
import { createRaster } from './planes';
import type { Channels, PictureInfo, Raster } from './raster';

/** Pixels as files and editors hold them: row after row, the channels of a pixel side by side, alpha straight and last. */
export type Interleaved = Uint8Array | Uint8ClampedArray | Uint16Array | Float32Array;

export interface DepthOptions {
  /** Integer value of white; 255 for bytes and 65535 for 16 bit unless given. Photoshop's 16 bit has 32768. */
  white?: number;
  /**
   * What to do with NaN and infinity in float pictures: `refuse` (the default) throws, `repair` makes NaN 0 and
   * infinity the largest finite value of the picture on its side (at least 0..1).
   */
  nonFinite?: 'refuse' | 'repair';
}

/**
 * Interleaved pixels → planar float32, 0..1 for integers; floats are kept as they are, outside 0..1 too.
 *
 * @param data `width * height * channels` values
 * @throws LWayError `bad-image` where data is missing or not a number
 */
export function fromInterleaved(
  data: Interleaved,
  width: number,
  height: number,
  channels: Channels,
  options: DepthOptions = {},
): Raster {
  if (!(width >= 1 && height >= 1)) {
    throw new LWayError('bad-image', `The picture has no pixels (${width}×${height}).`, 'Choose another picture.');
  }
  if (data.length !== width * height * channels) {
    throw new LWayError(
      'bad-image',
      `The picture has ${data.length} values where ${width}×${height} pixels with ${channels} channels need ${width * height * channels}.`,
      'The file may be truncated: export it again or choose another one.',
    );
  }
  const result = createRaster(width, height, channels);
  const size = width * height;
  const factor = data instanceof Float32Array ? 1 : 1 / (options.white ?? whiteOf(data));
  for (let channel = 0; channel < channels; channel++) {
    const offset = channel * size;
    // A value above the given white (a Photoshop picture never has one) would read as an overbright pixel.
    for (let i = 0, at = channel; i < size; i++, at += channels) result.data[offset + i] = data[at]! * factor;
  }
  if (data instanceof Float32Array) ensureFinite(result.data, options.nonFinite ?? 'refuse');
  return result;
}

/**
 * Planar float32 → interleaved pixels of the given depth: integers are rounded to the nearest and clamped to
 * 0..white, floats kept (alpha too).
 *
 * @param options `target`: an array of the right type and length to write to, made when left out
 */
export function toInterleaved<D extends 8 | 16 | 32>(
  raster: Raster,
  bitDepth: D,
  options: Pick<DepthOptions, 'white'> & { target?: DepthArray<D> } = {},
): DepthArray<D> {
  const { width, height, channels, data } = raster;
  const size = width * height;
  const target = options.target ?? allocate(bitDepth, size * channels);
  if (target.length !== size * channels) throw new RangeError('The target array has the wrong length.');
  if (bitDepth === 32) {
    for (let channel = 0; channel < channels; channel++) {
      const offset = channel * size;
      for (let i = 0, at = channel; i < size; i++, at += channels) target[at] = data[offset + i]!;
    }
    return target;
  }
  const white = options.white ?? (bitDepth === 8 ? 255 : 65535);
  for (let channel = 0; channel < channels; channel++) {
    const offset = channel * size;
    for (let i = 0, at = channel; i < size; i++, at += channels) {
      const value = data[offset + i]! * white + 0.5;
      target[at] = value < 0.5 ? 0 : value >= white ? white : value; // integer arrays truncate: + 0.5 rounds
    }
  }
  return target;
}

/** The array type that holds pixels of a depth. */
export type DepthArray<D extends 8 | 16 | 32> = D extends 8 ? Uint8Array : D extends 16 ? Uint16Array : Float32Array;

/** Bytes that one value takes in a depth. */
export function bytesPerValue(bitDepth: PictureInfo['bitDepth']): 1 | 2 | 4 {
  return bitDepth === 8 ? 1 : bitDepth === 16 ? 2 : 4;
}

/** @throws LWayError `bad-image` for `refuse`; `repair` changes `values` in place */
export function ensureFinite(values: Float32Array, mode: 'refuse' | 'repair' = 'refuse'): void {
  let bad = 0;
  let low = 0;
  let high = 1;
  for (const value of values) {
    if (value - value !== 0)
      bad++; // NaN and ±Infinity
    else if (value < low) low = value;
    else if (value > high) high = value;
  }
  if (bad === 0) return;
  if (mode === 'refuse') {
    throw new LWayError(
      'bad-image',
      `The picture has ${bad === 1 ? 'a value that is' : `${bad} values that are`} not a number or infinite.`,
      'Repair the picture in the program that made it, or convert it to 16 bit first.',
    );
  }
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value !== value) values[i] = 0;
    else if (value === Infinity) values[i] = high;
    else if (value === -Infinity) values[i] = low;
  }
}

function whiteOf(data: Interleaved): number {
  return data instanceof Uint16Array ? 65535 : 255;
}

function allocate<D extends 8 | 16 | 32>(bitDepth: D, length: number): DepthArray<D> {
  const array = bitDepth === 8 ? new Uint8Array(length) : bitDepth === 16 ? new Uint16Array(length) : null;
  return (array ?? new Float32Array(length)) as DepthArray<D>;
}
