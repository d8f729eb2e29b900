import { inflateSync } from 'node:zlib';
import { initializeCanvas, readPsd } from 'ag-psd';
import { LWayError } from '../../engine';
import { numbersOf, readTiffHeader, bytesOf } from './tiff/directory';
import { readPages, valueOf } from './tiff/pages';

/** Pixels of a picture that libvips, as sharp brings it along, does not read. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  /** Interleaved; floats are light. */
  readonly data: Uint8Array | Uint16Array | Float32Array;
  readonly iccProfile?: Uint8Array;
  /** What was done to the picture, if anything. */
  readonly notice?: string;
}

/** These readers hold the whole picture: more pixels than this take too much memory. */
const mostPixels = 100e6;

export type OtherFormat = 'BMP' | 'PNM' | 'TGA' | 'PSD' | 'TIFF';

/** By the first bytes, and for TGA, which has none, by the name. */
export function otherFormat(start: Buffer, name: string): OtherFormat | null {
  const text = start.toString('latin1');
  if (text.startsWith('BM')) return 'BMP';
  if (/^P[1-6][\s#]/.test(text)) return 'PNM';
  if (text.startsWith('8BPS')) return 'PSD';
  if (/\.(tga|icb|vda|vst)$/i.test(name) && (start[1]! & ~1) === 0 && [1, 2, 3, 9, 10, 11].includes(start[2]!))
    return 'TGA';
  return null;
}

type CreateImageData = NonNullable<Parameters<typeof initializeCanvas>[1]>;

class Damaged extends Error {}

/** @throws LWayError `bad-image`, `too-large`, `unsupported` */
export async function readOther(format: OtherFormat, bytes: Buffer, name: string): Promise<Pixels> {
  try {
    switch (format) {
      case 'BMP':
        return readBmp(bytes);
      case 'PNM':
        return readPnm(bytes);
      case 'TGA':
        return readTga(bytes);
      case 'PSD':
        return readFlattened(bytes);
      case 'TIFF':
        return await readPlainTiff(bytes);
    }
  } catch (error) {
    if (error instanceof LWayError) throw new LWayError(error.code, `"${name}" ${error.message}`, error.advice);
    throw new LWayError(
      'bad-image',
      `"${name}" cannot be read: the ${format} data is damaged${error instanceof Damaged ? ` (${error.message})` : ''}.`,
      'It may be damaged or truncated: export it again, or choose another file.',
      { cause: error },
    );
  }
}

const another = 'Save it as PNG, or as 8 or 16 bit TIFF, first.';

function checked(width: number, height: number): void {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width >= 1 && height >= 1))
    throw new Damaged('it has no pixels');
  if (width * height > mostPixels)
    throw new LWayError(
      'too-large',
      `has ${width}×${height} pixels; of this kind LWay reads up to ${mostPixels / 1e6} megapixels.`,
      another,
    );
}

const unsupported = (what: string) => new LWayError('unsupported', `${what}, which LWay does not read.`, another);

/** Windows bitmaps: 1, 4 and 8 bits with a palette, 24 and 32 bits. */
function readBmp(bytes: Buffer): Pixels {
  const [start, header] = [bytes.readUInt32LE(10), bytes.readUInt32LE(14)];
  if (header < 40) throw unsupported('is a bitmap of OS/2');
  const [width, rows] = [bytes.readInt32LE(18), bytes.readInt32LE(22)];
  const [bits, compression] = [bytes.readUInt16LE(28), bytes.readUInt32LE(30)];
  const height = Math.abs(rows);
  checked(width, height);
  const masked = compression === 3 && bits === 32;
  if (compression !== 0 && !masked) throw unsupported('is a compressed bitmap');
  if (![1, 4, 8, 24, 32].includes(bits)) throw unsupported(`is a bitmap of ${bits} bits`);
  const shifts = masked
    ? [0, 4, 8].map((i) => 31 - Math.clz32(bytes.readUInt32LE(54 + i) & -bytes.readUInt32LE(54 + i)))
    : [16, 8, 0];
  const palette = 14 + header;
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (start + stride * height > bytes.length) throw new Damaged('it is cut off');
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, o = 0; y < height; y++) {
    const row = start + (rows > 0 ? height - 1 - y : y) * stride;
    for (let x = 0; x < width; x++, o += 3) {
      if (bits === 32) {
        const value = bytes.readUInt32LE(row + 4 * x);
        for (let c = 0; c < 3; c++) data[o + c] = (value >>> shifts[c]!) & 255;
        continue;
      }
      const bit = x * bits;
      const at =
        bits === 24
          ? row + 3 * x
          : palette + 4 * ((bytes[row + (bit >> 3)]! >> (8 - bits - (bit & 7))) & ((1 << bits) - 1));
      for (let c = 0; c < 3; c++) data[o + c] = bytes[at + 2 - c]!;
    }
  }
  return { width, height, channels: 3, data };
}

/** PBM, PGM and PPM, as text and as bytes, up to 16 bits. */
function readPnm(bytes: Buffer): Pixels {
  let at = 2;
  const number = (): number => {
    for (;;) {
      const letter = bytes[at];
      if (letter === undefined) throw new Damaged('it is cut off');
      if (letter === 0x23) while (at < bytes.length && bytes[at] !== 10) at++;
      else if (letter >= 0x30 && letter <= 0x39) break;
      else at++;
    }
    let value = 0;
    while (bytes[at]! >= 0x30 && bytes[at]! <= 0x39) value = value * 10 + bytes[at++]! - 0x30;
    return value;
  };
  const kind = bytes[1]! - 0x30;
  const [width, height] = [number(), number()];
  checked(width, height);
  const bitmap = kind === 1 || kind === 4;
  const white = bitmap ? 1 : number();
  if (white < 1 || white > 65535) throw new Damaged(`its white is ${white}`);
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const count = width * height * channels;
  const data = white > 255 ? new Uint16Array(count) : new Uint8Array(count);
  const top = white > 255 ? 65535 : 255;
  const put = (i: number, value: number) => (data[i] = Math.round((Math.min(value, white) / white) * top));
  if (kind <= 3) {
    for (let i = 0; i < count; i++) {
      // Bits may stand without blanks between them.
      if (!bitmap) put(i, number());
      else {
        while (at < bytes.length && bytes[at] !== 0x30 && bytes[at] !== 0x31) at++;
        if (at >= bytes.length) throw new Damaged('it is cut off');
        put(i, 1 - (bytes[at++]! - 0x30));
      }
    }
  } else {
    at++;
    const stride = bitmap ? Math.ceil(width / 8) : width * channels * (white > 255 ? 2 : 1);
    if (at + stride * height > bytes.length) throw new Damaged('it is cut off');
    for (let i = 0; i < count; i++) {
      if (bitmap)
        put(i, 1 - ((bytes[at + Math.floor(i / width) * stride + ((i % width) >> 3)]! >> (7 - ((i % width) & 7))) & 1));
      else put(i, white > 255 ? bytes.readUInt16BE(at + 2 * i) : bytes[at + i]!);
    }
  }
  return { width, height, channels, data };
}

/** Truevision: gray, colour and palettes, with and without run lengths. */
function readTga(bytes: Buffer): Pixels {
  const [kind, width, height, bits, flags] = [
    bytes[2]!,
    bytes.readUInt16LE(12),
    bytes.readUInt16LE(14),
    bytes[16]!,
    bytes[17]!,
  ];
  checked(width, height);
  const paletted = (kind & 7) === 1;
  const [mapFirst, mapCount, mapBits] = [bytes.readUInt16LE(3), bytes.readUInt16LE(5), bytes[7]!];
  const depth = paletted ? mapBits : bits;
  if (![8, 24, 32].includes(depth) || (paletted && bits !== 8)) throw unsupported(`is a TGA of ${depth} bits`);
  const map = 18 + bytes[0]!;
  let at = map + (bytes[1] === 1 ? Math.ceil((mapCount * mapBits) / 8) : 0);
  const size = bits / 8;
  const pixels = Buffer.alloc(width * height * size);
  if (kind < 8) {
    if (at + pixels.length > bytes.length) throw new Damaged('it is cut off');
    bytes.copy(pixels, 0, at);
  } else {
    for (let o = 0; o < pixels.length;) {
      if (at >= bytes.length) throw new Damaged('it is cut off');
      const packet = bytes[at++]!;
      const count = (packet & 127) + 1;
      const step = packet & 128 ? size : size * count;
      if (at + step > bytes.length) throw new Damaged('it is cut off');
      for (let i = 0; i < count && o < pixels.length; i++, o += size)
        bytes.copy(pixels, o, packet & 128 ? at : at + i * size, (packet & 128 ? at : at + i * size) + size);
      at += step;
    }
  }
  const channels = depth === 8 ? 1 : depth === 32 && (flags & 15) === 8 ? 4 : 3;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, o = 0; y < height; y++) {
    const row = flags & 0x20 ? y : height - 1 - y;
    for (let x = 0; x < width; x++, o += channels) {
      let from = (row * width + (flags & 0x10 ? width - 1 - x : x)) * size;
      let source: Uint8Array = pixels;
      if (paletted) {
        from = map + (pixels[from]! - mapFirst) * (mapBits / 8);
        source = bytes;
      }
      if (channels === 1) data[o] = source[from]!;
      else for (let c = 0; c < channels; c++) data[o + c] = source[from + (c === 3 ? 3 : 2 - c)]!;
    }
  }
  return { width, height, channels, data };
}

/** Photoshop's flattened picture, which it keeps beside the layers unless told not to. */
function readFlattened(bytes: Buffer): Pixels {
  if (bytes.length < 26) throw new Damaged('it is cut off');
  const [depth, mode] = [bytes.readUInt16BE(22), bytes.readUInt16BE(24)];
  checked(bytes.readUInt32BE(18), bytes.readUInt32BE(14));
  if (mode !== 3 && mode !== 1) throw unsupported('is a Photoshop file that is neither RGB nor grayscale');
  if (depth !== 8 && depth !== 16) throw unsupported(`is a Photoshop file of ${depth} bits`);
  checkWhole(bytes, depth);
  // There is no canvas in Node, and for the flattened picture none is needed.
  initializeCanvas(
    () => {
      throw new Damaged('it asks for a canvas');
    },
    (width, height) =>
      ({ width, height, data: new Uint8ClampedArray(width * height * 4) }) as unknown as ReturnType<CreateImageData>,
  );
  const psd = readPsd(bytes, {
    useImageData: true,
    skipLayerImageData: true,
    skipThumbnail: true,
    throwForMissingFeatures: false,
  });
  const picture = psd.imageData;
  if (!picture) throw unsupported('is a Photoshop file without a flattened picture in it');
  const { width, height } = psd;
  const source = picture.data as Uint8Array | Uint8ClampedArray | Uint16Array;
  const wide = source instanceof Uint16Array;
  const white = wide ? 65535 : 255;
  let opaque = true;
  for (let i = 3; i < source.length && opaque; i += 4) opaque = source[i] === white;
  const channels = opaque ? 3 : 4;
  const count = width * height * channels;
  const data = wide ? new Uint16Array(count) : new Uint8Array(count);
  for (let i = 0, o = 0; o < count; i += 4) for (let c = 0; c < channels; c++) data[o++] = source[i + c]!;
  const layers = psd.children?.length ?? 0;
  const notice = layers > 1 ? `has ${layers} layers; the flattened picture is upscaled.` : undefined;
  return { width, height, channels, data, notice };
}

/** The library takes what is missing at the end for black. @throws Damaged where the flattened picture is cut off */
function checkWhole(bytes: Buffer, depth: number): void {
  const [channels, height, width] = [bytes.readUInt16BE(12), bytes.readUInt32BE(14), bytes.readUInt32BE(18)];
  let at = 26;
  // Colour mode data, resources, layers: each with its length before it.
  for (let section = 0; section < 3; section++) {
    if (at + 4 > bytes.length) throw new Damaged('it is cut off');
    at += 4 + bytes.readUInt32BE(at);
  }
  if (at + 2 > bytes.length) throw new Damaged('it is cut off');
  const compression = bytes.readUInt16BE(at);
  at += 2;
  const rows = channels * height;
  let needed = 0;
  if (compression === 0) needed = (rows * width * depth) / 8;
  if (compression === 1) {
    if (at + 2 * rows > bytes.length) throw new Damaged('it is cut off');
    needed = 2 * rows;
    for (let row = 0; row < rows; row++) needed += bytes.readUInt16BE(at + 2 * row);
  }
  if (at + needed > bytes.length) throw new Damaged('it is cut off');
}

/** TIFFs that libvips does not read: planes in tiles, 64-bit floats, Lab in 8 bits; as they are or deflated. */
async function readPlainTiff(bytes: Buffer): Promise<Pixels> {
  const reader = bytesOf(bytes);
  const header = await readTiffHeader(reader);
  const page = (await readPages(reader))?.pages[0];
  if (!header || !page) throw new Damaged('it has no directory');
  const { width, height, photometric, compression, entries } = page;
  checked(width, height);
  const all = (tag: number) => numbersOf(entries.find((entry) => entry.tag === tag));
  const value = (tag: number, otherwise: number) => valueOf(entries, tag, otherwise);
  const names: Record<number, string> = {
    50000: 'Zstandard',
    34925: 'LZMA',
    50001: 'WebP',
    34887: 'LERC',
    34712: 'JPEG 2000',
  };
  if (![1, 8, 32946].includes(compression))
    throw unsupported(`is a TIFF compressed with ${names[compression] ?? `method ${compression}`}`);
  const samples = value(277, 1);
  const bits = value(258, 1);
  const format = value(339, 1);
  const lab = photometric === 8;
  if (
    value(317, 1) !== 1 ||
    samples > 4 ||
    ![0, 1, 2, 8].includes(photometric) ||
    !([8, 16].includes(bits) ? format !== 3 : format === 3 && [32, 64].includes(bits))
  )
    throw unsupported(`is a TIFF of a kind (${samples} times ${bits} bits, colour ${photometric})`);
  const tiled = all(322).length > 0;
  const [tileWidth, tileHeight] = tiled
    ? [value(322, 0), value(323, 0)]
    : [width, Math.min(height, value(278, height))];
  if (!(tileWidth > 0 && tileHeight > 0 && tileWidth * tileHeight <= mostPixels))
    throw new Damaged('its tiles have no size');
  const offsets = all(tiled ? 324 : 273);
  const counts = all(tiled ? 325 : 279);
  const planar = value(284, 1) === 2;
  const across = Math.ceil(width / tileWidth);
  const perPlane = across * Math.ceil(height / tileHeight);
  const together = planar ? 1 : samples;
  const out = new Float64Array(width * height * samples);
  for (let i = 0; i < perPlane * (planar ? samples : 1); i++) {
    const rows = tiled ? tileHeight : Math.min(tileHeight, height - (i % perPlane) * tileHeight);
    const wanted = tileWidth * rows * together * (bits / 8);
    const [from, length] = [offsets[i], counts[i] ?? wanted];
    if (from === undefined || from + Math.min(length, 1) > bytes.length) throw new Damaged('it is cut off');
    const stored = bytes.subarray(from, from + length);
    const piece = compression === 1 ? stored : inflateSync(stored, { maxOutputLength: wanted + 1024 });
    if (piece.length < wanted) throw new Damaged('it is cut off');
    const plane = planar ? Math.floor(i / perPlane) : 0;
    const [left, top] = [(i % across) * tileWidth, Math.floor((i % perPlane) / across) * tileHeight];
    const get = getter(piece, bits, format, header.little);
    for (let y = 0; y < rows && top + y < height; y++)
      for (let x = 0; x < tileWidth && left + x < width; x++)
        for (let c = 0; c < together; c++)
          out[((top + y) * width + left + x) * samples + plane + c] = get((y * tileWidth + x) * together + c);
  }
  if (lab)
    return {
      width,
      height,
      channels: 3,
      data: labToSrgb(out, samples, bits),
      notice: 'is a Lab picture; its colours are converted to sRGB.',
    };
  if (photometric === 0) for (let i = 0; i < out.length; i++) out[i] = 2 ** bits - 1 - out[i]!;
  const data = format === 3 ? Float32Array.from(out) : bits === 8 ? Uint8Array.from(out) : Uint16Array.from(out);
  return {
    width,
    height,
    channels: samples as Pixels['channels'],
    data,
    iccProfile: entries.find(({ tag }) => tag === 34675)?.value ?? undefined,
  };
}

function getter(piece: Buffer, bits: number, format: number, little: boolean): (i: number) => number {
  if (bits === 8) return (i) => piece[i]!;
  if (bits === 16) return (i) => (little ? piece.readUInt16LE(2 * i) : piece.readUInt16BE(2 * i));
  if (bits === 32 && format === 3) return (i) => (little ? piece.readFloatLE(4 * i) : piece.readFloatBE(4 * i));
  return (i) => (little ? piece.readDoubleLE(8 * i) : piece.readDoubleBE(8 * i));
}

/** CIE Lab under D50 (TIFF 6.0, section 23) to 16-bit sRGB, by Bradford's adaptation. */
function labToSrgb(lab: Float64Array, samples: number, bits: number): Uint16Array {
  const count = lab.length / samples;
  const out = new Uint16Array(count * 3);
  const top = 2 ** bits;
  const signed = (value: number) => ((value >= top / 2 ? value - top : value) * 256) / top;
  const inverse = (t: number) => (t > 6 / 29 ? t ** 3 : 3 * (6 / 29) ** 2 * (t - 4 / 29));
  const encode = (v: number) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);
  for (let i = 0; i < count; i++) {
    const l = (lab[i * samples]! / (top - 1)) * 100;
    const [a, b] = [signed(lab[i * samples + 1]!), signed(lab[i * samples + 2]!)];
    const f = (l + 16) / 116;
    const [x, y, z] = [0.9642 * inverse(f + a / 500), inverse(f), 0.8249 * inverse(f - b / 200)];
    const rgb = [
      3.1338561 * x - 1.6168667 * y - 0.4906146 * z,
      -0.9787684 * x + 1.9161415 * y + 0.033454 * z,
      0.0719453 * x - 0.2289914 * y + 1.4052427 * z,
    ];
    rgb.forEach((v, c) => (out[3 * i + c] = Math.round(Math.min(1, Math.max(0, encode(Math.max(0, v)))) * 65535)));
  }
  return out;
}
