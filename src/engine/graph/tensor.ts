import { LWayError } from '../common/errors';

/** Element types that graphs hold here; float16, bfloat16 and double become float32 when a file is read. */
export type DataType = 'float32' | 'int64' | 'int32' | 'bool';

/** A constant: row-major values. `bool` is 0 or 1. */
export interface Tensor {
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array | Int32Array | Uint8Array;
}

/** Number of elements of a shape; 1 for a scalar. */
export const sizeOf = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((dim, i) => dim === b[i]);

/** Steps in elements from one index to the next along each axis of a row-major array. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let i = dims.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * dims[i + 1]!;
  return strides;
}

/** A float32 constant; a scalar where no shape is given and `values` is a number. */
export function float32(values: number | ArrayLike<number>, dims?: readonly number[]): Tensor {
  return tensorOf('float32', typeof values === 'number' ? [values] : values, dims ?? shapeOf(values));
}

/** An int64 constant, as shapes and axes are; a list is one-dimensional, a number a scalar. */
export function int64(values: number | ArrayLike<number>, dims?: readonly number[]): Tensor {
  return tensorOf('int64', typeof values === 'number' ? [values] : values, dims ?? shapeOf(values));
}

const shapeOf = (values: number | ArrayLike<number>): number[] => (typeof values === 'number' ? [] : [values.length]);

/** Numbers as a tensor of any type: rounded towards zero for integers, compared with zero for `bool`. */
export function tensorOf(type: DataType, values: ArrayLike<number>, dims: readonly number[]): Tensor {
  if (values.length !== sizeOf(dims)) {
    throw new LWayError(
      'bad-graph',
      `A constant has ${values.length} values where its shape [${dims.join(', ')}] needs ${sizeOf(dims)}.`,
      'The network file is damaged: fetch it again.',
    );
  }
  switch (type) {
    case 'float32':
      return { type, dims, data: values instanceof Float32Array ? values : Float32Array.from(values) };
    case 'int64':
      return { type, dims, data: BigInt64Array.from(values, (value) => toBigInt(value)) };
    case 'int32':
      return { type, dims, data: Int32Array.from(values, Math.trunc) };
    case 'bool':
      return { type, dims, data: Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)) };
  }
}

const LIMIT = 2 ** 63;

/** Slices say "to the end" with the largest int64, which a double cannot hold exactly. */
function toBigInt(value: number): bigint {
  return value >= LIMIT ? BigInt(LIMIT) - 1n : wholeNumber(Math.trunc(Math.max(value, -LIMIT)));
}

/**
 * A size or an index as the file keeps it.
 *
 * @throws LWayError `bad-graph` for what is not whole, such as half a pixel
 */
export function wholeNumber(value: number): bigint {
  if (!Number.isInteger(value))
    throw new LWayError('bad-graph', `${value} is no size.`, 'The network file is damaged: fetch it again.');
  return BigInt(value);
}

/** A tensor's values as plain numbers, whatever its type. */
export function numbersOf(tensor: Tensor): ArrayLike<number> {
  return tensor.data instanceof BigInt64Array ? Array.from(tensor.data, Number) : tensor.data;
}
