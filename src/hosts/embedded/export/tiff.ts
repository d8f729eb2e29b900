import { breathe, hasAlpha, LWayError, type PictureInfo, type PixelSource, toInterleaved } from '../../../engine';
import type { PictureMetadata } from '../../../pictures/picture';
import { entryOf, type Entry } from '../../../pictures/tiff/entries';
import { putWithExif } from '../../../pictures/tiff/exif';

/** Where the offsets of a TIFF end, with room for its directory. */
const maxBytes = 4_200_000_000;

/** @throws LWayError `too-large` where a TIFF cannot hold the picture */
export function checkTiff({ width, height, channels, bitDepth }: PictureInfo): void {
  if ((width * height * channels * bitDepth) / 8 <= maxBytes) return;
  throw new LWayError(
    'too-large',
    `${width} × ${height} pixels at ${bitDepth} bit are more than a TIFF can hold.`,
    bitDepth === 16 ? 'Export it with 8 bit, or as PNG.' : 'Export it as PNG instead.',
  );
}

/**
 * Writes a TIFF (revision 6.0) strip by strip through the platform's deflate (compression 8, Adobe Technical Note 2002),
 * with horizontal prediction: the picture is never in memory as a whole. 8 or 16 bit, gray or RGB, straight alpha as an
 * extra sample; profile and resolution are carried along.
 *
 * @param metadata fit for this picture
 * @returns the pieces of the file
 */
export async function writeTiff(
  signal: AbortSignal,
  source: PixelSource,
  onProgress: (done: number) => void = () => undefined,
  { exif, xmp, iptc }: PictureMetadata = {},
): Promise<Uint8Array<ArrayBuffer>[]> {
  checkTiff(source.info);
  const { width, height, channels, iccProfile, resolution } = source.info;
  const bitDepth = source.info.bitDepth === 8 ? 8 : 16;
  const rows = Math.max(1, Math.min(height, Math.floor((1 << 18) / width)));
  const header = new Uint8Array(8);
  const parts: Uint8Array<ArrayBuffer>[] = [header];
  let at = 8;
  const add = (bytes: Uint8Array<ArrayBuffer>): number => {
    const from = at;
    // Everything begins on a word.
    parts.push(bytes.length % 2 === 0 ? bytes : padded(bytes));
    at += bytes.length + (bytes.length % 2);
    return from;
  };
  const offsets: number[] = [];
  const lengths: number[] = [];
  for (let y = 0; y < height; y += rows) {
    signal.throwIfAborted();
    const count = Math.min(rows, height - y);
    const values = toInterleaved(await source.read(signal, { x: 0, y, width, height: count }), bitDepth);
    predict(values as Uint8Array | Uint16Array, width * channels, channels);
    const packed = await deflate(littleEndian(values as Uint8Array | Uint16Array));
    offsets.push(add(packed));
    lengths.push(packed.length);
    onProgress((y + count) / height);
    await breathe();
  }
  const each = (value: number) => Array.from({ length: channels }, () => value);
  const perInch = Math.round((resolution ?? 72) * 1000);
  const fields: Entry[] = [
    entryOf(256, 4, [width]),
    entryOf(257, 4, [height]),
    entryOf(258, 3, each(bitDepth)),
    entryOf(259, 3, [8]), // deflate
    entryOf(262, 3, [channels <= 2 ? 1 : 2]), // black is zero, or RGB
    entryOf(273, 4, offsets),
    entryOf(277, 3, [channels]),
    entryOf(278, 4, [rows]),
    entryOf(279, 4, lengths),
    entryOf(282, 5, [perInch, 1000]),
    entryOf(283, 5, [perInch, 1000]),
    entryOf(284, 3, [1]), // samples of a pixel together
    entryOf(296, 3, [resolution ? 2 : 1]), // inch, or no unit
    entryOf(317, 3, [2]), // horizontal prediction
    ...(hasAlpha(channels) ? [entryOf(338, 3, [2])] : []), // straight alpha
    entryOf(339, 3, each(1)), // unsigned
    ...bytesOf(700, xmp === undefined ? undefined : new TextEncoder().encode(xmp)),
    ...bytesOf(33723, iptc),
    ...(iccProfile ? [{ tag: 34675, type: 7, count: iccProfile.length, value: iccProfile }] : []),
  ];
  const start = new DataView(header.buffer);
  start.setUint16(0, 0x4949); // little-endian
  start.setUint16(2, 42, true);
  start.setUint32(4, putWithExif(fields, exif, add), true);
  return parts;
}

const bytesOf = (tag: number, value: Uint8Array | undefined): Entry[] =>
  value ? [{ tag, type: 1, count: value.length, value }] : [];

/** Each sample becomes its difference from the same one of the pixel to its left, in place. */
function predict(values: Uint8Array | Uint16Array, stride: number, channels: number): void {
  for (let row = 0; row < values.length; row += stride) {
    for (let i = row + stride - 1; i >= row + channels; i--) values[i]! -= values[i - channels]!;
  }
}

function littleEndian(values: Uint8Array | Uint16Array): Uint8Array<ArrayBuffer> {
  if (values instanceof Uint8Array) return values as Uint8Array<ArrayBuffer>;
  const out = new Uint8Array(values.length * 2);
  const view = new DataView(out.buffer);
  values.forEach((value, i) => view.setUint16(2 * i, value, true));
  return out;
}

function padded(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes.length + 1);
  out.set(bytes);
  return out;
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
