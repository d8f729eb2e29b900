import { breathe, LWayError, type PictureInfo, profileOf } from '../../engine';
import { foreign, isSvg, kindOf } from '../../pictures/kinds';
import { takeOrientation, turnUpright } from '../../pictures/orientation';
import { readIptc } from '../../pictures/iptc';
import { textAt, type PictureMetadata } from '../../pictures/picture';
import { ownFormat, readOwn, type OwnFormat } from '../../pictures/read';
import { checkSize, damaged } from '../shared/limits';
import { PackedPixels } from '../shared/pixels';
import { pngColour } from '../shared/colour';
import { decodePng } from '../shared/png/decode';
import { avifColour, hdrNotice } from './colour';
import { findMetadata, resolutionOf, uprightMetadata } from './find-metadata';
import { embeddedProfile, profileSpace } from './icc';
import { isAnimated, jpegComponents } from './picture-header';

/** Formats that the browser decodes. */
type BrowserFormat = 'jpeg' | 'webp' | 'avif' | 'gif';

const browserFormats: Readonly<Record<string, BrowserFormat>> = {
  JPEG: 'jpeg',
  WebP: 'webp',
  AVIF: 'avif',
  'animated AVIF': 'avif',
  GIF: 'gif',
};

/** A picture as it is opened. */
export interface Decoded {
  readonly pixels: PackedPixels;
  /** Undefined where the file says nothing. */
  readonly metadata?: PictureMetadata;
  /** What was done to the picture, or cannot be kept: whole sentences. */
  readonly notices: readonly string[];
}

/**
 * Decodes a picture with its depth, profile and straight alpha.
 * @param name for messages
 * @throws LWayError `bad-image`, `too-large`, `unsupported`
 */
export async function decodePicture(signal: AbortSignal, name: string, bytes: Uint8Array): Promise<Decoded> {
  const quoted = `“${name}”`;
  if (bytes.length === 0) throw new LWayError('bad-image', `${quoted} is an empty file.`, 'Choose another file.');
  const kind = kindOf(bytes);
  const own = kind === 'TIFF' ? 'TIFF' : ownFormat(bytes, name);
  const notices: string[] = [];
  const notice = (text: string | undefined) => {
    if (text !== undefined) notices.push(`${quoted} ${text}`);
  };
  if (own) {
    const { pixels, metadata, notice: said } = await decodeOwn(own, quoted, name, bytes);
    notice(said);
    return { pixels, metadata, notices };
  }
  if (kind === 'PNG') {
    const pixels = decodePng(name, bytes);
    notice(hdrNotice(pngColour(bytes), new Uint8Array()));
    if (isAnimated(bytes, 'png')) notice('is animated; its first frame is taken.');
    return { pixels, metadata: findMetadata(bytes), notices };
  }
  const format = kind === null ? undefined : browserFormats[kind];
  if (format) {
    const metadata = findMetadata(bytes);
    const resolution = resolutionOf(bytes, metadata?.exif);
    const { pixels, converted } = await decodeByBrowser(signal, name, bytes, format, resolution);
    if (converted) notice('is a CMYK picture; its colours are converted to sRGB.');
    if (format !== 'gif') notice(hdrNotice(format === 'avif' ? avifColour(bytes) : null, bytes));
    if (isAnimated(bytes, format)) notice('is animated; its first frame is taken.');
    if (format === 'avif' && /Exif|rdf\+xml/.test(textAt(bytes, 0, 1 << 14)))
      notice('has camera data or words, which this page cannot read from an AVIF; the command line keeps them.');
    return { pixels, metadata, notices };
  }
  if (kind === null && isSvg(bytes)) {
    const pixels = await drawSvg(signal, name, bytes);
    const { width, height } = pixels.info;
    notice(`is a drawing without pixels of its own; it is drawn at ${width} × ${height}.`);
    return { pixels, notices };
  }
  throw (
    foreign(kind, quoted) ??
    new LWayError(
      'bad-image',
      `${quoted} is not a picture that can be opened here.`,
      'Open a PNG, JPEG, WebP, AVIF, TIFF, PSD, GIF, SVG, BMP, PPM or TGA file.',
    )
  );
}

/** What LWay reads by itself. */
async function decodeOwn(format: OwnFormat, quoted: string, name: string, bytes: Uint8Array) {
  const picture = await readOwn(format, bytes, quoted);
  const { data, width, height, channels, iccProfile, resolution, notice } = picture;
  checkSize(name, width, height);
  if (data instanceof Float32Array) {
    throw new LWayError(
      'unsupported',
      `${quoted} has 32-bit floating point values, which this page does not open.`,
      'Save it with 16 bits, or use the command line (npx lway upscale), which keeps them.',
    );
  }
  const bitDepth = data instanceof Uint16Array ? 16 : 8;
  const info: PictureInfo = { width, height, channels, bitDepth, encoding: 'display', iccProfile, resolution };
  const iptc = (picture.iptc && readIptc(picture.iptc)) ?? undefined;
  const metadata = uprightMetadata({ ...picture, iptc }, picture.turned === true);
  return { pixels: new PackedPixels(info, data), metadata, notice };
}

/**
 * JPEG, WebP, AVIF and a GIF's first frame by the browser's own decoders, with the EXIF orientation applied. The values
 * stay those of the picture's own profile (but for CMYK, which is converted), and alpha stays straight.
 */
async function decodeByBrowser(
  signal: AbortSignal,
  name: string,
  bytes: Uint8Array,
  format: BrowserFormat,
  resolution: number | undefined,
): Promise<{ pixels: PackedPixels; converted: boolean }> {
  const stored = format === 'webp' ? takeOrientation(bytes) : { orientation: 1 as const, bytes };
  const components = format === 'jpeg' ? jpegComponents(bytes) : 3;
  const converted = components === 4;
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([stored.bytes as Uint8Array<ArrayBuffer>], { type: `image/${format}` }), {
      imageOrientation: 'from-image',
      colorSpaceConversion: converted ? 'default' : 'none',
      premultiplyAlpha: 'none',
    });
  } catch (error) {
    throw damaged(name, error);
  }
  try {
    const { width, height } = bitmap;
    checkSize(name, width, height);
    const rgba = await pixelsOf(signal, name, bitmap, width, height);
    const upright = turnUpright(rgba, width, height, 4, stored.orientation);
    const channels = components === 1 ? 1 : isOpaque(rgba) ? 3 : 4;
    const colour = format === 'avif' ? avifColour(bytes) : null;
    const profile =
      (format === 'gif' ? undefined : embeddedProfile(bytes, format)) ??
      (colour && profileOf(colour, channels < 3)) ??
      undefined;
    const info: PictureInfo = {
      width: upright.width,
      height: upright.height,
      channels,
      bitDepth: 8,
      encoding: 'display',
      resolution,
      // A profile for other colours than those that came out would make other programs refuse the file.
      iccProfile: profile && profileSpace(profile) === (channels < 3 ? 'GRAY' : 'RGB') ? profile : undefined,
    };
    return { pixels: new PackedPixels(info, firstChannels(upright.samples, channels)), converted };
  } finally {
    bitmap.close();
  }
}

/**
 * RGBA of what can be drawn. In strips: a canvas of the whole picture's size would be silently black beyond the
 * browser's limit.
 */
async function pixelsOf(
  signal: AbortSignal,
  name: string,
  image: CanvasImageSource,
  width: number,
  height: number,
): Promise<Uint8ClampedArray> {
  const strip = Math.max(1, Math.min(height, Math.floor(4_000_000 / width)));
  const canvas = new OffscreenCanvas(width, strip);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw damaged(name);
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y += strip) {
    signal.throwIfAborted();
    const rows = Math.min(strip, height - y);
    context.clearRect(0, 0, width, strip);
    context.drawImage(image, 0, -y, width, height);
    rgba.set(context.getImageData(0, 0, width, rows).data, y * width * 4);
    await breathe();
  }
  return rgba;
}

function isOpaque(rgba: Uint8ClampedArray): boolean {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) return false;
  return true;
}

/** Without what the canvas added: an opaque picture's alpha, a gray one's other colours. */
function firstChannels(rgba: Uint8ClampedArray, channels: 1 | 3 | 4): Uint8ClampedArray {
  if (channels === 4) return rgba;
  const out = new Uint8ClampedArray((rgba.length / 4) * channels);
  for (let i = 0, o = 0; i < rgba.length; i += 4) for (let c = 0; c < channels; c++) out[o++] = rgba[i + c]!;
  return out;
}

/** Longest side at which a smaller drawing is drawn: enough for a screen. */
const drawingSide = 2048;

/**
 * A drawing at its own size, or larger where that is small. As an image a browser neither runs its scripts nor loads
 * what it refers to.
 */
async function drawSvg(signal: AbortSignal, name: string, bytes: Uint8Array): Promise<PackedPixels> {
  const address = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode().catch((error: unknown) => {
      throw damaged(name, error);
    });
    const [w, h] = [image.naturalWidth || drawingSide, image.naturalHeight || drawingSide];
    const factor = Math.max(1, drawingSide / Math.max(w, h));
    const [width, height] = [Math.round(w * factor), Math.round(h * factor)];
    checkSize(name, width, height);
    const rgba = await pixelsOf(signal, name, image, width, height);
    const channels = isOpaque(rgba) ? 3 : 4;
    const info: PictureInfo = { width, height, channels, bitDepth: 8, encoding: 'display' };
    return new PackedPixels(info, firstChannels(rgba, channels));
  } finally {
    URL.revokeObjectURL(address);
  }
}
