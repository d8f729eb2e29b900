import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lowerings, type Lowering } from '../../../src/engine/graph';
import type { DeviceName, PlainTensor } from '../../support/ort-device';

/** Files made by the Python scripts beside them. */
export const goldenFolder = join(__dirname, '../../golden/graph');

export interface EncodedTensor {
  readonly shape: readonly number[];
  readonly type: 'float32' | 'int64' | 'bool';
  /** Little-endian, base64. */
  readonly data: string;
}
type Encoded = Readonly<Record<string, EncodedTensor>>;

/** One ONNX model of one node (a few have several) in `ops.json`. */
export interface OpCase {
  readonly op: string;
  readonly name: string;
  readonly model: string;
  readonly inputs: Encoded;
  readonly outputs: Encoded;
  /** d(loss)/d(output), for the outputs that the loss depends on. */
  readonly cotangents: Encoded;
  /** d(loss)/d(input), for the differentiable inputs. */
  readonly gradients: Encoded;
}

/** One tiny network in `networks.json` or `architectures.json`; the loss is mean(mask * |output - target|). */
export interface NetworkCase {
  readonly name: string;
  readonly parameters: number;
  readonly exports: Readonly<Partial<Record<'folded' | 'plain', NetworkExport>>>;
  readonly input: EncodedTensor;
  readonly target: EncodedTensor;
  readonly mask: EncodedTensor;
  readonly output: EncodedTensor;
  readonly loss: number;
  readonly 'input gradient': EncodedTensor;
  /** By the PyTorch parameter's name. */
  readonly gradients: Encoded;
}

export interface NetworkExport {
  readonly file: string;
  readonly opset: number;
  /** Initialiser in the file: its PyTorch parameter, and whether it is stored transposed. */
  readonly parameters: Readonly<Record<string, readonly [string, boolean]>>;
}

/** Ten steps of one optimiser on one network in `optimizers.json`. */
export interface OptimizerCase {
  readonly name: 'adam' | 'sgd';
  readonly network: string;
  readonly options: Readonly<Record<string, number | readonly number[]>>;
  readonly 'clip norm': number;
  /** Parameters in the order of the packed weights. */
  readonly order: readonly string[];
  /** `loss` and `gradient norm` before the step, `weights` after it. */
  readonly steps: readonly {
    readonly loss: number;
    readonly 'gradient norm': number;
    readonly weights: EncodedTensor;
  }[];
}

export function readGolden<Case>(file: string): readonly Case[] {
  return (JSON.parse(readFileSync(join(goldenFolder, file), 'utf8')) as { cases: Case[] }).cases;
}

export function decode({ shape, type, data }: EncodedTensor): PlainTensor {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
  switch (type) {
    case 'float32':
      return { type, dims: shape, data: new Float32Array(bytes.buffer) };
    case 'int64':
      return { type, dims: shape, data: new BigInt64Array(bytes.buffer) };
    case 'bool':
      return { type, dims: shape, data: bytes };
  }
}

export function decodeFloats(tensor: EncodedTensor): Float32Array {
  return decode(tensor).data as Float32Array;
}

/**
 * The largest difference as a part of the largest expected value; Infinity for other lengths or a NaN. Where all
 * expected values are zero, or what float64 leaves of zero, the largest difference itself.
 */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(actual[i]!)) return Infinity;
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
    size = Math.max(size, Math.abs(expected[i]!));
  }
  return difference / (size < 1e-12 ? 1 : size);
}

/** Rows of a [rows, columns] matrix as columns. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j]!;
  return result;
}

/** What `scripts/gradient-table.mjs` reads about one op or network. */
interface Measured {
  tests: number;
  tolerance: number;
  /** Largest error on each device. */
  errors: Partial<Record<DeviceName, number>>;
}

/** Largest errors by op, network or optimiser, and device. */
export class Measurements {
  private readonly subjects: Record<string, Measured> = {};

  /** @param tests number of golden cases (ops) or parameters (networks) of this subject */
  add(subject: string, tests: number, tolerance: number, device: DeviceName, error: number): void {
    const { errors } = (this.subjects[subject] ??= { tests, tolerance, errors: {} });
    errors[device] = Math.max(errors[device] ?? 0, error);
  }

  save(name: string): void {
    saveForTable(name, this.subjects);
  }
}

/** How gradients of convolutions are written down on a device. */
export const loweringOf = (device: DeviceName): Lowering =>
  lowerings[({ native: 'cpu', WASM: 'wasm', WebGPU: 'webgpu' } as const)[device]];

/** For `scripts/gradient-table.mjs`, which runs the tests with `LWAY_GRADIENT_TABLE` naming a folder. */
export function saveForTable(name: string, data: unknown): void {
  if (tableFolder === undefined) return;
  mkdirSync(tableFolder, { recursive: true });
  writeFileSync(join(tableFolder, `${name}.json`), JSON.stringify(data));
}

const tableFolder = process.env['LWAY_GRADIENT_TABLE'];

/** Every op and network on every device takes minutes: only when the table is made. */
export const measureAll = tableFolder !== undefined;
