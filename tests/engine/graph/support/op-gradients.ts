import {
  differentiate,
  GraphBuilder,
  readGraph,
  type Graph,
  type Lowering,
  type Value,
} from '../../../../src/engine/graph';
import type { OpCase } from '../golden';

/** A golden op's network with sum(output * cotangent) behind it, and the gradients of that. */
export function gradientGraph(
  { model, inputs, cotangents, gradients }: OpCase,
  { lowering = {}, forward = true }: { lowering?: Partial<Lowering>; forward?: boolean } = {},
): Graph {
  const network = readGraph(Buffer.from(model, 'base64'));
  const b = new GraphBuilder('golden');
  const values: Record<string, Value> = {};
  for (const [name, { shape, type }] of Object.entries(inputs)) values[name] = b.input(name, shape, type);
  const outputs = b.call(network, values);
  const results: Record<string, Value> = {};
  const terms: Value[] = [];
  network.outputs.forEach(({ name }, i) => {
    if (forward) results[`forward.${name}`] = outputs[i]!;
    const cotangent = cotangents[name];
    if (cotangent === undefined) return;
    terms.push(b.reduceSum(b.mul(outputs[i]!, b.input(`d.${name}`, cotangent.shape)), undefined, false));
  });
  results['loss'] = b.sum(terms);
  const { graph, obstacles } = differentiate(b.build(results), { loss: 'loss', wrt: Object.keys(gradients), lowering });
  if (obstacles.length > 0) throw new Error(`no rule for ${obstacles.map(({ op }) => op).join(', ')}`);
  return graph;
}
