import { createRaster, plane, type Raster } from '../../../engine';

/**
 * Luma as super-resolution papers measure on: Y of ITU-R BT.601 in studio range, 16..235, of display-encoded RGB (or
 * gray) in 0..1. Alpha is left out.
 */
export function luma(raster: Raster): Raster {
  const result = createRaster(raster.width, raster.height, 1);
  const red = plane(raster, 0);
  const [green, blue] = raster.channels >= 3 ? [plane(raster, 1), plane(raster, 2)] : [red, red];
  for (let i = 0; i < result.data.length; i++) {
    result.data[i] = 16 + 65.481 * red[i]! + 128.553 * green[i]! + 24.966 * blue[i]!;
  }
  return result;
}
