import { createRaster, crop, copyRect } from '../../../src/engine/raster/planes';
import type { PictureInfo, PixelSink, PixelSource, Raster } from '../../../src/engine/raster/raster';

/** A picture in memory as a source. */
export function sourceOf(picture: Raster, info: Partial<PictureInfo> = {}): PixelSource {
  const { width, height, channels } = picture;
  return {
    info: { width, height, channels, bitDepth: 32, encoding: 'display', ...info },
    read: (signal, rect) => {
      signal.throwIfAborted();
      return Promise.resolve(crop(picture, rect));
    },
  };
}

/** A sink that puts the pieces together, in float32, and is strict about them. */
export class Collector implements PixelSink {
  info: PictureInfo | null = null;
  ended = false;
  pieces = 0;
  private picture: Raster | null = null;
  private written: Uint8Array = new Uint8Array();

  begin(_signal: AbortSignal, info: PictureInfo): Promise<void> {
    if (this.info) throw new Error('begun twice');
    this.info = info;
    this.picture = createRaster(info.width, info.height, info.channels);
    this.written = new Uint8Array(info.width * info.height);
    return Promise.resolve();
  }

  write(_signal: AbortSignal, x: number, y: number, piece: Raster): Promise<void> {
    const { width } = this.info!;
    copyRect(piece, { x: 0, y: 0, width: piece.width, height: piece.height }, this.picture!, x, y);
    for (let row = y; row < y + piece.height; row++) {
      for (let column = x; column < x + piece.width; column++) {
        if (this.written[row * width + column] !== 0) throw new Error(`pixel ${column},${row} was written twice`);
        this.written[row * width + column] = 1;
      }
    }
    this.pieces++;
    return Promise.resolve();
  }

  end(): Promise<void> {
    if (this.written.some((times) => times === 0)) throw new Error('pixels are missing');
    this.ended = true;
    return Promise.resolve();
  }

  /** The result, once it has ended. */
  get result(): Raster {
    if (!this.ended) throw new Error('the result is not complete');
    return this.picture!;
  }
}
