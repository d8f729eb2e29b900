import { float32, sizeOf } from '../tensor';
import type { Inputs, OpTable } from './definition';
import type { Attributes } from '../graph';
import { extent, geometryOf, type Geometry } from './geometry';
import { known, required } from './support';

interface Blocks extends Geometry {
  readonly picture: readonly number[];
  /** How many blocks there are along each axis, and how many pixels are left over behind the last one. */
  readonly places: readonly number[];
  readonly rest: readonly number[];
}

function blocksOf(inputs: Inputs, attributes: Attributes): Blocks {
  const picture = known(inputs, 1, 'sizes');
  const geometry = geometryOf(attributes, known(inputs, 2, 'blocks'), picture);
  const { kernel, strides, dilations, begin, end } = geometry;
  const room = picture.map((size, i) => size + begin[i]! + end[i]! - extent(kernel[i]!, dilations[i]!));
  return {
    ...geometry,
    picture,
    places: room.map((size, i) => Math.floor(size / strides[i]!) + 1),
    rest: room.map((size, i) => size % strides[i]!),
  };
}

/** https://onnx.ai/onnx/operators/onnx__Col2Im.html, PyTorch's fold. */
export const col2im: OpTable = {
  /**
   * Overlapping blocks, one a column, added up to a picture. Each channel is a transposed convolution whose kernels hold
   * a single one each, at the place of their row in the block. ONNX Runtime's WebGPU has no Col2Im.
   */
  Col2Im: {
    infer: (inputs, attributes) => {
      const { type, shape } = required(inputs, 0);
      const { kernel, picture, places } = blocksOf(inputs, attributes);
      const [n, rows, columns] = shape as [number, number, number];
      if (rows % sizeOf(kernel) !== 0 || columns !== sizeOf(places)) {
        throw new Error(`[${shape.join(', ')}] is not made of ${places.join(' × ')} blocks of ${kernel.join(' × ')}`);
      }
      return [{ type, shape: [n, rows / sizeOf(kernel), ...picture] }];
    },
    expand: (b, inputs, attributes) => {
      const { kernel, strides, dilations, begin, end, picture, places, rest } = blocksOf(inputs, attributes);
      const [n, rows] = required(inputs, 0).shape as [number, number];
      const taps = sizeOf(kernel);
      const unit = Float32Array.from({ length: taps * taps }, (_, i) => (i % (taps + 1) === 0 ? 1 : 0));
      const columns = b.reshape(required(inputs, 0), [(n * rows) / taps, taps, ...places]);
      const sum = b.op('ConvTranspose', [columns, b.constant(float32(unit, [taps, 1, ...kernel]))], {
        strides,
        dilations,
        pads: [...begin, ...end],
        output_padding: rest,
      });
      return b.reshape(sum, [n, rows / taps, ...picture]);
    },
  },
};
