import { LWayError } from '../common/errors';
import { GraphBuilder } from './graph-builder';
import type { Graph } from './graph';

/**
 * The same graph for inputs of fixed size: all shapes known, what follows from constants computed, operations without
 * effect and values that nothing reads left out.
 *
 * @param shapes of the inputs by name; those whose shape is fixed already may be left out
 * @throws LWayError `bad-graph` naming node and op, where shapes do not fit or depend on the picture's values
 */
export function fixShapes(graph: Graph, shapes: Readonly<Record<string, readonly number[]>>): Graph {
  const b = new GraphBuilder(graph.name);
  const inputs = graph.inputs.map(({ name, type, shape }) => {
    const given = shapes[name] ?? shape;
    if (given.every((dim) => typeof dim === 'number')) return b.input(name, given as readonly number[], type);
    throw new LWayError(
      'bad-graph',
      `The size of the network's input "${name}" is open ([${shape.join(', ')}]) and was not given.`,
      'Choose a network with a single image as its input.',
    );
  });
  const outputs = b.call(graph, inputs);
  return b.build(Object.fromEntries(graph.outputs.map(({ name }, i) => [name, outputs[i]!])));
}
