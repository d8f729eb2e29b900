import type { GraphBuilder } from '../builder';
import type { Attributes } from '../graph';
import type { Lowering } from '../lowering';
import type { Value } from '../recorder';
import { float32, sizeOf, stridesOf } from '../tensor';
import type { Inputs, OpTable } from './definition';
import { listOr, numberOr, required, textOr } from './support';

/** How a kernel moves over a picture; lists have one entry per spatial axis. */
export interface Geometry {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros around the larger of the two pictures. */
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly group: number;
}

/** Extent of a dilated kernel. */
export const extent = (size: number, dilation: number): number => (size - 1) * dilation + 1;

/**
 * The geometry of a Conv or a pooling over `sizes`, with `auto_pad` worked out.
 *
 * @throws Error where the attributes do not fit
 */
export function geometryOf(attributes: Attributes, kernel: readonly number[], sizes: readonly number[]): Geometry {
  const ones = kernel.map(() => 1);
  const strides = listOr(attributes, 'strides', ones);
  const dilations = listOr(attributes, 'dilations', ones);
  const pads = listOr(
    attributes,
    'pads',
    [...ones, ...ones].map(() => 0),
  );
  const group = numberOr(attributes, 'group', 1);
  const auto = textOr(attributes, 'auto_pad', 'NOTSET');
  if (sizes.length !== kernel.length) throw new Error(`a kernel of ${kernel.length} axes moves over ${sizes.length}`);
  const totals = sizes.map((size, i) => {
    const covered = (Math.ceil(size / strides[i]!) - 1) * strides[i]! + extent(kernel[i]!, dilations[i]!);
    return Math.max(0, covered - size);
  });
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    const small = totals.map((total) => Math.floor(total / 2));
    const large = totals.map((total, i) => total - small[i]!);
    const [begin, end] = auto === 'SAME_UPPER' ? [small, large] : [large, small];
    return { kernel, strides, dilations, begin, end, group };
  }
  const none = auto === 'VALID';
  return {
    kernel,
    strides,
    dilations,
    begin: kernel.map((_, i) => (none ? 0 : pads[i]!)),
    end: kernel.map((_, i) => (none ? 0 : pads[kernel.length + i]!)),
    group,
  };
}

function convGeometry(inputs: Inputs, attributes: Attributes): Geometry {
  return geometryOf(attributes, required(inputs, 1).shape.slice(2), required(inputs, 0).shape.slice(2));
}

/** The geometry of a ConvTranspose; where the size of its output is given, the padding follows from it. */
function transposeGeometry(inputs: Inputs, attributes: Attributes): Geometry {
  const [x, w] = [required(inputs, 0), required(inputs, 1)];
  const kernel = w.shape.slice(2);
  const plain = geometryOf({ ...attributes, auto_pad: 'NOTSET' }, kernel, x.shape.slice(2));
  const auto = textOr(attributes, 'auto_pad', 'NOTSET');
  const given = listOr(attributes, 'output_shape');
  const same = auto.startsWith('SAME');
  if (given === undefined && !same) return auto === 'VALID' ? geometryOf(attributes, kernel, x.shape.slice(2)) : plain;
  const extra = listOr(
    attributes,
    'output_padding',
    kernel.map(() => 0),
  );
  const totals = kernel.map((size, i) => {
    const wanted = given?.[given.length - kernel.length + i] ?? x.shape[i + 2]! * plain.strides[i]!;
    const full = (x.shape[i + 2]! - 1) * plain.strides[i]! + extra[i]! + extent(size, plain.dilations[i]!);
    if (full < wanted) throw new Error(`its output would need more than ${full} places`);
    return full - wanted;
  });
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total, i) => total - small[i]!);
  return auto === 'SAME_UPPER' ? { ...plain, begin: small, end: large } : { ...plain, begin: large, end: small };
}

const spatial = (geometry: Geometry): number[] => geometry.kernel.map((_, i) => i + 2);

/** Sum over the batch and all places. */
const biasGradient = (b: GraphBuilder, dy: Value): Value =>
  b.reduceSum(
    dy,
    dy.shape.flatMap((_, i) => (i === 1 ? [] : [i])),
    false,
  );

/** The Conv that `geometry` describes. */
const correlate = (b: GraphBuilder, x: Value, w: Value, { strides, dilations, begin, end, group }: Geometry): Value =>
  b.conv(x, w, { strides, dilations, pads: [...begin, ...end], group });

/**
 * The adjoint of a Conv with respect to its input of spatial size `sizes`: w [O, C / group, ...], dy [N, O, ...].
 */
export function inputGradient(
  b: GraphBuilder,
  dy: Value,
  w: Value,
  geometry: Geometry,
  sizes: readonly number[],
  form: Lowering['inputGradient'],
): Value {
  const { kernel, strides, dilations, begin, end, group } = geometry;
  const reach = kernel.map((size, i) => (size - 1) * dilations[i]!);
  const flippable = strides.every((stride) => stride === 1) && reach.every((r, i) => r >= begin[i]! && r >= end[i]!);
  if (form === 'flipped-conv' && flippable) {
    const flipped = flip(b, w, group);
    const pads = [...reach.map((r, i) => r - begin[i]!), ...reach.map((r, i) => r - end[i]!)];
    return b.conv(dy, flipped, { dilations, pads, group });
  }
  // What a stride left over at the end of the input never met the kernel: crop less, or add zeros.
  const crop = sizes.map((size, i) => {
    const full = (dy.shape[i + 2]! - 1) * strides[i]! + extent(kernel[i]!, dilations[i]!);
    return full - begin[i]! - size;
  });
  const pads = [...begin, ...crop.map((amount) => Math.max(0, amount))];
  const dx = b.convTranspose(dy, w, { strides, dilations, pads, group });
  const zeros = [0, 0, ...crop.map((amount) => Math.max(0, -amount))];
  return b.pad(dx, [...zeros.map(() => 0), ...zeros]);
}

/** [O, C / group, ...kernel] to [C, O / group, ...kernel] with the kernel turned by half a circle. */
function flip(b: GraphBuilder, w: Value, group: number): Value {
  const [outputs, inputs, ...kernel] = w.shape as [number, number, ...number[]];
  const taps = sizeOf(kernel);
  // Reversing so few elements is quickest as a product with the reversed unit matrix.
  const reversed = new Float32Array(taps * taps);
  for (let i = 0; i < taps; i++) reversed[i * taps + (taps - 1 - i)] = 1;
  const turned = taps === 1 ? w : b.gemm(b.reshape(w, [outputs * inputs, taps]), float32(reversed, [taps, taps]));
  const view = b.reshape(turned, [group, outputs / group, inputs, taps]);
  return b.reshape(b.transpose(view, [0, 2, 1, 3]), [group * inputs, outputs / group, ...kernel]);
}

/**
 * The adjoint of a Conv with respect to its kernel.
 *
 * @param large the Conv's input [N, C, ...]
 * @param small the gradient of its output [N, O, ...]
 * @returns [O, C / group, ...kernel]
 */
export function filterGradient(
  b: GraphBuilder,
  large: Value,
  small: Value,
  geometry: Geometry,
  lowering: Lowering,
): Value {
  const form = sizeOf(geometry.kernel) > lowering.maxTaps ? 'conv' : lowering.filterGradient;
  const plain = geometry.group === 1 && geometry.strides.every((stride) => stride === 1);
  if (form === 'conv') return filterByConv(b, large, small, geometry);
  if (form === 'matmul-per-tap' && plain) return filterByTaps(b, large, small, geometry);
  return filterByMatMul(b, large, small, geometry, lowering.chunks);
}

/** Correlates input and gradient: the gradient is the kernel, the batch is summed as channels are. */
function filterByConv(b: GraphBuilder, large: Value, small: Value, geometry: Geometry): Value {
  const { kernel, strides, dilations, begin, end, group } = geometry;
  const [n, channels, ...sizes] = large.shape as [number, number, ...number[]];
  const [, outputs, ...places] = small.shape as [number, number, ...number[]];
  const rest = sizes.map((_, i) => i + 3);
  const grouped = b.reshape(large, [n, group, channels / group, ...sizes]);
  const x = b.reshape(b.transpose(grouped, [2, 1, 0, ...rest]), [channels / group, group * n, ...sizes]);
  const w = b.transpose(small, [1, 0, ...places.map((_, i) => i + 2)]);
  const all = b.conv(x, w, { strides: dilations, dilations: strides, pads: [...begin, ...end], group });
  // Where a stride left something over there are more places than the kernel has weights.
  const cut = b.slice(
    all,
    kernel.map(() => 0),
    kernel,
    spatial(geometry),
  );
  return b.reshape(b.transpose(cut, [1, 0, ...spatial(geometry)]), [outputs, channels / group, ...kernel]);
}

/**
 * One shifted copy of the input per weight of the kernel, joined; one MatMul with the output's gradient. A picture in
 * `chunks` strips of rows is treated as so many pictures.
 */
function filterByMatMul(b: GraphBuilder, large: Value, small: Value, geometry: Geometry, chunks: number): Value {
  const { kernel, strides, dilations, begin, end, group } = geometry;
  const axes = spatial(geometry);
  let x = b.pad(large, [0, 0, ...begin, 0, 0, ...end]);
  let dy = small;
  const rows = small.shape[2]!;
  if (chunks > 1 && rows % chunks === 0) {
    const strip = rows / chunks;
    const reach = (strip - 1) * strides[0]! + extent(kernel[0]!, dilations[0]!);
    const starts = Array.from({ length: chunks }, (_, i) => i * strip);
    x = b.concat(
      starts.map((row) => b.slice(x, [row * strides[0]!], [row * strides[0]! + reach], [2])),
      0,
    );
    dy = b.concat(
      starts.map((row) => b.slice(small, [row], [row + strip], [2])),
      0,
    );
  }
  const [n, channels] = x.shape as [number, number];
  const [, outputs, ...places] = dy.shape as [number, number, ...number[]];
  const count = sizeOf(places);
  const taps = sizeOf(kernel);
  const shifted = Array.from({ length: taps }, (_, tap) => {
    const offsets = kernel.map((size, i) => {
      const inner = sizeOf(kernel.slice(i + 1));
      return (Math.floor(tap / inner) % size) * dilations[i]!;
    });
    const ends = offsets.map((offset, i) => offset + (places[i]! - 1) * strides[i]! + 1);
    return b.slice(x, offsets, ends, axes, strides);
  });
  if (n === 1 && group === 1) {
    const patches = b.reshape(b.concat(shifted, 1), [taps * channels, count]);
    const product = b.gemm(b.reshape(dy, [outputs, count]), patches, { transB: true });
    return b.reshape(b.transpose(b.reshape(product, [outputs, taps, channels]), [0, 2, 1]), [
      outputs,
      channels,
      ...kernel,
    ]);
  }
  const inputs = channels / group;
  const parts = shifted.map((part) => b.reshape(part, [n, group, inputs, count]));
  const patches = b.concat(parts, 2);
  const gradient = b.transpose(b.reshape(dy, [n, group, outputs / group, count]), [0, 1, 3, 2]);
  const products = b.reduceSum(b.matmul(patches, gradient), [0], false);
  const view = b.reshape(products, [group, taps, inputs, outputs / group]);
  return b.reshape(b.transpose(view, [0, 3, 2, 1]), [outputs, inputs, ...kernel]);
}

/**
 * One MatMul per weight of the kernel, between the gradient and the input shifted by one cut from its flat list of
 * elements: both lie in rows of the same length, zeros filled in, and the pictures of a batch follow each other, so that
 * a shift in two directions is one in the list. What a shift pulls in from the next row or picture meets a zero.
 */
function filterByTaps(b: GraphBuilder, large: Value, small: Value, { kernel, dilations, begin, end }: Geometry): Value {
  const [n, channels, ...sizes] = large.shape as [number, number, ...number[]];
  const [, outputs, ...places] = small.shape as [number, number, ...number[]];
  const padded = sizes.map((size, i) => size + begin[i]! + end[i]!);
  const rest = sizes.map((_, i) => i + 2);
  const listed = (x: Value, before: readonly number[], after: readonly number[]): Value => {
    const framed = b.pad(x, [0, 0, ...before, 0, 0, ...after]);
    return b.reshape(b.transpose(framed, [1, 0, ...rest]), [x.shape[1]!, n * sizeOf(padded)]);
  };
  const x = listed(large, begin, end);
  const dy = listed(
    small,
    places.map(() => 0),
    padded.map((size, i) => size - places[i]!),
  );
  const steps = stridesOf(padded);
  const offsets = Array.from({ length: sizeOf(kernel) }, (_, tap) =>
    stridesOf(kernel).reduce(
      (sum, step, i) => sum + (Math.floor(tap / step) % kernel[i]!) * dilations[i]! * steps[i]!,
      0,
    ),
  );
  const length = n * sizeOf(padded) - offsets[offsets.length - 1]!;
  const gradient = b.slice(dy, [0], [length], [1]);
  const products = offsets.map((offset) =>
    b.gemm(b.slice(x, [offset], [offset + length], [1]), gradient, { transB: true }),
  );
  const view = b.reshape(b.concat(products, 0), [products.length, channels, outputs]);
  return b.reshape(b.transpose(view, [2, 1, 0]), [outputs, channels, ...kernel]);
}

/**
 * ONNX Runtime's WebGPU (1.30) computes wrong sums where a plain Conv reads 6, 9, 15, 18... channels, a multiple of 3
 * and not of 4, and makes a multiple of 4 (microsoft/onnxruntime#29651). Channels of zeros up to a multiple of 4 avoid
 * that, and cost little.
 */
function withoutThrees(b: GraphBuilder, inputs: Inputs, attributes: Attributes): Value | undefined {
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
    gradient: ({ b, inputs, gradients: [dy], attributes, needs, lowering }) => {
      if (dy === undefined) return [];
      const [x, w] = [required(inputs, 0), required(inputs, 1)];
      const geometry = convGeometry(inputs, attributes);
      return [
        needs[0] ? inputGradient(b, dy, w, geometry, x.shape.slice(2), lowering.inputGradient) : undefined,
        needs[1] ? filterGradient(b, x, dy, geometry, lowering) : undefined,
        needs[2] ? biasGradient(b, dy) : undefined,
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
    gradient: ({ b, inputs, gradients: [dy], attributes, needs, lowering }) => {
      if (dy === undefined) return [];
      const [x, w] = [required(inputs, 0), required(inputs, 1)];
      const geometry = transposeGeometry(inputs, attributes);
      const forInput = (): Value => {
        const sizes = x.shape.slice(2);
        return b.slice(
          correlate(b, dy, w, geometry),
          sizes.map(() => 0),
          sizes,
          spatial(geometry),
        );
      };
      return [
        needs[0] ? forInput() : undefined,
        needs[1] ? filterGradient(b, dy, x, geometry, lowering) : undefined,
        needs[2] ? biasGradient(b, dy) : undefined,
      ];
    },
  },
};
