import type { Graph } from './graph';
import { GraphBuilder } from './graph-builder';
import { parametersOf } from './parameters';
import { sizeOf } from './tensor';
import type { Operation, Value } from './value';

/**
 * Multiplications, each with an addition, of an operation: those of convolutions and matrix products, beside which all
 * others are few.
 */
export function multiplyAdds({ op, inputs, outputs }: Operation): number {
  const [first, second] = inputs.map((value) => value?.shape ?? []) as [readonly number[], readonly number[]];
  const result = sizeOf(outputs[0]!.shape);
  switch (op) {
    case 'Conv':
      // A kernel is [outputs, inputs of its group, height, width].
      return result * sizeOf(second.slice(1));
    case 'ConvTranspose':
      // Each value of the input is spread by a kernel [inputs, outputs of its group, height, width].
      return sizeOf(first) * sizeOf(second.slice(1));
    case 'MatMul':
      return result * first.at(-1)!;
    case 'Gemm':
      // [m, k] times [k, n], or transposed: m k n is the root of the product of the three sizes.
      return Math.sqrt(sizeOf(first) * sizeOf(second) * result);
    default:
      return 0;
  }
}

/** What a network has to compute, and where its weights come in. */
export interface NetworkWork {
  /** Multiply-adds of one run. */
  readonly multiplyAdds: number;
  /** Share of them that has been done once a learned weight was used for the first time, 0..1, by its name. */
  readonly reached: ReadonlyMap<string, number>;
}

/**
 * Counts what a network of one input computes for data of this shape.
 *
 * @throws LWayError `bad-graph` where it does not take that shape
 */
export function workOf(graph: Graph, shape: readonly number[]): NetworkWork {
  const b = new GraphBuilder(graph.name);
  const learned = parametersOf(graph).map(({ name }) => name);
  const weights = Object.fromEntries(learned.map((name) => [name, b.weight(name, graph.initializers.get(name)!)]));
  const [input] = graph.inputs;
  b.call(graph, [b.input(input!.name, shape, input!.type)], { weights });
  /** Values that are made of weights alone, and of which. */
  const origins = new Map<Value, readonly string[]>(Object.entries(weights).map(([name, value]) => [value, [name]]));
  const met = new Map<string, number>();
  let sum = 0;
  for (const operation of b.history) {
    sum += multiplyAdds(operation);
    const inputs = operation.inputs.filter((value): value is Value => value !== undefined);
    const names = inputs.flatMap((value) => origins.get(value) ?? []);
    if (inputs.every((value) => value.constant !== undefined || origins.has(value))) {
      for (const output of operation.outputs) origins.set(output, names);
    } else for (const name of names) if (!met.has(name)) met.set(name, sum);
  }
  return { multiplyAdds: sum, reached: new Map([...met].map(([name, at]) => [name, sum > 0 ? at / sum : 1])) };
}

/** Names of the weights that come in with the last `share` of the work, 0..1: at least the last of all. */
export function latterWeights({ reached }: NetworkWork, share: number): readonly string[] {
  const last = Math.max(...reached.values());
  return [...reached].filter(([, at]) => at >= Math.min(last, 1 - share)).map(([name]) => name);
}
