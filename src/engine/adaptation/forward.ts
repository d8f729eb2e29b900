import type { Runtime } from '../runtime/runtime';

/** One input of a run: float32 values and their shape. */
export interface Fed {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Runs an ONNX file on several sets of inputs, one after the other, and gives its first output for each. */
export async function runAll(
  signal: AbortSignal,
  runtime: Runtime,
  model: Uint8Array,
  feeds: readonly Readonly<Record<string, Fed>>[],
): Promise<Float32Array[]> {
  const session = await runtime.createSession(model);
  try {
    const results: Float32Array[] = [];
    for (const feed of feeds) {
      signal.throwIfAborted();
      const tensors = Object.fromEntries(
        Object.entries(feed).map(([name, { data, shape }]) => [name, new runtime.ort.Tensor('float32', data, shape)]),
      );
      const outputs = await session.run(tensors);
      const output = outputs[session.outputNames[0]!]!;
      results.push(new Float32Array((await output.getData()) as Float32Array));
      for (const tensor of Object.values(outputs)) tensor.dispose();
    }
    return results;
  } finally {
    await session.release();
  }
}
