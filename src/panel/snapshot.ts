import type { PixelSource, Raster, Rect, TileStore } from '../engine';

const side = 512;

/**
 * A layer as it was when the upscale began. Each block is read from the editor once, however often tiles, their margins
 * and the adaptation ask for it, and stays readable for the comparison after the document has changed.
 */
export class Snapshot implements PixelSource {
  readonly info;
  private readonly blocks = new Map<number, Promise<void>>();
  private begun: Promise<void> | null = null;

  constructor(
    private readonly source: PixelSource,
    private readonly store: TileStore,
  ) {
    this.info = source.info;
  }

  async read(signal: AbortSignal, rect: Rect): Promise<Raster> {
    await (this.begun ??= this.store.begin(signal, this.info));
    const columns = Math.ceil(this.info.width / side);
    for (let by = Math.floor(rect.y / side); by * side < rect.y + rect.height; by++) {
      for (let bx = Math.floor(rect.x / side); bx * side < rect.x + rect.width; bx++) {
        const key = by * columns + bx;
        let block = this.blocks.get(key);
        if (!block) {
          block = this.take(signal, bx * side, by * side);
          this.blocks.set(key, block);
          // A read that was cancelled or failed may be tried again.
          block.catch(() => this.blocks.delete(key));
        }
        await block;
      }
    }
    return this.store.read(signal, rect);
  }

  dispose(): Promise<void> {
    return this.store.dispose();
  }

  private async take(signal: AbortSignal, x: number, y: number): Promise<void> {
    const width = Math.min(side, this.info.width - x);
    const height = Math.min(side, this.info.height - y);
    await this.store.write(signal, x, y, await this.source.read(signal, { x, y, width, height }));
  }
}
