import { isCarried, isDescribing, tags } from '../../../pictures/exif-tags';
import type { ByteReader, TiffEntry, TiffHeader } from '../tiff/directory';
import { bytesOf, numbersOf, readDirectory, readTiffHeader, writeDirectory } from '../tiff/directory';

/** EXIF as its directories (Exif 2.32, section 4.6); values are little-endian. */
export interface Exif {
  readonly image: readonly TiffEntry[];
  readonly exif: readonly TiffEntry[];
  readonly gps: readonly TiffEntry[];
  readonly interoperability: readonly TiffEntry[];
}

/** The EXIF in a block as files hold it, with or without the prefix `Exif\0\0`; `null` where there is none that can be read. */
export async function readExif(block: Buffer): Promise<Exif | null> {
  const reader = bytesOf(block.toString('latin1', 0, 4) === 'Exif' ? block.subarray(6) : block);
  const header = await readTiffHeader(reader);
  return header && readExifAt(reader, header);
}

/** The EXIF of a TIFF: that of its first directory unless another one is meant. */
export async function readExifAt(reader: ByteReader, header: TiffHeader, offset = header.first): Promise<Exif | null> {
  const { entries } = await readDirectory(reader, header, offset);
  if (entries.length === 0) return null;
  const below = async (parent: readonly TiffEntry[], tag: number) => {
    const [place] = numbersOf(parent.find((entry) => entry.tag === tag));
    return place === undefined ? [] : (await readDirectory(reader, header, place)).entries;
  };
  const exif = await below(entries, tags.exif);
  return {
    image: entries,
    exif: header.little ? exif : exif.map(swapComment),
    gps: await below(entries, tags.gps),
    interoperability: await below(exif, tags.interoperability),
  };
}

/** A UTF-16 comment is in the byte order of its block, though its type says bytes. */
function swapComment(entry: TiffEntry): TiffEntry {
  const { tag, value } = entry;
  if (tag !== tags.userComment || value?.toString('latin1', 0, 7) !== 'UNICODE' || value.length % 2 === 1) return entry;
  return { ...entry, value: Buffer.concat([value.subarray(0, 8), Buffer.from(value.subarray(8)).swap16()]) };
}

/**
 * What EXIF says of a picture, fit for its upright result of this size; without previews and maker notes.
 * @param resolution pixels per inch; `null` where it is not known
 */
export function carryExif(source: Exif, width: number, height: number, resolution: number | null): Exif {
  const sized = (entry: TiffEntry): TiffEntry => {
    if (entry.tag === tags.width) return long(entry.tag, width);
    if (entry.tag === tags.height) return long(entry.tag, height);
    return entry;
  };
  return {
    image: source.image
      .filter(isDescribing)
      .map((entry) => (entry.tag === tags.orientation ? short(entry.tag, 1) : entry))
      .concat(resolution === null ? [] : resolutionEntries(resolution)),
    exif: source.exif.filter(isCarried).map(sized),
    gps: source.gps.filter(isCarried),
    interoperability: source.interoperability.filter(isCarried),
  };
}

/** Who made the picture and whose it is; nothing of place, time and camera. */
export function minimalExif({ image }: Exif): Exif {
  const named = image.filter(({ tag }) => tag === tags.artist || tag === tags.copyright);
  return { image: named, exif: [], gps: [], interoperability: [] };
}

export function isEmpty(exif: Exif): boolean {
  return exif.image.length + exif.exif.length + exif.gps.length === 0;
}

/** Resolution in pixels per inch. */
export function resolutionEntries(perInch: number): TiffEntry[] {
  const unit = short(tags.resolutionUnit, 2);
  return [rational(tags.xResolution, perInch), rational(tags.yResolution, perInch), unit];
}

export function rational(tag: number, value: number): TiffEntry {
  const bytes = Buffer.alloc(8);
  const below = Number.isInteger(value) ? 1 : 10_000;
  bytes.writeUInt32LE(Math.min(2 ** 32 - 1, Math.round(value * below)), 0);
  bytes.writeUInt32LE(below, 4);
  return { tag, type: 5, count: 1, value: bytes };
}

export function short(tag: number, value: number): TiffEntry {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return { tag, type: 3, count: 1, value: bytes };
}

export function long(tag: number, value: number): TiffEntry {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return { tag, type: 4, count: 1, value: bytes };
}

/** The entry with this tag goes, the new one comes in its place. */
export function withEntry(entries: readonly TiffEntry[], entry: TiffEntry): TiffEntry[] {
  return [...entries.filter(({ tag }) => tag !== entry.tag), entry];
}

/**
 * Directories one after the other from `offset` of a little-endian file, each before the one that points to it.
 * @param more entries of the first directory besides EXIF's own
 * @returns the bytes, and where in the file the first directory lies
 */
export function layOut(source: Exif, offset: number, big = false): { bytes: Buffer; first: number } {
  const parts: Buffer[] = [];
  let end = offset;
  const place = (entries: readonly TiffEntry[]) => {
    const at = end;
    const bytes = writeDirectory(entries, at, big);
    parts.push(bytes);
    end += bytes.length;
    return at;
  };
  let { exif, image } = source;
  if (source.interoperability.length > 0)
    exif = withEntry(exif, long(tags.interoperability, place(source.interoperability)));
  if (exif.length > 0) image = withEntry(image, long(tags.exif, place(exif)));
  if (source.gps.length > 0) image = withEntry(image, long(tags.gps, place(source.gps)));
  const first = place(image);
  return { bytes: Buffer.concat(parts), first };
}

/** A block as JPEG, PNG, WebP and AVIF hold it, without a prefix. */
export function writeExif(source: Exif): Buffer {
  const { bytes, first } = layOut(source, 8);
  const head = Buffer.alloc(8);
  head.write('II*\0', 'latin1');
  head.writeUInt32LE(first, 4);
  return Buffer.concat([head, bytes]);
}

/** A block of at most `most` bytes: the longest entries go until it fits. */
export function writeExifWithin(source: Exif, most: number): Buffer {
  let current = source;
  for (;;) {
    const block = writeExif(current);
    if (block.length <= most) return block;
    const all = [...current.image, ...current.exif, ...current.gps, ...current.interoperability];
    const longest = all.reduce((a, b) => (b.value!.length > a.value!.length ? b : a));
    const without = (entries: readonly TiffEntry[]) => entries.filter((entry) => entry !== longest);
    current = {
      image: without(current.image),
      exif: without(current.exif),
      gps: without(current.gps),
      interoperability: without(current.interoperability),
    };
  }
}
