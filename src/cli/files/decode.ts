import { access, constants, open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import sharp from 'sharp';
import type { Metadata } from 'sharp';
import { LWayError } from '../../engine/errors';
import type { Channels } from '../../engine/raster/raster';
import { firstLine, systemCode, writeError } from './file-errors';
import { PictureSource } from './picture-source';

// libvips would keep files open and remember what they held when it first saw their names.
sharp.cache(false);

/** Pixels that one input may have: 16383×16383, as much as libvips' own guard against decompression bombs. */
export const maxInputPixels = 16383 * 16383;

/** What the header of a picture file says. */
export interface PictureHeader {
  /** What people call it. */
  name: string;
  /** Size with the EXIF orientation applied. */
  width: number;
  height: number;
  /** After conversion to what LWay works in: CMYK and Lab count as RGB. */
  channels: Channels;
  bitDepth: 8 | 16 | 32;
  /** What is not as one may think: frames left out, colours converted. */
  notices: string[];
  /** sharp's name of the colour space to decode to. */
  space: string;
  /** Colours are converted to sRGB while decoding, and the profile with them. */
  convert: boolean;
  /** The pixels are turned upright while they are decoded. */
  turned: boolean;
  /** Values the decoded file takes on disk. */
  bytes: number;
}

const readable = new Set(['jpeg', 'png', 'webp', 'tiff', 'gif', 'heif']);
const readableNames = 'PNG, JPEG, WebP, TIFF, AVIF or GIF';

/** Reads and judges the header alone. @throws LWayError `bad-image`, `too-large`, `unsupported` */
export async function readHeader(signal: AbortSignal, path: string, name = basename(path)): Promise<PictureHeader> {
  await checkReadable(path, name);
  signal.throwIfAborted();
  let meta: Metadata;
  try {
    meta = await sharp(path, { limitInputPixels: false, failOn: 'error' }).metadata();
  } catch (error) {
    throw await notDecodable(path, name, error);
  }
  if (!meta.format || !readable.has(meta.format)) {
    throw new LWayError(
      'bad-image',
      `"${name}" is a ${meta.format?.toUpperCase() ?? 'file'} that LWay does not upscale.`,
      `Save it as ${readableNames} first.`,
    );
  }
  // Animated formats stack their frames in `height`.
  const turned = (meta.orientation ?? 1) >= 5;
  const frameHeight = meta.pageHeight ?? meta.height;
  const [width, height] = turned ? [frameHeight, meta.width] : [meta.width, frameHeight];
  if (!(width >= 1 && height >= 1)) throw damaged(name, 'it has no pixels');
  if (width * height > maxInputPixels) {
    throw new LWayError(
      'too-large',
      `"${name}" has ${width}×${height} pixels; LWay takes pictures up to ${Math.floor(maxInputPixels / 1e6)} megapixels.`,
      'Cut it into parts first.',
    );
  }
  const notices: string[] = [];
  if ((meta.pages ?? 1) > 1) {
    const what = meta.format === 'tiff' ? 'pages' : meta.format === 'heif' ? 'pictures' : 'frames';
    notices.push(`"${name}" has ${meta.pages} ${what}; only the first one is upscaled.`);
  }
  return { name, width, height, ...samples(name, meta, notices), turned: (meta.orientation ?? 1) > 1, notices };
}

function samples(name: string, meta: Metadata, notices: string[]) {
  const alpha = meta.hasAlpha ? 1 : 0;
  const bytes = (bands: number, size: number) => meta.width * (meta.pageHeight ?? meta.height) * bands * size;
  const convert = (what: string, bitDepth: 8 | 16) => {
    notices.push(`"${name}" is a ${what} picture; its colours are converted to sRGB.`);
    const channels = (3 + alpha) as Channels;
    const space = bitDepth === 8 ? 'srgb' : 'rgb16';
    return { channels, bitDepth, space, convert: true, bytes: bytes(channels, bitDepth / 8) } as const;
  };
  if (meta.space === 'cmyk') return convert('CMYK', meta.depth === 'ushort' ? 16 : 8);
  if (meta.space === 'lab' || meta.space === 'labs') return convert('Lab', meta.space === 'labs' ? 16 : 8);
  const bitDepth = ({ uchar: 8, ushort: 16, float: 32, double: 32 } as const)[meta.depth as 'uchar'];
  const known = ['b-w', 'srgb', 'rgb16', 'grey16', 'scrgb'].includes(meta.space);
  const colour = meta.channels - alpha;
  if (!bitDepth || !known || (colour !== 1 && colour !== 3)) {
    throw new LWayError(
      'unsupported',
      `"${name}" has ${meta.channels} channels of type ${meta.depth} (${meta.space}), which LWay does not read.`,
      'Save it as 8 or 16 bit RGB or grayscale, or as 32-bit float TIFF.',
    );
  }
  const size = meta.depth === 'double' ? 8 : bitDepth / 8;
  const channels = meta.channels as unknown as Channels;
  return { channels, bitDepth, space: meta.space, convert: false, bytes: bytes(channels, size) } as const;
}

/**
 * Decodes a picture, upright, into the work file `target` (libvips streams it: memory stays small unless the picture
 * has to be turned).
 * @throws LWayError `bad-image` for damaged, truncated or not-a-number pictures, `storage` for a full disk
 */
export async function decode(
  signal: AbortSignal,
  path: string,
  header: PictureHeader,
  target: string,
): Promise<PictureSource> {
  const { name } = header;
  const run = async (failOn: 'warning' | 'error') => {
    let pipeline = sharp(path, { limitInputPixels: maxInputPixels, failOn, sequentialRead: true }).autoOrient();
    pipeline = header.convert ? pipeline.keepExif().keepXmp() : pipeline.keepMetadata();
    await pipeline.toColourspace(header.space).toFile(target);
  };
  try {
    await run('warning').catch((error: unknown) => {
      // Stray bytes between the segments of a JPEG are common in camera files and harm no pixel.
      if (/extraneous bytes/i.test(String(error))) return run('error');
      throw error;
    });
  } catch (error) {
    if (/no space left|wbuffer_write/i.test(String(error))) throw writeError(error, target);
    throw await notDecodable(path, name, error);
  }
  signal.throwIfAborted();
  const source = await PictureSource.open(target);
  try {
    await source.ensureFinite(signal);
    return source;
  } catch (error) {
    await source.close();
    if (error instanceof LWayError) {
      throw new LWayError(error.code, error.message.replace(/^The picture/, `"${name}"`), error.advice);
    }
    throw error;
  }
}

async function checkReadable(path: string, name: string): Promise<void> {
  try {
    const info = await stat(path);
    if (info.isDirectory()) {
      throw new LWayError(
        'bad-image',
        `"${name}" is a folder.`,
        'Name the pictures in it, for instance with a pattern such as folder/*.jpg.',
      );
    }
    if (info.size === 0 && info.isFile()) throw damaged(name, 'it is empty');
    // Asking what it is may be allowed where reading it is not.
    await access(path, constants.R_OK);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new LWayError('bad-image', `There is no file "${path}".`, 'Check the name and the folder.', {
        cause: error,
      });
    }
    if (code === 'EACCES' || code === 'EPERM') {
      throw new LWayError('bad-image', `"${path}" may not be read.`, 'Check the permissions of the file.', {
        cause: error,
      });
    }
    throw error;
  }
}

function damaged(name: string, how: string, cause?: unknown): LWayError {
  return new LWayError(
    'bad-image',
    `"${name}" cannot be read: ${how}.`,
    'It may be damaged or truncated: export it again, or choose another file.',
    { cause },
  );
}

const signatures: readonly [string, RegExp][] = [
  ['PNG', /^\x89PNG\r\n/],
  ['JPEG', /^\xff\xd8\xff/],
  ['WebP', /^RIFF[^]{4}WEBP/],
  ['TIFF', /^(II[*+]\0|MM\0[*+])/],
  ['GIF', /^GIF8[79]a/],
  ['AVIF', /^[^]{4}ftypavi[fs]/],
  ['HEIC', /^[^]{4}ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)/],
  ['Photoshop', /^8BPS/],
  ['camera raw', /^(FUJIFILM|[^]{4}ftypcrx )/],
];

/** Says whether a file that libvips refuses is a damaged picture or none at all. */
async function notDecodable(path: string, name: string, error: unknown): Promise<LWayError> {
  const detail = firstLine(error instanceof Error ? error.message : String(error));
  const file = await open(path, 'r');
  const start = Buffer.alloc(16);
  try {
    await file.read(start, 0, start.length, 0);
  } finally {
    await file.close();
  }
  const kind = signatures.find(([, signature]) => signature.test(start.toString('latin1')))?.[0];
  if (!kind) {
    return new LWayError(
      'bad-image',
      `"${name}" is not a picture, whatever its name says.`,
      `LWay reads ${readableNames} files.`,
      { cause: error },
    );
  }
  if (kind === 'HEIC' || kind === 'Photoshop' || kind === 'camera raw') {
    return new LWayError(
      'unsupported',
      `"${name}" is a ${kind} file, which LWay does not read.`,
      `Save it as ${readableNames} first.`,
      { cause: error },
    );
  }
  if (/unsupported image format|corrupt header/i.test(detail))
    return damaged(name, `the ${kind} data is damaged`, error);
  return damaged(name, `the ${kind} data is damaged (${detail.replace(/^.*?:\s*/, '')})`, error);
}
