import type { Builder } from '../builder';
import type { Attributes } from '../graph';
import { float32, sizeOf } from '../tensor';
import type { Value } from '../value';
import type { Description, Inputs, OpTable } from './definition';
import { axisOf, listOr, numberOr, optionallyKnown, required, textOr } from './support';

/** One axis of a Resize. */
interface Axis {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

function axesOf(inputs: Inputs, attributes: Attributes): Axis[] {
  const { shape } = required(inputs, 0);
  const axes = listOr(
    attributes,
    'axes',
    shape.map((_, i) => i),
  ).map((axis) => axisOf(axis, shape.length));
  const scales = optionallyKnown(inputs, 2, 'scales');
  const sizes = optionallyKnown(inputs, 3, 'sizes');
  if (textOr(attributes, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') {
    throw new Error('its aspect ratio policy is not supported');
  }
  if (sizes !== undefined && sizes.length > 0) {
    return axes.map((axis, i) => ({ axis, from: shape[axis]!, to: sizes[i]!, scale: sizes[i]! / shape[axis]! }));
  }
  if (scales === undefined || scales.length !== axes.length) throw new Error('it has neither scales nor sizes');
  return axes.map((axis, i) => {
    const from = shape[axis]!;
    // float32 scales such as 1.1 must not lose the last row.
    return { axis, from, to: Math.floor(Math.fround(from * scales[i]!)), scale: scales[i]! };
  });
}

/** Where in the input an output position lies, by coordinate_transformation_mode. */
const origins: Readonly<Record<string, (position: number, axis: Axis) => number>> = {
  half_pixel: (position, { scale }) => (position + 0.5) / scale - 0.5,
  pytorch_half_pixel: (position, { to, scale }) => (to > 1 ? (position + 0.5) / scale - 0.5 : 0),
  /** Opset 11 and 12 only; ONNX Runtime still has it. */
  tf_half_pixel_for_nn: (position, { scale }) => (position + 0.5) / scale,
  asymmetric: (position, { scale }) => position / scale,
  align_corners: (position, { from, to }) => (to > 1 ? (position * (from - 1)) / (to - 1) : 0),
  half_pixel_symmetric: (position, { from, to, scale }) =>
    (from / 2) * (1 - to / (scale * from)) + (position + 0.5) / scale - 0.5,
};

const coordinatesOf = (attributes: Attributes): string =>
  textOr(attributes, 'coordinate_transformation_mode', 'half_pixel');

function nearestOf(origin: number, mode: string): number {
  switch (mode) {
    case 'floor':
      return Math.floor(origin);
    case 'ceil':
      return Math.ceil(origin);
    case 'round_prefer_ceil':
      return Math.floor(origin + 0.5);
    default:
      return Math.ceil(origin - 0.5);
  }
}

/** Cubic convolution (Keys 1981), for distances up to {@link SUPPORT}. */
function cubic(distance: number, a: number): number {
  const x = Math.abs(distance);
  return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

/** How far from its place an element has a part in what is computed, in elements; a triangle ends before. */
const SUPPORT = 2;

const triangle = (distance: number): number => Math.max(0, 1 - Math.abs(distance));

/** Weights [to, from] with which Resize makes each output place of an axis from the input's. */
function resizeMatrix(axis: Axis, attributes: Attributes): Float32Array {
  const { from, to, scale } = axis;
  const mode = textOr(attributes, 'mode', 'nearest');
  const originOf = origins[coordinatesOf(attributes)]!;
  const antialias = numberOr(attributes, 'antialias', 0) !== 0;
  const excludes = numberOr(attributes, 'exclude_outside', 0) !== 0;
  const a = numberOr(attributes, 'cubic_coeff_a', -0.75);
  const matrix = new Float32Array(to * from);
  for (let row = 0; row < to; row++) {
    const origin = originOf(row, axis);
    const clamped = (place: number): number => Math.min(Math.max(place, 0), from - 1);
    if (mode === 'nearest') {
      matrix[row * from + clamped(nearestOf(origin, textOr(attributes, 'nearest_mode', 'round_prefer_floor')))] = 1;
      continue;
    }
    const stretch = antialias ? Math.min(scale, 1) : 1;
    const support = SUPPORT / stretch;
    const weights = new Map<number, number>();
    let sum = 0;
    for (let place = Math.floor(origin - support) + 1; place < origin + support; place++) {
      const outside = place < 0 || place >= from;
      if (outside && excludes) continue;
      const distance = (place - origin) * stretch;
      const weight = mode === 'cubic' ? cubic(distance, a) : triangle(distance);
      weights.set(clamped(place), (weights.get(clamped(place)) ?? 0) + weight);
      sum += weight;
    }
    for (const [place, weight] of weights) matrix[row * from + place] = weight / sum;
  }
  return matrix;
}

/** Whether every input place is simply repeated `to / from` times. */
const repeats = (matrix: Float32Array, { from, to }: Axis): boolean =>
  to % from === 0 &&
  Array.from({ length: to }, (_, row) => row).every((row) => matrix[row * from + Math.floor((row * from) / to)] === 1);

function inferResize(inputs: Inputs, attributes: Attributes): Description[] {
  const { type, shape } = required(inputs, 0);
  const result = [...shape];
  for (const { axis, to } of axesOf(inputs, attributes)) result[axis] = to;
  return [{ type, shape: result }];
}

/** Multiplies an axis of `y` with the transpose of `matrix` [to, from]. */
function applyTransposed(b: Builder, y: Value, axis: Axis, matrix: Float32Array): Value {
  const { from, to } = axis;
  const before = y.shape.slice(0, axis.axis);
  const after = y.shape.slice(axis.axis + 1);
  if (repeats(matrix, axis)) {
    const view = b.reshape(y, [...before, from, to / from, ...after]);
    return b.reduceSum(view, [axis.axis + 1], false);
  }
  if (after.length === 0) {
    const rows = b.reshape(y, [sizeOf(before), to]);
    return b.reshape(b.gemm(rows, float32(matrix, [to, from])), [...before, from]);
  }
  const turned = new Float32Array(matrix.length);
  for (let row = 0; row < to; row++) {
    for (let column = 0; column < from; column++) turned[column * to + row] = matrix[row * from + column]!;
  }
  const view = b.reshape(y, [sizeOf(before), to, sizeOf(after)]);
  return b.reshape(b.matmul(float32(turned, [from, to]), view), [...before, from, ...after]);
}

/**
 * A resize is linear and works axis by axis: its gradient is the transposed matrix of each.
 * https://onnx.ai/onnx/operators/onnx__Resize.html
 */
export const resizing: OpTable = {
  Resize: {
    infer: inferResize,
    passes: (inputs, attributes) =>
      coordinatesOf(attributes) in origins &&
      axesOf(inputs, attributes).every(({ from, to, scale }) => from === to && scale === 1)
        ? inputs[0]
        : undefined,
    // What is missing is tf_crop_and_resize, which reads a region of its own.
    covers: (_, attributes) => coordinatesOf(attributes) in origins,
    gradient: ({ b, inputs, dy, attributes }) => {
      let result = dy;
      for (const axis of axesOf(inputs, attributes)) {
        if (axis.from === axis.to && axis.scale === 1) continue;
        result = applyTransposed(b, result, axis, resizeMatrix(axis, attributes));
      }
      return [result];
    },
  },
};
