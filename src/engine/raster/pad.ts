import { createRaster } from './planes';
import type { PixelSource, Raster, Rect } from './raster';

/**
 * Where a coordinate outside 0..size-1 is found inside: reflected at the outermost pixels as often as needed (the
 * edge pixel itself is not repeated); replicated where there is only one pixel.
 */
export function reflect(position: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const phase = ((position % period) + period) % period;
  return phase < size ? phase : period - phase;
}

/** The part of a `width`×`height` picture that {@link gatherReflected} needs for `rect`, which may reach outside. */
export function reflectedSource(rect: Rect, width: number, height: number): Rect {
  const [left, right] = reflectedRange(rect.x, rect.width, width);
  const [top, bottom] = reflectedRange(rect.y, rect.height, height);
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * Pixels of `rect`, reaching outside the picture by reflection.
 *
 * @param piece what was read of the picture
 * @param at where `piece` lies in it; holds {@link reflectedSource} of `rect`
 * @param width,height size of the whole picture
 */
export function gatherReflected(piece: Raster, at: Rect, rect: Rect, width: number, height: number): Raster {
  const result = createRaster(rect.width, rect.height, piece.channels);
  const columns = Int32Array.from({ length: rect.width }, (_, i) => reflect(rect.x + i, width) - at.x);
  for (let channel = 0, to = 0; channel < piece.channels; channel++) {
    for (let row = 0; row < rect.height; row++) {
      const from = (channel * piece.height + reflect(rect.y + row, height) - at.y) * piece.width;
      for (let column = 0; column < rect.width; column++) result.data[to++] = piece.data[from + columns[column]!]!;
    }
  }
  return result;
}

/** Reads `rect` of a picture; what lies outside it is filled by reflection ({@link reflect}). */
export async function readReflected(signal: AbortSignal, source: PixelSource, rect: Rect): Promise<Raster> {
  const { width, height } = source.info;
  const needed = reflectedSource(rect, width, height);
  return gatherReflected(await source.read(signal, needed), needed, rect, width, height);
}

function reflectedRange(start: number, length: number, size: number): [number, number] {
  let low = size - 1;
  let high = 0;
  // A whole period meets every pixel; beyond that nothing new comes.
  for (let i = 0; i < Math.min(length, 2 * size); i++) {
    const position = reflect(start + i, size);
    low = Math.min(low, position);
    high = Math.max(high, position);
  }
  return [low, high];
}
