import { typeBytes } from './layout';

/** A value in a directory. */
export interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** Little-endian, whatever the order of the file it came from. */
  readonly value: Uint8Array;
}

/** A value's bytes in the other order. */
export function swapped(value: Uint8Array, type: number): Uint8Array {
  // A rational is two numbers of four bytes each.
  const size = type === 5 || type === 10 ? 4 : (typeBytes[type] ?? 1);
  const out = new Uint8Array(value);
  for (let at = 0; at + size <= out.length; at += size) out.subarray(at, at + size).reverse();
  return out;
}

/** Whole numbers of two bytes (type 3) or four (type 4) as an entry. */
export function entryOf(tag: number, type: 3 | 4 | 5, numbers: readonly number[]): Entry {
  const size = type === 3 ? 2 : 4;
  const value = new Uint8Array(numbers.length * size);
  const view = new DataView(value.buffer);
  numbers.forEach((one, i) => (size === 2 ? view.setUint16(2 * i, one, true) : view.setUint32(4 * i, one, true)));
  return { tag, type, count: type === 5 ? numbers.length / 2 : numbers.length, value };
}

/**
 * Lays out a directory of a little-endian TIFF, values that are too long for it before it.
 * @param add puts bytes into the file, on a word, and tells where
 * @returns where it lies
 */
export function putDirectory(entries: readonly Entry[], add: (bytes: Uint8Array<ArrayBuffer>) => number): number {
  const sorted = [...entries].sort((a, b) => a.tag - b.tag);
  const directory = new Uint8Array(2 + 12 * sorted.length + 4);
  const view = new DataView(directory.buffer);
  view.setUint16(0, sorted.length, true);
  for (const [i, { tag, type, count, value }] of sorted.entries()) {
    const at = 2 + 12 * i;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, count, true);
    if (value.length <= 4) directory.set(value, at + 8);
    else view.setUint32(at + 8, add(value as Uint8Array<ArrayBuffer>), true);
  }
  return add(directory);
}
