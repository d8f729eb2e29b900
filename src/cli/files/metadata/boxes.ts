import type { ByteReader } from '../tiff/directory';

/** Boxes of HEIF and AVIF files (ISO/IEC 14496-12 and 23008-12), as far as metadata need them. */
export interface Box {
  readonly type: string;
  /** Where in the buffer the box and its content begin, and where it ends. */
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

export function* boxesIn(buffer: Buffer, from: number, to: number): Generator<Box> {
  for (let at = from; at + 8 <= to;) {
    let size = buffer.readUInt32BE(at);
    let content = at + 8;
    if (size === 1 && at + 16 <= to) {
      size = Number(buffer.readBigUInt64BE(at + 8));
      content += 8;
    }
    const end = size === 0 ? to : at + size;
    if (end < content || end > to) return;
    yield { type: buffer.toString('latin1', at + 4, at + 8), start: at, content, end };
    at = end;
  }
}

const largestMeta = 1 << 24;

/** The box `meta` of a file, and where it lies; `null` where there is none. */
export async function readMeta(reader: ByteReader): Promise<{ buffer: Buffer; at: number } | null> {
  for (let at = 0; at + 8 <= reader.size;) {
    const head = await reader.read(at, 16);
    if (head.length < 16) return null;
    const type = head.toString('latin1', 4, 8);
    let size = head.readUInt32BE(0);
    if (size === 1) size = Number(head.readBigUInt64BE(8));
    if (size === 0) size = reader.size - at;
    if (size < 8) return null;
    if (type === 'meta') return size > largestMeta ? null : { buffer: await reader.read(at, size), at };
    at += size;
  }
  return null;
}

/** A box inside others, each by type from the outermost; `meta`, `iinf` and `iref` begin with four bytes of version. */
export function find(buffer: Buffer, path: readonly string[]): Box | null {
  let [from, to] = [12, buffer.length];
  let found: Box | null = null;
  for (const type of path) {
    found = [...boxesIn(buffer, from, to)].find((box) => box.type === type) ?? null;
    if (!found) return null;
    [from, to] = [found.content, found.end];
  }
  return found;
}

/** Types of a file's items by number: `av01`, `Exif`, `tmap` for a gain map. */
export function itemTypes(meta: Buffer): Map<number, string> {
  const items = new Map<number, string>();
  const list = find(meta, ['iinf']);
  if (!list || list.end - list.content < 8) return items;
  const begin = list.content + (meta[list.content] === 0 ? 6 : 8);
  for (const { type, content, end } of boxesIn(meta, begin, list.end)) {
    if (type !== 'infe' || end - content < 12) continue;
    const wide = meta[content]! >= 3;
    const id = wide ? meta.readUInt32BE(content + 4) : meta.readUInt16BE(content + 4);
    const at = content + (wide ? 10 : 8);
    items.set(id, meta.toString('latin1', at, at + 4));
  }
  return items;
}

/** Places of the boxes that say colour by code points: primaries, transfer, matrix, two bytes each. */
export function colourCodes(meta: Buffer): number[] {
  const properties = find(meta, ['iprp', 'ipco']);
  if (!properties) return [];
  return [...boxesIn(meta, properties.content, properties.end)]
    .filter(
      ({ type, content, end }) =>
        type === 'colr' && end - content >= 10 && meta.toString('latin1', content, content + 4) === 'nclx',
    )
    .map(({ content }) => content + 4);
}

export interface ItemLocation {
  /** Where the offset of its one piece is written, right before the length. */
  readonly at: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** Where what is added to the offset is written; no bytes where it is not. */
  readonly baseAt: number;
  readonly baseBytes: number;
}

/** Where in the meta box an item's place in the file is written down; `null` where it is written otherwise. */
export function locationOf(meta: Buffer, item: number): ItemLocation | null {
  const box = find(meta, ['iloc']);
  if (!box) return null;
  const version = meta[box.content]!;
  let at = box.content + 4;
  const [offsetBytes, lengthBytes, baseBytes, indexBytes] = [
    meta[at]! >> 4,
    meta[at]! & 15,
    meta[at + 1]! >> 4,
    version === 0 ? 0 : meta[at + 1]! & 15,
  ];
  at += 2;
  const idBytes = version < 2 ? 2 : 4;
  const count = meta.readUIntBE(at, idBytes);
  at += idBytes;
  for (let i = 0; i < count && at + 8 <= box.end; i++) {
    const id = meta.readUIntBE(at, idBytes);
    at += idBytes;
    const method = version === 0 ? 0 : meta.readUInt16BE(at) & 15;
    at += version === 0 ? 2 : 4;
    const baseAt = at;
    at += baseBytes;
    const extents = meta.readUInt16BE(at);
    at += 2;
    if (id === item) {
      if (method !== 0 || extents !== 1 || indexBytes !== 0) return null;
      return offsetBytes >= 4 && lengthBytes >= 4 ? { at, offsetBytes, lengthBytes, baseAt, baseBytes } : null;
    }
    at += extents * (offsetBytes + lengthBytes + indexBytes);
  }
  return null;
}
