import { alphaOf, colourChannels, colourOf, createRaster, plane } from './planes';
import type { Raster } from './raster';
import { resize } from './resample';

/**
 * Below this alpha, colour is unseen and, in 8-bit pictures from premultiplied sources, mere rounding noise
 * (alpha 1/255 leaves one bit of it): it is replaced by colour from the visible side.
 */
const visibleAlpha = 1.5 / 255;

// What is known of a cell while colour bleeds.
const unseen = 0;
const visible = 1; // or filled already
const closed = 2; // outside the picture, or to be filled in the next ring

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
  if (!alpha || alpha.data.every((value) => value >= visibleAlpha)) return;
  const size = width * height;
  // A border of one cell around the picture, never known and never filled, saves the test for its edges.
  const stride = width + 2;
  const known = new Uint8Array(stride * (height + 2));
  const around = [-stride - 1, -stride, -stride + 1, -1, 1, stride - 1, stride, stride + 1];
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0, cell = (row + 1) * stride + 1; column < width; column++, i++, cell++) {
      if (alpha.data[i]! >= visibleAlpha) known[cell] = visible;
    }
  }
  known.fill(closed, 0, stride);
  known.fill(closed, (height + 1) * stride);
  for (let row = 1; row <= height; row++) known[row * stride] = known[row * stride + width + 1] = closed;

  const colours = colourChannels(raster.channels);
  const { data } = colourOf(raster);
  const pixelOf = (cell: number) => {
    const row = Math.floor(cell / stride);
    return (row - 1) * width + (cell - row * stride) - 1;
  };
  let ring: number[] = [];
  for (let cell = 0; cell < known.length; cell++) {
    if (known[cell] !== unseen) continue;
    for (const step of around) {
      if (known[cell + step] !== visible) continue;
      ring.push(cell);
      break;
    }
  }
  for (let distance = 1; distance <= reach && ring.length > 0; distance++) {
    for (const cell of ring) {
      const pixel = pixelOf(cell);
      for (let channel = 0; channel < colours; channel++) {
        const values = channel * size;
        let sum = 0;
        let count = 0;
        for (const step of around) {
          if (known[cell + step] !== visible) continue;
          sum += data[values + pixelOf(cell + step)]!;
          count++;
        }
        data[values + pixel] = sum / count;
      }
    }
    for (const cell of ring) known[cell] = visible;
    const following: number[] = [];
    for (const cell of ring) {
      for (const step of around) {
        if (known[cell + step] !== unseen) continue;
        known[cell + step] = closed;
        following.push(cell + step);
      }
    }
    ring = following;
  }
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0, cell = (row + 1) * stride + 1; column < width; column++, i++, cell++) {
      if (known[cell] === visible) continue;
      for (let channel = 0; channel < colours; channel++) data[channel * size + i] = 0.5;
    }
  }
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
    const from = placeIn(source.height, row, enlarged.height) * source.width;
    for (let column = 0; column < enlarged.width; column++, at++) {
      const i = from + placeIn(source.width, column, enlarged.width);
      enlarged.data[at] = Math.min(high[i]!, Math.max(low[i]!, enlarged.data[at]!));
    }
  }
}

/**
 * Replaces an enlarged alpha by a bicubic one where the source's edges are soft, in place. Networks take a slope of a
 * few pixels for a blurred edge and make steps of it, which show as rings; hard edges are what they are good at.
 *
 * An edge is hard where 3×3 pixels already span most of what 5×5 pixels span, whatever its height.
 *
 * @param enlarged 1 channel
 * @param source 1 channel: the same part of the picture before enlarging
 */
export function smoothSoftEdges(enlarged: Raster, source: Raster): void {
  const { width, height } = source;
  const spread = ([low, high]: Float32Array[]) => high!.map((value, i) => value - low![i]!);
  const picks = [Math.min, Math.max];
  const near = picks.map((pick) => extremes(source, pick));
  const around = near.map((values, i) => extremes(createRaster(width, height, 1, values), picks[i]!));
  const far = spread(around);
  const hard = spread(near).map((value, i) =>
    far[i]! > 0 ? share((value / far[i]! - softest) / (hardest - softest)) : 0,
  );
  // The pixels beside a hard edge belong to it.
  const wide = extremes(createRaster(width, height, 1, hard), Math.max);
  const weight = resize(createRaster(width, height, 1, wide), enlarged.width, enlarged.height, 'bicubic').data;
  const smooth = resize(source, enlarged.width, enlarged.height, 'bicubic').data;
  const { data } = enlarged;
  for (let i = 0; i < data.length; i++) {
    const w = share(weight[i]!);
    data[i] = w * data[i]! + (1 - w) * smooth[i]!;
  }
}

/** Shares of the wider span at which an edge counts as all soft and all hard: slopes over 4 and over 2 pixels. */
const softest = 0.65;
const hardest = 0.75;

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
    const from = placeIn(source.height, row, enlarged.height) * source.width;
    for (let column = 0; column < enlarged.width; column++, at++) {
      const i = from + placeIn(source.width, column, enlarged.width);
      if (around[i] !== 0 || enlargedAlpha.data[at] !== 0) continue;
      for (let channel = 0; channel < enlarged.channels - 1; channel++) {
        enlarged.data[channel * enlargedSize + at] = source.data[channel * size + i]!;
      }
    }
  }
}

/** Pixel of `length` in which the middle of pixel `i` of the same line in `enlarged` pixels lies. */
const placeIn = (length: number, i: number, enlarged: number) => Math.floor(((i + 0.5) * length) / enlarged);

const share = (value: number) => Math.min(1, Math.max(0, value));

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
