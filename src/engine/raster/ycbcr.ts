import { createRaster, plane } from './planes';
import type { Raster } from './raster';

/** Luma and the two colour differences of RGB, as JPEG splits them (JFIF, BT.601): Y 0..1, Cb and Cr -0.5..0.5. */
export function toYCbCr(rgb: Raster): Raster {
  return mixed(rgb, [
    [0.299, 0.587, 0.114],
    [-0.168736, -0.331264, 0.5],
    [0.5, -0.418688, -0.081312],
  ]);
}

/** Luma alone, one channel, of what {@link toYCbCr} gives; shares its values. */
export function lumaOf(ycc: Raster): Raster {
  return createRaster(ycc.width, ycc.height, 1, plane(ycc, 0));
}

/** Inverse of {@link toYCbCr}. */
export function fromYCbCr(ycc: Raster): Raster {
  return mixed(ycc, [
    [1, 0, 1.402],
    [1, -0.344136, -0.714136],
    [1, 1.772, 0],
  ]);
}

function mixed({ width, height, channels, data }: Raster, matrix: readonly (readonly number[])[]): Raster {
  if (channels !== 3) throw new RangeError('Three colour planes are needed.');
  const result = createRaster(width, height, 3);
  const size = width * height;
  matrix.forEach(([a, b, c], channel) => {
    for (let i = 0; i < size; i++) {
      result.data[channel * size + i] = a! * data[i]! + b! * data[size + i]! + c! * data[2 * size + i]!;
    }
  });
  return result;
}
