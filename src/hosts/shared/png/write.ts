import { breathe, LWayError, type PixelSource, toInterleaved } from '../../../engine';
import { joinBytes } from '../../../pictures/bytes';
import { writeIptc } from '../../../pictures/iptc';
import type { PictureMetadata } from '../../../pictures/picture';
import { writeRawProfile, writeText } from '../../../pictures/png-text';

/** The longest side that common PNG readers accept (libpng's default limit). */
const maxSide = 1_000_000;

/** @throws LWayError `too-large`, `unsupported` where a PNG cannot hold the picture */
export function checkPng({ width, height, bitDepth }: PixelSource['info']): void {
  if (Math.max(width, height) > maxSide) {
    throw new LWayError(
      'too-large',
      `A PNG of ${width} × ${height} pixels cannot be read by other programs.`,
      'Export a smaller document.',
    );
  }
  if (bitDepth === 32) {
    throw new LWayError('unsupported', 'PNG holds 8 and 16 bit only.', 'Use the command line to write a float TIFF.');
  }
}

/**
 * Writes a PNG (W3C PNG, third edition) row by row through the platform's own deflate: neither the picture nor the file
 * is ever in memory as a whole, which no PNG library offers. 8 or 16 bit, gray or RGB, with or without alpha; profile
 * and resolution are carried along.
 *
 * @param write called with the pieces of the file, in order
 * @param metadata fit for this picture
 */
export async function writePng(
  signal: AbortSignal,
  source: PixelSource,
  write: (bytes: Uint8Array<ArrayBuffer>) => void,
  onProgress: (done: number) => void = () => undefined,
  { exif, xmp, iptc, text = [] }: PictureMetadata = {},
): Promise<void> {
  checkPng(source.info);
  const { width, height, channels, bitDepth, iccProfile, resolution } = source.info;
  write(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, bitDepth);
  header.setUint8(9, [0, 4, 2, 6][channels - 1]!);
  write(chunk('IHDR', new Uint8Array(header.buffer)));
  if (iccProfile) {
    const name = new TextEncoder().encode('ICC profile\0\0'); // name, end of name, compression method 0
    write(chunk('iCCP', joinBytes([name, await deflate(iccProfile)])));
  }
  if (resolution) {
    const physical = new DataView(new ArrayBuffer(9));
    const perMetre = Math.round(resolution / 0.0254);
    physical.setUint32(0, perMetre);
    physical.setUint32(4, perMetre);
    physical.setUint8(8, 1);
    write(chunk('pHYs', new Uint8Array(physical.buffer)));
  }
  if (exif) write(chunk('eXIf', exif));
  if (xmp !== undefined) {
    // Keyword, not compressed, no language.
    write(chunk('iTXt', new TextEncoder().encode(`XML:com.adobe.xmp\0\0\0\0\0${xmp}`)));
  }
  const texts = iptc ? [...text, writeRawProfile('iptc', writeIptc(iptc, false))] : text;
  for (const { type, data } of texts.map(writeText)) write(chunk(type, data));

  const bytesPerPixel = (channels * bitDepth) / 8;
  const stride = width * bytesPerPixel;
  // Bands small enough for the page to stay responsive.
  const band = Math.max(1, Math.min(height, Math.floor((1 << 18) / width)));
  const compressor = new CompressionStream('deflate');
  const input = compressor.writable.getWriter();
  const output = drain(compressor.readable, (bytes) => write(chunk('IDAT', bytes)));
  // Errors of the stream surface where it is awaited below.
  output.catch(() => undefined);
  try {
    let above = new Uint8Array(stride);
    for (let y = 0; y < height; y += band) {
      signal.throwIfAborted();
      const rows = Math.min(band, height - y);
      const raster = await source.read(signal, { x: 0, y, width, height: rows });
      const samples = toInterleaved(raster, bitDepth as 8 | 16);
      const bytes = samples instanceof Uint16Array ? bigEndian(samples) : samples;
      const filtered = new Uint8Array(rows * (stride + 1));
      for (let row = 0; row < rows; row++) {
        const line = bytes.subarray(row * stride, (row + 1) * stride);
        paeth(line, above, filtered.subarray(row * (stride + 1), (row + 1) * (stride + 1)), bytesPerPixel);
        above = line as Uint8Array<ArrayBuffer>;
      }
      await input.write(filtered);
      onProgress((y + rows) / height);
      await breathe();
    }
    await input.close();
    await output;
  } catch (error) {
    await input.abort(error).catch(() => undefined);
    throw error;
  }
  write(chunk('IEND', new Uint8Array(0)));
}

/** Filter type 4: what is left after predicting from left, above and upper left. The best single one for photos. */
function paeth(line: Uint8Array, above: Uint8Array, out: Uint8Array, step: number): void {
  out[0] = 4;
  for (let i = 0; i < line.length; i++) {
    const a = i >= step ? line[i - step]! : 0;
    const b = above[i]!;
    const c = i >= step ? above[i - step]! : 0;
    const pa = Math.abs(b - c);
    const pb = Math.abs(a - c);
    const pc = Math.abs(a + b - 2 * c);
    out[i + 1] = line[i]! - (pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
  }
}

function bigEndian(samples: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length * 2);
  for (let i = 0; i < samples.length; i++) {
    bytes[2 * i] = samples[i]! >> 8;
    bytes[2 * i + 1] = samples[i]! & 255;
  }
  return bytes;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function chunk(type: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  out.set(data, 8);
  let crc = 0xffffffff;
  for (let i = 4; i < 8 + data.length; i++) crc = crcTable[(crc ^ out[i]!) & 255]! ^ (crc >>> 8);
  view.setUint32(8 + data.length, ~crc >>> 0);
  return out;
}

async function drain(stream: ReadableStream<Uint8Array>, take: (bytes: Uint8Array) => void): Promise<void> {
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) take(next.value);
}

async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const compressor = new CompressionStream('deflate');
  const parts: Uint8Array[] = [];
  const output = drain(compressor.readable, (part) => parts.push(part));
  const input = compressor.writable.getWriter();
  await input.write(bytes as Uint8Array<ArrayBuffer>);
  await input.close();
  await output;
  return joinBytes(parts);
}
