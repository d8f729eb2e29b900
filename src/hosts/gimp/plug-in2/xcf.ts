// GIMP's own file format, as far as it carries one layer, its mask and the selection exactly, whatever their precision.
// Source: GIMP, devel-docs/xcf.txt.
import { readSync } from 'node:fs';
import { inflateSync } from 'node:zlib';

export const tileSide = 64;

const property = { end: 0, selection: 4, compression: 17 };
/** From this version on, addresses have eight bytes. */
const longAddresses = 11;
/** From this version on, values of several bytes are big-endian; before, as the machine that wrote them. */
const bigEndian = 12;
/** Tiles that are kept, at most 64 kB each. */
const keptTiles = 256;

/** A hierarchy of tiles. */
interface Pixels {
  width: number;
  height: number;
  bytesPerPixel: number;
  tiles: number[];
}

/** A layer's pixels, its mask or the selection, in a file. */
export class XcfPixels {
  private readonly kept = new Map<number, Uint8Array>();

  constructor(
    private readonly file: XcfFile,
    private readonly pixels: Pixels,
    /** Bytes of one value. */
    private readonly valueBytes: number,
  ) {}

  get width(): number {
    return this.pixels.width;
  }

  get height(): number {
    return this.pixels.height;
  }

  /** Interleaved, little-endian. `rect` lies inside. */
  read(rect: { x: number; y: number; width: number; height: number }): Uint8Array {
    const { width, bytesPerPixel } = this.pixels;
    const columns = Math.ceil(width / tileSide);
    const result = new Uint8Array(rect.width * rect.height * bytesPerPixel);
    const [right, bottom] = [rect.x + rect.width, rect.y + rect.height];
    for (let ty = Math.floor(rect.y / tileSide); ty * tileSide < bottom; ty++) {
      for (let tx = Math.floor(rect.x / tileSide); tx * tileSide < right; tx++) {
        const tile = this.tile(ty * columns + tx, tx, ty);
        const tileWidth = Math.min(tileSide, width - tx * tileSide);
        const [left, to] = [Math.max(rect.x, tx * tileSide), Math.min(right, tx * tileSide + tileWidth)];
        const last = Math.min(bottom, (ty + 1) * tileSide, this.pixels.height);
        for (let y = Math.max(rect.y, ty * tileSide); y < last; y++) {
          const from = ((y - ty * tileSide) * tileWidth + left - tx * tileSide) * bytesPerPixel;
          const at = ((y - rect.y) * rect.width + left - rect.x) * bytesPerPixel;
          result.set(tile.subarray(from, from + (to - left) * bytesPerPixel), at);
        }
      }
    }
    return result;
  }

  private tile(index: number, tx: number, ty: number): Uint8Array {
    const known = this.kept.get(index);
    if (known) return known;
    const { width, height, bytesPerPixel, tiles } = this.pixels;
    const count = Math.min(tileSide, width - tx * tileSide) * Math.min(tileSide, height - ty * tileSide);
    const tile = this.file.readTile(tiles[index]!, count, bytesPerPixel, this.valueBytes);
    if (this.kept.size >= keptTiles) this.kept.delete(this.kept.keys().next().value!);
    this.kept.set(index, tile);
    return tile;
  }
}

export interface XcfLayer {
  name: string;
  pixels: XcfPixels;
  mask: XcfPixels | null;
}

/** Reads a file that GIMP has written. */
export class XcfFile {
  readonly layers: XcfLayer[] = [];
  selection: XcfPixels | null = null;
  private readonly version: number;
  private compression = 0;

  /**
   * @param descriptor of the open file
   * @param valueBytes bytes of one value in the image's precision
   */
  constructor(
    private readonly descriptor: number,
    private readonly valueBytes: number,
  ) {
    const head = this.bytes(0, 14).toString('latin1');
    const version = /^gimp xcf (file|v(\d{3}))\0$/.exec(head);
    if (!version) throw new Error('GIMP did not write an XCF picture.');
    this.version = Number(version[2] ?? 0);
    const cursor = new Cursor(this, 14);
    cursor.skip(this.version >= 4 ? 16 : 12); // width, height, mode, precision
    this.properties(cursor);
    const [layers, channels] = [cursor.addresses(), cursor.addresses()];
    for (const at of layers) this.layers.push(this.layer(at));
    for (const at of channels) this.channel(at, (pixels) => (this.selection = pixels));
  }

  get addressBytes(): 4 | 8 {
    return this.version >= longAddresses ? 8 : 4;
  }

  bytes(at: number, length: number, mayEnd = false): Buffer {
    const result = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const read = readSync(this.descriptor, result, done, length - done, at + done);
      if (read === 0) break;
      done += read;
    }
    if (done < length && !mayEnd) throw new Error('The picture from GIMP is cut off.');
    return result.subarray(0, done);
  }

  readTile(at: number, count: number, bytesPerPixel: number, valueBytes: number): Uint8Array {
    const length = count * bytesPerPixel;
    // RLE may make noise a little longer.
    const stored = this.bytes(at, this.compression === 0 ? length : Math.ceil(length * 1.5) + 64, true);
    let tile: Uint8Array;
    if (this.compression === 0) tile = stored;
    else if (this.compression === 1) tile = unpack(stored, count, bytesPerPixel);
    else if (this.compression === 2) tile = inflateSync(stored, { finishFlush: 2 });
    else throw new Error(`The picture from GIMP uses a compression (${this.compression}) that LWay does not know.`);
    if (tile.length < length) throw new Error('The picture from GIMP is cut off.');
    tile = tile.subarray(0, length);
    return valueBytes > 1 && this.version >= bigEndian ? swapped(tile, valueBytes) : tile;
  }

  private properties(cursor: Cursor): Set<number> {
    const found = new Set<number>();
    for (;;) {
      const [type, length] = [cursor.u32(), cursor.u32()];
      if (type === property.end) return found;
      found.add(type);
      if (type === property.compression) this.compression = this.bytes(cursor.at, 1)[0]!;
      cursor.skip(length);
    }
  }

  private layer(at: number): XcfLayer {
    const cursor = new Cursor(this, at);
    cursor.skip(12); // width, height, type
    const name = cursor.text();
    this.properties(cursor);
    const [pixels, mask] = [cursor.address(), cursor.address()];
    const result: XcfLayer = { name, pixels: this.hierarchy(pixels), mask: null };
    if (mask > 0) this.channel(mask, undefined, (each) => (result.mask = each));
    return result;
  }

  private channel(at: number, selection?: (pixels: XcfPixels) => void, any?: (pixels: XcfPixels) => void): void {
    const cursor = new Cursor(this, at);
    cursor.skip(8); // width, height
    cursor.text();
    const isSelection = this.properties(cursor).has(property.selection);
    const pixels = this.hierarchy(cursor.address());
    any?.(pixels);
    if (isSelection) selection?.(pixels);
  }

  private hierarchy(at: number): XcfPixels {
    const cursor = new Cursor(this, at);
    const [width, height, bytesPerPixel] = [cursor.u32(), cursor.u32(), cursor.u32()];
    const level = new Cursor(this, cursor.address());
    level.skip(8); // width, height
    return new XcfPixels(this, { width, height, bytesPerPixel, tiles: level.addresses() }, this.valueBytes);
  }
}

class Cursor {
  constructor(
    private readonly file: XcfFile,
    public at: number,
  ) {}

  skip(length: number): void {
    this.at += length;
  }

  u32(): number {
    this.at += 4;
    return this.file.bytes(this.at - 4, 4).readUInt32BE(0);
  }

  address(): number {
    const size = this.file.addressBytes;
    const bytes = this.file.bytes(this.at, size);
    this.at += size;
    return size === 8 ? Number(bytes.readBigUInt64BE(0)) : bytes.readUInt32BE(0);
  }

  /** Up to the 0 that ends them. */
  addresses(): number[] {
    const all: number[] = [];
    for (let each = this.address(); each !== 0; each = this.address()) all.push(each);
    return all;
  }

  text(): string {
    const length = this.u32();
    const bytes = this.file.bytes(this.at, length);
    this.at += length;
    return length === 0 ? '' : bytes.toString('utf8', 0, length - 1);
  }
}

/** GIMP's run lengths: the first byte of all pixels, then the second… */
function unpack(stored: Uint8Array, count: number, bytesPerPixel: number): Uint8Array {
  const result = new Uint8Array(count * bytesPerPixel);
  let at = 0;
  const next = () => {
    if (at >= stored.length) throw new Error('The picture from GIMP is cut off.');
    return stored[at++]!;
  };
  for (let byte = 0; byte < bytesPerPixel; byte++) {
    for (let pixel = 0; pixel < count;) {
      const code = next();
      const literal = code >= 128;
      let length = literal ? 256 - code : code + 1;
      if (length === 128) length = next() * 256 + next();
      if (length > count - pixel) throw new Error('The picture from GIMP is damaged.');
      const value = literal ? 0 : next();
      for (let i = 0; i < length; i++, pixel++) result[pixel * bytesPerPixel + byte] = literal ? next() : value;
    }
  }
  return result;
}

/** Turns the bytes of each value round, in a copy. */
export function swapped(bytes: Uint8Array, valueBytes: number): Uint8Array {
  const copy = Buffer.from(bytes);
  if (valueBytes === 2) copy.swap16();
  else if (valueBytes === 4) copy.swap32();
  else if (valueBytes === 8) copy.swap64();
  return copy;
}
