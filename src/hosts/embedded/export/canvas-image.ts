import { breathe, hasAlpha, LWayError, type PictureInfo, type PixelSource } from '../../../engine';
import type { PictureMetadata } from '../../../pictures/picture';
import { blocks, toRgba } from '../pixels';
import { withJpegMetadata } from './jpeg-metadata';
import { withWebpMetadata } from './webp-metadata';

/** The area of the largest canvas that browsers draw on; a larger one stays silently black in Chromium (16384²). */
const maxPixels = 268_435_456;
/** Longest side that the formats themselves allow. */
const maxSide = { jpeg: 65_535, webp: 16_383 };

export type CanvasFormat = keyof typeof maxSide;

/** @throws LWayError `too-large` where the browser, or the format, cannot hold the picture */
export function checkCanvasImage(format: CanvasFormat, { width, height }: PictureInfo): void {
  if (Math.max(width, height) <= maxSide[format] && width * height <= maxPixels) return;
  const name = format === 'jpeg' ? 'JPEG' : 'WebP';
  throw new LWayError(
    'too-large',
    `${width} × ${height} pixels are more than a ${name} written here can have.`,
    'Export it as PNG or TIFF instead.',
  );
}

/**
 * Writes a JPEG or WebP by the browser's own encoder; profile, resolution and EXIF are put into its file. The values are
 * those of the document's profile. 8 bit; a JPEG is laid over white where it is transparent.
 *
 * @param quality 1..100
 * @param metadata fit for this picture
 */
export async function writeCanvasImage(
  signal: AbortSignal,
  source: PixelSource,
  format: CanvasFormat,
  quality: number,
  metadata: PictureMetadata,
  onProgress: (done: number) => void = () => undefined,
): Promise<Blob> {
  checkCanvasImage(format, source.info);
  const { width, height, channels, iccProfile, resolution } = source.info;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { alpha: format === 'webp' && hasAlpha(channels) });
  if (!context || !holds(context, width, height)) {
    throw new LWayError(
      'too-large',
      `This browser cannot write a picture of ${width} × ${height} pixels in this format.`,
      'Export it as PNG or TIFF instead.',
    );
  }
  let done = 0;
  for (const block of blocks({ x: 0, y: 0, width, height })) {
    const data = toRgba(await source.read(signal, block));
    if (format === 'jpeg' && hasAlpha(channels)) overWhite(data);
    context.putImageData(new ImageData(data, block.width, block.height), block.x, block.y);
    done += block.width * block.height;
    onProgress((0.9 * done) / (width * height));
    await breathe();
  }
  const type = `image/${format}`;
  const file = await canvas.convertToBlob({ type, quality: quality / 100 });
  signal.throwIfAborted();
  if (file.type !== type) {
    throw new LWayError('unsupported', 'This browser cannot write that format.', 'Choose another format.');
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const about = { ...metadata, iccProfile, resolution };
  const whole = format === 'jpeg' ? withJpegMetadata(bytes, about) : withWebpMetadata(bytes, width, height, about);
  onProgress(1);
  return new Blob(whole, { type });
}

/** Whether the canvas draws in its farthest corner. */
function holds(context: OffscreenCanvasRenderingContext2D, width: number, height: number): boolean {
  context.fillStyle = '#fff';
  context.fillRect(width - 1, height - 1, 1, 1);
  return context.getImageData(width - 1, height - 1, 1, 1).data[0] === 255;
}

/** Lays 8-bit pixels over white, in place. */
function overWhite(data: Uint8ClampedArray): void {
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3]! / 255;
    for (let c = 0; c < 3; c++) data[i + c] = data[i + c]! * alpha + 255 * (1 - alpha);
    data[i + 3] = 255;
  }
}
