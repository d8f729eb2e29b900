import type { Builder } from '../builder';
import { int64, numbersOf, sizeOf, stridesOf, tensorOf } from '../tensor';
import type { Value } from '../value';
import type { Inputs, OpTable } from './definition';
import { axisOf, known, numberOr, optionallyKnown, rearrange, required, textOr } from './support';

interface Cut {
  axis: number;
  start: number;
  step: number;
  count: number;
}

/** ONNX's Slice as first index, step and number of elements per axis. */
function cutsOf(inputs: Inputs): Cut[] {
  const { shape } = required(inputs, 0);
  const starts = known(inputs, 1, 'starts');
  const ends = known(inputs, 2, 'ends');
  const axes = optionallyKnown(inputs, 3, 'axes') ?? starts.map((_, i) => i);
  const steps = optionallyKnown(inputs, 4, 'steps') ?? starts.map(() => 1);
  return axes.map((given, i) => {
    const axis = axisOf(given, shape.length);
    const dim = shape[axis]!;
    const step = steps[i]!;
    const [low, high] = step > 0 ? [0, dim] : [-1, dim - 1];
    const within = (position: number, floor: number): number =>
      Math.min(Math.max(position < 0 ? position + dim : position, floor), high);
    const start = within(starts[i]!, Math.max(low, 0));
    const end = within(ends[i]!, low);
    return { axis, start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
  });
}

/** What Pad's modes other than constant read at each place along an axis of `size` elements. */
function sourceOf(position: number, size: number, mode: string): number {
  if (mode === 'wrap') return ((position % size) + size) % size;
  if (mode !== 'reflect') return Math.min(Math.max(position, 0), size - 1);
  // Never by more than the axis is long.
  const folded = Math.abs(position);
  return folded < size ? folded : 2 * (size - 1) - folded;
}

/** Padding begin and end per axis, in the order of the input's axes. */
function padsOf(inputs: Inputs): { before: number[]; after: number[] } {
  const rank = required(inputs, 0).shape.length;
  const pads = known(inputs, 1, 'pads');
  const axes = (optionallyKnown(inputs, 3, 'axes') ?? Array.from({ length: rank }, (_, i) => i)).map((axis) =>
    axisOf(axis, rank),
  );
  const before = new Array<number>(rank).fill(0);
  const after = new Array<number>(rank).fill(0);
  axes.forEach((axis, i) => {
    before[axis] = pads[i]!;
    after[axis] = pads[axes.length + i]!;
  });
  return { before, after };
}

/**
 * Sum of what a Gather read from each of `size` places: `indices[i]` is where element i of `dy`'s axis came from.
 * Gathers again, as often as the most wanted place was read, and adds up; runs wherever Gather does.
 */
export function scatterAdd(b: Builder, dy: Value, axis: number, indices: readonly number[], size: number): Value {
  const readers: number[][] = Array.from({ length: size }, () => []);
  indices.forEach((index, i) => readers[index]!.push(i));
  const rank = dy.shape.length;
  const along = (before: number, after: number): number[] => {
    const pads = new Array<number>(2 * rank).fill(0);
    pads[axis] = before;
    pads[rank + axis] = after;
    return pads;
  };
  const [first = 0] = indices;
  if (indices.every((index, i) => index === first + i)) return b.pad(dy, along(first, size - first - indices.length));
  const most = Math.max(...readers.map((list) => list.length));
  const complete = readers.every((list) => list.length === most);
  // Places that nobody, or fewer, read take a zero from behind the end.
  const source = complete ? dy : b.pad(dy, along(0, 1));
  const table = Array.from(
    { length: size * most },
    (_, i) => readers[Math.floor(i / most)]![i % most] ?? indices.length,
  );
  if (most === 1) return b.gather(source, int64(table), axis);
  return b.reduceSum(b.gather(source, int64(table, [size, most]), axis), [axis + 1], false);
}

/** Sum of what a Gather read from each place, where the places are found only while the graph runs. */
function addWhereRead(b: Builder, dy: Value, shape: readonly number[], axis: number, indices: Value): Value {
  const count = sizeOf(indices.shape);
  const rest = [...shape.slice(0, axis), ...shape.slice(axis + 1)];
  const toFront = [axis, ...rest.map((_, i) => (i < axis ? i : i + 1))];
  const rows = b.transpose(b.reshape(dy, [...shape.slice(0, axis), count, ...shape.slice(axis + 1)]), toFront);
  const empty = b.expand(b.constant(0), [shape[axis]!, ...rest]);
  const places = b.reshape(indices, [count, 1]);
  const sums = b.op('ScatterND', [empty, places, rows], { reduction: 'add' });
  return b.transpose(
    sums,
    shape.map((_, i) => toFront.indexOf(i)),
  );
}

/** Ops that pick elements by position. */
export const selection: OpTable = {
  Slice: {
    infer: (inputs) => {
      const { type, shape } = required(inputs, 0);
      const result = [...shape];
      for (const { axis, count } of cutsOf(inputs)) result[axis] = count;
      return [{ type, shape: result }];
    },
    evaluate: (inputs, _, [output]) => {
      const x = inputs[0]!;
      const values = inputs.map((tensor) => tensor && { type: tensor.type, shape: tensor.dims, constant: tensor });
      const strides = stridesOf(x.dims);
      let start = 0;
      for (const cut of cutsOf(values)) {
        start += cut.start * strides[cut.axis]!;
        strides[cut.axis]! *= cut.step;
      }
      return [rearrange(x, output!.shape, strides, start)];
    },
    passes: (inputs, _, [output]) => {
      const { shape } = inputs[0]!;
      return cutsOf(inputs).every(({ step }) => step === 1) && sizeOf(shape) === sizeOf(output!.shape)
        ? inputs[0]
        : undefined;
    },
    // ONNX Runtime's WebGPU (1.30) gives wrong elements for steps of -2 and beyond.
    expand: (b, inputs) => {
      const cuts = cutsOf(inputs);
      if (cuts.every(({ step }) => step >= -1)) return undefined;
      return cuts.reduce(
        (x, { axis, start, step, count }) => {
          const picked = Array.from({ length: count }, (_, i) => start + i * step);
          return b.gather(x, int64(picked), axis);
        },
        required(inputs, 0) as Value,
      );
    },
    gradient: ({ b, inputs, dy }) => {
      const { shape } = inputs[0]!;
      let result = dy;
      for (const { axis, start, step, count } of cutsOf(inputs)) {
        const read = Array.from({ length: count }, (_, i) => start + i * step);
        result = scatterAdd(b, result, axis, read, shape[axis]!);
      }
      return [result];
    },
  },
  Gather: {
    infer: (inputs, attributes) => {
      const { type, shape } = required(inputs, 0);
      const axis = axisOf(numberOr(attributes, 'axis', 0), shape.length);
      return [{ type, shape: [...shape.slice(0, axis), ...required(inputs, 1).shape, ...shape.slice(axis + 1)] }];
    },
    evaluate: ([x, indices], attributes, [output]) => {
      const axis = axisOf(numberOr(attributes, 'axis', 0), x!.dims.length);
      const size = x!.dims[axis]!;
      const inner = sizeOf(x!.dims.slice(axis + 1));
      const places = Array.from(numbersOf(indices!), (index) => (index < 0 ? index + size : index));
      const source = numbersOf(x!);
      const result = Array.from({ length: sizeOf(output!.shape) }, (_, at) => {
        const row = Math.floor(at / inner);
        const place = places[row % places.length]!;
        return source[(Math.floor(row / places.length) * size + place) * inner + (at % inner)]!;
      });
      return [tensorOf(output!.type, result, output!.shape)];
    },
    gradient: ({ b, inputs, dy, attributes }) => {
      const { shape } = inputs[0]!;
      const axis = axisOf(numberOr(attributes, 'axis', 0), shape.length);
      const size = shape[axis]!;
      if (inputs[1]!.constant === undefined) return [addWhereRead(b, dy, shape, axis, inputs[1]!)];
      const indices = known(inputs, 1, 'indices').map((index) => (index < 0 ? index + size : index));
      const view = b.reshape(dy, [...shape.slice(0, axis), indices.length, ...shape.slice(axis + 1)]);
      return [scatterAdd(b, view, axis, indices, size)];
    },
  },
  Pad: {
    infer: (inputs, attributes) => {
      const { type, shape } = required(inputs, 0);
      const { before, after } = padsOf(inputs);
      const mode = textOr(attributes, 'mode', 'constant');
      shape.forEach((dim, i) => {
        if (mode === 'reflect' && Math.max(before[i]!, after[i]!) >= dim) {
          throw new Error(`${dim} elements cannot be reflected by ${Math.max(before[i]!, after[i]!)}`);
        }
      });
      return [{ type, shape: shape.map((dim, i) => dim + before[i]! + after[i]!) }];
    },
    passes: (inputs) => {
      const { before, after } = padsOf(inputs);
      return [...before, ...after].every((pad) => pad === 0) ? inputs[0] : undefined;
    },
    gradient: ({ b, inputs, dy, attributes }) => {
      const { shape } = inputs[0]!;
      const { before, after } = padsOf(inputs);
      const mode = textOr(attributes, 'mode', 'constant');
      if (mode === 'constant') return [unpad(b, dy, before, after)];
      let result = dy;
      shape.forEach((size, axis) => {
        const parts: Value[] = [];
        const total = before[axis]! + size + after[axis]!;
        const [start, end] = [Math.max(0, before[axis]!), total - Math.max(0, after[axis]!)];
        // The middle as it is; each border, one by one position, where it was read from.
        const side = (from: number, to: number): void => {
          if (to <= from) return;
          const indices = Array.from({ length: to - from }, (_, i) => sourceOf(from + i - before[axis]!, size, mode));
          parts.push(scatterAdd(b, b.slice(result, [from], [to], [axis]), axis, indices, size));
        };
        side(0, start);
        side(start, end);
        side(end, total);
        result = b.sum(parts);
      });
      return [result];
    },
  },
};

/** Takes padding away again; where the padding was negative, zeros come back. */
function unpad(b: Builder, y: Value, before: readonly number[], after: readonly number[]): Value {
  const starts = before.map((pad) => Math.max(0, pad));
  const ends = after.map((pad, axis) => y.shape[axis]! - Math.max(0, pad));
  const middle = b.slice(
    y,
    starts,
    ends,
    y.shape.map((_, i) => i),
  );
  return b.pad(
    middle,
    [...before, ...after].map((pad) => Math.max(0, -pad)),
  );
}
