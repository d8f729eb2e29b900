/**
 * Means over the squares of pixels that are at most `reach` away, cut off at the borders.
 *
 * @param planes any number of planes of width × height, one after the other
 */
export function boxMeans(planes: Float32Array, width: number, height: number, reach: number): Float32Array {
  const along = (from: Float32Array, length: number, step: number) =>
    from.map((_, i) => {
      const at = Math.floor(i / step) % length;
      const [first, last] = [Math.max(0, at - reach), Math.min(length - 1, at + reach)];
      let sum = 0;
      for (let k = first; k <= last; k++) sum += from[i + (k - at) * step]!;
      return sum / (last - first + 1);
    });
  return along(along(planes, width, 1), height, width);
}
