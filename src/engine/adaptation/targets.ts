import { boxMeans } from '../raster/box';
import { withoutNoise } from './noise';
import type { Patch } from './patches';

/**
 * What the network's result, taken down again, is compared with: the patch itself without what noise and compression
 * explain of its difference to the unadapted result. So a wrong colour or contrast is put right, and noise that the network
 * left out stays out, while what it kept is not held against it.
 *
 * @param before the unadapted result of the patch, [3, s p, s p] RGB
 * @returns [3, p, p] RGB
 */
export function targetOf({ pixels, noise }: Patch, before: Float32Array, scale: number): Float32Array {
  if (noise === undefined) return pixels.data;
  const { width, height, data } = pixels;
  const low = areaMeans(before, width, height, scale);
  const difference = { ...pixels, data: data.map((value, i) => value - low[i]!) };
  const { data: kept } = withoutNoise(difference, pixels, noise);
  return low.map((value, i) => value + kept[i]!);
}

/**
 * Targets without the halos of a sharpened picture. A picture that is sharper than the result taken down again has been
 * sharpened, as nothing else makes it so: taking down by areas keeps as much as a camera can. Its halos are no detail.
 *
 * @param targets [3, side, side] RGB each
 * @param before the unadapted results of the same places, [3, s side, s side]
 */
export function withoutHalos(
  targets: readonly Float32Array[],
  before: readonly Float32Array[],
  side: number,
  scale: number,
): readonly Float32Array[] {
  const fine = targets.map((target) => {
    const soft = softened(target, side);
    return target.map((value, i) => value - soft[i]!);
  });
  const missing = targets.map((target, k) => {
    const low = areaMeans(before[k]!, side, side, scale);
    return target.map((value, i) => value - low[i]!);
  });
  const [along, size, all] = [dot(missing, fine), dot(fine, fine), dot(missing, missing)];
  if (along <= Math.sqrt(LEAST_SHARE * size * all)) return targets;
  const share = along / size;
  return targets.map((target, k) => target.map((value, i) => value - share * fine[k]![i]!));
}

/**
 * Share of the difference that must be sharpness: 0.15 and more in sharpened pictures that lost by their halos, 0.07 at most in
 * real ones (docs/quality-more.md). What a lively network makes up is part of the difference too, and makes the share small.
 */
const LEAST_SHARE = 0.1;

const dot = (first: readonly Float32Array[], second: readonly Float32Array[]): number =>
  first.reduce((sum, values, k) => sum + values.reduce((part, value, i) => part + value * second[k]![i]!, 0), 0);

/** Binomial means over 3 × 3 pixels, borders repeated; [3, side, side]. */
function softened(values: Float32Array, side: number): Float32Array {
  const along = (from: Float32Array, step: number) =>
    from.map((value, i) => {
      const at = Math.floor(i / step) % side;
      const [before, after] = [from[at > 0 ? i - step : i]!, from[at < side - 1 ? i + step : i]!];
      return 0.25 * before + 0.5 * value + 0.25 * after;
    });
  return along(along(values, 1), side);
}

/** Reach of the means that pairs must have right, pixels of the reduced piece to each side. */
const REACH = 4;

/**
 * A reduced piece with the colours of the piece that it was made of: the reconstructor changes them a little, and the network
 * would learn to change them back where nothing did.
 *
 * @param low [3, side, side]
 * @param high [3, s side, s side]
 */
export function withMeansOf(low: Float32Array, side: number, high: Float32Array, scale: number): Float32Array {
  const area = areaMeans(high, side, side, scale);
  const missing = boxMeans(
    area.map((value, i) => value - low[i]!),
    side,
    side,
    REACH,
  );
  return low.map((value, i) => Math.min(1, Math.max(0, value + missing[i]!)));
}

/**
 * A reduced piece with the noise that the picture has (noise injection, Ji et al., CVPRW 2020): reducing has averaged its own
 * away.
 *
 * @param low [3, side, side]
 * @param noisy,clean another piece of the picture as it is and without noise, at least `side` wide and high
 */
export function withItsNoise(
  low: Float32Array,
  side: number,
  noisy: Patch['pixels'],
  clean: Patch['pixels'],
): Float32Array {
  if (noisy === clean) return low;
  const { width, height } = noisy;
  const [left, top] = [(width - side) >> 1, (height - side) >> 1];
  return low.map((value, i) => {
    const [x, y, channel] = [i % side, Math.floor(i / side) % side, Math.floor(i / (side * side))];
    const at = (channel * height + top + y) * width + left + x;
    return Math.min(1, Math.max(0, value + noisy.data[at]! - clean.data[at]!));
  });
}

/** Means over squares of `scale` × `scale` pixels: [3, s h, s w] to [3, h, w]. */
function areaMeans(large: Float32Array, width: number, height: number, scale: number): Float32Array {
  const low = new Float32Array(3 * width * height);
  const row = width * scale;
  large.forEach((value, i) => {
    const [x, line] = [i % row, Math.floor(i / row)];
    low[Math.floor(line / scale) * width + Math.floor(x / scale)]! += value / scale ** 2;
  });
  return low;
}
