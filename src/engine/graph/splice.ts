import { LWayError } from '../common/errors';
import { isGraph, type Graph, type Node } from './graph';
import type { Recorder } from './recorder';
import type { Value } from './value';

/** As much of a recorder as splicing needs. */
type Recording = Pick<Recorder<unknown>, 'apply' | 'constant'>;

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
  recorder: Recording,
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
        'Choose a network with a single image as its input.',
      );
    }
    values.set(input.name, checked(graph, i, given));
  });
  run(recorder, graph.nodes, values);
  return graph.outputs.map((output) => values.get(output.name)!);
}

function run(recorder: Recording, nodes: readonly Node[], values: Map<string, Value>): void {
  for (const node of nodes) {
    const results = node.op === 'If' ? decided(recorder, node, values) : applied(recorder, node, values);
    node.outputs.forEach((name, i) => {
      if (name !== '') values.set(name, results[i]!);
    });
  }
}

function applied(recorder: Recording, node: Node, values: ReadonlyMap<string, Value>): readonly Value[] {
  const operands = node.inputs.map((name) => (name === '' ? undefined : values.get(name)));
  const { op, attributes, outputs, name } = node;
  return recorder.apply(op, operands, attributes, { outputs: outputs.length, node: name, hints: outputs });
}

/** The branch of an `If` that its condition takes, which has to be clear before the graph runs. */
function decided(recorder: Recording, node: Node, values: ReadonlyMap<string, Value>): readonly Value[] {
  const condition = values.get(node.inputs[0]!)?.constant;
  const branch = node.attributes[Number(condition?.data[0] ?? 0) !== 0 ? 'then_branch' : 'else_branch'];
  if (condition === undefined || !isGraph(branch)) {
    throw new LWayError(
      'bad-graph',
      `What the network does depends on the picture (If "${node.name}"), which is not supported.`,
      'Choose another network, or export this one with the sizes of its pictures fixed.',
    );
  }
  const inner = new Map(values);
  for (const [name, tensor] of branch.initializers) inner.set(name, recorder.constant(tensor, name));
  run(recorder, branch.nodes, inner);
  return branch.outputs.map(({ name }) => inner.get(name)!);
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
    'Use the size of picture that the network was made for.',
  );
}
