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
  for (let i = 0; i < large.length; i++) {
    const [x, line] = [i % row, Math.floor(i / row)];
    const to = Math.floor(line / scale) * width + Math.floor(x / scale);
    low[to] = low[to]! + large[i]! / scale ** 2;
  }
  return low;
}
