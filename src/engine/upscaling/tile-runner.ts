import type { EngineEvent } from '../contract';
import { LWayError } from '../common/errors';
import { SeamBlender } from '../raster/blend';
import { gatherReflected } from '../raster/pad';
import { copyRect, createRaster } from '../raster/planes';
import type { Raster } from '../raster/raster';
import { planTiles, roundUp } from '../raster/tiles';
import type { Runtime } from '../runtime/runtime';
import { findFault } from './check-answer';
import type { LoadedNetwork } from '../network/loaded-network';
import { usualTile } from './usual-tile';

export interface TileRunnerOptions {
  network: LoadedNetwork;
  /** Pixels that the network needs around each pixel: what halves of a tile overlap by. */
  margin: number;
  /** Blend band between halves, for networks whose receptive field has no end. */
  blend: number;
  /** Opens the same network on another device to go on with; `null` where there is none. */
  openFallback: (() => Promise<LoadedNetwork>) | null;
  /** A lost device: go on with the fallback, or leave it to the caller, who can start a new worker. */
  onDeviceLost: 'fallback' | 'throw';
  onEvent: (event: EngineEvent) => void;
  /** Longest side that may be tried at first; smaller after memory ran out. */
  limit?: number;
}

/**
 * Runs a network over one tile and does not give back what is not right: out of memory, it goes on in halves; a
 * faulty answer is asked for again in halves, then from another device; then it is an error.
 */
export class TileRunner {
  /** Tiles that had to be done more than once. */
  redone = 0;
  private network: LoadedNetwork;
  private limit: number;
  private fallback: (() => Promise<LoadedNetwork>) | null;

  constructor(private readonly options: TileRunnerOptions) {
    this.network = options.network;
    this.fallback = options.openFallback;
    this.limit = this.atLeast(options.limit ?? Infinity);
  }

  get scale(): number {
    return this.network.scale;
  }

  get runtime(): Runtime {
    return this.network.runtime;
  }

  /** Longest side of a tile that memory has been enough for so far. */
  get largest(): number {
    return this.limit;
  }

  /**
   * @param image 3 channels, 0..1
   * @returns 3 channels, `scale` times as large, about 0..1
   * @throws LWayError `bad-output`, `out-of-memory`, `device-lost`
   */
  async run(signal: AbortSignal, image: Raster): Promise<Raster> {
    let counted = false;
    const again = (message: string) => {
      if (!counted) this.redone++;
      counted = true;
      this.options.onEvent({ type: 'notice', message });
    };
    let side = Math.min(this.limit, Math.max(image.width, image.height));
    let halvedForFault = false;
    for (;;) {
      signal.throwIfAborted();
      try {
        const output = await this.runWithin(signal, image, side);
        const fault = findFault(image, output, this.scale);
        if (!fault) return output;
        const half = this.half(image, side);
        if (half !== null && !halvedForFault) {
          halvedForFault = true;
          side = half;
          again(`The network gave ${fault}; the tile is computed again in smaller parts.`);
          continue;
        }
        if (!this.fallback) throw badOutput(fault);
        await this.useFallback(`The ${this.runtime.deviceName} gave ${fault}`, again);
      } catch (error) {
        if (!(error instanceof LWayError)) throw error;
        if (error.code === 'out-of-memory') {
          const half = this.half(image, side);
          if (half !== null) {
            again(`There was not enough memory for tiles of ${side} pixels; continuing with ${half}.`);
            side = this.limit = half;
            await this.network.close();
            continue;
          }
          if (!this.fallback) throw error;
          await this.useFallback(`${this.runtime.deviceName} ran out of memory`, again);
        } else if (error.code === 'device-lost' && this.options.onDeviceLost === 'fallback' && this.fallback) {
          await this.useFallback(`${this.runtime.deviceName} stopped responding`, again);
        } else if ((error.code === 'bad-model' || error.code === 'internal') && this.fallback) {
          // GPUs lack operators and types that the CPU has, and find out at the first run.
          await this.useFallback(`${this.runtime.deviceName} cannot run this network (${error.message})`, again);
        } else throw error;
      }
      // On the other device everything may be tried anew, in tiles of a size that suits it.
      this.limit = this.atLeast(Math.min(this.options.limit ?? Infinity, usualTile[this.runtime.device]));
      side = Math.min(this.limit, Math.max(image.width, image.height));
      halvedForFault = true;
    }
  }

  private async useFallback(reason: string, again: (message: string) => void): Promise<void> {
    const open = this.fallback!;
    this.fallback = null;
    await this.network.close().catch(() => undefined);
    this.network = await open();
    const { runtime } = this;
    again(`${reason}; continuing on ${runtime.deviceName}.`);
    this.options.onEvent({ type: 'device', device: runtime.device, name: runtime.deviceName });
  }

  /** The next smaller side, `null` where a tile cannot be smaller. */
  private half(image: Raster, side: number): number | null {
    const { multipleOf } = this.network.entry;
    const half = Math.floor(Math.min(side, Math.max(image.width, image.height)) / 2 / multipleOf) * multipleOf;
    return half >= this.least ? half : null;
  }

  /** Smallest side that leaves something between the margins; a network of fixed size has no smaller one. */
  private get least(): number {
    const { multipleOf, input } = this.network.entry;
    if (input.size) return Infinity;
    const { margin, blend } = this.options;
    return 2 * roundUp(Math.max(margin, blend), multipleOf) + roundUp(Math.max(8, 2 * blend), multipleOf);
  }

  private atLeast(limit: number): number {
    return Math.max(limit, this.least);
  }

  private async runWithin(signal: AbortSignal, image: Raster, side: number): Promise<Raster> {
    const { width, height } = image;
    if (width <= side && height <= side) return this.network.run(image);
    const { margin, blend } = this.options;
    const { multipleOf } = this.network.entry;
    const plan = planTiles({ width, height, tile: side, margin, blend, multipleOf, part: true });
    const blender = new SeamBlender(plan, this.scale, 3);
    const result = createRaster(width * this.scale, height * this.scale, 3);
    const all = { x: 0, y: 0, width, height };
    for (let index = 0; index < plan.count; index++) {
      signal.throwIfAborted();
      const tile = plan.tile(index);
      const part = await this.network.run(gatherReflected(image, all, tile.input, width, height));
      const { x, y, piece } = blender.add(tile, part);
      copyRect(piece, { x: 0, y: 0, width: piece.width, height: piece.height }, result, x, y);
    }
    return result;
  }
}

function badOutput(fault: string): LWayError {
  return new LWayError(
    'bad-output',
    `The network repeatedly gave ${fault}.`,
    'Choose another network or device; nothing has been changed.',
  );
}
