import type { InferenceSession, Runtime, Tensor } from '../runtime/runtime';

/** An input or output of a run: float32 values and their shape. */
export interface Values {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Inputs or outputs of a run by name. */
export type NamedValues = Readonly<Record<string, Values>>;

/** Runs a network on several sets of inputs, one after the other, and gives its first output for each. */
export type RunAll = (feeds: readonly NamedValues[]) => Promise<Float32Array[]>;

/**
 * Makes one session of an ONNX file for all that `work` runs: for a large network that takes longer than running it.
 *
 * @throws LWayError as the runtime says
 */
export async function withNetwork<T>(
  signal: AbortSignal,
  runtime: Runtime,
  network: Uint8Array,
  work: (run: RunAll) => Promise<T>,
): Promise<T> {
  return withSession(runtime, network, async (session) => {
    const first = session.outputNames[0]!;
    return work(async (feeds) => {
      const results: Float32Array[] = [];
      for (const feed of feeds) {
        signal.throwIfAborted();
        const outputs = await session.run(tensorsOf(runtime, feed), [first]);
        results.push((await taken(outputs[first] as Tensor)).data);
      }
      return results;
    });
  });
}

/**
 * Runs an ONNX file on several sets of inputs, one after the other, and gives its first output for each.
 *
 * @throws LWayError as the runtime says
 */
export async function runAll(
  signal: AbortSignal,
  runtime: Runtime,
  network: Uint8Array,
  feeds: readonly NamedValues[],
): Promise<Float32Array[]> {
  return withNetwork(signal, runtime, network, (run) => run(feeds));
}

/**
 * Runs an ONNX file once and gives all of its outputs.
 *
 * @throws LWayError as the runtime says
 */
export async function runOnce(
  signal: AbortSignal,
  runtime: Runtime,
  network: Uint8Array,
  feed: NamedValues,
): Promise<NamedValues> {
  return withSession(runtime, network, async (session) => {
    signal.throwIfAborted();
    const outputs = (await session.run(tensorsOf(runtime, feed))) as Record<string, Tensor>;
    const results: Record<string, Values> = {};
    for (const [name, output] of Object.entries(outputs)) results[name] = await taken(output);
    return results;
  });
}

async function withSession<T>(
  runtime: Runtime,
  network: Uint8Array,
  work: (session: InferenceSession) => Promise<T>,
): Promise<T> {
  const session = await runtime.createSession(network);
  try {
    return await work(session);
  } finally {
    await session.release();
  }
}

function tensorsOf({ ort }: Runtime, feed: NamedValues): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const [name, { data, shape }] of Object.entries(feed)) tensors[name] = new ort.Tensor('float32', data, shape);
  return tensors;
}

/** A copy of an output, which is freed. */
async function taken(output: Tensor): Promise<Values> {
  const values = { data: new Float32Array((await output.getData()) as Float32Array), shape: [...output.dims] };
  output.dispose();
  return values;
}
