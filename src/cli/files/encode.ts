import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { type PictureInfo, untilAborted } from '../../engine';
import type { Format } from './formats';
import { writeError } from './file-errors';
import { inLibvips, isLarge } from './libvips';
import type { ResultMetadata } from './metadata/carry';
import { writeMetadata } from './metadata/write';
import { colourSpaceOf } from './picture-sink';

// Classic TIFF ends at 4 GiB; above half of it (compression may fail to shrink) 64-bit offsets are used.
const bigTiffFrom = 2 ** 31;

function withFormat(pipeline: Sharp, format: Format, info: PictureInfo, quality: number | undefined): Sharp {
  const q = quality ?? format.defaultQuality;
  switch (format.name) {
    case 'png':
      // Filtered photographs are a third smaller than at libvips' own settings, for a quarter more time.
      return pipeline.png({ compressionLevel: 5, adaptiveFiltering: true });
    case 'jpg':
      return pipeline.jpeg({ quality: q, chromaSubsampling: '4:4:4' });
    case 'webp':
      // `exact` keeps the colour under transparent pixels, which an editor may want back.
      return pipeline.webp({ quality: q, exact: true, smartSubsample: true });
    case 'tiff':
      return pipeline.tiff({
        compression: 'deflate',
        predictor: info.bitDepth === 32 ? 'float' : 'horizontal',
        bigtiff: (info.width * info.height * info.channels * info.bitDepth) / 8 > bigTiffFrom,
      });
    case 'avif':
      return pipeline.avif({ quality: q, chromaSubsampling: '4:4:4' });
  }
}

export interface EncodeOptions {
  format: Format;
  metadata: ResultMetadata;
  /** Name of the result for error messages. */
  label: string;
  /** 1..100 */
  quality?: number;
}

/**
 * Encodes the finished work file. PNG, JPEG and TIFF stream through in strips; the WebP and AVIF encoders hold the
 * whole result in memory.
 * @throws LWayError `storage`
 */
export async function encode(
  signal: AbortSignal,
  work: string,
  info: PictureInfo,
  target: string,
  { format, metadata, label, quality }: EncodeOptions,
): Promise<void> {
  signal.throwIfAborted();
  let source = sharp(work, { limitInputPixels: false, sequentialRead: true });
  // These formats hold gray as colour, and libvips would leave out a profile that is for gray.
  if (info.channels < 3 && info.iccProfile && !format.gray) source = source.toColourspace('srgb').keepXmp().keepExif();
  else source = source.keepMetadata().toColourspace(colourSpaceOf(info.channels, info.bitDepth / 8));
  try {
    const write = () => {
      signal.throwIfAborted();
      // libvips cannot be stopped in the middle: on cancel its file is abandoned (and removed with the workspace).
      return untilAborted(signal, withFormat(source, format, info, quality).toFile(target));
    };
    await inLibvips(!format.streams && isLarge(info), write);
    signal.throwIfAborted();
    await writeMetadata(target, format, metadata);
  } catch (error) {
    throw writeError(error, label);
  }
}
