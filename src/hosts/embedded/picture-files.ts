import { hasAlpha, type PixelSource } from '../../engine';
import type { PictureMetadata } from '../../pictures/picture';
import { decodePicture } from './decode';
import { scaledName } from '../../pictures/names';
import { pictureFormats, type PictureFormat } from './export/formats';

/** Reads and writes files of pictures for the queue, in the formats of the editor. */
export class BrowserPictures {
  readonly formats = pictureFormats.map(({ id, name, lossy }) => ({ id: id as string, name, lossy }));

  async decode(
    signal: AbortSignal,
    name: string,
    bytes: Uint8Array,
  ): Promise<{ source: PixelSource; metadata?: PictureMetadata; notices: readonly string[] }> {
    const { pixels, metadata, notices } = await decodePicture(signal, name, bytes);
    return { source: pixels, metadata, notices };
  }

  async encode(
    signal: AbortSignal,
    result: PixelSource,
    about: { format: string; quality: number; name: string; scale: number; metadata?: PictureMetadata },
  ): Promise<{ name: string; file: Blob }> {
    const { bitDepth, resolution, channels } = result.info;
    const format = formatFor(about.format, about.name, hasAlpha(channels) || bitDepth !== 8);
    const depth = bitDepth === 8 || !format.depths.includes(16) ? 8 : 16;
    const options = { quality: about.quality, bitDepth: depth, resolution, metadata: about.metadata } as const;
    format.check(result, options);
    const file = await format.write(signal, result, options, () => undefined);
    return { name: `${scaledName(about.name, about.scale)}.${format.extension}`, file };
  }
}

/** @param rich has more than a JPEG can hold */
function formatFor(wanted: string, name: string, rich: boolean): PictureFormat {
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  const byEnding: Record<string, string> = {
    jpg: 'jpeg',
    jpeg: 'jpeg',
    jfif: 'jpeg',
    webp: 'webp',
    tif: 'tiff',
    tiff: 'tiff',
  };
  const id = wanted === 'same' ? (byEnding[ending] ?? 'png') : wanted;
  const png = pictureFormats[0]!;
  if (wanted === 'same' && id === 'jpeg' && rich) return png;
  return pictureFormats.find((format) => format.id === id) ?? png;
}
