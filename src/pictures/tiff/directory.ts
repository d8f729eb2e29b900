import { viewOf } from '../picture';
import { swapped, type Entry } from './entries';
import { directoryBytes, mostBelow, mostEntries, mostPages, subDirectories, typeBytes } from './layout';

/** One picture of a TIFF file in memory, as its directory describes it (TIFF 6.0, section 2; BigTIFF). */
export interface Directory {
  readonly little: boolean;
  /** The numbers under a tag; none where there are none. */
  numbers(tag: number): number[];
  /** The first number under a tag. */
  number(tag: number, otherwise: number): number;
  bytes(tag: number): Uint8Array | undefined;
  has(tag: number): boolean;
  entries(): Entry[];
}

export interface Directories {
  /** The chain. */
  readonly pages: Directory[];
  readonly below: Directory[];
  /** The directory at an offset, if one is there. */
  at(offset: number): Directory | undefined;
}

/** All directories of the chain, and those below them. */
export function readDirectories(bytes: Uint8Array): Directories {
  const view = viewOf(bytes);
  const pages: Directory[] = [];
  const below: Directory[] = [];
  if (bytes.length < 16) return { pages, below, at: () => undefined };
  const little = bytes[0] === 0x49;
  const big = view.getUint16(2, little) === 43;
  const [countBytes, entryBytes, offsetBytes] = directoryBytes(big);
  const number = (at: number, size: number): number => {
    if (size === 8) return Number(view.getBigUint64(at, little));
    return size === 4 ? view.getUint32(at, little) : size === 2 ? view.getUint16(at, little) : view.getUint8(at);
  };
  const read = (offset: number): { directory: Directory; next: number } | null => {
    if (offset < 8 || offset + countBytes > bytes.length) return null;
    const count = number(offset, countBytes);
    if (count < 1 || count > mostEntries) return null;
    const entries = new Map<number, { type: number; count: number; at: number }>();
    for (let i = 0; i < count; i++) {
      const at = offset + countBytes + i * entryBytes;
      if (at + entryBytes > bytes.length) break;
      const [tag, type, values] = [number(at, 2), number(at + 2, 2), number(at + 4, offsetBytes)];
      const length = (typeBytes[type] ?? NaN) * values;
      const place = length <= offsetBytes ? at + 4 + offsetBytes : number(at + 4 + offsetBytes, offsetBytes);
      // What lies outside the file, or is of no known type, is not there.
      if (place + length <= bytes.length) entries.set(tag, { type, count: values, at: place });
    }
    const end = offset + countBytes + count * entryBytes;
    const numbers = (tag: number): number[] => {
      const entry = entries.get(tag);
      if (!entry) return [];
      const { type, at } = entry;
      if (type === 5)
        return Array.from({ length: entry.count }, (_, i) => number(at + 8 * i, 4) / number(at + 8 * i + 4, 4));
      if (![1, 3, 4, 13, 16, 18].includes(type)) return [];
      return Array.from({ length: entry.count }, (_, i) => number(at + typeBytes[type]! * i, typeBytes[type]!));
    };
    const valueOf = ({ type, count, at }: { type: number; count: number; at: number }) =>
      // Node's buffers would give a view of the file instead of a copy.
      new Uint8Array(bytes.subarray(at, at + typeBytes[type]! * count));
    const directory: Directory = {
      little,
      numbers,
      number: (tag, otherwise) => numbers(tag)[0] ?? otherwise,
      has: (tag) => entries.has(tag),
      bytes(tag) {
        const entry = entries.get(tag);
        return entry && valueOf(entry);
      },
      entries: () =>
        [...entries].map(([tag, entry]) => {
          const { type, count } = entry;
          const value = valueOf(entry);
          return { tag, type, count, value: little ? value : swapped(value, type) };
        }),
    };
    return { directory, next: end + offsetBytes <= bytes.length ? number(end, offsetBytes) : 0 };
  };
  const seen = new Set<number>();
  for (let at = number(big ? 8 : 4, offsetBytes); at !== 0 && !seen.has(at) && pages.length < mostPages;) {
    seen.add(at);
    const found = read(at);
    if (!found) break;
    pages.push(found.directory);
    for (const place of found.directory.numbers(subDirectories).slice(0, mostBelow)) {
      const sub = read(place);
      if (sub) below.push(sub.directory);
    }
    at = found.next;
  }
  return { pages, below, at: (offset) => read(offset)?.directory };
}
