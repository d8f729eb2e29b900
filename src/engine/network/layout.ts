import type { GraphBuilder, Value } from '../graph';
import { int64 } from '../graph/tensor';
import type { ImageInput } from './registry';

/** How a network has its pictures: the order of their axes and channels, and the values of black and white. */
export type Arrangement = Pick<ImageInput, 'layout' | 'channels' | 'range'>;

/** Between the engine's pictures, [N, 3, H, W] RGB 0..1, and those of a network. */
export interface Layout {
  /** Shape of N pictures of H × W for the network. */
  shape(n: number, height: number, width: number): readonly number[];
  /** Values of [N, 3, height, width] in the network's order and range; `data` itself where nothing is to be done. */
  toNetwork(data: Float32Array, height: number, width: number): Float32Array;
  /** The inverse of `toNetwork`, for a network's answer of this size. */
  fromNetwork(data: Float32Array, height: number, width: number): Float32Array;
  /** A value in the network's layout as [N, 3, H, W] RGB 0..1, inside a graph. */
  toStandard(b: GraphBuilder, value: Value): Value;
}

export function layoutOf({ layout, channels, range }: Arrangement): Layout {
  const last = layout === 'NHWC';
  const reversed = channels === 'BGR';
  const [black, white] = range;
  const plain = !last && !reversed && black === 0 && white === 1;

  /** Calls back with where each plane of so many values begins, here and in the network's order, and the step there. */
  const eachPlane = (values: number, size: number, visit: (here: number, there: number, step: number) => void) => {
    for (let picture = 0; picture < values; picture += 3 * size) {
      for (let channel = 0; channel < 3; channel++) {
        const index = reversed ? 2 - channel : channel;
        visit(picture + channel * size, picture + (last ? index : index * size), last ? 3 : 1);
      }
    }
  };

  return {
    shape: (n, height, width) => (last ? [n, height, width, 3] : [n, 3, height, width]),
    toNetwork(data, height, width) {
      if (plain) return data;
      const result = new Float32Array(data.length);
      const size = height * width;
      eachPlane(data.length, size, (here, there, step) => {
        for (let p = 0; p < size; p++) result[there + p * step] = black + data[here + p]! * (white - black);
      });
      return result;
    },
    fromNetwork(data, height, width) {
      if (plain) return data;
      const result = new Float32Array(data.length);
      const size = height * width;
      eachPlane(data.length, size, (here, there, step) => {
        for (let p = 0; p < size; p++) result[here + p] = (data[there + p * step]! - black) / (white - black);
      });
      return result;
    },
    toStandard(b, value) {
      let result = last ? b.transpose(value, [0, 3, 1, 2]) : value;
      if (reversed) result = b.gather(result, int64([2, 1, 0]), 1);
      if (black !== 0) result = b.sub(result, black);
      return white - black === 1 ? result : b.mul(result, 1 / (white - black));
    },
  };
}
