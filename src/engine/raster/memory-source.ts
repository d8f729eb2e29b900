import { crop } from './planes';
import type { PictureInfo, PixelSource, Raster } from './raster';

/** A source over a raster that is already in memory. Display-encoded 8 bit unless told otherwise. */
export function sourceOf(raster: Raster, info: Partial<PictureInfo> = {}): PixelSource {
  return {
    info: {
      bitDepth: 8,
      encoding: 'display',
      ...info,
      width: raster.width,
      height: raster.height,
      channels: raster.channels,
    },
    async read(signal, rect) {
      signal.throwIfAborted();
      return crop(raster, rect);
    },
  };
}
