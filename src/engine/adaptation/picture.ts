import { seenByNetwork } from '../network/picture';
import { createRaster } from '../raster/planes';
import type { PixelSource, Raster, Rect } from '../raster/raster';

/**
 * The picture as the network sees it, whatever the layer's depth, alpha and encoding: RGB, display-encoded, 0..1,
 * colour filled in under transparency.
 */
export interface NetworkPicture {
  readonly width: number;
  readonly height: number;
  /** @param rect inside the picture @returns three channels */
  read(signal: AbortSignal, rect: Rect): Promise<Raster>;
}

/** A layer of any depth, encoding and channels as RGB, display-encoded, 0..1. */
export function networkPicture(source: PixelSource): NetworkPicture {
  const { width, height, encoding } = source.info;
  return {
    width,
    height,
    async read(signal, rect) {
      // A copy: what was read may be the picture itself, which is not ours to change.
      const raster = copyOf(await source.read(signal, rect));
      return seenByNetwork(raster, encoding).rgb;
    },
  };
}

function copyOf({ width, height, channels, data }: Raster): Raster {
  return createRaster(width, height, channels, data.slice());
}
