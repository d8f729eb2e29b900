import * as ort from '../../../../src/engine/runtime/onnxruntime.node';
import { writeGraph, type Graph } from '../../../../src/engine/graph';

export type Feeds = Record<string, { data: Float32Array; dims: readonly number[] }>;

export async function sessionFor(graph: Graph, threads = 1): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(writeGraph(graph), {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  });
}

/** Runs a graph on the native CPU and gives its float outputs by name. */
export async function runNative(graph: Graph, feeds: Feeds): Promise<Record<string, Float32Array>> {
  const session = await sessionFor(graph);
  try {
    return await runSession(session, feeds);
  } finally {
    await session.release();
  }
}

export async function runSession(session: ort.InferenceSession, feeds: Feeds): Promise<Record<string, Float32Array>> {
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([name, { data, dims }]) => [name, new ort.Tensor('float32', data, dims)]),
  );
  const results = await session.run(tensors);
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, tensor.data as Float32Array]));
}
