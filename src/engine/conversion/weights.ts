import { LWayError } from '../common/errors';
import { fromHalf } from '../common/half';

/** Trained values as a file holds them: row-major float32, whatever the file's own precision. */
export interface Weight {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** A PyTorch state dictionary: weights by the names of their modules. Integers, which nothing learned, are left out. */
export type Weights = ReadonlyMap<string, Weight>;

/** Float types that files of weights are written in. */
export type FloatType = 'F64' | 'F32' | 'F16' | 'BF16';

export const bytesOf: Readonly<Record<FloatType, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

/** Little-endian floats of any precision as float32; a copy, so the bytes need not be aligned. */
export function toFloat32(bytes: Uint8Array, type: FloatType): Float32Array {
  const { buffer } = Uint8Array.from(bytes);
  switch (type) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F64':
      return Float32Array.from(new Float64Array(buffer));
    case 'F16':
      return Float32Array.from(new Uint16Array(buffer), fromHalf);
    case 'BF16': {
      // The upper half of a float32.
      const words = Uint32Array.from(new Uint16Array(buffer), (half) => half << 16);
      return new Float32Array(words.buffer);
    }
  }
}

export const sizeOf = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

/** An error about a file that a person brought. */
export const refuse = (message: string, advice: string, cause?: unknown): LWayError =>
  new LWayError('bad-model', message, advice, { cause });

export const damaged = (what: string, cause?: unknown): LWayError =>
  refuse(`${what} is damaged or cut short.`, 'Download it again.', cause);
