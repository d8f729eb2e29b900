import type { Raster, Rect } from '../raster/raster';

/**
 * The picture as the network sees it, whatever the layer's depth, alpha and encoding: RGB, display-encoded, 0..1,
 * colour filled in under transparency. Made by the engine.
 */
export interface NetworkPicture {
  readonly width: number;
  readonly height: number;
  /** @param rect inside the picture @returns three channels */
  read(signal: AbortSignal, rect: Rect): Promise<Raster>;
}
