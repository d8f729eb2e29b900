import { LWayError } from '../common/errors';
import { withBranches, type Graph, type Node } from './graph';
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
export const parametersOf = ({ nodes, initializers }: Graph): LearnedWeight[] =>
  learnedAmong(initializers, nodes).map(({ name, kind, layer }) => ({ name, kind, layer }));

/**
 * Some exporters write weights as `Constant` nodes, all or a part of them: those become initialisers, because only those
 * can learn. What is added or multiplied element by element counts as a weight only where no initialiser is one;
 * elsewhere such constants are what their name says.
 *
 * @param initializers get the weights
 * @returns the nodes that are left
 */
export function liftWeights(nodes: readonly Node[], initializers: Map<string, Tensor>): readonly Node[] {
  const all = learnedAmong(initializers, nodes).length === 0;
  const constants = new Map<string, Tensor>();
  for (const { op, attributes, outputs } of nodes) {
    const value = op === 'Constant' ? attributes['value'] : undefined;
    if (typeof value === 'object' && 'dims' in value) constants.set(outputs[0]!, value);
  }
  const lifted = new Set(
    learnedAmong(constants, nodes)
      .filter(({ inLayer }) => all || inLayer)
      .map(({ name }) => name),
  );
  for (const name of lifted) initializers.set(name, constants.get(name)!);
  return nodes.filter(({ outputs }) => !lifted.has(outputs[0]!));
}

interface Found extends LearnedWeight {
  /** Read by a layer, a normalisation or a PRelu, and not only element by element. */
  readonly inLayer: boolean;
}

function learnedAmong(tensors: ReadonlyMap<string, Tensor>, listed: readonly Node[]): Found[] {
  const nodes = withBranches(listed);
  const origin = new Map<string, string>();
  for (const [name, { type }] of tensors) if (type === 'float32') origin.set(name, name);
  const found = new Map<string, Found>();
  /** Values that a layer has had a part in, and those that none has. */
  const behind = new Set<string>();
  const fixed: Tensor[] = [];
  let layer = -1;
  for (const node of nodes) {
    const isLayer = LAYERS.has(node.op) && node.inputs.some((name) => origin.has(name));
    if (isLayer) layer++;
    if (PASSING.has(node.op)) {
      const source = origin.get(node.inputs[0]!);
      if (source !== undefined) origin.set(node.outputs[0]!, source);
    }
    const elementwise = ELEMENTWISE.has(node.op);
    const before = !node.inputs.some((name) => behind.has(name));
    if (isLayer || !before) node.outputs.forEach((name) => behind.add(name));
    node.inputs.forEach((input, i) => {
      const name = origin.get(input);
      const kind = ROLES[node.op]?.[i];
      if (name === undefined || kind === undefined || found.has(name)) return;
      const tensor = tensors.get(name)!;
      // A single number in arithmetic is a factor of the exporter's; a mask hides, it does not learn.
      if (elementwise && (tensor.data.length === 1 || isMask(tensor))) return;
      // What is taken from the picture before the first layer is its mean, and added to the result it is that again.
      if (elementwise && before && !node.inputs.every((each) => origin.has(each))) return void fixed.push(tensor);
      found.set(name, { name, kind, layer: Math.max(0, layer), inLayer: !elementwise });
    });
  }
  return [...found.values()].filter(
    ({ name, inLayer }) => inLayer || !fixed.some((tensor) => sameValues(tensor, tensors.get(name)!)),
  );
}

/** Zero, or far below: what is added to scores that are not to count. */
function isMask({ data }: Tensor): boolean {
  let hides = false;
  for (const value of data as Float32Array) {
    if (value !== 0 && value > -50) return false;
    hides ||= value !== 0;
  }
  return hides;
}

const sameValues = (a: Tensor, c: Tensor): boolean =>
  a === c || (a.data.length === c.data.length && (a.data as Float32Array).every((value, i) => value === c.data[i]));

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
      `The network has no weight "${wrong}" that can learn.`,
      'Choose one of the names of its weights.',
    );
  })();
  if (chosen.length > 0) return chosen;
  throw new LWayError(
    'bad-graph',
    'The network has no weights that can learn.',
    'Choose another network, or upscale without adaptation.',
  );
}
