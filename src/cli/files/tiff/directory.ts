import { open } from 'node:fs/promises';
import { directoryBytes, mostEntries, typeBytes } from '../../../pictures/tiff/layout';

/**
 * The directories of a TIFF (TIFF 6.0, section 2, and BigTIFF), which EXIF blocks have, too. Damage never throws: what
 * cannot be read is not there.
 */

/** Where bytes come from: a file, or a block in memory. */
export interface ByteReader {
  readonly size: number;
  /** Fewer bytes than asked for at the end. */
  read(offset: number, length: number): Promise<Buffer>;
}

export interface TiffEntry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** Little-endian whatever the file's order; `null` where it is too large for its reader or outside the file. */
  readonly value: Buffer | null;
}

export interface TiffHeader {
  readonly little: boolean;
  /** 64-bit offsets. */
  readonly big: boolean;
  /** Offset of the first directory. */
  readonly first: number;
}

export interface TiffDirectory {
  readonly entries: readonly TiffEntry[];
  /** Offset of the next one; 0 behind the last. */
  readonly next: number;
}

export function bytesOf(buffer: Buffer): ByteReader {
  return {
    size: buffer.length,
    read: (offset, length) => Promise.resolve(buffer.subarray(offset, Math.max(offset, offset + length))),
  };
}

/** Works on a file that is closed afterwards. */
export async function withFile<T>(path: string, work: (reader: ByteReader) => Promise<T>): Promise<T> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return await work({
      size,
      async read(offset, length) {
        const wanted = Math.max(0, Math.min(length, size - offset));
        const buffer = Buffer.alloc(wanted);
        const { bytesRead } = wanted > 0 ? await file.read(buffer, 0, wanted, offset) : { bytesRead: 0 };
        return buffer.subarray(0, bytesRead);
      },
    });
  } finally {
    await file.close();
  }
}

/** `null` where it is no TIFF. */
export async function readTiffHeader(reader: ByteReader): Promise<TiffHeader | null> {
  const start = await reader.read(0, 16);
  if (start.length < 8) return null;
  const order = start.toString('latin1', 0, 2);
  if (order !== 'II' && order !== 'MM') return null;
  const little = order === 'II';
  const version = little ? start.readUInt16LE(2) : start.readUInt16BE(2);
  if (version === 43 && start.length === 16) {
    return { little, big: true, first: Number(little ? start.readBigUInt64LE(8) : start.readBigUInt64BE(8)) };
  }
  // Some cameras' raw files have numbers of their own here, and are TIFF otherwise.
  return { little, big: false, first: little ? start.readUInt32LE(4) : start.readUInt32BE(4) };
}

/** The directory at `offset`. @param mostBytes longest value that is read */
export async function readDirectory(
  reader: ByteReader,
  { little, big }: TiffHeader,
  offset: number,
  mostBytes = 1 << 20,
): Promise<TiffDirectory> {
  const none = { entries: [], next: 0 };
  const [countBytes, entryBytes, offsetBytes] = directoryBytes(big);
  const number = (buffer: Buffer, at: number, bytes: number): number => {
    if (bytes === 8) return Number(little ? buffer.readBigUInt64LE(at) : buffer.readBigUInt64BE(at));
    return little ? buffer.readUIntLE(at, bytes) : buffer.readUIntBE(at, bytes);
  };
  if (offset < 8 || offset >= reader.size) return none;
  const head = await reader.read(offset, countBytes);
  if (head.length < countBytes) return none;
  const count = number(head, 0, countBytes);
  if (count > mostEntries) return none;
  const table = await reader.read(offset + countBytes, count * entryBytes + offsetBytes);
  const entries: TiffEntry[] = [];
  for (let i = 0; i < count && (i + 1) * entryBytes <= table.length; i++) {
    const at = i * entryBytes;
    const [tag, type] = [number(table, at, 2), number(table, at + 2, 2)];
    const values = number(table, at + 4, offsetBytes);
    const size = typeBytes[type];
    if (size === undefined) continue;
    const bytes = size * values;
    let value: Buffer | null = null;
    if (bytes <= offsetBytes) value = table.subarray(at + 4 + offsetBytes, at + 4 + offsetBytes + bytes);
    else if (bytes <= mostBytes) {
      const place = number(table, at + 4 + offsetBytes, offsetBytes);
      const read = place < reader.size ? await reader.read(place, bytes) : Buffer.alloc(0);
      if (read.length === bytes) value = read;
    }
    entries.push({ tag, type, count: values, value: value && (little ? Buffer.from(value) : swapped(value, type)) });
  }
  const end = count * entryBytes;
  const next = end + offsetBytes <= table.length ? number(table, end, offsetBytes) : 0;
  return { entries, next };
}

/** Values in the other byte order. */
function swapped(value: Buffer, type: number): Buffer {
  const out = Buffer.from(value);
  // A rational is two numbers of four bytes each.
  const size = type === 5 || type === 10 ? 4 : typeBytes[type]!;
  if (size === 2) return out.swap16();
  if (size === 4) return out.swap32();
  if (size === 8) return out.swap64();
  return out;
}

/** Whole numbers and fractions of an entry as numbers; none where it holds something else. */
export function numbersOf(entry: TiffEntry | undefined): number[] {
  const value = entry?.value;
  if (!entry || !value) return [];
  const many = (bytes: number, read: (at: number) => number) =>
    Array.from({ length: Math.floor(value.length / bytes) }, (_, i) => read(i * bytes));
  switch (entry.type) {
    case 1:
      return [...value];
    case 3:
      return many(2, (at) => value.readUInt16LE(at));
    case 4:
    case 13:
      return many(4, (at) => value.readUInt32LE(at));
    case 5:
      return many(8, (at) => value.readUInt32LE(at) / value.readUInt32LE(at + 4));
    case 16:
    case 18:
      return many(8, (at) => Number(value.readBigUInt64LE(at)));
    default:
      return [];
  }
}

/** A directory laid out at `offset` of a little-endian file, the long values right behind it. */
export function writeDirectory(entries: readonly TiffEntry[], offset: number, big = false): Buffer {
  const sorted = entries.filter(({ value }) => value !== null).sort((a, b) => a.tag - b.tag);
  const [countBytes, entryBytes, offsetBytes] = directoryBytes(big);
  const table = Buffer.alloc(countBytes + sorted.length * entryBytes + offsetBytes);
  const put = (value: number, at: number, bytes: number) =>
    bytes === 8 ? table.writeBigUInt64LE(BigInt(value), at) : table.writeUIntLE(value, at, bytes);
  put(sorted.length, 0, countBytes);
  const parts: Buffer[] = [table];
  let end = table.length;
  for (const [i, { tag, type, count, value }] of sorted.entries()) {
    const at = countBytes + i * entryBytes;
    put(tag, at, 2);
    put(type, at + 2, 2);
    put(count, at + 4, offsetBytes);
    if (value!.length <= offsetBytes) {
      value!.copy(table, at + 4 + offsetBytes);
      continue;
    }
    put(offset + end, at + 4 + offsetBytes, offsetBytes);
    // Values begin at even offsets.
    const padded = value!.length % 2 === 0 ? value! : Buffer.concat([value!, Buffer.alloc(1)]);
    parts.push(padded);
    end += padded.length;
  }
  return Buffer.concat(parts);
}
