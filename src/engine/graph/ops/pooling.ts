import type { Builder } from '../builder';
import type { Attributes } from '../graph';
import { float32, sizeOf } from '../tensor';
import type { Value } from '../value';
import { extent, geometryOf, type Geometry } from './geometry';
import type { Description, Inputs, OpTable } from './definition';
import { listOr, numberOr, required } from './support';

interface Pooling extends Geometry {
  /** Windows per axis. */
  places: number[];
  /** Size of the picture with its padding at the beginning, and as far beyond the end as windows reach. */
  padded: number[];
}

function poolingOf(inputs: Inputs, attributes: Attributes): Pooling {
  const sizes = required(inputs, 0).shape.slice(2);
  const geometry = geometryOf(attributes, listOr(attributes, 'kernel_shape', []), sizes);
  const { kernel, strides, dilations, begin, end } = geometry;
  const up = numberOr(attributes, 'ceil_mode', 0) !== 0;
  const places = kernel.map((size, i) => {
    const room = (sizes[i]! + begin[i]! + end[i]! - extent(size, dilations[i]!)) / strides[i]!;
    const count = (up ? Math.ceil(room) : Math.floor(room)) + 1;
    // A window must begin inside the picture or its padding at the beginning.
    return up && (count - 1) * strides[i]! >= sizes[i]! + begin[i]! ? count - 1 : count;
  });
  const padded = kernel.map((size, i) =>
    Math.max(sizes[i]! + begin[i]!, (places[i]! - 1) * strides[i]! + extent(size, dilations[i]!)),
  );
  return { ...geometry, places, padded };
}

function inferGlobal(inputs: Inputs): Description[] {
  const { type, shape } = required(inputs, 0);
  return [{ type, shape: shape.map((dim, i) => (i < 2 ? dim : 1)) }];
}

function inferPooling(inputs: Inputs, attributes: Attributes): Description[] {
  const { type, shape } = required(inputs, 0);
  return [{ type, shape: [...shape.slice(0, 2), ...poolingOf(inputs, attributes).places] }];
}

/** How many elements the mean of each window is taken over. */
function windowCounts(
  { kernel, strides, dilations, begin, end, places }: Pooling,
  sizes: readonly number[],
  padded: boolean,
) {
  const perAxis = kernel.map((size, i) =>
    Array.from({ length: places[i]! }, (_, place) => {
      let count = 0;
      for (let k = 0; k < size; k++) {
        const at = place * strides[i]! + k * dilations[i]! - begin[i]!;
        if (padded ? at < sizes[i]! + end[i]! : at >= 0 && at < sizes[i]!) count++;
      }
      return count;
    }),
  );
  return perAxis.reduce((all, axis) => all.flatMap((count) => axis.map((other) => count * other)), [1]);
}

/** Sets `y`'s elements at the places that one element of each window has in the padded picture. */
function place(
  b: Builder,
  y: Value,
  offsets: readonly number[],
  strides: readonly number[],
  padded: readonly number[],
): Value {
  const [n, c, ...places] = y.shape as [number, number, ...number[]];
  const rank = places.length;
  const apart = places.map((count, i) => (count - 1) * strides[i]! + 1);
  let spread = y;
  if (strides.some((stride) => stride > 1)) {
    const view = b.reshape(y, [n, c, ...places.flatMap((count) => [count, 1])]);
    const after = [0, 0, ...strides.flatMap((stride) => [0, stride - 1])];
    const wide = b.reshape(b.pad(view, [...after.map(() => 0), ...after]), [
      n,
      c,
      ...places.map((count, i) => count * strides[i]!),
    ]);
    spread = b.slice(
      wide,
      apart.map(() => 0),
      apart,
      Array.from({ length: rank }, (_, i) => i + 2),
    );
  }
  const after = padded.map((size, i) => size - offsets[i]! - apart[i]!);
  return b.pad(spread, [0, 0, ...offsets, 0, 0, ...after]);
}

/** Offsets of all elements of a window, in the order in which they are compared. */
function windowOffsets({ kernel, dilations }: Geometry): number[][] {
  return kernel.reduce<number[][]>(
    (all, size, i) => all.flatMap((head) => Array.from({ length: size }, (_, k) => [...head, k * dilations[i]!])),
    [[]],
  );
}

/** Takes pooling's padding off again. */
function crop(b: Builder, padded: Value, { begin }: Pooling, sizes: readonly number[]): Value {
  const starts = sizes.map((_, i) => begin[i]!);
  const ends = sizes.map((size, i) => begin[i]! + size);
  return b.slice(
    padded,
    starts,
    ends,
    sizes.map((_, i) => i + 2),
  );
}

export const pooling: OpTable = {
  /** Each window's share goes back to all its elements. */
  AveragePool: {
    infer: inferPooling,
    gradient: ({ b, inputs, dy, attributes }) => {
      const x = required(inputs, 0);
      const sizes = x.shape.slice(2);
      const geometry = poolingOf(inputs, attributes);
      const counts = windowCounts(geometry, sizes, numberOr(attributes, 'count_include_pad', 0) !== 0);
      const uniform = counts.every((count) => count === counts[0]);
      const share = uniform
        ? b.mul(dy, 1 / counts[0]!)
        : b.mul(
            dy,
            float32(
              counts.map((count) => 1 / count),
              [1, 1, ...geometry.places],
            ),
          );
      const { padded } = geometry;
      const whole = geometry.kernel.every((size, i) => size === geometry.strides[i] && geometry.dilations[i] === 1);
      if (whole) return [crop(b, fill(b, repeatEach(b, share, geometry.kernel), padded), geometry, sizes)];
      const parts = windowOffsets(geometry).map((offsets) => place(b, share, offsets, geometry.strides, padded));
      return [crop(b, b.sum(parts), geometry, sizes)];
    },
  },
  GlobalAveragePool: {
    infer: inferGlobal,
    gradient: ({ b, inputs: [x], dy }) => [b.expand(b.div(dy, sizeOf(x!.shape.slice(2))), x!.shape)],
  },
  /** Equal maxima share the gradient, as torch.amax's do. */
  GlobalMaxPool: {
    infer: inferGlobal,
    gradient: ({ b, inputs: [x], outputs: [y], dy }) => {
      const hits = b.cast(b.equal(x!, y!), 'float32');
      const axes = x!.shape.slice(2).map((_, i) => i + 2);
      return [b.mul(hits, b.div(dy, b.reduceSum(hits, axes)))];
    },
  },
  /** The gradient goes to the first of the largest elements of a window, as in PyTorch. */
  MaxPool: {
    infer: (inputs, attributes, outputs) => {
      if (outputs > 1) throw new Error('its indices are used, which is not supported');
      return inferPooling(inputs, attributes);
    },
    gradient: ({ b, inputs, outputs: [y], dy, attributes }) => {
      const x = required(inputs, 0);
      const sizes = x.shape.slice(2);
      const geometry = poolingOf(inputs, attributes);
      const { begin, padded, strides, places } = geometry;
      const ends = padded.map((size, i) => size - sizes[i]! - begin[i]!);
      const lowest = -3.4028234663852886e38;
      const source = b.pad(x, [0, 0, ...begin, 0, 0, ...ends], 'constant', lowest);
      const axes = sizes.map((_, i) => i + 2);
      let left: Value | undefined;
      const parts = windowOffsets(geometry).map((offsets) => {
        const last = offsets.map((offset, i) => offset + (places[i]! - 1) * strides[i]! + 1);
        const element = b.slice(source, offsets, last, axes, strides);
        const hit = b.cast(b.equal(element, y!), 'float32');
        const first = left === undefined ? hit : b.mul(hit, left);
        left = left === undefined ? b.sub(1, hit) : b.sub(left, first);
        return place(b, b.mul(dy, first), offsets, strides, padded);
      });
      return [crop(b, b.sum(parts), geometry, sizes)];
    },
  },
};

/** Each element `times` times along the spatial axes. */
function repeatEach(b: Builder, x: Value, times: readonly number[]): Value {
  const [n, c, ...sizes] = x.shape as [number, number, ...number[]];
  const view = b.reshape(x, [n, c, ...sizes.flatMap((size) => [size, 1])]);
  const wide = b.expand(view, [n, c, ...sizes.flatMap((size, i) => [size, times[i]!])]);
  return b.reshape(wide, [n, c, ...sizes.map((size, i) => size * times[i]!)]);
}

/** Zeros behind the end, up to the given sizes. */
function fill(b: Builder, x: Value, sizes: readonly number[]): Value {
  const after = [0, 0, ...sizes.map((size, i) => size - x.shape[i + 2]!)];
  return b.pad(x, [...after.map(() => 0), ...after]);
}
