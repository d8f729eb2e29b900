import type { Builder } from '../builder';
import type { Attributes } from '../graph';
import { numbersOf, sizeOf, tensorOf, type Tensor } from '../tensor';
import type { Value } from '../value';
import type { Description, Inputs } from './definition';

/** The input at `index`, which the op cannot do without. */
export function required(inputs: Inputs, index: number): Value {
  const value = inputs[index];
  if (value === undefined) throw new Error(`its input ${index + 1} is missing`);
  return value;
}

/** The numbers of an input that must be known before the graph runs (axes, shapes, pads). */
export function known(inputs: Inputs, index: number, what: string): number[] {
  const value = required(inputs, index);
  if (value.constant === undefined) throw new Error(`its ${what} are computed from the picture, not fixed`);
  return Array.from(numbersOf(value.constant));
}

/** As {@link known}, or `undefined` where the input is left out. */
export function optionallyKnown(inputs: Inputs, index: number, what: string): number[] | undefined {
  return inputs[index] === undefined ? undefined : known(inputs, index, what);
}

export const numberOr = (attributes: Attributes, name: string, otherwise: number): number =>
  typeof attributes[name] === 'number' ? attributes[name] : otherwise;

/** An attribute that the op cannot do without. */
export function numberOf(attributes: Attributes, name: string): number {
  const value = attributes[name];
  if (typeof value !== 'number') throw new Error(`its ${name} is missing`);
  return value;
}

export const textOr = (attributes: Attributes, name: string, otherwise: string): string =>
  typeof attributes[name] === 'string' ? attributes[name] : otherwise;

export function listOr(attributes: Attributes, name: string): readonly number[] | undefined;
export function listOr(attributes: Attributes, name: string, otherwise: readonly number[]): readonly number[];
export function listOr(attributes: Attributes, name: string, otherwise?: readonly number[]) {
  const value = attributes[name];
  return Array.isArray(value) ? (value as readonly number[]) : otherwise;
}

/** An axis counted from the front. */
export function axisOf(axis: number, rank: number): number {
  const result = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(result) || result < 0 || result >= Math.max(rank, 1)) {
    throw new Error(`there is no axis ${axis} in ${rank} dimensions`);
  }
  return result;
}

/** The shape that all operands broadcast to. */
export function broadcast(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    shape.forEach((dim, i) => {
      const at = rank - shape.length + i;
      if (dim === 1 || dim === result[at]) return;
      if (result[at] !== 1) throw new Error(`dimensions of ${result[at]} and ${dim} do not go together`);
      result[at] = dim;
    });
  }
  return result;
}

/** One output like the first input. */
export const likeFirst = (inputs: Inputs): Description[] => {
  const { type, shape } = required(inputs, 0);
  return [{ type, shape }];
};

/** Undoes broadcasting: the sum of `gradient` over all axes along which `shape` was repeated. */
export function sumTo(b: Builder, gradient: Value, shape: readonly number[]): Value {
  if (sizeOf(gradient.shape) === sizeOf(shape)) return b.reshape(gradient, shape);
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((dim, i) => (i < extra || (shape[i - extra] === 1 && dim !== 1) ? [i] : []));
  return b.reshape(b.reduceSum(gradient, axes), shape);
}

/** The smallest step of a row-major walk through a broadcast operand, 0 along repeated axes. */
export function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const strides = new Array<number>(to.length).fill(0);
  let step = 1;
  for (let i = from.length - 1; i >= 0; i--) {
    if (from[i] !== 1) strides[to.length - from.length + i] = step;
    step *= from[i]!;
  }
  return strides;
}

/** Calls `visit(position, offsets)` for every element of `shape`; offsets follow the given strides. */
export function walk(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  visit: (position: number, offsets: readonly number[]) => void,
  starts: readonly number[] = strides.map(() => 0),
): void {
  const total = sizeOf(shape);
  const index = new Array<number>(shape.length).fill(0);
  const offsets = [...starts];
  for (let position = 0; position < total; position++) {
    visit(position, offsets);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      for (let k = 0; k < offsets.length; k++) offsets[k]! += strides[k]![axis]!;
      if (index[axis]! < shape[axis]!) break;
      for (let k = 0; k < offsets.length; k++) offsets[k]! -= strides[k]![axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

/** Element-wise evaluation with broadcasting. */
export function mapElements(
  inputs: readonly Tensor[],
  { type, shape }: Description,
  f: (...values: number[]) => number,
): Tensor {
  const sources = inputs.map(numbersOf);
  const result = new Float64Array(sizeOf(shape));
  const strides = inputs.map((tensor) => broadcastStrides(tensor.dims, shape));
  const values: number[] = [];
  walk(shape, strides, (position, offsets) => {
    for (let k = 0; k < sources.length; k++) values[k] = sources[k]![offsets[k]!]!;
    result[position] = f(...values);
  });
  return tensorOf(type, result, shape);
}

/** Rearranges elements: output element i comes from `offsets[i]`-style strides into the input. */
export function rearrange(input: Tensor, shape: readonly number[], strides: readonly number[], start = 0): Tensor {
  const source = numbersOf(input);
  const result = new Float64Array(sizeOf(shape));
  walk(shape, [strides], (position, offsets) => void (result[position] = source[offsets[0]!]!), [start]);
  return tensorOf(input.type, result, shape);
}
