import {
  bytesPerValue,
  type PictureInfo,
  type PixelSource,
  type Raster,
  type Rect,
  type TileStore,
} from '../../engine';
import type { PhotoshopBridge } from './protocol';
import { encodePiece } from './pixel-codec';

/** Bytes of one piece when a whole result is carried over. */
const PIECE_BYTES = 8 << 20;
/** Pieces that may be on the way at once: one is taken in while the next is made. */
const AHEAD = 2;

/** A place on Photoshop's side where finished pieces wait to be written. */
export class Stage {
  private readonly pending = new Set<Promise<void>>();
  private failure: unknown;

  private constructor(
    private readonly bridge: PhotoshopBridge,
    readonly id: string,
    private readonly bitDepth: 8 | 16 | 32,
  ) {}

  static async open(bridge: PhotoshopBridge, signal: AbortSignal, bitDepth: 8 | 16 | 32): Promise<Stage> {
    const { value } = await bridge.request(signal, 'stage.open');
    return new Stage(bridge, value.stage, bitDepth);
  }

  /**
   * Takes a piece over and resolves when there is room for the next; it is encoded and carried in the background, while the
   * engine computes. What fails meanwhile is thrown by the next call, or by `settled`.
   *
   * @param piece not changed afterwards by the caller
   */
  async write(signal: AbortSignal, x: number, y: number, piece: Raster): Promise<void> {
    if (this.failure) throw this.failure;
    const sent = this.carry(signal, x, y, piece).catch((error: unknown) => {
      this.failure ??= error;
    });
    this.pending.add(sent);
    void sent.finally(() => this.pending.delete(sent));
    if (this.pending.size >= AHEAD) await Promise.race(this.pending);
    if (this.failure) throw this.failure;
  }

  private async carry(signal: AbortSignal, x: number, y: number, piece: Raster): Promise<void> {
    // A task of its own: whoever has written the piece goes on first.
    await new Promise<void>((resolve) => void setTimeout(resolve, 0));
    const { header, bytes } = encodePiece(piece, this.bitDepth, x, y);
    const params = { stage: this.id, ...header };
    await this.bridge.request(signal, 'stage.write', params, { bytes: bytes.length ? bytes : undefined });
  }

  async settled(): Promise<void> {
    await Promise.all(this.pending);
    if (this.failure) throw this.failure;
  }

  /** Carries a whole result over. */
  async writeAll(signal: AbortSignal, result: PixelSource, onProgress: (done: number) => void): Promise<void> {
    const { width, height, channels } = result.info;
    const pixels = PIECE_BYTES / (channels * bytesPerValue(this.bitDepth));
    const across = Math.min(width, 4096);
    const down = Math.max(1, Math.floor(pixels / across));
    for (let y = 0; y < height; y += down) {
      for (let x = 0; x < width; x += across) {
        const rect: Rect = { x, y, width: Math.min(across, width - x), height: Math.min(down, height - y) };
        await this.write(signal, x, y, await result.read(signal, rect));
      }
      onProgress(Math.min(1, (y + down) / height));
    }
    await this.settled();
  }

  /** Frees what waits there; nothing is reported, there may be nobody to free it any more. */
  async drop(): Promise<void> {
    await Promise.all(this.pending);
    await this.bridge.request(new AbortController().signal, 'stage.drop', { stage: this.id }).catch(() => undefined);
  }
}

/**
 * A tile store whose pieces are also carried to Photoshop as they are finished, while the engine computes the next ones:
 * when all is there, Photoshop can write at once. Where carrying fails, the store alone goes on and all is carried at the
 * end.
 */
export class StagedStore implements TileStore {
  private stage: Stage | null = null;

  constructor(
    private readonly store: TileStore,
    private readonly open: (signal: AbortSignal, bitDepth: 8 | 16 | 32) => Promise<Stage>,
  ) {}

  get info(): PictureInfo {
    return this.store.info;
  }

  async begin(signal: AbortSignal, info: PictureInfo): Promise<void> {
    await this.store.begin(signal, info);
    await this.release();
    this.stage = await this.open(signal, info.bitDepth).catch(() => null);
  }

  async write(signal: AbortSignal, x: number, y: number, piece: Raster): Promise<void> {
    await this.store.write(signal, x, y, piece);
    if (!this.stage) return;
    try {
      await this.stage.write(signal, x, y, piece);
    } catch (error) {
      if (signal.aborted) throw error;
      await this.release();
    }
  }

  end(signal: AbortSignal): Promise<void> {
    return this.store.end(signal);
  }

  read(signal: AbortSignal, rect: Rect): Promise<Raster> {
    return this.store.read(signal, rect);
  }

  /** The stage that holds all of the result; null where something went wrong on the way. */
  async staged(): Promise<Stage | null> {
    try {
      await this.stage?.settled();
      return this.stage;
    } catch {
      await this.release();
      return null;
    }
  }

  async dispose(): Promise<void> {
    await this.release();
    await this.store.dispose();
  }

  /** Frees what Photoshop's side holds; this store keeps its own. */
  async release(): Promise<void> {
    const { stage } = this;
    this.stage = null;
    await stage?.drop();
  }
}
