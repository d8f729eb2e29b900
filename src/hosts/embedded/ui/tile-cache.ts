import { breathe } from '../../../engine';
import { scaled } from '../scaled';
import { type LayerPixels } from '../../shared/pixels';
import { toRgba } from '../pixels';

/** Side of the tiles that the view draws from. */
export const tileSide = 256;

interface Rgba {
  width: number;
  height: number;
  data: Uint8ClampedArray<ArrayBuffer>;
}

/** Level `l` of a layer shows one pixel for 2^l × 2^l of it. */
export function levelSize(pixels: LayerPixels, level: number): { width: number; height: number } {
  const { width, height } = pixels.info;
  return { width: Math.ceil(width / 2 ** level), height: Math.ceil(height / 2 ** level) };
}

export function topLevel(pixels: LayerPixels): number {
  const { width, height } = pixels.info;
  return Math.max(0, Math.ceil(Math.log2(Math.max(width, height) / tileSide)));
}

/** Levels up to this one are averaged from the layer itself, higher ones from the level below: never much at once. */
const direct = 1;

/** One tile of a level as 8-bit RGBA. */
export async function renderTile(
  signal: AbortSignal,
  pixels: LayerPixels,
  level: number,
  tx: number,
  ty: number,
): Promise<Rgba> {
  await breathe();
  const size = levelSize(pixels, level);
  const x = tx * tileSide;
  const y = ty * tileSide;
  const width = Math.min(tileSide, size.width - x);
  const height = Math.min(tileSide, size.height - y);
  if (level <= direct) {
    const raster = await scaled(pixels, size.width, size.height).read(signal, { x, y, width, height });
    return { width, height, data: toRgba(raster) };
  }
  const data = new Uint8ClampedArray(width * height * 4);
  const below = levelSize(pixels, level - 1);
  for (const [dx, dy] of [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const) {
    const cx = tx * 2 + dx;
    const cy = ty * 2 + dy;
    if (cx * tileSide >= below.width || cy * tileSide >= below.height) continue;
    const child = await renderTile(signal, pixels, level - 1, cx, cy);
    halveInto(child, data, width, (dx * tileSide) / 2, (dy * tileSide) / 2);
  }
  return { width, height, data };
}

/** Averages 2×2 pixels, colour weighted by alpha, and puts the result at `left`,`top`. */
function halveInto(from: Rgba, to: Uint8ClampedArray, toWidth: number, left: number, top: number): void {
  const width = Math.ceil(from.width / 2);
  const height = Math.ceil(from.height / 2);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let [red, green, blue, alpha, count] = [0, 0, 0, 0, 0];
      for (let sy = 2 * y; sy < Math.min(2 * y + 2, from.height); sy++) {
        for (let sx = 2 * x; sx < Math.min(2 * x + 2, from.width); sx++) {
          const i = (sy * from.width + sx) * 4;
          const a = from.data[i + 3]!;
          red += from.data[i]! * a;
          green += from.data[i + 1]! * a;
          blue += from.data[i + 2]! * a;
          alpha += a;
          count++;
        }
      }
      const o = ((top + y) * toWidth + left + x) * 4;
      if (alpha > 0) {
        to[o] = red / alpha;
        to[o + 1] = green / alpha;
        to[o + 2] = blue / alpha;
      }
      to[o + 3] = alpha / count;
    }
  }
}

/** Tiles ready to be drawn, the least recently used given up first; misses are rendered in the background. */
export class TileCache {
  private readonly ready = new Map<string, ImageBitmap>();
  private readonly ids = new WeakMap<LayerPixels, number>();
  private nextId = 1;
  private wanted: { key: string; pixels: LayerPixels; level: number; tx: number; ty: number }[] = [];
  private working = false;
  private readonly stop = new AbortController();
  /** Tiles that could not be read: not tried again and again. */
  private readonly failed = new Set<string>();

  /** @param onReady called when a tile has come that may be visible */
  constructor(
    private readonly onReady: () => void,
    private readonly capacity = 320,
  ) {}

  private key(pixels: LayerPixels, level: number, tx: number, ty: number): string {
    let id = this.ids.get(pixels);
    if (id === undefined) this.ids.set(pixels, (id = this.nextId++));
    return `${id}/${level}/${tx}/${ty}`;
  }

  get(pixels: LayerPixels, level: number, tx: number, ty: number): ImageBitmap | null {
    const key = this.key(pixels, level, tx, ty);
    const found = this.ready.get(key);
    if (!found) return null;
    this.ready.delete(key);
    this.ready.set(key, found);
    return found;
  }

  /** Forgets what was asked for before: only what the next frame shows is worth rendering. */
  beginFrame(): void {
    this.wanted = [];
  }

  want(pixels: LayerPixels, level: number, tx: number, ty: number): void {
    const key = this.key(pixels, level, tx, ty);
    if (!this.failed.has(key)) this.wanted.push({ key, pixels, level, tx, ty });
  }

  endFrame(): void {
    if (!this.working && this.wanted.length > 0) void this.work();
  }

  dispose(): void {
    this.stop.abort();
    for (const bitmap of this.ready.values()) bitmap.close();
    this.ready.clear();
  }

  private async work(): Promise<void> {
    this.working = true;
    const { signal } = this.stop;
    for (let next = this.wanted.shift(); next && !signal.aborted; next = this.wanted.shift()) {
      if (this.ready.has(next.key)) continue;
      try {
        const { width, height, data } = await renderTile(signal, next.pixels, next.level, next.tx, next.ty);
        const bitmap = await createImageBitmap(new ImageData(data, width, height));
        this.ready.set(next.key, bitmap);
        for (const [key, old] of this.ready) {
          if (this.ready.size <= this.capacity) break;
          old.close();
          this.ready.delete(key);
        }
        this.onReady();
      } catch {
        // The layer went away while it was read (undo, closed document): nothing to draw.
        this.failed.add(next.key);
      }
    }
    this.working = false;
  }
}
