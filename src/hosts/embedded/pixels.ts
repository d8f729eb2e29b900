import { hasAlpha, type Raster, type Rect } from '../../engine';

/** Side of the blocks in which sources are walked through: small enough for a page to stay responsive. */
export const blockSide = 384;

/** Walks through `area` in blocks of at most {@link blockSide}, row by row. */
export function* blocks(area: Rect): Generator<Rect> {
  for (let y = area.y; y < area.y + area.height; y += blockSide) {
    for (let x = area.x; x < area.x + area.width; x += blockSide) {
      yield {
        x,
        y,
        width: Math.min(blockSide, area.x + area.width - x),
        height: Math.min(blockSide, area.y + area.height - y),
      };
    }
  }
}

/** Planar floats as 8-bit RGBA for the screen; gray is spread over the three colours. */
export function toRgba(raster: Raster): Uint8ClampedArray<ArrayBuffer> {
  const { width, height, channels, data } = raster;
  const plane = width * height;
  const out = new Uint8ClampedArray(plane * 4);
  const [green, blue] = channels >= 3 ? [plane, 2 * plane] : [0, 0];
  const alpha = hasAlpha(channels) ? (channels - 1) * plane : -1;
  for (let i = 0, o = 0; i < plane; i++, o += 4) {
    out[o] = data[i]! * 255;
    out[o + 1] = data[green + i]! * 255;
    out[o + 2] = data[blue + i]! * 255;
    out[o + 3] = alpha < 0 ? 255 : data[alpha + i]! * 255;
  }
  return out;
}
