import { alphaOf, colourChannels, colourOf, createRaster, plane } from './planes';
import type { Raster } from './raster';
import { resize } from './resample';

/**
 * Below this alpha, colour is unseen and, in 8-bit pictures from premultiplied sources, mere rounding noise
 * (alpha 1/255 leaves one bit of it): it is replaced by colour from the visible side.
 */
export const visibleAlpha = 1.5 / 255;

/** The value of alpha where it is the same everywhere (then no alpha picture needs to be made), else `null`. */
export function constantAlpha(alpha: Raster): number | null {
  const first = alpha.data[0]!;
  for (const value of alpha.data) if (value !== first) return null;
  return first;
}

/**
 * Replaces colour that is not visible by colour from the nearest visible pixels, in place, ring by ring: each pixel
 * becomes the mean of those of its 8 neighbours that are already known. What is unseen then does not bleed into edges,
 * whether it was black or white.
 *
 * A pixel depends on at most `reach` pixels around it, so tiles that were read with `reach` more margin agree. Farther
 * from anything visible, colour becomes mid-gray.
 *
 * @param raster 2 or 4 channels
 * @param reach rings to fill: the radius of what works on the colour afterwards
 */
export function bleedColour(raster: Raster, reach: number): void {
  const { width, height } = raster;
  const alpha = alphaOf(raster);
  if (!alpha) return;
  const size = width * height;
  /** Ring in which a pixel became known: 0 visible; -1 unknown. */
  const ring = new Int32Array(size);
  let unknown = 0;
  for (let i = 0; i < size; i++) {
    if (alpha.data[i]! >= visibleAlpha) continue;
    ring[i] = -1;
    unknown++;
  }
  if (unknown === 0) return;
  const colours = colourChannels(raster.channels);
  const { data } = colourOf(raster);
  let frontier = frontierOf(ring, width, height);
  for (let distance = 1; distance <= reach && frontier.length > 0; distance++) {
    for (const i of frontier) ring[i] = distance;
    for (const i of frontier) {
      const sums = [0, 0, 0];
      let count = 0;
      eachNeighbour(i, width, height, (j) => {
        const known = ring[j]!;
        if (known < 0 || known >= distance) return;
        count++;
        for (let channel = 0; channel < colours; channel++) sums[channel]! += data[channel * size + j]!;
      });
      for (let channel = 0; channel < colours; channel++) data[channel * size + i] = sums[channel]! / count;
    }
    const following: number[] = [];
    const queued = -2;
    for (const i of frontier) {
      eachNeighbour(i, width, height, (j) => {
        if (ring[j] !== -1) return;
        ring[j] = queued;
        following.push(j);
      });
    }
    frontier = following;
  }
  for (let i = 0; i < size; i++) {
    if (ring[i]! >= 0) continue;
    for (let channel = 0; channel < colours; channel++) data[channel * size + i] = 0.5;
  }
}

/**
 * Alpha by resampling: bicubic, held within the values of the source around each pixel. For scales that no network
 * makes, and for the last step from the network's scale to the size asked for.
 */
export function resizeAlpha(alpha: Raster, width: number, height: number): Raster {
  const result = resize(alpha, width, height, 'bicubic');
  limitToSource(result, alpha);
  return result;
}

/**
 * Holds an enlarged alpha (or any plane) within the smallest and largest value that the source has in the 3×3 pixels
 * around each place, in place: no ringing, nothing outside 0..1, and where the source is exactly 0 or 1 so is the
 * result. Made for alpha that went through the network as a gray picture, which gives it edges as crisp as the colour's.
 *
 * @param enlarged 1 channel
 * @param source 1 channel: the same part of the picture before enlarging
 */
export function limitToSource(enlarged: Raster, source: Raster): void {
  const low = extremes(source, Math.min);
  const high = extremes(source, Math.max);
  for (let row = 0, at = 0; row < enlarged.height; row++) {
    const from =
      Math.min(source.height - 1, Math.floor(((row + 0.5) * source.height) / enlarged.height)) * source.width;
    for (let column = 0; column < enlarged.width; column++, at++) {
      const i = from + Math.min(source.width - 1, Math.floor(((column + 0.5) * source.width) / enlarged.width));
      enlarged.data[at] = Math.min(high[i]!, Math.max(low[i]!, enlarged.data[at]!));
    }
  }
}

/**
 * Puts back the colour that the source has under full transparency, enlarged by repeating pixels, in place: some
 * pictures hide something there on purpose. Only where the source is transparent over the 5×5 pixels around; nearer to
 * what is visible the bled colour stays, or programs that interpolate straight alpha would show a halo.
 *
 * @param enlarged 2 or 4 channels
 * @param source the same part of the picture, as it came (before {@link bleedColour})
 */
export function restoreHiddenColour(enlarged: Raster, source: Raster): void {
  const alpha = alphaOf(source);
  const enlargedAlpha = alphaOf(enlarged);
  if (!alpha || !enlargedAlpha || enlarged.channels !== source.channels) {
    throw new RangeError('Both rasters must have the same channels, with alpha.');
  }
  const once = createRaster(alpha.width, alpha.height, 1, extremes(alpha, Math.max));
  const around = extremes(once, Math.max);
  const size = source.width * source.height;
  const enlargedSize = enlarged.width * enlarged.height;
  for (let row = 0, at = 0; row < enlarged.height; row++) {
    const from =
      Math.min(source.height - 1, Math.floor(((row + 0.5) * source.height) / enlarged.height)) * source.width;
    for (let column = 0; column < enlarged.width; column++, at++) {
      const i = from + Math.min(source.width - 1, Math.floor(((column + 0.5) * source.width) / enlarged.width));
      if (around[i] !== 0 || enlargedAlpha.data[at] !== 0) continue;
      for (let channel = 0; channel < enlarged.channels - 1; channel++) {
        enlarged.data[channel * enlargedSize + at] = source.data[channel * size + i]!;
      }
    }
  }
}

/** Fills the alpha plane with one value, in place. */
export function fillAlpha(raster: Raster, value: number): void {
  plane(raster, raster.channels - 1).fill(value);
}

function extremes(raster: Raster, pick: (a: number, b: number) => number): Float32Array {
  const { width, height, data } = raster;
  const rows = new Float32Array(data.length);
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i++) {
      let value = data[i]!;
      if (column > 0) value = pick(value, data[i - 1]!);
      if (column < width - 1) value = pick(value, data[i + 1]!);
      rows[i] = value;
    }
  }
  const result = new Float32Array(data.length);
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i++) {
      let value = rows[i]!;
      if (row > 0) value = pick(value, rows[i - width]!);
      if (row < height - 1) value = pick(value, rows[i + width]!);
      result[i] = value;
    }
  }
  return result;
}

function frontierOf(ring: Int32Array, width: number, height: number): number[] {
  const frontier: number[] = [];
  for (let i = 0; i < ring.length; i++) {
    if (ring[i] !== -1) continue;
    let touches = false;
    eachNeighbour(i, width, height, (j) => {
      if (ring[j] === 0) touches = true;
    });
    if (touches) frontier.push(i);
  }
  return frontier;
}

function eachNeighbour(i: number, width: number, height: number, visit: (j: number) => void): void {
  const column = i % width;
  const row = (i - column) / width;
  for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) {
      if (x !== column || y !== row) visit(y * width + x);
    }
  }
}
