import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';

export interface Encoded {
  readonly shape: readonly number[];
  /** Little-endian float32, base64. */
  readonly data: string;
}

/** A file of weights, and what PyTorch makes of a picture with it. */
export interface WeightsCase {
  readonly name: string;
  readonly file: string;
  readonly bytes: string;
  readonly architecture: string;
  readonly scale: number;
  readonly input: Encoded;
  readonly output: Encoded;
  /** What the answer is to be like in the mean absolute difference that the gradients are of, by the weight's name. */
  readonly target?: Encoded;
  readonly gradients?: Readonly<Record<string, Encoded>>;
}

/** Cases made by the Python scripts in tests/golden/conversion. */
export function readCases<Case>(file: string): readonly Case[] {
  const path = join(__dirname, '../../golden/conversion', file);
  return (JSON.parse(readFileSync(path, 'utf8')) as { cases: Case[] }).cases;
}

export const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

export const floatsOf = ({ data }: Encoded): Float32Array => new Float32Array(bytesOf(data).buffer);

/** What ONNX Runtime makes of a picture with a network. */
export async function answer(network: Uint8Array, input: Encoded): Promise<{ shape: number[]; data: Float32Array }> {
  const runtime = cpuRuntime(1);
  const session = await runtime.createSession(network);
  try {
    const feeds = { [session.inputNames[0]!]: new runtime.ort.Tensor('float32', floatsOf(input), input.shape) };
    const { dims, data } = (await session.run(feeds))[session.outputNames[0]!]!;
    return { shape: [...dims], data: Float32Array.from(data as Float32Array) };
  } finally {
    await session.release();
    await runtime.dispose();
  }
}

/** Largest difference, relative to the largest expected value where that exceeds 1. */
export function distance(found: Float32Array, expected: Float32Array): number {
  const size = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0) / size;
}

/** A .safetensors file of zeros, or of another number where `filling` has one. */
export function safetensors(
  shapes: Readonly<Record<string, readonly number[]>>,
  filling: Readonly<Record<string, number>> = {},
): Uint8Array {
  let at = 0;
  const header: Record<string, unknown> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const size = 4 * shape.reduce((product, dim) => product * dim, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + size] };
    at += size;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + at);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  const view = new DataView(bytes.buffer, 8 + json.length);
  for (const [name, value] of Object.entries(filling)) {
    const [from, to] = (header[name] as { data_offsets: [number, number] }).data_offsets;
    for (let i = from; i < to; i += 4) view.setFloat32(i, value, true);
  }
  return bytes;
}
