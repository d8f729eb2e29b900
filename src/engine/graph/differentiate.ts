import { LWayError } from '../common/errors';
import { GraphBuilder } from './graph-builder';
import type { Graph } from './graph';
import { lowerings, type Lowering } from './lowering';
import { definitionOf } from './ops/op-table';
import { Recomputation } from './recompute';
import type { Operation, Value } from './value';
import { straightThroughs } from './straight-through';
import { sizeOf } from './tensor';

/** An operation that stops gradients, because no rule is known for it. */
export interface Obstacle {
  readonly op: string;
  readonly node: string;
}

export interface Gradients {
  /** d(loss)/d(value) for each value asked for; absent where the loss does not depend on it. */
  readonly of: ReadonlyMap<Value, Value>;
  /** Operations without a rule on the way from the values to the loss. */
  readonly obstacles: readonly Obstacle[];
  /** Values that influence the loss through an obstacle: their gradient is absent or incomplete. */
  readonly blocked: ReadonlySet<Value>;
}

/**
 * Writes d(loss)/d(value) behind what `b` has recorded, in reverse order, one rule per op. Values that only influence
 * the loss through an op without a rule have no gradient; values that influence it in part through one are `blocked` as
 * well, because their gradient would be wrong.
 *
 * @param loss a single element
 * @param frugal saves memory for time: most values are computed a second time instead of being kept
 */
export function gradients(
  b: GraphBuilder,
  loss: Value,
  wrt: readonly Value[],
  lowering: Lowering = lowerings.cpu,
  frugal = false,
): Gradients {
  if (sizeOf(loss.shape) !== 1 || loss.type !== 'float32') {
    throw new LWayError(
      'bad-graph',
      `A loss is a single number, not ${loss.type} [${loss.shape.join(', ')}].`,
      'Report this: the loss is written wrongly.',
    );
  }
  const history = [...b.history];
  const needed = dependentOn(history, new Set(wrt));
  const roundings = new Map(
    straightThroughs(history, (value) => b.producerOf(value)).map(({ rounded, source }) => [rounded, source]),
  );
  const { obstacles, blocked } = findObstacles(history, loss, needed, roundings);
  const recomputation = frugal ? new Recomputation(b, history, wrt) : undefined;
  const asNow = recomputation?.valueOf ?? ((value: Value) => value);
  const sums = new Map<Value, Value[]>([[loss, [b.expand(1, loss.shape)]]]);
  const add = (value: Value, gradient: Value) => {
    const parts = sums.get(value);
    if (parts === undefined) sums.set(value, [gradient]);
    else parts.push(gradient);
    recomputation?.note(value, gradient);
  };
  const takeSum = (value: Value): Value | undefined => {
    const parts = sums.get(value);
    return parts && b.sum(parts);
  };
  for (let i = history.length - 1; i >= 0; i--) {
    recomputation?.enter(i);
    const operation = history[i]!;
    const source = roundings.get(operation.outputs[0]!);
    if (source !== undefined) {
      const gradient = takeSum(operation.outputs[0]!);
      if (gradient !== undefined) add(source, b.reshape(gradient, source.shape));
      continue;
    }
    const rule = definitionOf(operation.op)?.gradient;
    if (rule === undefined || rule === 'none') continue;
    const needs = operation.inputs.map(
      (value) => value?.type === 'float32' && sizeOf(value.shape) > 0 && needed.has(value) && !blocked.has(value),
    );
    if (!needs.includes(true)) continue;
    const incoming = operation.outputs.map(takeSum);
    const dy = incoming.find((gradient) => gradient !== undefined);
    if (dy === undefined) continue;
    const inputs = operation.inputs.map((value) => value && asNow(value));
    const outputs = operation.outputs.map(asNow);
    const results = rule({ b, ...operation, inputs, outputs, gradients: incoming, dy, lowering });
    operation.inputs.forEach((value, k) => {
      const gradient = results[k];
      if (needs[k] && gradient !== undefined) add(value!, gradient);
    });
  }
  const result = new Map<Value, Value>();
  for (const value of wrt) {
    const gradient = takeSum(value);
    if (gradient !== undefined && !blocked.has(value)) result.set(value, gradient);
  }
  return { of: result, obstacles, blocked };
}

/** All values computed from `roots`, and these. */
function dependentOn(history: readonly Operation[], roots: ReadonlySet<Value>): Set<Value> {
  const found = new Set(roots);
  for (const { inputs, outputs } of history) {
    if (inputs.some((value) => value !== undefined && found.has(value))) outputs.forEach((value) => found.add(value));
  }
  return found;
}

function findObstacles(
  history: readonly Operation[],
  loss: Value,
  needed: ReadonlySet<Value>,
  roundings: ReadonlyMap<Value, Value>,
): { obstacles: Obstacle[]; blocked: Set<Value> } {
  const reaches = new Set([loss]);
  const blocked = new Set<Value>();
  const obstacles: Obstacle[] = [];
  for (let i = history.length - 1; i >= 0; i--) {
    const { op, node, inputs, outputs, attributes } = history[i]!;
    if (!outputs.some((value) => reaches.has(value))) continue;
    const source = roundings.get(outputs[0]!);
    if (source !== undefined) {
      reaches.add(source);
      if (blocked.has(outputs[0]!)) blocked.add(source);
      continue;
    }
    const definition = definitionOf(op);
    // Flat operations stop gradients as they should.
    if (definition?.gradient === 'none') continue;
    const stops = definition?.gradient === undefined || definition.covers?.(inputs, attributes) === false;
    const passesOn = stops || outputs.some((value) => blocked.has(value));
    let matters = false;
    for (const value of inputs) {
      if (value === undefined) continue;
      reaches.add(value);
      if (passesOn && needed.has(value)) {
        blocked.add(value);
        matters = true;
      }
    }
    if (stops && matters) obstacles.push({ op, node });
  }
  return { obstacles, blocked };
}

export interface DifferentiateOptions {
  /** Name of the output that is minimised: a single element. */
  readonly loss: string;
  /** Inputs or initialisers whose gradients are wanted. */
  readonly wrt: readonly string[];
  readonly lowering?: Partial<Lowering>;
}

export interface Differentiated {
  /** The graph with one more output `gradient.NAME` for each name in `wrt` that the loss depends on. */
  readonly graph: Graph;
  readonly obstacles: readonly Obstacle[];
}

/**
 * Adds gradients to a graph whose input shapes are fixed ({@link fixShapes}).
 *
 * @throws LWayError `bad-graph` where the loss is no output or no single number, or a name is unknown
 */
export function differentiate(graph: Graph, { loss, wrt, lowering }: DifferentiateOptions): Differentiated {
  const b = new GraphBuilder(graph.name);
  const inputs: Record<string, Value> = {};
  for (const { name, type, shape } of graph.inputs) {
    const open = shape.find((dim) => typeof dim === 'string');
    if (open !== undefined) {
      throw new LWayError(
        'bad-graph',
        `The size of the network's input "${name}" is open (${open}).`,
        'Fix its size first.',
      );
    }
    inputs[name] = b.input(name, shape as readonly number[], type);
  }
  // Weights whose gradients are wanted must not be folded away: they stay values until the end.
  const weights: Record<string, Value> = {};
  for (const name of wrt) {
    const tensor = graph.initializers.get(name);
    if (tensor !== undefined) weights[name] = b.weight(name, tensor);
    else if (inputs[name] === undefined) {
      throw new LWayError('bad-graph', `The network has no input or weight "${name}".`, 'Check the name.');
    }
  }
  const outputs = b.call(graph, inputs, { weights });
  const named = Object.fromEntries(graph.outputs.map(({ name }, i) => [name, outputs[i]!]));
  if (named[loss] === undefined) {
    throw new LWayError('bad-graph', `The network has no output "${loss}" to minimise.`, 'Check the name.');
  }
  const values = wrt.map((name) => weights[name] ?? inputs[name]!);
  const { of, obstacles } = gradients(b, named[loss], values, { ...lowerings.cpu, ...lowering });
  wrt.forEach((name, i) => {
    const gradient = of.get(values[i]!);
    if (gradient !== undefined) named[`gradient.${name}`] = gradient;
  });
  return { graph: b.build(named), obstacles };
}
