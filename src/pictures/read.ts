import { LWayError } from '../engine';
import { readBmp } from './bmp';
import { Damaged, textAt, type Picture } from './picture';
import { readPnm } from './pnm';
import { readFlattened } from './psd';
import { readTga } from './tga';
import { readTiff } from './tiff/read';

/** Formats that LWay reads by itself, in a page and in Node alike. */
export type OwnFormat = 'BMP' | 'PNM' | 'TGA' | 'PSD' | 'TIFF';

/** By the first bytes, and for TGA, which has none of its own, by the name. TIFF is left to others where they can. */
export function ownFormat(start: Uint8Array, name: string): Exclude<OwnFormat, 'TIFF'> | null {
  const text = textAt(start, 0, 32);
  if (text.startsWith('BM')) return 'BMP';
  if (/^P[1-6][\s#]/.test(text)) return 'PNM';
  if (text.startsWith('8BPS')) return 'PSD';
  if (/\.(tga|icb|vda|vst)$/i.test(name) && (start[1]! & ~1) === 0 && [1, 2, 3, 9, 10, 11].includes(start[2]!))
    return 'TGA';
  return null;
}

const readers: Readonly<Record<OwnFormat, (bytes: Uint8Array) => Picture | Promise<Picture>>> = {
  BMP: readBmp,
  PNM: readPnm,
  TGA: readTga,
  PSD: readFlattened,
  TIFF: readTiff,
};

/**
 * @param name in quotes, as messages begin with it
 * @throws LWayError `bad-image`, `too-large`, `unsupported`
 */
export async function readOwn(format: OwnFormat, bytes: Uint8Array, name: string): Promise<Picture> {
  try {
    return await readers[format](bytes);
  } catch (error) {
    if (error instanceof LWayError) throw new LWayError(error.code, `${name} ${error.message}`, error.advice);
    throw new LWayError(
      'bad-image',
      `${name} cannot be read: the ${format} data is damaged${error instanceof Damaged ? ` (${error.message})` : ''}.`,
      'It may be damaged or truncated: export it again, or choose another file.',
      { cause: error },
    );
  }
}
