import {
  breathe,
  bytesPerValue,
  copyRect,
  createRaster,
  fromInterleaved,
  intersect,
  type PictureInfo,
  type PixelSource,
  type Raster,
  type Rect,
  toInterleaved,
} from '../../../engine';
import type { LayerPixels } from '../../shared/pixels';

/**
 * Layer pixels in a file: blocks of at most {@link side}², row by row of blocks, each with its rows of interleaved samples
 * in the picture's own depth and the machine's byte order. Nothing else stands in the file.
 */
const side = 512;
/** Blocks that stay in memory for the next read. */
const remembered = 24;

function blockAt({ width, height }: PictureInfo, bx: number, by: number): Rect {
  const [x, y] = [bx * side, by * side];
  return { x, y, width: Math.min(side, width - x), height: Math.min(side, height - y) };
}

const bytesPerPixel = ({ channels, bitDepth }: PictureInfo) => channels * bytesPerValue(bitDepth);

/** Writes all of `source` in the form that {@link StoredPixels} reads. */
export async function storePixels(
  signal: AbortSignal,
  source: PixelSource,
  write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
): Promise<void> {
  const { info } = source;
  for (let by = 0; by * side < info.height; by++) {
    for (let bx = 0; bx * side < info.width; bx++) {
      const values = toInterleaved(await source.read(signal, blockAt(info, bx, by)), info.bitDepth);
      signal.throwIfAborted();
      await write(new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength));
      await breathe();
    }
  }
}

/** Pixels read back from such a file, block by block. */
export class StoredPixels implements LayerPixels {
  private readonly blocks = new Map<number, Promise<Raster>>();

  constructor(
    readonly info: PictureInfo,
    private readonly file: Blob,
  ) {}

  /** Whether the file is as long as it must be. */
  get complete(): boolean {
    const { width, height } = this.info;
    return this.file.size === width * height * bytesPerPixel(this.info);
  }

  async read(signal: AbortSignal, rect: Rect): Promise<Raster> {
    const result = createRaster(rect.width, rect.height, this.info.channels);
    for (let by = Math.floor(rect.y / side); by * side < rect.y + rect.height; by++) {
      for (let bx = Math.floor(rect.x / side); bx * side < rect.x + rect.width; bx++) {
        signal.throwIfAborted();
        const place = blockAt(this.info, bx, by);
        const block = await this.block(bx, by, place);
        const shared = intersect(place, rect)!;
        const inside = { ...shared, x: shared.x - place.x, y: shared.y - place.y };
        copyRect(block, inside, result, shared.x - rect.x, shared.y - rect.y);
      }
    }
    return result;
  }

  async dispose(): Promise<void> {
    this.blocks.clear();
  }

  private block(bx: number, by: number, place: Rect): Promise<Raster> {
    const key = by * Math.ceil(this.info.width / side) + bx;
    const known = this.blocks.get(key);
    this.blocks.delete(key);
    const block = known ?? this.load(place);
    this.blocks.set(key, block);
    block.catch(() => this.blocks.delete(key));
    for (const old of this.blocks.keys()) {
      if (this.blocks.size <= remembered) break;
      this.blocks.delete(old);
    }
    return block;
  }

  private async load({ x, y, width, height }: Rect): Promise<Raster> {
    const { info } = this;
    // Before it come all rows of blocks above, and its neighbours to the left, which are as high as it is.
    const from = (y * info.width + x * height) * bytesPerPixel(info);
    const bytes = await this.file.slice(from, from + width * height * bytesPerPixel(info)).arrayBuffer();
    const Values = { 8: Uint8Array, 16: Uint16Array, 32: Float32Array }[info.bitDepth];
    return fromInterleaved(new Values(bytes), width, height, info.channels);
  }
}
