import { LWayError } from '../errors';
import type { Graph } from './graph';
import type { Recorder, Value } from './recorder';

/** Ways to splice a graph into another. */
export interface CallOptions {
  /** Values to use instead of the graph's own initialisers, by name. */
  readonly weights?: Readonly<Record<string, Value>>;
}

/**
 * Records all of `graph` for inputs of fixed shape.
 *
 * @returns its outputs, in order
 * @throws LWayError `bad-graph` naming node and op, where an input is missing or an operation does not fit
 */
export function splice(
  recorder: Recorder,
  graph: Graph,
  inputs: readonly Value[] | Readonly<Record<string, Value>>,
  { weights = {} }: CallOptions,
): readonly Value[] {
  const values = new Map<string, Value>();
  for (const [name, tensor] of graph.initializers) {
    values.set(name, weights[name] ?? recorder.constant(tensor, name));
  }
  graph.inputs.forEach((input, i) => {
    const given = Array.isArray(inputs)
      ? (inputs as readonly Value[])[i]
      : (inputs as Readonly<Record<string, Value>>)[input.name];
    if (given === undefined) {
      throw new LWayError(
        'bad-graph',
        `The network "${graph.name}" needs an input "${input.name}" that it was not given.`,
        'Please choose a network with a single image as its input.',
      );
    }
    values.set(input.name, checked(graph, i, given));
  });
  for (const node of graph.nodes) {
    const operands = node.inputs.map((name) => (name === '' ? undefined : values.get(name)));
    const results = recorder.apply(node.op, operands, node.attributes, {
      outputs: node.outputs.length,
      node: node.name,
      hints: node.outputs,
    });
    node.outputs.forEach((name, i) => {
      if (name !== '') values.set(name, results[i]!);
    });
  }
  return graph.outputs.map((output) => values.get(output.name)!);
}

function checked(graph: Graph, index: number, value: Value): Value {
  const { name, type, shape } = graph.inputs[index]!;
  const fits =
    value.type === type &&
    (shape.length === 0 || value.shape.length === shape.length) &&
    shape.every((dim, i) => typeof dim === 'string' || dim === value.shape[i]);
  if (fits) return value;
  throw new LWayError(
    'bad-graph',
    `The network "${graph.name}" takes ${type} [${shape.join(', ')}] as "${name}" and was given ${value.type} [${value.shape.join(', ')}].`,
    'Please use the size of picture that the network was made for.',
  );
}
