import { LWayError } from '../common/errors';
import type { Device } from '../runtime/runtime';
import { GraphBuilder } from './graph-builder';
import { gradients, type Obstacle } from './differentiate';
import type { Graph } from './graph';
import { lowerings, type Lowering } from './lowering';
import { momentsOf, SCHEDULE_SIZE, update, type Optimizer } from './optimizer';
import { chooseTrainable, type Trainable } from './parameters';
import type { Value } from './value';
import { float32, sizeOf } from './tensor';

/** What the loss is made from. */
export interface LossValues {
  /** The network applied to the data input that bears its input's name. */
  readonly output: Value;
  /** The frozen tail applied to `output`; `output` itself where there is no tail. */
  readonly reconstruction: Value;
  /** All data inputs of the step by name. */
  readonly inputs: Readonly<Record<string, Value>>;
  /** The trainable network once more, on another input: weights are shared, their gradients summed. */
  network(input: Value): Value;
  /** The network with the weights it came with: an anchor that does not learn. */
  original(input: Value): Value;
}

export interface Loss {
  /** Single number that is minimised. */
  readonly total: Value;
  /** Single numbers to look at. */
  readonly terms?: Readonly<Record<string, Value>>;
  /** A value that evaluations give back whole, for people to see. */
  readonly shown?: Value;
}

export interface TrainingStepOptions {
  /** The network that learns, as read: one input, one output. */
  readonly network: Graph;
  /** Shapes of the data inputs by name. The network reads the one that bears its input's name. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Applied to the network's output, which is its only input. It does not learn. */
  readonly frozenTail?: Graph;
  /** Writes the loss down; called more than once, and must write the same each time. */
  readonly loss: (b: GraphBuilder, values: LossValues) => Loss;
  /** 'all' if left out. */
  readonly trainable?: Trainable;
  readonly optimizer: Optimizer;
  /**
   * Sets of data that one step learns from, one after the other, their gradients averaged: what memory does not hold at
   * once, or a network does not take. 1 if left out. `inputs` are the shapes of one set.
   */
  readonly parts?: number;
  /**
   * Bytes that a step should hold at once. Where the values that gradients are computed from are more, most of them are
   * computed a second time instead of being kept, which takes a third more time. No limit if left out.
   */
  readonly memory?: number;
  /** Where the step will run, for the choice of lowerings; 'cpu' if left out. Any device runs any. */
  readonly device?: Device;
  /** Differences from what is usual on the device. */
  readonly lowering?: Partial<Lowering>;
}

/** Where a trained initialiser lies in the packed vector of weights. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** What learns, what does not, and why. */
export interface TrainingReport {
  readonly trained: readonly string[];
  readonly frozen: readonly { readonly name: string; readonly reason: string }[];
  /** Ops without a gradient rule between weights that were to learn and the loss. */
  readonly obstacles: readonly Obstacle[];
}

/**
 * One step of training as an ordinary graph.
 *
 * Inputs: the data; `weights` [P], all trained initialisers one after the other; the moments [P] each; `schedule` [3]
 * (scheduleOf); `health` [1], 1 until a gradient was not finite.
 * Outputs: `next.weights`, `next.` and each moment, `next.health` of the same shapes; `losses` [K], which are the total,
 * the terms and the norm of the gradient before clipping. Once health is 0, weights no longer change: they stay the last good ones.
 *
 * In parts, `graph` only adds up gradients, from `sum` [P] to `next.sum`, with `losses` without the norm; `update` then
 * takes `sum` instead of data, and gives `norm` [1] instead of losses.
 */
export interface TrainingStep {
  readonly graph: Graph;
  readonly update?: Graph;
  readonly parts: number;
  /** Bytes of the values that lie in memory at once at the fullest moment of `graph`, weights and data not counted. */
  readonly liveBytes: number;
  /** Bytes of the largest value of `graph`: a graphics device holds each in a buffer of its own. */
  readonly largestBytes: number;
  /** `losses` without the gradient's norm, and `shown` where the loss has it, from the same data and `weights`. */
  readonly evaluation: Graph;
  readonly network: Graph;
  readonly optimizer: Optimizer;
  readonly parameters: readonly Parameter[];
  /** Number of values in `weights`. */
  readonly size: number;
  /** Names of the moments' inputs. */
  readonly moments: readonly string[];
  /** Names of what `losses` holds, in order: 'total', the terms, 'gradientNorm'. */
  readonly losses: readonly string[];
  readonly report: TrainingReport;
}

/**
 * Turns a network into the graph of its training step: forward, frozen tail, loss, backward and optimizer, in standard
 * ops. Weights upstream of an op without a gradient rule are frozen; the report says so.
 *
 * @throws LWayError `bad-graph` where shapes do not fit, or nothing at all could learn; `bad-option` for wrong names
 */
export function trainingStep(options: TrainingStepOptions): TrainingStep {
  const { network, optimizer, trainable = 'all' } = options;
  const chosen = chooseTrainable(network, trainable);
  let draft = differentiated(options, chosen);
  const report = reportOf(draft);
  if (report.frozen.length > 0) draft = differentiated(options, report.trained);
  const { b, loss, parameters, size, weights, pieces, of } = draft;
  const moments = momentsOf(optimizer);
  const gradient = b.concat(
    pieces.map((piece) => b.flat(of.get(piece)!)),
    0,
  );
  const { parts = 1 } = options;
  let outputs: Record<string, Value>;
  let updating: Graph | undefined;
  if (parts === 1) {
    const { next, norm } = learn(b, options, { parameters, size }, weights, gradient);
    outputs = { ...next, losses: packLosses(b, loss, norm) };
  } else {
    outputs = {
      'next.sum': b.add(b.input('sum', [size]), b.mul(gradient, 1 / parts)),
      losses: packLosses(b, loss),
    };
    const u = new GraphBuilder(`${network.name}.update`);
    const { next, norm } = learn(u, options, { parameters, size }, u.input('weights', [size]), u.input('sum', [size]));
    updating = u.build({ ...next, norm: u.reshape(norm, [1]) });
  }
  const graph = b.build(outputs);

  const forwardOnly = new GraphBuilder(`${network.name}.evaluation`);
  const evaluated = forward(forwardOnly, options, parameters, size);
  const { shown } = evaluated.loss;
  const evaluation = forwardOnly.build({
    losses: packLosses(forwardOnly, evaluated.loss),
    ...(shown === undefined ? {} : { shown }),
  });
  return {
    graph,
    update: updating,
    parts,
    liveBytes: b.liveBytes(Object.values(outputs)),
    largestBytes: b.largestBytes(Object.values(outputs)),
    evaluation,
    network,
    optimizer,
    parameters,
    size,
    moments,
    losses: ['total', ...Object.keys(loss.terms ?? {}), 'gradientNorm'],
    report,
  };
}

/** The optimizer behind a gradient: what a step gives, and the gradient's norm, not a number where it was unhealthy. */
function learn(
  b: GraphBuilder,
  { network, optimizer }: TrainingStepOptions,
  packing: Pick<TrainingStep, 'parameters' | 'size'>,
  weights: Value,
  gradient: Value,
): { next: Record<string, Value>; norm: Value } {
  const moments = momentsOf(optimizer);
  const previous = moments.map((name) => b.input(name, [packing.size]));
  const schedule = b.input('schedule', [SCHEDULE_SIZE]);
  const health = b.input('health', [1]);
  const norm = b.sqrt(b.reduceSum(b.square(gradient), [0]));
  // Not a number compares as false: unhealthy too.
  const stillHealthy = b.where(b.less(norm, LARGEST), health, 0);
  const healthy = b.greater(stillHealthy, 0);
  const next = update(b, optimizer, {
    weights,
    origin: optimizer.anchor ? b.constant(float32(packWeights({ network, ...packing }))) : undefined,
    gradient: b.where(healthy, gradient, 0),
    norm,
    moments: previous,
    schedule,
    learns: stillHealthy,
  });
  return {
    next: {
      'next.weights': next.weights,
      ...Object.fromEntries(moments.map((name, i) => [`next.${name}`, next.moments[i]!])),
      'next.health': stillHealthy,
    },
    // An unhealthy step shows in what is read of it.
    norm: b.where(healthy, norm, NaN),
  };
}

/** Norms above this count as infinite; their square still fits into float32. */
const LARGEST = 1e19;

type Draft = ReturnType<typeof differentiated>;

/** Forward and backward of a step in which these weights learn. */
function differentiated(options: TrainingStepOptions, names: readonly string[]) {
  const { network, memory = Infinity } = options;
  const lowering = { ...lowerings[options.device ?? 'cpu'], ...options.lowering };
  const parameters = layOut(network, names);
  const size = parameters.reduce((sum, parameter) => sum + parameter.size, 0);
  const b = new GraphBuilder(`${network.name}.training`);
  const { loss, weights, pieces } = forward(b, options, parameters, size);
  const frugal = b.madeBytes(pieces) > memory;
  return { b, loss, parameters, size, weights, pieces, ...gradients(b, loss.total, pieces, lowering, frugal) };
}

/** Which of the chosen weights the loss can teach. */
function reportOf({ parameters, pieces, of, obstacles, blocked }: Draft): TrainingReport {
  const behind = [...new Set(obstacles.map(({ op, node }) => (node === '' ? op : `${op} "${node}"`)))].join(', ');
  const trained: string[] = [];
  const frozen: { name: string; reason: string }[] = [];
  parameters.forEach(({ name }, i) => {
    const piece = pieces[i]!;
    const known = `no gradient is known for ${behind}`;
    if (of.has(piece)) trained.push(name);
    else frozen.push({ name, reason: blocked.has(piece) ? known : 'the loss does not depend on it' });
  });
  if (trained.length > 0) return { trained, frozen, obstacles };
  const why = behind === '' ? 'the loss does not depend on them' : `no gradient is known for ${behind}`;
  throw new LWayError(
    'bad-graph',
    `None of the network's weights can learn: ${why}.`,
    'Choose another network, or upscale without adaptation.',
  );
}

function layOut(network: Graph, names: readonly string[]): Parameter[] {
  let offset = 0;
  return names.map((name) => {
    const shape = network.initializers.get(name)!.dims;
    const size = sizeOf(shape);
    const parameter = { name, shape, offset, size };
    offset += size;
    return parameter;
  });
}

function forward(b: GraphBuilder, options: TrainingStepOptions, parameters: readonly Parameter[], size: number) {
  const weights = b.input('weights', [size]);
  const pieces = parameters.map(({ shape, offset, size: count }) =>
    b.reshape(b.slice(weights, [offset], [offset + count], [0]), shape),
  );
  const bound = Object.fromEntries(parameters.map(({ name }, i) => [name, pieces[i]!]));
  return { loss: lossOf(b, options, bound), weights, pieces };
}

function lossOf(b: GraphBuilder, options: TrainingStepOptions, weights: Readonly<Record<string, Value>>): Loss {
  const { network, frozenTail } = options;
  const inputs = Object.fromEntries(
    Object.entries(options.inputs).map(([name, shape]) => [name, b.input(name, shape)]),
  );
  const apply = (input: Value): Value => b.call(network, [input], { weights })[0]!;
  const name = network.inputs[0]?.name ?? '';
  if (network.inputs.length !== 1 || inputs[name] === undefined) {
    throw new LWayError(
      'bad-graph',
      `The training step needs a data input for each input of the network (${network.inputs.map((input) => input.name).join(', ')}).`,
      'Choose a network with a single image as its input.',
    );
  }
  const output = apply(inputs[name]);
  const reconstruction = frozenTail === undefined ? output : b.call(frozenTail, [output])[0]!;
  const original = (input: Value): Value => b.call(network, [input])[0]!;
  return options.loss(b, { output, reconstruction, inputs, network: apply, original });
}

function packLosses(b: GraphBuilder, loss: Loss, norm?: Value): Value {
  const values = [loss.total, ...Object.values(loss.terms ?? {}), ...(norm === undefined ? [] : [norm])];
  return b.concat(
    values.map((value) => b.reshape(value, [1])),
    0,
  );
}

/** The trained initialisers as the vector `weights`. */
export function packWeights(
  step: Pick<TrainingStep, 'network' | 'parameters' | 'size'>,
  initializers: Graph['initializers'] = step.network.initializers,
): Float32Array {
  const packed = new Float32Array(step.size);
  for (const { name, offset } of step.parameters) packed.set(initializers.get(name)!.data as Float32Array, offset);
  return packed;
}

/** The network with the weights of a packed vector. */
export function withWeights(step: TrainingStep, packed: Float32Array): Graph {
  const initializers = new Map(step.network.initializers);
  for (const { name, shape, offset, size } of step.parameters) {
    initializers.set(name, { type: 'float32', dims: shape, data: packed.slice(offset, offset + size) });
  }
  return { ...step.network, initializers };
}
