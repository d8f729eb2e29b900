import { LWayError } from '../../common/errors';
import { bytesPerValue, fromInterleaved, toInterleaved } from '../depth';
import { copyRect, createRaster } from '../planes';
import type { PictureInfo, Raster, Rect, TileStore } from '../raster';
import { contains, intersect } from '../rect';
import type { OpenSpill, Spill } from './spill';

export interface TileStoreOptions {
  /** Bytes that may stay in memory; pieces beyond them go to the spill. */
  memory: number;
  /** Where those go; without it a full budget is an error. */
  openSpill?: OpenSpill;
}

/** A piece, interleaved in the result's own depth so that a band of its rows is one stretch of bytes. */
interface StoredPiece {
  readonly rect: Rect;
  readonly bytes?: Uint8Array;
  readonly block?: number;
}

/**
 * A tile store that keeps pieces in memory up to a budget and spills the rest, in the bit depth of the result: a piece
 * is a quarter (8 bit) or half (16 bit) of its float32 size. Reading works for any rectangle already covered, before
 * `end` too, so that an interrupted job can go on from {@link SpillingTileStore.covers}.
 */
export class SpillingTileStore implements TileStore {
  private pieces: StoredPiece[] = [];
  private picture: PictureInfo | null = null;
  private inMemory = 0;
  private pixels = 0;
  private spill: Promise<Spill> | null = null;
  private disposed = false;

  constructor(private readonly options: TileStoreOptions) {}

  get info(): PictureInfo {
    if (!this.picture) throw new RangeError('The tile store has not begun.');
    return this.picture;
  }

  /** Bytes held in memory now. */
  get memoryUsed(): number {
    return this.inMemory;
  }

  async begin(signal: AbortSignal, info: PictureInfo): Promise<void> {
    this.check(signal);
    if (this.picture) throw new RangeError('The tile store has already begun.');
    this.picture = info;
  }

  async write(signal: AbortSignal, x: number, y: number, piece: Raster): Promise<void> {
    this.check(signal);
    const { info } = this;
    const rect = { x, y, width: piece.width, height: piece.height };
    if (piece.channels !== info.channels) throw new RangeError('A piece has the wrong number of channels.');
    if (!contains({ x: 0, y: 0, width: info.width, height: info.height }, rect)) {
      throw new RangeError('A piece reaches outside the picture.');
    }
    if (this.pieces.some((other) => intersect(other.rect, rect))) throw new RangeError('Two pieces overlap.');
    const values = toInterleaved(piece, info.bitDepth);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    if (this.inMemory + bytes.length <= this.options.memory) {
      this.inMemory += bytes.length;
      this.pieces.push({ rect, bytes });
    } else {
      const block = await (await this.openSpill()).put(bytes);
      this.check(signal);
      this.pieces.push({ rect, block });
    }
    this.pixels += rect.width * rect.height;
  }

  async end(signal: AbortSignal): Promise<void> {
    this.check(signal);
    const { width, height } = this.info;
    if (this.pixels !== width * height) throw new RangeError('The pieces do not cover the picture.');
  }

  /** Whether all pixels of `rect` have been written. */
  covers(rect: Rect): boolean {
    let pixels = 0;
    for (const piece of this.pieces) {
      const shared = intersect(piece.rect, rect);
      if (shared) pixels += shared.width * shared.height;
    }
    return pixels === rect.width * rect.height;
  }

  async read(signal: AbortSignal, rect: Rect): Promise<Raster> {
    this.check(signal);
    const { channels } = this.info;
    if (!this.covers(rect)) throw new RangeError('A part of the result was asked for that is not there.');
    const result = createRaster(rect.width, rect.height, channels);
    for (const piece of this.pieces) {
      const shared = intersect(piece.rect, rect);
      if (!shared) continue;
      const { x, y, width, height } = shared;
      const band = await this.readBand(piece, { x: x - piece.rect.x, y: y - piece.rect.y, width, height });
      this.check(signal);
      copyRect(band, { x: 0, y: 0, width, height }, result, x - rect.x, y - rect.y);
    }
    return result;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    this.pieces = [];
    this.inMemory = 0;
    const { spill } = this;
    this.spill = null;
    await (await spill?.catch(() => null))?.dispose();
  }

  /** Part `rect` of a piece. Only that is turned into floats: pieces may be many times as wide as what is looked at. */
  private async readBand(piece: StoredPiece, rect: Rect): Promise<Raster> {
    const { channels, bitDepth } = this.info;
    const rowBytes = piece.rect.width * channels * bytesPerValue(bitDepth);
    const rows = piece.bytes
      ? piece.bytes.subarray(rect.y * rowBytes, (rect.y + rect.height) * rowBytes)
      : await (await this.openSpill()).get(piece.block!, rect.y * rowBytes, rect.height * rowBytes);
    if (rect.width === piece.rect.width) {
      return fromInterleaved(valuesOf(rows, bitDepth), rect.width, rect.height, channels);
    }
    const [left, wide] = [rect.x, rect.width].map((pixels) => pixels * channels * bytesPerValue(bitDepth));
    const bytes = new Uint8Array(wide! * rect.height);
    for (let y = 0; y < rect.height; y++) {
      bytes.set(rows.subarray(y * rowBytes + left!, y * rowBytes + left! + wide!), y * wide!);
    }
    return fromInterleaved(valuesOf(bytes, bitDepth), rect.width, rect.height, channels);
  }

  private openSpill(): Promise<Spill> {
    if (!this.options.openSpill) {
      throw new LWayError(
        'out-of-memory',
        'The result is larger than the memory set aside for it.',
        'Choose a smaller region or scale.',
      );
    }
    this.spill ??= this.options.openSpill();
    return this.spill;
  }

  private check(signal: AbortSignal): void {
    signal.throwIfAborted();
    if (this.disposed) throw new RangeError('The tile store has been disposed of.');
  }
}

/** @param bytes aligned to values: whole rows of a piece, a copy, or what a spill has just read */
function valuesOf(bytes: Uint8Array, bitDepth: PictureInfo['bitDepth']): Uint8Array | Uint16Array | Float32Array {
  if (bitDepth === 8) return bytes;
  const { buffer, byteOffset } = bytes;
  const length = bytes.length / bytesPerValue(bitDepth);
  return bitDepth === 16 ? new Uint16Array(buffer, byteOffset, length) : new Float32Array(buffer, byteOffset, length);
}
