import { copyRect, createRaster, crop } from './planes';
import type { Channels, Raster, Rect } from './raster';
import { scaleRect } from './rect';
import type { Tile, TilePlan } from './tiles';

/** A finished part of the result and where it lies in it. */
export interface PlacedPiece {
  x: number;
  y: number;
  piece: Raster;
}

/**
 * Weight of a tile along one axis at result pixel `position` of its covered stretch of `length`: 1 inside, a straight ramp
 * over the bands shared with the neighbours before and after (0 where there is none). Weights of neighbours sum to 1.
 */
function blendWeight(position: number, length: number, before: number, after: number): number {
  return Math.min(1, (position + 0.5) / before, (length - position - 0.5) / after);
}

/**
 * Turns the answers of a network to the tiles of a plan, given in the plan's order, into pieces that partition the
 * result. Where the plan blends, tiles overlap by twice the blend band and are mixed there; only one tile and the
 * bands still open (below the last row, right of the last tile) are kept in memory.
 */
export class SeamBlender {
  private next: number;
  /** Weighted sums right of the last tile, not complete before its right neighbour comes. */
  private right: Raster | null = null;
  /** Weighted sums below the last row and below this one, as wide as the result. */
  private above: Raster | null = null;
  private below: Raster | null = null;

  /**
   * @param scale whole number by which the network enlarges
   * @param from first tile of a row to begin with, to go on after an interruption: the pieces of that row lack what
   *   the row above would have added, those of all later rows are complete
   */
  constructor(
    private readonly plan: TilePlan,
    private readonly scale: number,
    private readonly channels: Channels,
    from = 0,
  ) {
    if (from % plan.columns !== 0) throw new RangeError('Blending begins at the first tile of a row.');
    this.next = from;
  }

  /**
   * @param output the network's answer to `tile.input`: `scale` times as large
   * @returns the part of the result that is now complete
   */
  add(tile: Tile, output: Raster): PlacedPiece {
    const { plan, scale } = this;
    if (tile.index !== this.next) throw new RangeError('Tiles must be added in the order of the plan.');
    if (output.width !== tile.input.width * scale || output.height !== tile.input.height * scale) {
      throw new RangeError('The output of a tile has the wrong size.');
    }
    this.next++;
    const covered = scaleRect(tile.covered, scale);
    const inOutput = { ...covered, x: covered.x - tile.input.x * scale, y: covered.y - tile.input.y * scale };
    const work = crop(output, inOutput);
    if (plan.blend === 0) return { x: covered.x, y: covered.y, piece: work };

    const lastColumn = tile.column === plan.columns - 1;
    const lastRow = tile.row === plan.rows - 1;
    const done: Rect = {
      x: 0,
      y: 0,
      width: lastColumn ? covered.width : plan.tile(tile.index + 1).covered.x * scale - covered.x,
      height: lastRow ? covered.height : plan.tile(tile.index + plan.columns).covered.y * scale - covered.y,
    };
    // Neighbours can overlap by less than two bands at the picture's far edge, where the last core is narrow.
    const before = { x: this.right?.width ?? 0, y: this.above?.height ?? 0 };
    weigh(work, before, { x: covered.width - done.width, y: covered.height - done.height });
    if (this.right) addTo(work, this.right, 0, this.right.width);
    this.right = lastColumn
      ? null
      : crop(work, { x: done.width, y: 0, width: covered.width - done.width, height: covered.height });
    if (!lastRow) {
      const band = { x: 0, y: done.height, width: done.width, height: covered.height - done.height };
      this.below ??= createRaster(plan.width * scale, band.height, this.channels);
      copyRect(work, band, this.below, covered.x, 0);
    }
    const piece = crop(work, done);
    if (this.above) addTo(piece, this.above, covered.x, done.width);
    if (lastColumn) {
      this.above = this.below;
      this.below = null;
    }
    return { x: covered.x, y: covered.y, piece };
  }
}

/** Multiplies every plane by the ramps at the four sides, in place. */
function weigh(raster: Raster, before: { x: number; y: number }, after: { x: number; y: number }): void {
  const { width, height, channels, data } = raster;
  const across = Float32Array.from({ length: width }, (_, i) => blendWeight(i, width, before.x, after.x));
  for (let row = 0; row < height; row++) {
    const down = blendWeight(row, height, before.y, after.y);
    for (let channel = 0; channel < channels; channel++) {
      const at = (channel * height + row) * width;
      for (let i = 0; i < width; i++) data[at + i] = data[at + i]! * across[i]! * down;
    }
  }
}

/** Adds `width` columns of `band`, from column `from` on, to the top left of `target`. */
function addTo(target: Raster, band: Raster, from: number, width: number): void {
  const rows = Math.min(band.height, target.height);
  for (let channel = 0; channel < target.channels; channel++) {
    for (let row = 0; row < rows; row++) {
      const to = (channel * target.height + row) * target.width;
      const at = (channel * band.height + row) * band.width + from;
      for (let i = 0; i < width; i++) target.data[to + i] = target.data[to + i]! + band.data[at + i]!;
    }
  }
}
