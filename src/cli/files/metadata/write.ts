import { open, readFile, rename, writeFile, type FileHandle } from 'node:fs/promises';
import type { Format } from '../formats';
import { readDirectory, readTiffHeader, withFile, type TiffEntry } from '../tiff/directory';
import { itemTypes, locationOf, readMeta } from './boxes';
import type { ResultMetadata } from './carry';
import { layOut, rational, resolutionEntries, short, writeExif, writeExifWithin, type Exif } from './exif';
import { tags } from '../../../pictures/exif-tags';
import { writeIptc } from '../../../pictures/iptc';
import { writeRawProfile, writeText } from '../../../pictures/png-text';
import { blobField, type MetadataField } from '../vips-file';
import { pngSignature, readChunks, writeChunk } from './png-chunks';

/**
 * Puts metadata into a file that libvips has written, byte for byte as they are: libvips itself would write EXIF anew
 * from what it understands of it, and knows no EXIF in TIFF and no colour but profiles.
 */
export async function writeMetadata(path: string, format: Format, metadata: ResultMetadata): Promise<void> {
  switch (format.name) {
    case 'jpg':
      return intoJpeg(path, metadata);
    case 'png':
      return intoPng(path, metadata);
    case 'webp':
      return intoWebp(path, metadata);
    case 'tiff':
      return intoTiff(path, metadata);
    case 'avif':
      return intoAvif(path, metadata);
  }
}

/**
 * Fields of the work file by which libvips makes room in formats that say at their beginning what they hold; into AVIF
 * it writes XMP itself.
 */
export function roomFor({ exif, xmp }: ResultMetadata, format: Format): MetadataField[] {
  if (format.name !== 'webp' && format.name !== 'avif') return [];
  const fields = xmp === null ? [] : [blobField('xmp-data', Buffer.from(xmp, 'utf8'))];
  return exif ? [...fields, blobField('exif-data', placeholderExif)] : fields;
}

const placeholderExif = Buffer.from('Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0', 'latin1');

const none: Exif = { image: [], exif: [], gps: [], interoperability: [] };

/** What a JPEG segment holds at most, its two bytes of length not counted. */
const segmentBytes = 65533;

/** A new beginning, then the old file from `rest` on. */
async function replaceBeginning(path: string, beginning: readonly Buffer[], rest: number): Promise<void> {
  const next = `${path}.with`;
  const from = await open(path, 'r');
  let to: FileHandle | null = null;
  try {
    to = await open(next, 'wx');
    for (const part of beginning) await to.write(part);
    const buffer = Buffer.alloc(1 << 20);
    for (let at = rest; ;) {
      const { bytesRead } = await from.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) break;
      for (let done = 0; done < bytesRead;) done += (await to.write(buffer, done, bytesRead - done)).bytesWritten;
      at += bytesRead;
    }
  } finally {
    await from.close();
    await to?.close();
  }
  await rename(next, path);
}

async function intoJpeg(path: string, { exif, xmp, iptc, resolution }: ResultMetadata): Promise<void> {
  const segment = (marker: number, ...parts: Buffer[]) => {
    const data = Buffer.concat(parts);
    const head = Buffer.from([0xff, marker, 0, 0]);
    head.writeUInt16BE(data.length + 2, 2);
    return Buffer.concat([head, data]);
  };
  const { kept, rest } = await withFile(path, async (reader) => {
    const kept: Buffer[] = [];
    let at = 2;
    // What libvips writes first. Of it only profiles stay.
    for (;;) {
      const head = await reader.read(at, 4);
      if (head.length < 4 || head[0] !== 0xff || (head[1]! & 0xf0) !== 0xe0) break;
      const whole = await reader.read(at, 2 + head.readUInt16BE(2));
      if (![0xe0, 0xe1, 0xed].includes(head[1]!)) kept.push(whole);
      at += whole.length;
    }
    return { kept, rest: at };
  });
  const added = [Buffer.from([0xff, 0xd8]), segment(0xe0, jfif(resolution))];
  const exifName = Buffer.from('Exif\0\0', 'latin1');
  if (exif) added.push(segment(0xe1, exifName, writeExifWithin(exif, segmentBytes - exifName.length)));
  const xmpName = Buffer.from('http://ns.adobe.com/xap/1.0/\0', 'latin1');
  const packet = xmp === null ? null : packed(xmp);
  if (packet && packet.length <= segmentBytes - xmpName.length) added.push(segment(0xe1, xmpName, packet));
  if (iptc) {
    const resources = Buffer.from(writeIptc(iptc, true));
    for (let from = 0; from < resources.length; from += segmentBytes)
      added.push(segment(0xed, resources.subarray(from, from + segmentBytes)));
  }
  await replaceBeginning(path, [...added, ...kept], rest);
}

/** Packets carry kilobytes of blanks to be edited in place. */
function packed(xmp: string): Buffer {
  return Buffer.from(xmp.replace(/\s{100,}/g, '\n'), 'utf8');
}

/** JFIF 1.02: the resolution, and that the colours are what everyone takes them for. */
function jfif(resolution: number | null): Buffer {
  const perInch = resolution === null ? 1 : Math.min(65535, Math.max(1, Math.round(resolution)));
  const data = Buffer.from('JFIF\0\x01\x02\0\0\0\0\0\0\0', 'latin1');
  data[7] = resolution === null ? 0 : 1;
  data.writeUInt16BE(perInch, 8);
  data.writeUInt16BE(perInch, 10);
  return data;
}

async function intoPng(path: string, metadata: ResultMetadata): Promise<void> {
  const { exif, xmp, iptc, text, codes, resolution } = metadata;
  const { chunks, pixelsAt } = await withFile(path, (reader) => readChunks(reader, /^(IHDR|iCCP)$/));
  const parts = [pngSignature, ...chunks.filter(({ type }) => type === 'IHDR').map(writeChunk)];
  const add = (type: string, data: Buffer) => parts.push(writeChunk({ type, data }));
  // Full range, as all RGB is.
  if (codes) add('cICP', Buffer.from([codes[0], codes[1], 0, 1]));
  parts.push(...chunks.filter(({ type }) => type === 'iCCP').map(writeChunk));
  if (resolution !== null) {
    const perMetre = Math.min(2 ** 31 - 1, Math.round(resolution / 0.0254));
    const data = Buffer.alloc(9);
    data.writeUInt32BE(perMetre, 0);
    data.writeUInt32BE(perMetre, 4);
    data[8] = 1;
    add('pHYs', data);
  }
  if (exif) add('eXIf', writeExif(exif));
  if (xmp !== null)
    add('iTXt', Buffer.concat([Buffer.from('XML:com.adobe.xmp\0\0\0\0\0', 'latin1'), Buffer.from(xmp, 'utf8')]));
  if (iptc) parts.push(writeChunk(writeText(writeRawProfile('iptc', writeIptc(iptc, false)))));
  parts.push(...text.map((each) => writeChunk(writeText(each))));
  await replaceBeginning(path, parts, pixelsAt);
}

/** Whole in memory, as its encoder has had it. */
async function intoWebp(path: string, { exif, xmp }: ResultMetadata): Promise<void> {
  const file = await readFile(path);
  const parts: Buffer[] = [];
  let extended: Buffer | null = null;
  for (let at = 12; at + 8 <= file.length;) {
    const type = file.toString('latin1', at, at + 4);
    const end = at + 8 + file.readUInt32LE(at + 4);
    if (type !== 'EXIF' && type !== 'XMP ') {
      const chunk = file.subarray(at, Math.min(file.length, end + (end & 1)));
      parts.push(chunk);
      if (type === 'VP8X') extended = chunk;
    }
    at = end + (end & 1);
  }
  if (!extended) return;
  const add = (type: string, data: Buffer) => {
    const head = Buffer.alloc(8);
    head.write(type, 'latin1');
    head.writeUInt32LE(data.length, 4);
    parts.push(head, data, Buffer.alloc(data.length & 1));
  };
  if (exif) add('EXIF', writeExif(exif));
  if (xmp !== null) add('XMP ', Buffer.from(xmp, 'utf8'));
  // Bits of the header that say which chunks there are.
  extended[8] = (extended[8]! & ~0x0c) | (exif ? 0x08 : 0) | (xmp === null ? 0 : 0x04);
  const size = parts.reduce((sum, part) => sum + part.length, 4);
  const head = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1');
  head.writeUInt32LE(size, 4);
  await writeFile(path, Buffer.concat([head, ...parts]));
}

/** A new first directory at the end of the file, in which the old one's entries are. */
async function intoTiff(path: string, { exif, xmp, iptc, resolution }: ResultMetadata): Promise<void> {
  const found = await withFile(path, async (reader) => {
    const header = await readTiffHeader(reader);
    // Strips' offsets and sizes of a large file are many.
    return header && { header, size: reader.size, ...(await readDirectory(reader, header, header.first, 1 << 28)) };
  });
  if (!found?.header.little) return;
  const { header, size } = found;
  const own = exif ?? none;
  const added: TiffEntry[] = own.image.filter(({ tag }) => tag !== tags.orientation);
  if (xmp !== null) added.push(bytesEntry(700, Buffer.from(xmp, 'utf8')));
  if (iptc) added.push(bytesEntry(33723, iptc));
  if (resolution !== null) added.push(...resolutionEntries(resolution));
  else added.push(rational(tags.xResolution, 1), rational(tags.yResolution, 1), short(tags.resolutionUnit, 1));
  const structure = found.entries.filter(
    ({ tag }) => ![tags.exif, tags.gps, 700, 33723].includes(tag) && !added.some((entry) => entry.tag === tag),
  );
  const merged = [...new Map([...structure, ...added].map((entry) => [entry.tag, entry])).values()];
  const start = size + (size & 1);
  const { bytes, first } = layOut({ ...own, image: merged }, start, header.big);
  const file = await open(path, 'r+');
  try {
    await file.write(bytes, 0, bytes.length, start);
    const pointer = Buffer.alloc(header.big ? 8 : 4);
    if (header.big) pointer.writeBigUInt64LE(BigInt(first));
    else pointer.writeUInt32LE(first);
    await file.write(pointer, 0, pointer.length, header.big ? 8 : 4);
  } finally {
    await file.close();
  }
}

function bytesEntry(tag: number, value: Buffer): TiffEntry {
  return { tag, type: 1, count: value.length, value };
}

/**
 * EXIF goes behind the rest of the file and the item that libvips has made is led there; XMP is libvips' own, which
 * takes it as it is.
 */
async function intoAvif(path: string, { exif, resolution }: ResultMetadata): Promise<void> {
  const found = await withFile(path, async (reader) => ({ meta: await readMeta(reader), size: reader.size }));
  if (!found.meta) return;
  const { buffer, at } = found.meta;
  const file = await open(path, 'r+');
  try {
    // libvips has made an item of its own in every case, and put there what it thinks.
    const said = exif ?? { ...none, image: resolution === null ? [] : resolutionEntries(resolution) };
    const item = [...itemTypes(buffer)].find(([, type]) => type === 'Exif')?.[0];
    const place = item === undefined ? null : locationOf(buffer, item);
    if (place) {
      // An offset to the block proper comes first.
      const data = Buffer.concat([Buffer.alloc(4), writeExif(said)]);
      const head = Buffer.alloc(8);
      head.writeUInt32BE(head.length + data.length);
      head.write('mdat', 4, 'latin1');
      await file.write(Buffer.concat([head, data]), 0, head.length + data.length, found.size);
      buffer.fill(0, place.baseAt, place.baseAt + place.baseBytes);
      put(buffer, place.at, place.offsetBytes, found.size + head.length);
      put(buffer, place.at + place.offsetBytes, place.lengthBytes, data.length);
    }
    await file.write(buffer, 0, buffer.length, at);
  } finally {
    await file.close();
  }
}

function put(buffer: Buffer, at: number, bytes: number, value: number): void {
  if (bytes === 8) buffer.writeBigUInt64BE(BigInt(value), at);
  else buffer.writeUIntBE(value, at, bytes);
}
