import { fromInterleaved, type PictureInfo, type PixelSource, type Raster, type Rect } from '../../engine';

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

/** The part `area` of `source` as a source of its own, starting at 0,0. */
export function part(source: PixelSource, area: Rect): PixelSource {
  return {
    info: { ...source.info, width: area.width, height: area.height },
    read: (signal, rect) => source.read(signal, { ...rect, x: rect.x + area.x, y: rect.y + area.y }),
  };
}
