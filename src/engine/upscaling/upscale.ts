import type { EngineEvent, OutputSize } from '../contract';
import { LWayError } from '../common/errors';
import { SeamBlender } from '../raster/blend';
import { ensureFinite } from '../raster/depth';
import { readReflected } from '../raster/pad';
import { crop, plane } from '../raster/planes';
import type { PictureInfo, PixelSink, PixelSource, Raster, Rect } from '../raster/raster';
import { hasAlpha } from '../raster/raster';
import { relativeTo, scaleRect } from '../raster/rect';
import { Resampler, resampleReach } from '../raster/resample';
import type { Tile, TilePlan } from '../raster/tiles';
import { planTiles, roundUp } from '../raster/tiles';
import { decodeDisplay } from '../raster/transfer';
import type { NetworkEntry } from '../network/registry';
import type { Device } from '../runtime/runtime';
import { Eta } from './eta';
import { outputSize } from './size';
import { enlargeTile, extraMargin } from './tile-picture';
import type { TileRunner } from './tile-runner';
import { usualTile } from './usual-tile';

/** Margins beyond this cost more than they bring; wider receptive fields are cut and the seams blended. */
const largestMargin = 96;
/** Margin and blend band, in LR pixels, for networks of which every output pixel sees the whole input. */
const endlessMargin = 32;
const blendBand = 16;

export interface UpscalingPlan {
  /** Tiles in the picture. */
  tiles: TilePlan;
  /** Pixels around each that the network itself needs. */
  networkMargin: number;
  /** The result. */
  info: PictureInfo;
}

/**
 * How a picture will be cut for a network.
 *
 * @throws LWayError `bad-option` where tile or size cannot be
 */
export function planUpscaling(
  picture: PictureInfo,
  entry: NetworkEntry,
  options: { size: OutputSize; device: Device; tile?: number },
): UpscalingPlan {
  const { width, height } = picture;
  if (!(width >= 1 && height >= 1))
    throw new LWayError('bad-image', 'This picture has no pixels.', 'Choose a picture of at least 1×1 pixels.');
  const size = outputSize(width, height, options.size);
  const { multipleOf, receptiveField, input, scale } = entry;
  const fixed = input.size;
  const most = fixed ? Math.floor(Math.min(fixed.width, fixed.height) / 4) : largestMargin;
  const networkMargin = Math.min(receptiveField ?? endlessMargin, most);
  const cut = receptiveField === null || receptiveField > most;
  const blend = cut ? Math.min(blendBand, Math.floor(networkMargin / 2)) : 0;

  const reach = Math.max(
    resamplingMargin(width, size.width, scale),
    resamplingMargin(height, size.height, scale),
    extraMargin(picture.channels),
  );
  // A margin that is cut short anyway gives its outer part to the blend.
  const margin = roundUp(Math.max(networkMargin, blend) + reach, multipleOf);
  const least = 2 * margin + roundUp(Math.max(1, 2 * blend), multipleOf);
  if (fixed && Math.min(fixed.width, fixed.height) < least)
    throw new LWayError(
      'unsupported',
      `${entry.name} takes pictures of ${fixed.width}×${fixed.height} pixels only, which is too small for a result of this size.`,
      `Choose ×${scale}, or a network that takes any size.`,
    );
  if (options.tile !== undefined && !fixed && !(Number.isSafeInteger(options.tile) && options.tile >= least))
    throw new LWayError(
      'bad-option',
      `Tiles of ${options.tile} pixels are too small for this network, which needs ${margin} pixels around each.`,
      `Choose at least ${least} pixels, or let LWay choose the tile size.`,
    );
  const tile = fixed ?? options.tile ?? Math.max(usualTile[options.device], roundUp(4 * margin, multipleOf), least);
  const tiles = planTiles({ width, height, tile, margin, blend, multipleOf, fixed: fixed !== undefined });
  return { tiles, networkMargin, info: { ...picture, ...size } };
}

/** Pixels that a network gets in all for a picture, margins included: what the time that it takes goes by. */
export function computedPixels(...about: Parameters<typeof planUpscaling>): number {
  const { count, tileWidth, tileHeight } = planUpscaling(...about).tiles;
  return count * tileWidth * tileHeight;
}

/** LR pixels that the last step, from the network's scale to the size asked for, needs around a tile. */
function resamplingMargin(from: number, to: number, scale: number): number {
  if (from * scale === to) return 0;
  // The border of a piece lies on a whole result pixel, up to half of one from that of the tile.
  return Math.ceil(resampleReach(from * scale, to, 'bicubic') / scale + from / to);
}

/**
 * Enlarges a picture tile by tile: reads what a tile needs, writes what is finished, keeps no more than a tile (and,
 * where seams are blended, the bands of one row).
 *
 * @param from tile to begin with, to go on after an interruption: those before have been written
 * @returns when the sink has everything; `sink.begin` and `sink.end` are the caller's
 */
export async function upscaleTiles(
  signal: AbortSignal,
  source: PixelSource,
  sink: Pick<PixelSink, 'write'>,
  plan: UpscalingPlan,
  runner: TileRunner,
  onEvent: (event: EngineEvent) => void,
  from = 0,
): Promise<void> {
  const { tiles, info } = plan;
  const { scale } = runner;
  const { encoding } = source.info;
  const last = new LastStep(source.info, info, scale);
  const pieces = last.planPieces(tiles);
  const blended = tiles.blend > 0;
  // Blending needs the row above once more, though not to write it.
  const start = blended ? Math.max(0, Math.floor(from / tiles.columns) - 1) * tiles.columns : from;
  const blender = blended ? new SeamBlender(pieces, 1, info.channels, start) : null;
  const eta = new Eta(tiles.count, start);
  onEvent({ type: 'progress', done: from, total: tiles.count, unit: 'tile' });
  for (let index = start; index < tiles.count; index++) {
    signal.throwIfAborted();
    const tile = tiles.tile(index);
    const image = await readReflected(signal, source, tile.input);
    // The read may be the picture itself, which is not ours to change.
    const own = { ...image, data: image.data.slice() };
    if (info.bitDepth === 32) ensureFinite(own.data);
    const enlarged = await enlargeTile(own, encoding, scale, (rgb) => runner.run(signal, rgb));
    signal.throwIfAborted();
    const target = pieces.tile(index);
    const finished = last.resample(enlarged, tile.input, target.covered);
    const placed = blender ? blender.add(target, finished) : { ...target.covered, piece: finished };
    if (encoding === 'linear') decodeDisplay(placed.piece);
    const secondsLeft = eta.step();
    if (index < from) continue;
    await sink.write(signal, placed.x, placed.y, placed.piece);
    onEvent({ type: 'progress', done: index + 1, total: tiles.count, unit: 'tile', secondsLeft });
  }
}

/** From the network's scale to the size asked for. */
class LastStep {
  private readonly resampler: Resampler | null;

  constructor(
    private readonly from: PictureInfo,
    private readonly to: PictureInfo,
    private readonly scale: number,
  ) {
    const [width, height] = [from.width * scale, from.height * scale];
    this.resampler =
      width === to.width && height === to.height ? null : new Resampler(width, height, to.width, to.height, 'bicubic');
  }

  /** The tiles as they lie in the result; every rectangle has its sides on whole result pixels. */
  planPieces(tiles: TilePlan): TilePlan {
    const place = (rect: Rect): Rect => {
      const x = this.across(rect.x);
      const y = this.down(rect.y);
      return { x, y, width: this.across(rect.x + rect.width) - x, height: this.down(rect.y + rect.height) - y };
    };
    return {
      ...tiles,
      width: this.to.width,
      height: this.to.height,
      tile: (index: number): Tile => {
        const tile = tiles.tile(index);
        const covered = place(tile.covered);
        return { ...tile, core: place(tile.core), covered, input: covered };
      },
    };
  }

  /**
   * @param enlarged the network's answer to the tile `input`
   * @param piece the part of the result to make of it
   */
  resample(enlarged: Raster, input: Rect, piece: Rect): Raster {
    const at = scaleRect(input, this.scale);
    const resampler = this.resampler;
    if (!resampler) return crop(enlarged, relativeTo(piece, at));
    const result = resampler.resample(enlarged, at, piece);
    if (hasAlpha(result.channels)) clampPlane(plane(result, result.channels - 1));
    return result;
  }

  private across(x: number): number {
    return Math.round((x * this.to.width) / this.from.width);
  }

  private down(y: number): number {
    return Math.round((y * this.to.height) / this.from.height);
  }
}

function clampPlane(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = Math.min(1, Math.max(0, values[i]!));
}
