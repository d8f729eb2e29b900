import type { Builder } from '../builder';
import type { Attributes } from '../graph';
import type { Value } from '../value';
import { biasGradient, correlate, filterGradient, inputGradient, spatial } from './convolution-gradients';
import type { Inputs, OpTable } from './definition';
import { convGeometry, extent, transposeGeometry } from './geometry';
import { listOr, required } from './support';

/**
 * ONNX Runtime's WebGPU (1.30) computes wrong sums where a plain Conv reads 6, 9, 15, 18... channels, a multiple of 3
 * and not of 4, and makes a multiple of 4 (microsoft/onnxruntime#29651). Channels of zeros up to a multiple of 4 avoid
 * that, and cost little.
 */
function withoutThrees(b: Builder, inputs: Inputs, attributes: Attributes): Value | undefined {
  const [x, w] = [required(inputs, 0), required(inputs, 1)];
  const [outputs, channels] = w.shape as [number, number];
  const { group } = convGeometry(inputs, attributes);
  if (group !== 1 || channels === 3 || channels % 3 !== 0 || channels % 4 === 0 || outputs % 4 !== 0) return undefined;
  const pads = [...x.shape, ...x.shape].map((_, i) => (i === x.shape.length + 1 ? 4 - (channels % 4) : 0));
  return b.op('Conv', [b.pad(x, pads), b.pad(w, pads), inputs[2]], attributes);
}

/** https://onnx.ai/onnx/operators/onnx__Conv.html; grouped, depth-wise, dilated, strided, of any number of axes. */
export const convolution: OpTable = {
  Conv: {
    infer: (inputs, attributes) => {
      const [x, w] = [required(inputs, 0), required(inputs, 1)];
      const { kernel, strides, dilations, begin, end, group } = convGeometry(inputs, attributes);
      if (x.shape[1] !== w.shape[1]! * group || w.shape[0]! % group !== 0) {
        throw new Error(`a kernel of ${w.shape[1]} channels in ${group} groups reads ${x.shape[1]} channels`);
      }
      const places = kernel.map((size, i) => {
        const room = x.shape[i + 2]! + begin[i]! + end[i]! - extent(size, dilations[i]!);
        return Math.floor(room / strides[i]!) + 1;
      });
      return [{ type: x.type, shape: [x.shape[0]!, w.shape[0]!, ...places] }];
    },
    expand: withoutThrees,
    gradient: ({ b, inputs, dy, attributes, lowering }) => {
      const [x, w] = [required(inputs, 0), required(inputs, 1)];
      const geometry = convGeometry(inputs, attributes);
      return [
        inputGradient(b, dy, w, geometry, x.shape.slice(2), lowering.inputGradient),
        filterGradient(b, x, dy, geometry, lowering),
        biasGradient(b, dy),
      ];
    },
  },
  /** The adjoint of a Conv: its gradient is that Conv, and its kernel's gradient has the two pictures exchanged. */
  ConvTranspose: {
    infer: (inputs, attributes) => {
      const [x, w] = [required(inputs, 0), required(inputs, 1)];
      const { kernel, strides, dilations, begin, end, group } = transposeGeometry(inputs, attributes);
      if (x.shape[1] !== w.shape[0]) throw new Error(`a kernel of ${w.shape[0]} channels reads ${x.shape[1]} channels`);
      const extra = listOr(
        attributes,
        'output_padding',
        kernel.map(() => 0),
      );
      const places = kernel.map(
        (size, i) =>
          (x.shape[i + 2]! - 1) * strides[i]! + extra[i]! + extent(size, dilations[i]!) - begin[i]! - end[i]!,
      );
      return [{ type: x.type, shape: [x.shape[0]!, w.shape[1]! * group, ...places] }];
    },
    gradient: ({ b, inputs, dy, attributes, lowering }) => {
      const [x, w] = [required(inputs, 0), required(inputs, 1)];
      const geometry = transposeGeometry(inputs, attributes);
      const sizes = x.shape.slice(2);
      const dx = b.slice(
        correlate(b, dy, w, geometry),
        sizes.map(() => 0),
        sizes,
        spatial(geometry),
      );
      return [dx, filterGradient(b, dy, x, geometry, lowering), biasGradient(b, dy)];
    },
  },
};
