import type { Raster } from '../../../engine';

/**
 * Peak signal-to-noise ratio in dB; infinite for equal pictures.
 *
 * @param border pixels cut off at each side before comparing
 * @param peak largest value there can be: 255 for {@link luma}
 * @throws RangeError where sizes differ or the border leaves nothing
 */
export function psnr(a: Raster, b: Raster, { border = 0, peak = 255 } = {}): number {
  if (a.width !== b.width || a.height !== b.height || a.channels !== b.channels) {
    throw new RangeError('Pictures of different sizes cannot be compared.');
  }
  const { width, height, channels } = a;
  if (width <= 2 * border || height <= 2 * border) throw new RangeError('The border leaves nothing to compare.');
  let sum = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let row = border; row < height - border; row++) {
      const from = (channel * height + row) * width;
      for (let i = from + border; i < from + width - border; i++) sum += (a.data[i]! - b.data[i]!) ** 2;
    }
  }
  const mean = sum / (channels * (width - 2 * border) * (height - 2 * border));
  return 10 * Math.log10((peak * peak) / mean);
}
