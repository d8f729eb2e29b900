import { createRaster, LWayError, type PictureInfo, type PixelSource, type Raster, type Rect } from '../../engine';
import { reasonOf } from './bridge/bridge';
import { copyBlock, type Block } from './pixel-codec';
import { BLOCK } from './protocol';

/** Bytes of blocks that are kept: tiles overlap, and adaptation looks at the same places again. */
const CACHE_BYTES = 128 << 20;

/**
 * A layer in Photoshop as a source: asks for blocks of a fixed grid, keeps the latest, and asks for the one that comes next
 * in reading order before it is wanted, so that it travels while the engine computes.
 */
export class RemoteSource implements PixelSource {
  private readonly blocks = new Map<string, Promise<Block>>();
  private readonly sizes = new Map<string, number>();
  private held = 0;

  /**
   * @param fetch asks for one block
   * @param signal ends all that is under way: the target has been closed
   */
  constructor(
    readonly info: PictureInfo,
    private readonly fetch: (column: number, row: number) => Promise<Block>,
    private readonly signal: AbortSignal,
    private readonly capacity = CACHE_BYTES,
  ) {}

  async read(signal: AbortSignal, rect: Rect): Promise<Raster> {
    const { width, height } = this.info;
    if (rect.x < 0 || rect.y < 0 || rect.x + rect.width > width || rect.y + rect.height > height) {
      throw new RangeError('A read goes beyond the picture.');
    }
    const result = createRaster(rect.width, rect.height, this.info.channels);
    const last = { column: 0, row: 0 };
    for (let row = Math.floor(rect.y / BLOCK); row * BLOCK < rect.y + rect.height; row++) {
      for (let column = Math.floor(rect.x / BLOCK); column * BLOCK < rect.x + rect.width; column++) {
        const block = await this.abortable(signal, this.block(column, row));
        copyBlock(block, result, column * BLOCK - rect.x, row * BLOCK - rect.y);
        Object.assign(last, { column, row });
      }
    }
    this.readAhead(last.column, last.row);
    return result;
  }

  private block(column: number, row: number): Promise<Block> {
    const key = `${column},${row}`;
    let block = this.blocks.get(key);
    if (block) {
      // The latest used goes last; the first is the first to be dropped.
      this.blocks.delete(key);
    } else {
      if (this.signal.aborted) {
        return Promise.reject(new LWayError('internal', 'The layer has been closed.', 'Start the upscale again.'));
      }
      block = this.fetch(column, row);
      block.then(
        ({ bytes }) => this.keep(key, bytes.length),
        () => this.blocks.delete(key),
      );
    }
    this.blocks.set(key, block);
    return block;
  }

  private keep(key: string, size: number): void {
    this.sizes.set(key, size);
    this.held += size;
    for (const oldest of this.blocks.keys()) {
      if (this.held <= this.capacity || oldest === key) return;
      const bytes = this.sizes.get(oldest);
      if (bytes === undefined) continue; // still under way
      this.blocks.delete(oldest);
      this.sizes.delete(oldest);
      this.held -= bytes;
    }
  }

  private readAhead(column: number, row: number): void {
    const right = (column + 1) * BLOCK < this.info.width;
    const next = right ? { column: column + 1, row } : { column: 0, row: row + 1 };
    if (next.row * BLOCK >= this.info.height || this.signal.aborted) return;
    // Whoever wants it later gets the error, too.
    this.block(next.column, next.row).catch(() => undefined);
  }

  /** A block is shared by several readers: one that is cancelled stops waiting, the block goes on. */
  private abortable<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(reasonOf(signal));
      const stop = () => reject(reasonOf(signal));
      signal.addEventListener('abort', stop, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }
}
