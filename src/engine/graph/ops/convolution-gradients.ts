import type { Builder } from '../builder';
import type { Lowering } from '../lowering';
import { float32, sizeOf, stridesOf } from '../tensor';
import type { Value } from '../value';
import { extent, type Geometry } from './geometry';

/** Spatial axes of a picture [N, C, ...]. */
export const spatial = (geometry: Geometry): number[] => geometry.kernel.map((_, i) => i + 2);

/** Sum over the batch and all places. */
export const biasGradient = (b: Builder, dy: Value): Value =>
  b.reduceSum(
    dy,
    dy.shape.flatMap((_, i) => (i === 1 ? [] : [i])),
    false,
  );

/** The Conv that `geometry` describes. */
export const correlate = (b: Builder, x: Value, w: Value, { strides, dilations, begin, end, group }: Geometry): Value =>
  b.conv(x, w, { strides, dilations, pads: [...begin, ...end], group });

/**
 * The adjoint of a Conv with respect to its input of spatial size `sizes`: w [O, C / group, ...], dy [N, O, ...].
 */
export function inputGradient(
  b: Builder,
  dy: Value,
  w: Value,
  geometry: Geometry,
  sizes: readonly number[],
  form: Lowering['inputGradient'],
): Value {
  const { kernel, strides, dilations, begin, end, group } = geometry;
  const reach = kernel.map((size, i) => (size - 1) * dilations[i]!);
  const flippable = strides.every((stride) => stride === 1) && reach.every((r, i) => r >= begin[i]! && r >= end[i]!);
  // ONNX Runtime's WebGPU (1.30) computes ConvTranspose wrongly where a group has several inputs.
  if ((form === 'flipped-conv' || group > 1) && flippable) {
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
function flip(b: Builder, w: Value, group: number): Value {
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
export function filterGradient(b: Builder, large: Value, small: Value, geometry: Geometry, lowering: Lowering): Value {
  const { kernel, group, strides } = geometry;
  const { filterGradient: form, maxTaps, chunks } = lowering;
  if (form === 'crossed-matmul' && group === 1 && strides.every((stride) => stride === 1)) {
    return filterCrosswise(b, large, small, geometry);
  }
  return form === 'conv' || sizeOf(kernel) > maxTaps
    ? filterByConv(b, large, small, geometry)
    : filterByMatMul(b, large, small, geometry, chunks);
}

/** Correlates input and gradient: the gradient is the kernel, the batch is summed as channels are. */
function filterByConv(b: Builder, large: Value, small: Value, geometry: Geometry): Value {
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
function filterByMatMul(b: Builder, large: Value, small: Value, geometry: Geometry, chunks: number): Value {
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

/** Shifted copies, in numbers, beyond which pictures take turns. */
const MOST_COPIED = 2 ** 23;

/**
 * One MatMul between the input shifted along the last axis, one copy per column of the kernel, and the gradient shifted
 * along the others, one copy per row: together they meet in every way that the kernel's weights do, with far fewer
 * copies than weights. Where a shift leaves the picture there are zeros.
 */
function filterCrosswise(b: Builder, large: Value, small: Value, geometry: Geometry): Value {
  const { kernel, dilations, begin } = geometry;
  const n = large.shape[0]!;
  const [columnCount, rowCount] = [kernel.at(-1)!, sizeOf(kernel.slice(0, -1))];
  if (n > 1 && columnCount * sizeOf(large.shape) + rowCount * sizeOf(small.shape) > MOST_COPIED) {
    const single = (x: Value, i: number) => b.slice(x, [i], [i + 1], [0]);
    const pictures = Array.from({ length: n }, (_, i) => i);
    return b.sum(pictures.map((i) => filterCrosswise(b, single(large, i), single(small, i), geometry)));
  }
  const [, channels, ...sizes] = large.shape as [number, number, ...number[]];
  const [, outputs, ...places] = small.shape as [number, number, ...number[]];
  const last = kernel.length - 1;
  // Both are laid out over the padded picture, but for the last axis, where each shift has a window of its own.
  const extents = places.map((place, i) => (i === last ? place : place + (kernel[i]! - 1) * dilations[i]!));
  const framed = (x: Value, before: readonly number[]): Value => {
    const after = extents.map((size, i) => size - x.shape[i + 2]! - before[i]!);
    return b.pad(x, [0, 0, ...before, 0, 0, ...after]);
  };
  const listed = (parts: readonly Value[]): Value => {
    const joined = b.concat(parts, 1);
    const rest = sizes.map((_, i) => i + 2);
    return b.reshape(b.transpose(joined, [1, 0, ...rest]), [joined.shape[1]!, n * sizeOf(extents)]);
  };
  const columns = Array.from({ length: kernel[last]! }, (_, tap) =>
    framed(
      large,
      begin.map((pad, i) => (i === last ? pad - tap * dilations[i]! : pad)),
    ),
  );
  const rows = kernel.slice(0, last);
  const steps = stridesOf(rows);
  const shifted = Array.from({ length: sizeOf(rows) }, (_, tap) =>
    framed(small, [...rows.map((size, i) => (Math.floor(tap / steps[i]!) % size) * dilations[i]!), 0]),
  );
  const product = b.gemm(listed(columns), listed(shifted), { transB: true });
  const view = b.reshape(product, [columns.length, channels, shifted.length, outputs]);
  return b.reshape(b.transpose(view, [3, 1, 2, 0]), [outputs, channels, ...kernel]);
}
