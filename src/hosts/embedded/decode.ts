import { convertIndexedToRgb, decode, type DecodedPng } from 'fast-png';
import { type Channels, LWayError, type PictureInfo } from '../../engine';
import { embeddedProfile } from './icc';
import { takeOrientation, turnUpright } from './orientation';
import { PackedPixels } from './pixels';

/** What may be opened: beyond it a page runs out of memory while decoding. */
export const maxInputPixels = 160_000_000;

export type PictureFormat = 'png' | 'jpeg' | 'webp' | 'avif';

/** The format by its first bytes; names and types that come with a file are often wrong. */
export function sniff(bytes: Uint8Array): PictureFormat | null {
  const text = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (text(1, 4) === 'PNG' && bytes[0] === 0x89) return 'png';
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg';
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return 'webp';
  if (text(4, 8) === 'ftyp' && /avif|avis|mif1/.test(text(8, 32))) return 'avif';
  return null;
}

const broken = (name: string, cause?: unknown) =>
  new LWayError(
    'bad-image',
    `“${name}” could not be read: the file is damaged or not complete.`,
    'Export it again from the program that made it, or choose another file.',
    { cause },
  );

/** @throws LWayError `too-large` or `bad-image` where a picture of this size cannot be opened */
export function checkSize(name: string, width: number, height: number): void {
  if (!(width >= 1 && height >= 1)) throw broken(name);
  if (width * height > maxInputPixels) {
    throw new LWayError(
      'too-large',
      `“${name}” has ${width} × ${height} pixels; this page opens pictures of up to ${maxInputPixels / 1e6} megapixels.`,
      'Open a smaller part of it, or use the command line (npx lway upscale), which takes up to 268 megapixels.',
    );
  }
}

/**
 * Decodes a picture with its depth, profile and straight alpha.
 * @param name for messages
 * @throws LWayError `bad-image`, `too-large`
 */
export async function decodePicture(signal: AbortSignal, name: string, bytes: Uint8Array): Promise<PackedPixels> {
  const format = sniff(bytes);
  if (!format) {
    throw new LWayError(
      'bad-image',
      bytes.length === 0 ? `“${name}” is an empty file.` : `“${name}” is not a picture that can be opened here.`,
      'Open a PNG, JPEG, WebP or AVIF file.',
    );
  }
  return format === 'png' ? decodePng(name, bytes) : decodeByBrowser(signal, name, bytes, format);
}

/** PNG of any depth; not by a canvas, which would cut 16 bits down to 8. */
export function decodePng(name: string, bytes: Uint8Array): PackedPixels {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33) throw broken(name);
  // The size stands in the header: refuse before memory is asked for.
  checkSize(name, view.getUint32(16), view.getUint32(20));
  let png: DecodedPng;
  try {
    png = decode(bytes, { checkCrc: true });
  } catch (error) {
    throw broken(name, error);
  }
  const { width, height, depth } = png;
  const info = (channels: Channels): PictureInfo => ({
    width,
    height,
    channels,
    bitDepth: depth === 16 ? 16 : 8,
    encoding: 'display',
    iccProfile: png.iccEmbeddedProfile?.profile,
    resolution: png.resolution?.unit === 1 ? png.resolution.x * 0.0254 : undefined,
  });
  if (png.palette) {
    const channels = png.palette[0]?.length === 4 ? 4 : 3;
    return new PackedPixels(info(channels), convertIndexedToRgb(png));
  }
  let samples = depth < 8 ? spreadBits(png) : (png.data as Uint8Array | Uint16Array);
  let channels = png.channels as Channels;
  const clear = png.transparency;
  if (clear?.length && (channels === 1 || channels === 3)) {
    samples = addAlpha(samples, channels, clear, depth);
    channels = (channels + 1) as Channels;
  }
  if (samples.length !== width * height * channels) throw broken(name);
  return new PackedPixels(info(channels), samples);
}

/** Gray of 1, 2 or 4 bits, rows starting on bytes → 8 bits. */
function spreadBits({ width, height, depth, data }: DecodedPng): Uint8Array {
  const out = new Uint8Array(width * height);
  const stride = Math.ceil((width * depth) / 8);
  const top = (1 << depth) - 1;
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o++) {
      const bit = x * depth;
      const value = (data[y * stride + (bit >> 3)]! >> (8 - depth - (bit & 7))) & top;
      out[o] = (value * 255) / top;
    }
  }
  return out;
}

/** A picture in which one colour means "transparent" (tRNS) → one with alpha. */
function addAlpha(samples: Uint8Array | Uint16Array, channels: number, clear: Uint16Array, depth: number) {
  const count = samples.length / channels;
  const wide = samples instanceof Uint16Array;
  const out = wide ? new Uint16Array(count * (channels + 1)) : new Uint8Array(count * (channels + 1));
  const key = depth < 8 ? clear.map((value) => (value * 255) / ((1 << depth) - 1)) : clear;
  for (let i = 0; i < count; i++) {
    let same = true;
    for (let c = 0; c < channels; c++) {
      const value = samples[i * channels + c]!;
      out[i * (channels + 1) + c] = value;
      if (value !== key[c]) same = false;
    }
    out[i * (channels + 1) + channels] = same ? 0 : wide ? 65535 : 255;
  }
  return out;
}

const mime = { jpeg: 'image/jpeg', webp: 'image/webp', avif: 'image/avif' } as const;

/**
 * JPEG, WebP and AVIF by the browser's own decoders, with the EXIF orientation applied. The values stay those of the
 * picture's own profile, and alpha stays straight. Pixels are taken over in strips: a canvas of the whole picture's
 * size would be silently black beyond the browser's limit.
 */
async function decodeByBrowser(
  signal: AbortSignal,
  name: string,
  bytes: Uint8Array,
  format: Exclude<PictureFormat, 'png'>,
): Promise<PackedPixels> {
  const stored = format === 'webp' ? takeOrientation(bytes) : { orientation: 1 as const, bytes };
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([stored.bytes as Uint8Array<ArrayBuffer>], { type: mime[format] }), {
      imageOrientation: 'from-image',
      colorSpaceConversion: 'none',
      premultiplyAlpha: 'none',
    });
  } catch (error) {
    throw broken(name, error);
  }
  try {
    const { width, height } = bitmap;
    checkSize(name, width, height);
    const strip = Math.max(1, Math.min(height, Math.floor(4_000_000 / width)));
    const canvas = new OffscreenCanvas(width, strip);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw broken(name);
    const rgba = new Uint8ClampedArray(width * height * 4);
    let opaque = true;
    for (let y = 0; y < height; y += strip) {
      signal.throwIfAborted();
      const rows = Math.min(strip, height - y);
      context.clearRect(0, 0, width, strip);
      context.drawImage(bitmap, 0, y, width, rows, 0, 0, width, rows);
      const { data } = context.getImageData(0, 0, width, rows);
      rgba.set(data, y * width * 4);
      if (opaque) for (let i = 3; i < data.length && opaque; i += 4) opaque = data[i] === 255;
    }
    const upright = turnUpright(rgba, width, height, 4, stored.orientation);
    const info = {
      width: upright.width,
      height: upright.height,
      bitDepth: 8,
      encoding: 'display',
      iccProfile: embeddedProfile(bytes, format),
    } as const;
    if (!opaque) return new PackedPixels({ ...info, channels: 4 }, upright.samples);
    // An opaque picture goes without the alpha that the canvas added.
    const rgb = new Uint8ClampedArray(width * height * 3);
    for (let i = 0, o = 0; i < rgba.length; i += 4) {
      rgb[o++] = upright.samples[i]!;
      rgb[o++] = upright.samples[i + 1]!;
      rgb[o++] = upright.samples[i + 2]!;
    }
    return new PackedPixels({ ...info, channels: 3 }, rgb);
  } finally {
    bitmap.close();
  }
}
