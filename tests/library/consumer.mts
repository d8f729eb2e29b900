// What a program in TypeScript gets to see of the library: compiled by package.test.ts, never run. A line that
// `@ts-expect-error` stands before must not compile.
import { readGraph, trainingStep, writeGraph, type Graph, type TrainingStep } from 'lway/graph';
import { createNodeEngine, createTileStore, LWayError, type Network, type UpscaleReport } from 'lway/node';

export async function upscale(signal: AbortSignal, network: Network): Promise<UpscaleReport> {
  const engine = createNodeEngine({ threads: 2 });
  const store = createTileStore();
  await engine.upscale(signal, store, store, { network, size: { width: 10, height: 20 }, device: 'cpu' });
  // @ts-expect-error a device that there is not
  await engine.upscale(signal, store, store, { network, size: { scale: 2 }, device: 'tpu' });
  // @ts-expect-error no size at all
  return engine.upscale(signal, store, store, { network, size: {}, device: 'auto' });
}

export function learn(bytes: Uint8Array): Uint8Array {
  const network: Graph = readGraph(bytes);
  const step: TrainingStep = trainingStep({
    network,
    inputs: { x: [1, 3, 8, 8] },
    loss: (b, { output }) => ({ total: b.mean(b.square(output)) }),
    optimizer: { type: 'adam' },
  });
  // @ts-expect-error a loss is a value of the graph, not a number
  trainingStep({ network, inputs: {}, loss: () => ({ total: 1 }), optimizer: { type: 'adam' } });
  return writeGraph(step.graph);
}

export const code = (error: LWayError): string => error.code;
// @ts-expect-error the types are known, not any
export const wrong: number = code(new LWayError('internal', 'a', 'b'));
