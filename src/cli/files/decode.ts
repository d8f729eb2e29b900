import { access, constants, open, readFile, stat, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import sharp from 'sharp';
import type { Metadata } from 'sharp';
import { type Channels, LWayError } from '../../engine';
import { foreign, isSvg, kindOf } from '../../pictures/kinds';
import type { Picture } from '../../pictures/picture';
import { ownFormat, readOwn, type OwnFormat } from '../../pictures/read';
import { drawingHeader } from './drawing';
import { failedWriting, firstLine, systemCode, writeError } from './file-errors';
import type { PictureHeader } from './header';
import { inLibvips } from './libvips';
import { colourSpaceOf } from './picture-sink';
import { PictureSource } from './picture-source';
import { sharpInput } from './sharp-input';
import { withFile } from './tiff/directory';
import { largestPage, readPages, valueOf, type TiffPage } from './tiff/pages';
import { encodeHeader, encodeTrailer, profileFields } from './vips-file';

// libvips would keep files open and remember what they held when it first saw their names.
sharp.cache(false);

/** Pixels that one input may have: 16383×16383, as much as libvips' own guard against decompression bombs. */
export const maxInputPixels = 16383 * 16383;

const readable = new Set(['jpeg', 'png', 'webp', 'tiff', 'gif', 'heif']);
const readableNames = 'PNG, JPEG, WebP, TIFF, AVIF, GIF, SVG, BMP, PPM, TGA or PSD';

/** Reads and judges the header alone. @throws LWayError `bad-image`, `too-large`, `unsupported` */
export async function readHeader(signal: AbortSignal, path: string, name = basename(path)): Promise<PictureHeader> {
  await checkReadable(path, name);
  signal.throwIfAborted();
  const start = await withFile(path, (reader) => reader.read(0, 4096));
  const own = ownFormat(start, name);
  if (own) return headerOf(path, name, own);
  const tiff = tiffStart.test(start.toString('latin1')) ? await withFile(path, readPages) : null;
  const kind = tiff?.raw ? 'camera raw' : kindOf(start);
  const refusal = foreign(kind, `"${name}"`);
  if (refusal) throw refusal;
  if (kind === null && isSvg(start)) return drawingHeader(path, name);
  // The first picture of a TIFF may be a small preview of the one that is meant.
  const page = tiff ? largestPage(tiff.pages) : 0;
  let meta: Metadata;
  try {
    const readable = await sharpInput(path);
    meta = await inLibvips(false, () => sharp(readable, { limitInputPixels: false, failOn: 'error', page }).metadata());
    if (tiff?.pages[page] && isForUs(tiff.pages[page])) return headerOf(path, name, 'TIFF');
  } catch (error) {
    if (error instanceof LWayError) throw error;
    if (tiff) return headerOf(path, name, 'TIFF');
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
  if (kind === 'animated AVIF') notices.push(`"${name}" is an animated AVIF; its still picture is upscaled.`);
  if ((meta.pages ?? 1) > 1) {
    const what = meta.format === 'tiff' ? 'pages' : meta.format === 'heif' ? 'pictures' : 'frames';
    const which = page > 0 ? `the largest one, number ${page + 1},` : 'only the first one';
    notices.push(`"${name}" has ${meta.pages} ${what}; ${which} is upscaled.`);
  }
  return { name, page, width, height, ...samples(name, meta, notices), turned: (meta.orientation ?? 1) > 1, notices };
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
 * @param onDoubt told of what is odd in the file without costing pixels
 * @throws LWayError `bad-image` for damaged, truncated or not-a-number pictures, `storage` for a full disk
 */
export async function decode(
  signal: AbortSignal,
  path: string,
  header: PictureHeader,
  target: string,
  onDoubt: (message: string) => void = () => undefined,
): Promise<PictureSource> {
  const { name } = header;
  const warnings: string[] = [];
  try {
    const { own } = header;
    const read = async () => {
      signal.throwIfAborted();
      if (own) return writePixels(await readOwn(own, await readFile(path), `"${name}"`), target);
      let pipeline = sharp(await sharpInput(path), {
        limitInputPixels: maxInputPixels,
        failOn: 'error',
        sequentialRead: true,
        page: header.page,
      }).autoOrient();
      pipeline.on('warning', (message: string) => warnings.push(...message.trim().split('\n')));
      pipeline = header.convert ? pipeline.keepExif().keepXmp() : pipeline.keepMetadata();
      await pipeline.toColourspace(header.space).toFile(target);
    };
    await inLibvips(true, read);
    // Decoders go on after damage and only say so: what counts is whether pixels were lost.
    const lost = warnings.find((message) => losing.test(message) && !harmless.test(message) && !oddScan.test(message));
    if (lost !== undefined) throw new Error(lost);
    const [doubt] = warnings.filter((message) => !harmless.test(message));
    // libjpeg gives its first warning in words and counts the rest.
    const more = warnings.some((message) => Number(/^read gave (\d+) warnings/.exec(message)?.[1]) > 1);
    if (more) onDoubt(`"${name}" has several faults in its data: check the result closely.`);
    if (doubt !== undefined)
      onDoubt(`"${name}" does not quite follow its format, but was read anyway (${firstLine(doubt)}).`);
  } catch (error) {
    signal.throwIfAborted();
    if (failedWriting(error)) throw writeError(error, target);
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
      throw new LWayError(
        'bad-image',
        `"${path}" may not be read: permission denied.`,
        'Check the permissions of the file.',
        {
          cause: error,
        },
      );
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

const tiffStart = /^(II[*+]\0|MM\0[*+]|IIRO|IIRS|IIU\0)/;

/** Decoders' words for pixels that are not as they were. */
const losing =
  /corrupt|premature|truncat|read error|not enough|bad |invalid|decod|overflow|out of range|unexpected|missing scan|checksum|crc/i;

/** Said of sound pixels: by libvips' count of warnings, by stray bytes between a JPEG's segments, by odd scan headers. */
const harmless = /^read gave \d+ warnings|extraneous bytes|known incorrect sRGB profile/i;
const oddScan = /Invalid SOS parameters/;

/** Compressions that this build of libvips has no decoder for: Zstandard, LZMA, LERC, JPEG 2000. */
const packed = new Set([50000, 34925, 34887, 34712]);

/** TIFFs whose header libvips takes and whose pixels it does not: planes in tiles, and what is packed in other ways. */
function isForUs({ entries, compression }: TiffPage): boolean {
  return packed.has(compression) || (valueOf(entries, 284, 1) === 2 && entries.some(({ tag }) => tag === 322));
}

/** Header of a picture that LWay reads itself. */
async function headerOf(path: string, name: string, own: OwnFormat): Promise<PictureHeader> {
  const { size } = await stat(path);
  if (size > largestOwn)
    throw new LWayError(
      'too-large',
      `"${name}" has ${Math.round(size / 1e6)} MB, too large for this kind of file.`,
      'Save it as PNG or TIFF first.',
    );
  const picture = await readOwn(own, await readFile(path), `"${name}"`);
  const { width, height, channels, data, notice, exif, xmp, iptc, resolution } = picture;
  const bitDepth = (data.BYTES_PER_ELEMENT * 8) as 8 | 16 | 32;
  const space = channels < 3 ? 'b-w' : 'srgb';
  const notices = notice === undefined ? [] : [`"${name}" ${notice}`];
  return {
    name,
    page: 0,
    own,
    said: { exif, xmp, iptc, resolution },
    width,
    height,
    channels,
    bitDepth,
    notices,
    space,
    convert: false,
    turned: picture.turned === true,
    bytes: data.byteLength,
  };
}

const largestOwn = 2 ** 30;

/** As a work file of libvips. */
async function writePixels({ width, height, channels, data, iccProfile }: Picture, target: string): Promise<void> {
  const sample = data instanceof Float32Array ? 'float32' : data instanceof Uint16Array ? 'uint16' : 'uint8';
  const space = colourSpaceOf(channels, data.BYTES_PER_ELEMENT);
  const head = encodeHeader({ width, height, bands: channels, sample, space, xResolution: 1, yResolution: 1 });
  const trailer = Buffer.from(encodeTrailer(profileFields(iccProfile)), 'utf8');
  await writeFile(target, [head, Buffer.from(data.buffer, data.byteOffset, data.byteLength), trailer]);
}

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
  const kind = kindOf(start);
  if (!kind) {
    return new LWayError(
      'bad-image',
      `"${name}" is not a picture, despite its name.`,
      `LWay reads ${readableNames} files.`,
      { cause: error },
    );
  }
  if (kind === 'animated AVIF') {
    return new LWayError(
      'unsupported',
      `"${name}" is an animated AVIF without a still picture, which LWay does not read.`,
      'Export the frame you want as PNG first.',
      { cause: error },
    );
  }
  if (/data precision (\d+)/.test(detail)) {
    const bits = /data precision (\d+)/.exec(detail)![1];
    return new LWayError(
      'unsupported',
      `"${name}" is a ${kind} of ${bits} bits per channel, which LWay does not read.`,
      'Export it as 16-bit PNG or TIFF first.',
      { cause: error },
    );
  }
  if (/unsupported image format|corrupt header/i.test(detail))
    return damaged(name, `the ${kind} data is damaged`, error);
  return damaged(name, `the ${kind} data is damaged (${detail.replace(/^.*?:\s*/, '')})`, error);
}
