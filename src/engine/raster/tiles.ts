import type { Rect } from './raster';

export interface TilePlanOptions {
  /** Size of the picture in pixels. */
  width: number;
  height: number;
  /** Longest sides that a tile may have, margins included: one number for both, or width and height. */
  tile: number | { width: number; height: number };
  /** Pixels that a tile sees around its core: the network's receptive-field radius or more. */
  margin: number;
  /** Width, height and position of tiles are multiples of this, for networks that need it. */
  multipleOf?: number;
  /** The network takes exactly `tile` and no other size: small pictures are padded up to it. */
  fixed?: boolean;
  /** What is cut is part of a picture, and its edges are seen as they are however small it is. */
  part?: boolean;
  /**
   * Pixels on each side of a seam over which neighbouring tiles are blended, for networks whose receptive field has
   * no end. Part of the margin, so at most as large; 0 for none.
   */
  blend?: number;
}

/** One tile. All rectangles are in pixels of the input picture. */
export interface Tile {
  readonly index: number;
  readonly column: number;
  readonly row: number;
  /** What the network gets; always `tileWidth`×`tileHeight`; reaches outside the picture only where that is too small. */
  readonly input: Rect;
  /** What the tile contributes when nothing is blended; these partition the picture. */
  readonly core: Rect;
  /** `core` and the blend bands beyond its inner seams; equal to `core` where nothing is blended. */
  readonly covered: Rect;
}

/** Tiles of one shape that cover a picture, in rows from the top, left to right. */
export interface TilePlan {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** The margin used: that asked for, rounded up to `multipleOf`. */
  readonly margin: number;
  readonly blend: number;
  readonly columns: number;
  readonly rows: number;
  readonly count: number;
  tile(index: number): Tile;
}

/**
 * A side of a picture from which on a network sees its edges as they are. Networks were trained on patches of that size, with the
 * padding that their own convolutions do, and draw the outermost pixels better so than beside a reflection (six networks on real
 * pairs: by 0.2 to 1.2 dB within 6 pixels of the edge). Less is filled up by reflection: some networks take no tiny pictures.
 */
const LEAST_OWN_EDGES = 32;

/**
 * Plans tiles of one fixed shape (one shape: a network compiled or tuned for it is not done so again). At the picture's edges
 * they end with it, as far as `multipleOf` lets them; what still lies outside is filled by reflection (pad.ts), which is a
 * function of the absolute position alone: so a network whose receptive field is within the margin gives the same result
 * whatever the tiles are.
 *
 * @throws RangeError where a tile has no room for a core inside its margins
 */
export function planTiles(options: TilePlanOptions): TilePlan {
  const { width, height, fixed = false, part = false, multipleOf: multiple = 1, blend = 0 } = options;
  const limit = typeof options.tile === 'number' ? { width: options.tile, height: options.tile } : options.tile;
  const margin = roundUp(Math.max(options.margin, blend), multiple);
  const across = planAxis(width, limit.width, margin, multiple, { fixed, part }, 2 * blend);
  const down = planAxis(height, limit.height, margin, multiple, { fixed, part }, 2 * blend);
  return {
    width,
    height,
    tileWidth: across.size,
    tileHeight: down.size,
    margin,
    blend,
    columns: across.count,
    rows: down.count,
    count: across.count * down.count,
    tile(index) {
      if (!(index >= 0 && index < across.count * down.count)) throw new RangeError(`There is no tile ${index}.`);
      const column = index % across.count;
      const row = (index - column) / across.count;
      const x = column * across.core;
      const y = row * down.core;
      const right = Math.min(width, x + across.core);
      const bottom = Math.min(height, y + down.core);
      const left = Math.max(0, x - blend);
      const top = Math.max(0, y - blend);
      return {
        index,
        column,
        row,
        input: { x: across.place(x - margin), y: down.place(y - margin), width: across.size, height: down.size },
        core: { x, y, width: right - x, height: bottom - y },
        covered: {
          x: left,
          y: top,
          width: Math.min(width, right + blend) - left,
          height: Math.min(height, bottom + blend) - top,
        },
      };
    },
  };
}

/** The smallest multiple of `multiple` that is not below `value`. */
export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

interface AxisPlan {
  readonly size: number;
  readonly core: number;
  readonly count: number;
  /** Where a tile begins that would begin at `start` if it had its margin on both sides. */
  place(start: number): number;
}

/** @param least cores of several tiles are at least so long: no more than two tiles may meet in a blend band */
function planAxis(
  length: number,
  limit: number,
  margin: number,
  multiple: number,
  { fixed, part }: { fixed: boolean; part: boolean },
  least: number,
): AxisPlan {
  const longest = Math.floor(limit / multiple) * multiple;
  const room = longest - 2 * margin;
  if (room < multiple || (room < length && room < least)) {
    throw new RangeError(`Tiles of ${limit} pixels have no room inside margins of ${margin}.`);
  }
  if (fixed && limit % multiple !== 0) throw new RangeError(`A tile of ${limit} pixels is no multiple of ${multiple}.`);
  const ownEdges = part || length >= LEAST_OWN_EDGES;
  if (ownEdges && length <= longest) {
    return { size: fixed ? limit : roundUp(length, multiple), core: length, count: 1, place: () => 0 };
  }
  // Evenly sized cores: the last tile is not mostly padding, and no tile is larger than needed.
  const even = Math.ceil(length / Math.ceil(length / room));
  const core = fixed ? room : roundUp(Math.max(even, length > room ? least : 1), multiple);
  const size = core + 2 * margin;
  const last = roundUp(length - size, multiple);
  const place = (start: number) => (ownEdges ? Math.max(0, Math.min(last, start)) : start);
  return { size, core, count: Math.ceil(length / core), place };
}
