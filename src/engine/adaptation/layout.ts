import type { GraphBuilder, Value } from '../graph';
import { int64 } from '../graph';
import type { ImageInput } from '../runtime/registry';

/** Between the engine's layout of pictures, [N, 3, H, W] RGB 0..1, and the one that a network wants. */
export interface Layout {
  /** Shape of N pictures of H × W for the network. */
  shape(n: number, height: number, width: number): readonly number[];
  /** Values of [n, 3, height, width] in the network's order and range. */
  toNetwork(data: Float32Array, n: number, height: number, width: number): Float32Array;
  /** A value in the network's layout as [N, 3, H, W] RGB 0..1, inside a graph. */
  toStandard(b: GraphBuilder, value: Value): Value;
}

export function layoutOf({ layout, channels, range }: ImageInput): Layout {
  const last = layout === 'NHWC';
  const reversed = channels === 'BGR';
  const [low, high] = range;
  return {
    shape: (n, height, width) => (last ? [n, height, width, 3] : [n, 3, height, width]),
    toNetwork(data, n, height, width) {
      if (!last && !reversed && low === 0 && high === 1) return data;
      const size = height * width;
      const result = new Float32Array(data.length);
      for (let i = 0; i < n; i++) {
        for (let channel = 0; channel < 3; channel++) {
          const target = reversed ? 2 - channel : channel;
          const from = (i * 3 + channel) * size;
          const to = last ? i * 3 * size + target : (i * 3 + target) * size;
          const step = last ? 3 : 1;
          for (let p = 0; p < size; p++) result[to + p * step] = low + data[from + p]! * (high - low);
        }
      }
      return result;
    },
    toStandard(b, value) {
      let result = last ? b.transpose(value, [0, 3, 1, 2]) : value;
      if (reversed) result = b.gather(result, int64([2, 1, 0]), 1);
      if (low !== 0) result = b.sub(result, low);
      return high - low === 1 ? result : b.mul(result, 1 / (high - low));
    },
  };
}
