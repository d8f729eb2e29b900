import { exifOfResolution } from '../../../pictures/tiff/exif';
import type { FileMetadata } from './jpeg-metadata';

const [hasIcc, hasAlpha, hasExif, hasXmp] = [0x20, 0x10, 0x08, 0x04];

/** Puts profile, EXIF and XMP into a WebP (RIFF container, extended form), which has no other place for a resolution. */
export function withWebpMetadata(
  webp: Uint8Array<ArrayBuffer>,
  width: number,
  height: number,
  { iccProfile, exif: said, xmp, resolution }: FileMetadata,
): Uint8Array<ArrayBuffer>[] {
  const exif = said ?? (resolution === undefined ? undefined : exifOfResolution(resolution));
  if (!iccProfile && !exif && xmp === undefined) return [webp];
  const chunks = chunksOf(webp);
  const old = chunks.find(({ name }) => name === 'VP8X');
  const lossless = chunks.find(({ name }) => name === 'VP8L');
  // Of a lossless picture's header: 14 bits width, 14 bits height, 1 bit alpha.
  const alpha = old ? (old.data[0]! & hasAlpha) !== 0 : lossless !== undefined && (lossless.data[4]! & 0x10) !== 0;
  const extended = new Uint8Array(10);
  extended[0] =
    (iccProfile ? hasIcc : 0) | (alpha ? hasAlpha : 0) | (exif ? hasExif : 0) | (xmp === undefined ? 0 : hasXmp);
  for (const [at, value] of [
    [4, width - 1],
    [7, height - 1],
  ] as const) {
    extended.set([value & 255, (value >> 8) & 255, value >> 16], at);
  }
  const picture = chunks.filter(({ name }) => ['ALPH', 'VP8 ', 'VP8L'].includes(name));
  const parts = [
    chunk('VP8X', extended),
    ...(iccProfile ? [chunk('ICCP', iccProfile)] : []),
    ...picture.map(({ name, data }) => chunk(name, data)),
    ...(exif ? [chunk('EXIF', exif)] : []),
    ...(xmp === undefined ? [] : [chunk('XMP ', new TextEncoder().encode(xmp))]),
  ];
  const head = new Uint8Array(12);
  head.set(new TextEncoder().encode('RIFF'));
  const length = parts.reduce((sum, part) => sum + part.length, 4);
  new DataView(head.buffer).setUint32(4, length, true);
  head.set(new TextEncoder().encode('WEBP'), 8);
  return [head, ...parts];
}

function chunksOf(webp: Uint8Array): { name: string; data: Uint8Array }[] {
  const view = new DataView(webp.buffer, webp.byteOffset, webp.byteLength);
  const chunks: { name: string; data: Uint8Array }[] = [];
  for (let at = 12; at + 8 <= webp.length;) {
    const length = view.getUint32(at + 4, true);
    const name = String.fromCharCode(...webp.subarray(at, at + 4));
    chunks.push({ name, data: webp.subarray(at + 8, at + 8 + length) });
    at += 8 + length + (length & 1);
  }
  return chunks;
}

function chunk(name: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(8 + data.length + (data.length & 1));
  out.set(new TextEncoder().encode(name));
  new DataView(out.buffer).setUint32(4, data.length, true);
  out.set(data, 8);
  return out;
}
