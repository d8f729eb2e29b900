// Writes a picture in GIMP's own format: one layer, perhaps with a mask, nothing packed. Source: GIMP, devel-docs/xcf.txt.
import { closeSync, openSync, writeSync } from 'node:fs';
import { swapped, tileSide } from './xcf';

/** Big-endian values, and addresses of eight bytes. */
const version = 'v012';
const property = { end: 0, compression: 17, parasites: 21 };
const parasiteFlags = { temporary: 0, persistentAndUndoable: 3 };

export interface XcfPicture {
  width: number;
  height: number;
  base: 'rgb' | 'gray';
  alpha: boolean;
  /** `GimpPrecision` */
  precision: number;
  /** Bytes of one value. */
  valueBytes: number;
  mask: boolean;
  profile: Uint8Array | null;
  name: string;
  /** Name of a parasite that the image bears until GIMP saves it, or null. */
  mark: string | null;
}

/** One plane of tiles that is filled from top to bottom, in whole rows. */
class TileRows {
  private readonly strip: Buffer;
  private filled = 0;
  private done = 0;
  private at: number;

  constructor(
    private readonly descriptor: number,
    private readonly width: number,
    private readonly height: number,
    private readonly bytesPerPixel: number,
    private readonly valueBytes: number,
    start: number,
  ) {
    this.strip = Buffer.alloc(width * tileSide * bytesPerPixel);
    this.at = start;
  }

  write(y: number, rows: number, bytes: Uint8Array): void {
    const rowBytes = this.width * this.bytesPerPixel;
    if (y !== this.done + this.filled || bytes.length !== rows * rowBytes || y + rows > this.height) {
      throw new RangeError('Rows are to be written in order, and whole.');
    }
    for (let row = 0; row < rows; row++) {
      this.strip.set(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), this.filled * rowBytes);
      this.filled += 1;
      if (this.filled === tileSide || this.done + this.filled === this.height) this.flush();
    }
  }

  get whole(): boolean {
    return this.done === this.height;
  }

  private flush(): void {
    const { width, filled, bytesPerPixel } = this;
    const tiles = Buffer.alloc(width * filled * bytesPerPixel);
    let to = 0;
    for (let x = 0; x < width; x += tileSide) {
      const length = Math.min(tileSide, width - x) * bytesPerPixel;
      for (let row = 0; row < filled; row++) {
        const from = (row * width + x) * bytesPerPixel;
        this.strip.copy(tiles, to, from, from + length);
        to += length;
      }
    }
    const bytes = swapped(tiles, this.valueBytes);
    for (let at = 0; at < bytes.length;) at += writeSync(this.descriptor, bytes, at, bytes.length - at, this.at + at);
    this.at += bytes.length;
    this.done += filled;
    this.filled = 0;
  }
}

/** A picture in a file, written piece by piece. */
export class XcfWriter {
  private readonly descriptor: number;
  private readonly pixels: TileRows;
  private readonly mask: TileRows | null = null;

  /** @param path of a file that is not there yet */
  constructor(path: string, picture: XcfPicture) {
    const { width, height, base, alpha, precision, valueBytes, profile, name, mark } = picture;
    const channels = (base === 'gray' ? 1 : 3) + (alpha ? 1 : 0);
    const gray = base === 'gray' ? 1 : 0;
    const bpp = channels * valueBytes;
    const { persistentAndUndoable, temporary } = parasiteFlags;
    const parasites = [
      ...(profile ? parasite('icc-profile', persistentAndUndoable, profile) : []),
      ...(mark ? parasite(mark, temporary, new Uint8Array(0)) : []),
    ];
    const head = (layerAt: number) =>
      Buffer.concat([
        Buffer.from(`gimp xcf ${version}\0`, 'latin1'),
        ...[width, height, gray, precision, property.compression, 1].map(u32),
        Buffer.of(0),
        ...(parasites.length > 0 ? [u32(property.parasites), u32(sum(parasites)), ...parasites] : []),
        ...[property.end, 0].map(u32),
        ...[layerAt, 0, 0].map(address),
      ]);
    const layer = (pixelsAt: number, maskAt: number) =>
      Buffer.concat([
        ...[width, height, gray * 2 + (alpha ? 1 : 0)].map(u32),
        text(name),
        ...[property.end, 0].map(u32),
        ...[pixelsAt, maskAt].map(address),
      ]);
    const channel = (pixelsAt: number) =>
      Buffer.concat([...[width, height].map(u32), text('mask'), ...[property.end, 0].map(u32), address(pixelsAt)]);
    const layerAt = head(0).length;
    const pixelsAt = layerAt + layer(0, 0).length;
    const dataAt = pixelsAt + hierarchy(width, height, bpp, 0, 0).length;
    const maskAt = dataAt + width * height * bpp;
    const maskPixelsAt = maskAt + channel(0).length;
    const maskDataAt = maskPixelsAt + hierarchy(width, height, valueBytes, 0, 0).length;
    this.descriptor = openSync(path, 'wx', 0o600);
    this.put(0, head(layerAt));
    this.put(layerAt, layer(pixelsAt, picture.mask ? maskAt : 0));
    this.put(pixelsAt, hierarchy(width, height, bpp, pixelsAt, dataAt));
    this.pixels = new TileRows(this.descriptor, width, height, bpp, valueBytes, dataAt);
    if (!picture.mask) return;
    this.put(maskAt, channel(maskPixelsAt));
    this.put(maskPixelsAt, hierarchy(width, height, valueBytes, maskPixelsAt, maskDataAt));
    this.mask = new TileRows(this.descriptor, width, height, valueBytes, valueBytes, maskDataAt);
  }

  /** Whole rows, from top to bottom, interleaved and little-endian. */
  write(what: 'pixels' | 'mask', y: number, rows: number, bytes: Uint8Array): void {
    (what === 'mask' ? this.mask! : this.pixels).write(y, rows, bytes);
  }

  get whole(): boolean {
    return this.pixels.whole && (this.mask?.whole ?? true);
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private put(at: number, bytes: Buffer): void {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.descriptor, bytes, done, bytes.length - done, at + done);
    }
  }
}

/** The list of tiles, with its one level. @param at where it will lie; @param dataAt where the first tile does */
function hierarchy(width: number, height: number, bytesPerPixel: number, at: number, dataAt: number): Buffer {
  const head = Buffer.concat([...[width, height, bytesPerPixel].map(u32)]);
  const levelAt = at + head.length + 16;
  const tiles: Buffer[] = [];
  let tile = dataAt;
  for (let y = 0; y < height; y += tileSide) {
    for (let x = 0; x < width; x += tileSide) {
      tiles.push(address(tile));
      tile += Math.min(tileSide, width - x) * Math.min(tileSide, height - y) * bytesPerPixel;
    }
  }
  return Buffer.concat([head, address(levelAt), address(0), ...[width, height].map(u32), ...tiles, address(0)]);
}

function parasite(name: string, flags: number, data: Uint8Array): Buffer[] {
  return [text(name), u32(flags), u32(data.length), Buffer.from(data)];
}

function sum(parts: readonly Buffer[]): number {
  return parts.reduce((total, { length }) => total + length, 0);
}

function u32(value: number): Buffer {
  const result = Buffer.alloc(4);
  result.writeUInt32BE(value);
  return result;
}

function address(value: number): Buffer {
  const result = Buffer.alloc(8);
  result.writeBigUInt64BE(BigInt(value));
  return result;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(`${value}\0`, 'utf8');
  return Buffer.concat([u32(bytes.length), bytes]);
}
