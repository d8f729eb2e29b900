import type { Builder } from '../builder';
import { int64, numbersOf, sizeOf, stridesOf, tensorOf, type Tensor } from '../tensor';
import type { Value } from '../value';
import type { Attributes } from '../graph';
import type { Description, Inputs, OpTable } from './definition';
import { scatterAdd } from './selection';
import { axisOf, known, likeFirst, numberOr, required, textOr } from './support';

/** Zeros, without storing them where they are many. */
const zeros = (b: Builder, shape: readonly number[]): Value => b.expand(b.constant(0), shape);

const counted = (index: number, size: number): number => (index < 0 ? index + size : index);

const REDUCTIONS: Readonly<Record<string, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
};

/** Slices of a tensor that a list of index tuples names. */
interface Slices {
  /** Number of leading axes that a tuple names a place of. */
  readonly depth: number;
  /** Number of each slice in row-major order over those axes. */
  readonly numbers: readonly number[];
  /** Elements in a slice. */
  readonly inner: number;
}

function slicesOf(indices: Tensor, shape: readonly number[]): Slices {
  const depth = indices.dims.at(-1)!;
  const strides = stridesOf(shape.slice(0, depth));
  const places = numbersOf(indices);
  const count = sizeOf(indices.dims.slice(0, -1));
  const numbers = Array.from({ length: count }, (_, i) => {
    let number = 0;
    for (let axis = 0; axis < depth; axis++) {
      number += counted(places[i * depth + axis]!, shape[axis]!) * strides[axis]!;
    }
    return number;
  });
  return { depth, numbers, inner: sizeOf(shape.slice(depth)) };
}

/** Begin and end along each axis. */
type Box = readonly (readonly [from: number, to: number])[];

/** The block that one or more slices fill in row-major order, as assigning to `x[:, :16]` does; `null` where they fill none. */
function boxOf({ depth, numbers }: Slices, shape: readonly number[]): Box | null {
  const strides = stridesOf(shape.slice(0, depth));
  const placeOf = (number: number): number[] =>
    strides.map((stride, axis) => Math.floor(number / stride) % shape[axis]!);
  const [low, high] = [placeOf(numbers[0]!), placeOf(numbers[numbers.length - 1]!)];
  const sizes = low.map((from, axis) => high[axis]! - from + 1);
  if (sizes.some((size) => size < 1) || sizeOf(sizes) !== numbers.length) return null;
  const steps = stridesOf(sizes);
  const inside = numbers.every((number, i) => {
    let expected = 0;
    for (let axis = 0; axis < depth; axis++) {
      expected += (low[axis]! + (Math.floor(i / steps[axis]!) % sizes[axis]!)) * strides[axis]!;
    }
    return expected === number;
  });
  return inside ? shape.map((size, axis) => (axis < depth ? [low[axis]!, high[axis]! + 1] : [0, size])) : null;
}

/** Puts a block into `data`: slices before it, the block, slices behind it, axis by axis. */
function place(b: Builder, data: Value, box: Box, block: Value): Value {
  const axis = box.findIndex(([from, to], i) => from > 0 || to < data.shape[i]!);
  if (axis < 0) return block;
  const [from, to] = box[axis]!;
  const part = (start: number, end: number): Value[] => (end > start ? [b.slice(data, [start], [end], [axis])] : []);
  const within = box.map((range, i): readonly [number, number] => (i === axis ? [0, to - from] : range));
  const middle = place(b, b.slice(data, [from], [to], [axis]), within, block);
  return b.concat([...part(0, from), middle, ...part(to, data.shape[axis]!)], axis);
}

/** Puts single elements at places that are known: one Gather from `data` and the elements together. */
function scatterFlat(b: Builder, data: Value, updates: Value, table: readonly number[], adds: boolean): Value {
  const total = sizeOf(data.shape);
  if (adds) return b.add(data, b.reshape(scatterAdd(b, b.flat(updates), 0, table, total), data.shape));
  const sources = Array.from({ length: total }, (_, i) => i);
  table.forEach((position, i) => (sources[position] = total + i));
  return b.reshape(b.gather(b.concat([b.flat(data), b.flat(updates)], 0), int64(sources)), data.shape);
}

/** Position in the flat data of each element that indices along one axis name. */
function elementTable(indices: Tensor, shape: readonly number[], axis: number): number[] {
  const strides = stridesOf(shape);
  const own = stridesOf(indices.dims);
  return Array.from(numbersOf(indices), (index, i) => {
    let position = 0;
    for (let k = 0; k < shape.length; k++) {
      const at = k === axis ? counted(index, shape[axis]!) : Math.floor(i / own[k]!) % indices.dims[k]!;
      position += at * strides[k]!;
    }
    return position;
  });
}

const reductionOf = (attributes: Attributes): string => textOr(attributes, 'reduction', 'none');
const replacesOrAdds = (_: Inputs, attributes: Attributes): boolean =>
  ['none', 'add'].includes(reductionOf(attributes));

function inferScattered(inputs: Inputs, attributes: Attributes): Description[] {
  const reduction = reductionOf(attributes);
  if (REDUCTIONS[reduction] === undefined) throw new Error(`its reduction "${reduction}" is not known`);
  return likeFirst(inputs);
}

/** The updated tensor, where everything is known before the graph runs. */
function scattered(data: Tensor, updates: Tensor, table: readonly number[], attributes: Attributes): Tensor {
  const combine = REDUCTIONS[reductionOf(attributes)]!;
  const result = Float64Array.from(numbersOf(data));
  const source = numbersOf(updates);
  table.forEach((position, i) => (result[position] = combine(result[position]!, source[i]!)));
  return tensorOf(data.type, result, data.dims);
}

const elementsOf = ({ numbers, inner }: Slices): number[] =>
  numbers.flatMap((number) => Array.from({ length: inner }, (_, i) => number * inner + i));

/**
 * Ops that read and write at places given as indices. Places that are known become slices, or one Gather from a table;
 * others, found while the graph runs, are scattered to and gathered from by the same indices.
 */
export const scattering: OpTable = {
  ScatterND: {
    infer: inferScattered,
    passes: ([data, , updates]) => (updates !== undefined && sizeOf(updates.shape) === 0 ? data : undefined),
    evaluate: ([data, indices, updates], attributes) => [
      scattered(data!, updates!, elementsOf(slicesOf(indices!, data!.dims)), attributes),
    ],
    expand: (b, inputs, attributes) => {
      const [data, indices, updates] = [required(inputs, 0), required(inputs, 1), required(inputs, 2)];
      if (indices.constant === undefined || !replacesOrAdds(inputs, attributes)) return undefined;
      const slices = slicesOf(indices.constant, data.shape);
      const adds = reductionOf(attributes) === 'add';
      const box = adds ? null : boxOf(slices, data.shape);
      if (box === null) return scatterFlat(b, data, updates, elementsOf(slices), adds);
      return place(
        b,
        data,
        box,
        b.reshape(
          updates,
          box.map(([from, to]) => to - from),
        ),
      );
    },
    covers: replacesOrAdds,
    gradient: ({ b, inputs: [, indices, updates], dy, attributes }) => {
      const kept = reductionOf(attributes) === 'add' ? dy : b.op('ScatterND', [dy, indices, zeros(b, updates!.shape)]);
      return [kept, undefined, b.op('GatherND', [dy, indices])];
    },
  },
  ScatterElements: {
    infer: inferScattered,
    passes: ([data, , updates]) => (updates !== undefined && sizeOf(updates.shape) === 0 ? data : undefined),
    evaluate: ([data, indices, updates], attributes) => {
      const axis = axisOf(numberOr(attributes, 'axis', 0), data!.dims.length);
      return [scattered(data!, updates!, elementTable(indices!, data!.dims, axis), attributes)];
    },
    expand: (b, inputs, attributes) => {
      const [data, indices, updates] = [required(inputs, 0), required(inputs, 1), required(inputs, 2)];
      if (indices.constant === undefined || !replacesOrAdds(inputs, attributes)) return undefined;
      const axis = axisOf(numberOr(attributes, 'axis', 0), data.shape.length);
      const table = elementTable(indices.constant, data.shape, axis);
      return scatterFlat(b, data, updates, table, reductionOf(attributes) === 'add');
    },
    covers: replacesOrAdds,
    gradient: ({ b, inputs: [, indices], dy, attributes }) => {
      const axis = numberOr(attributes, 'axis', 0);
      const kept =
        reductionOf(attributes) === 'add'
          ? dy
          : b.op('ScatterElements', [dy, indices, zeros(b, indices!.shape)], { axis });
      return [kept, undefined, b.op('GatherElements', [dy, indices], { axis })];
    },
  },
  GatherElements: {
    infer: (inputs) => [{ type: required(inputs, 0).type, shape: required(inputs, 1).shape }],
    expand: (b, inputs, attributes) => {
      const [x, indices] = [required(inputs, 0), required(inputs, 1)];
      if (indices.constant === undefined) return undefined;
      const axis = axisOf(numberOr(attributes, 'axis', 0), x.shape.length);
      const table = elementTable(indices.constant, x.shape, axis);
      return b.reshape(b.gather(b.flat(x), int64(table)), indices.shape);
    },
    gradient: ({ b, inputs: [x, indices], dy, attributes }) => [
      b.op('ScatterElements', [zeros(b, x!.shape), indices, dy], {
        axis: numberOr(attributes, 'axis', 0),
        reduction: 'add',
      }),
    ],
  },
  GatherND: {
    infer: (inputs, attributes) => {
      const { type, shape } = required(inputs, 0);
      const places = required(inputs, 1).shape;
      const depth = places[places.length - 1]! + numberOr(attributes, 'batch_dims', 0);
      return [{ type, shape: [...places.slice(0, -1), ...shape.slice(depth)] }];
    },
    expand: (b, inputs, attributes) => {
      const [x, indices] = [required(inputs, 0), required(inputs, 1)];
      if (indices.constant === undefined || numberOr(attributes, 'batch_dims', 0) !== 0) return undefined;
      const { depth, numbers } = slicesOf(indices.constant, x.shape);
      const rest = x.shape.slice(depth);
      const rows = b.reshape(x, [sizeOf(x.shape.slice(0, depth)), ...rest]);
      return b.reshape(b.gather(rows, int64(numbers)), [...indices.shape.slice(0, -1), ...rest]);
    },
    covers: (_, attributes) => numberOr(attributes, 'batch_dims', 0) === 0,
    gradient: ({ b, inputs: [x, indices], dy }) => [
      b.op('ScatterND', [zeros(b, x!.shape), indices, dy], { reduction: 'add' }),
    ],
  },
  /** The gradient goes back to where the values came from. */
  TopK: {
    infer: (inputs, attributes) => {
      const { type, shape } = required(inputs, 0);
      const axis = axisOf(numberOr(attributes, 'axis', -1), shape.length);
      const [count] = known(inputs, 1, 'number of elements');
      const picked = shape.map((dim, i) => (i === axis ? count! : dim));
      return [
        { type, shape: picked },
        { type: 'int64', shape: picked },
      ];
    },
    gradient: ({ b, inputs: [x], outputs: [, indices], dy, attributes }) => {
      const axis = axisOf(numberOr(attributes, 'axis', -1), x!.shape.length);
      return [b.op('ScatterElements', [zeros(b, x!.shape), indices, dy], { axis })];
    },
  },
};
