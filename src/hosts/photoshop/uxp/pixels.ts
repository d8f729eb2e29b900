import { type Channels, LWayError, type Rect } from '../../../engine';
import type { PixelHeader } from '../protocol';
import { toEdges, toRect } from './documents';
import type { Bounds, ImageData, PhotoshopApi } from './photoshop-api';
import type { Scope } from './modal';
import type { Samples } from './samples';
import { bytesOf, typeOf, whiteOf, withoutOpaqueAlpha } from './samples';

/** Which pixels: a layer's, or the whole picture's where `layerID` is left out; converted where `conversion` says so. */
export interface PixelOrigin {
  documentID: number;
  layerID?: number;
  conversion?: { colorSpace: 'RGB'; colorProfile: string };
}

export interface Pixels {
  header: PixelHeader;
  bytes: Uint8Array;
  /** The profile that the values are meant in; empty where the picture has none. */
  profile: string;
}

const nothing: PixelHeader = { rect: { x: 0, y: 0, width: 0, height: 0 }, channels: 4, type: 'u8', white: 255 };

/**
 * Reads the pixels inside `rect` (in document coordinates). Photoshop trims what it gives to the area that has pixels: the
 * header's `rect` says which part of `rect` that is, relative to it; the rest is transparent.
 */
export async function readPixels(
  ps: Pick<PhotoshopApi, 'imaging'>,
  scope: Scope,
  origin: PixelOrigin,
  rect: Rect,
): Promise<Pixels> {
  const { conversion, ...place } = origin;
  const options = { ...place, ...conversion };
  let answer: { imageData: ImageData; sourceBounds: Bounds };
  try {
    answer = await ps.imaging.getPixels({ ...options, sourceBounds: toEdges(rect) });
  } catch (error) {
    scope.check();
    if (await isBlank(ps, scope, options, rect)) return { header: nothing, bytes: new Uint8Array(0), profile: '' };
    throw error;
  }
  const { imageData } = answer;
  try {
    const found = toRect(answer.sourceBounds);
    if (imageData.width === 0 || imageData.height === 0) {
      return { header: nothing, bytes: new Uint8Array(0), profile: imageData.colorProfile };
    }
    if (found.width !== imageData.width || found.height !== imageData.height) {
      throw new LWayError(
        'internal',
        `Photoshop gave ${imageData.width}×${imageData.height} pixels for an area of ${found.width}×${found.height}.`,
        'Open an issue with the report from the diagnostics page.',
      );
    }
    const all = (await imageData.getData({ chunky: true, fullRange: false })) as Samples;
    const { samples, channels } = withoutOpaqueAlpha(all, imageData.components as Channels);
    const type = typeOf(samples);
    const relative = { ...found, x: found.x - rect.x, y: found.y - rect.y };
    return {
      header: { rect: relative, channels, type, white: whiteOf(type) },
      bytes: bytesOf(samples),
      profile: plainProfile(imageData.colorProfile),
    };
  } finally {
    await imageData.dispose();
  }
}

/**
 * Whether a failed read only means that `rect` holds no pixels, which nothing documents: the same area in a tiny size must
 * fail as well (so it is no want of memory), and the layer as a whole must be readable.
 */
async function isBlank(
  ps: Pick<PhotoshopApi, 'imaging'>,
  scope: Scope,
  options: Parameters<PhotoshopApi['imaging']['getPixels']>[0],
  rect: Rect,
): Promise<boolean> {
  const readable = async (more: object) => {
    try {
      const { imageData } = await ps.imaging.getPixels({ ...options, ...more, targetSize: { width: 16, height: 16 } });
      await imageData.dispose();
      return true;
    } catch {
      scope.check();
      return false;
    }
  };
  return !(await readable({ sourceBounds: toEdges(rect) })) && (await readable({}));
}

/** The profile's name without what Photoshop adds to it in 32 bit and does not take back (Adobe, Imaging API). */
export function plainProfile(name: string | undefined): string {
  return (name ?? '').replace(/\s*\(Linear (RGB|Gray|Grayscale) Profile\)\s*$/i, '').replace(/^none$/i, '');
}
