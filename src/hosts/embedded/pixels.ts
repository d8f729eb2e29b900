import { fromInterleaved, hasAlpha, type PictureInfo, type PixelSource, type Raster, type Rect } from '../../engine';

/** A layer's pixels: read in pieces, given back to the system when no layer and no undo step needs them any more. */
export interface LayerPixels extends PixelSource {
  dispose(): Promise<void>;
}

/** A decoded picture in its own depth: rows of interleaved samples, 8 or 16 bit. */
export class PackedPixels implements LayerPixels {
  constructor(
    readonly info: PictureInfo,
    private readonly samples: Uint8Array | Uint8ClampedArray | Uint16Array,
  ) {}

  async read(signal: AbortSignal, rect: Rect): Promise<Raster> {
    signal.throwIfAborted();
    const { width, channels } = this.info;
    const Samples = this.samples instanceof Uint16Array ? Uint16Array : Uint8Array;
    const rows = new Samples(rect.width * rect.height * channels);
    for (let y = 0; y < rect.height; y++) {
      const start = ((rect.y + y) * width + rect.x) * channels;
      rows.set(this.samples.subarray(start, start + rect.width * channels), y * rect.width * channels);
    }
    return fromInterleaved(rows, rect.width, rect.height, channels);
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

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

/** The part `area` of `source` as a source of its own, starting at 0,0. */
export function part(source: PixelSource, area: Rect): PixelSource {
  return {
    info: { ...source.info, width: area.width, height: area.height },
    read: (signal, rect) => source.read(signal, { ...rect, x: rect.x + area.x, y: rect.y + area.y }),
  };
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
