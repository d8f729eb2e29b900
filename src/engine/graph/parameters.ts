import { LWayError } from '../errors';
import type { Graph, Node } from './graph';
import type { Tensor } from './tensor';

/**
 * Which weights of the network learn: all; those of the last `k` layers (convolutions and matrix products, counted from
 * the output); biases and the scales of normalisations; or initialisers by name.
 */
export type Trainable = 'all' | 'biases-and-norms' | { readonly last: number } | { readonly names: readonly string[] };

/** An initialiser that takes part as something learned. */
export interface LearnedWeight {
  readonly name: string;
  readonly kind: 'weight' | 'bias' | 'norm' | 'slope';
  /** The convolution or matrix product that it belongs to, or stands behind; 0 is the first of the network. */
  readonly layer: number;
}

type Kind = LearnedWeight['kind'];

/** What a weight at an input of an op is; element-wise ones count where they hold more than one value. */
const ROLES: Readonly<Record<string, readonly (Kind | undefined)[]>> = {
  Conv: [undefined, 'weight', 'bias'],
  ConvTranspose: [undefined, 'weight', 'bias'],
  Gemm: ['weight', 'weight', 'bias'],
  MatMul: ['weight', 'weight'],
  PRelu: [undefined, 'slope'],
  BatchNormalization: [undefined, 'norm', 'norm'],
  InstanceNormalization: [undefined, 'norm', 'norm'],
  LayerNormalization: [undefined, 'norm', 'norm'],
  GroupNormalization: [undefined, 'norm', 'norm'],
  Add: ['bias', 'bias'],
  Sub: ['bias', 'bias'],
  Mul: ['norm', 'norm'],
  Div: ['norm', 'norm'],
};
const LAYERS = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
const ELEMENTWISE = new Set(['Add', 'Sub', 'Mul', 'Div']);
/** Ops through which a weight stays a weight. */
const PASSING = new Set([
  'Identity',
  'Cast',
  'Reshape',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'Expand',
  'Gather',
  'Slice',
  'Flatten',
]);

/**
 * The learned weights of a network, in the order in which they take part. Constants of the exporter's (scales of a
 * Resize, a running mean, single numbers in arithmetic) are not among them.
 */
export const parametersOf = ({ nodes, initializers }: Graph): LearnedWeight[] => learnedAmong(initializers, nodes);

/**
 * Some exporters write weights as `Constant` nodes. Where no initialiser is a learned weight, such nodes become
 * initialisers, because only those can learn; elsewhere constants are what their name says.
 *
 * @param initializers get the weights
 * @returns the nodes that are left
 */
export function liftWeights(nodes: readonly Node[], initializers: Map<string, Tensor>): readonly Node[] {
  if (learnedAmong(initializers, nodes).length > 0) return nodes;
  const constants = new Map<string, Tensor>();
  for (const { op, attributes, outputs } of nodes) {
    const value = op === 'Constant' ? attributes['value'] : undefined;
    if (typeof value === 'object' && 'dims' in value) constants.set(outputs[0]!, value);
  }
  const lifted = new Set(learnedAmong(constants, nodes).map(({ name }) => name));
  for (const name of lifted) initializers.set(name, constants.get(name)!);
  return nodes.filter(({ outputs }) => !lifted.has(outputs[0]!));
}

function learnedAmong(tensors: ReadonlyMap<string, Tensor>, nodes: readonly Node[]): LearnedWeight[] {
  const origin = new Map<string, string>();
  for (const [name, { type }] of tensors) if (type === 'float32') origin.set(name, name);
  const found = new Map<string, LearnedWeight>();
  let layer = -1;
  for (const node of nodes) {
    const isLayer = LAYERS.has(node.op) && node.inputs.some((name) => origin.has(name));
    if (isLayer) layer++;
    if (PASSING.has(node.op)) {
      const source = origin.get(node.inputs[0]!);
      if (source !== undefined) origin.set(node.outputs[0]!, source);
    }
    node.inputs.forEach((input, i) => {
      const name = origin.get(input);
      const kind = ROLES[node.op]?.[i];
      if (name === undefined || kind === undefined || found.has(name)) return;
      // A single number in arithmetic is a factor of the exporter's.
      if (ELEMENTWISE.has(node.op) && tensors.get(name)!.data.length === 1) return;
      found.set(name, { name, kind, layer: Math.max(0, layer) });
    });
  }
  return [...found.values()];
}

/**
 * Names of the initialisers that are to learn.
 *
 * @throws LWayError `bad-option` where a name is no float initialiser of the network or nothing is chosen
 */
export function chooseTrainable(graph: Graph, trainable: Trainable): string[] {
  const all = parametersOf(graph);
  const chosen = ((): string[] => {
    if (trainable === 'all') return all.map(({ name }) => name);
    if (trainable === 'biases-and-norms') {
      return all.filter(({ kind }) => kind === 'bias' || kind === 'norm').map(({ name }) => name);
    }
    if ('last' in trainable) {
      const layers = 1 + Math.max(-1, ...all.map(({ layer }) => layer));
      return all.filter(({ layer }) => layer >= layers - trainable.last).map(({ name }) => name);
    }
    const wrong = trainable.names.find((name) => graph.initializers.get(name)?.type !== 'float32');
    if (wrong === undefined) return [...new Set(trainable.names)];
    throw new LWayError(
      'bad-option',
      `The network has no weight "${wrong}" that could learn.`,
      'Please choose among the names of its weights.',
    );
  })();
  if (chosen.length > 0) return chosen;
  throw new LWayError(
    'bad-graph',
    'The network has no weights that could learn.',
    'Please choose another network, or upscale without adaptation.',
  );
}
