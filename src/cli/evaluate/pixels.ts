import { basename } from 'node:path';
import sharp from 'sharp';
import { fromInterleaved, LWayError, type Raster, toInterleaved } from '../../engine';

/** A picture as 8-bit sRGB without alpha, as the sets are measured. @throws LWayError `bad-image` */
export async function readPixels(path: string): Promise<Raster> {
  try {
    const { data, info } = await sharp(path, { failOn: 'warning' })
      .autoOrient()
      .flatten({ background: '#fff' })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    if (info.channels === 3) return fromInterleaved(new Uint8Array(data), info.width, info.height, 3);
    const gray = fromInterleaved(new Uint8Array(data), info.width, info.height, info.channels as 1);
    return {
      ...gray,
      channels: 3,
      data: Float32Array.from({ length: gray.data.length * 3 }, (_, i) => gray.data[i % gray.data.length]!),
    };
  } catch (error) {
    if (error instanceof LWayError) throw error;
    throw new LWayError('bad-image', `"${basename(path)}" cannot be read.`, 'It may be damaged: choose another file.', {
      cause: error,
    });
  }
}

/** What is left of a result once it is written with 8 bits: every variant is measured as it would be saved. */
export function asSaved(raster: Raster): Raster {
  return fromInterleaved(toInterleaved(raster, 8), raster.width, raster.height, raster.channels);
}
