import { plane } from '../raster/planes';
import type { Raster } from '../raster/raster';

/** Channels further apart than this, 0..1, are colour: a step of 8 bits is what rounding leaves. */
const STEP = 1.01 / 255;
/** LR pixels around one that must be gray as well. */
const REACH = 2;

/**
 * Where a colour picture is gray: the LR pixels that have no colour, nor any around them.
 *
 * @param image 3 channels, 0..1
 * @returns 1 for gray, by pixel; null where none is
 */
export function grayPlaces({ width, height, data }: Raster): Uint8Array | null {
  const size = width * height;
  const gray = new Uint8Array(size);
  let any = false;
  for (let i = 0; i < size; i++) {
    const [red, green, blue] = [data[i]!, data[size + i]!, data[2 * size + i]!];
    const flat = Math.max(red, green, blue) - Math.min(red, green, blue) <= STEP;
    gray[i] = flat ? 1 : 0;
    any ||= flat;
  }
  if (!any) return null;
  const across = withNeighbours(gray, width, height, 1, width);
  return withNeighbours(across, width, height, width, height);
}

/** Least value within {@link REACH} along one axis; `step` elements apart, `length` of them to a line. */
function withNeighbours(values: Uint8Array, width: number, height: number, step: number, length: number): Uint8Array {
  const result = new Uint8Array(width * height);
  for (let i = 0; i < result.length; i++) {
    const at = Math.floor(i / step) % length;
    let least = 1;
    for (let d = Math.max(-REACH, -at); d <= Math.min(REACH, length - 1 - at); d++) {
      if (values[i + d * step] === 0) least = 0;
    }
    result[i] = least;
  }
  return result;
}

/**
 * Takes away the colour that a network has put where there was none, as networks do on noise and compressed gray.
 *
 * @param result 3 channels, `scale` times as large as the picture that `places` belong to; is changed
 */
export function takeColourAway(result: Raster, places: Uint8Array, scale: number): void {
  const [red, green, blue] = [plane(result, 0), plane(result, 1), plane(result, 2)];
  const width = result.width / scale;
  for (let y = 0; y < result.height; y++) {
    const row = Math.floor(y / scale) * width;
    for (let x = 0; x < result.width; x++) {
      if (places[row + Math.floor(x / scale)] === 0) continue;
      const i = y * result.width + x;
      red[i] = green[i] = blue[i] = (red[i]! + green[i]! + blue[i]!) / 3;
    }
  }
}
