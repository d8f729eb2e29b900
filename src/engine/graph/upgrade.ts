import type { Attributes, Node } from './graph';
import { float32, int64, type Tensor } from './tensor';
import { TYPE_CODES, typeOfCode } from './types';

/** Where nodes that take the place of another put their constants and names. */
interface Context {
  readonly initializers: Map<string, Tensor>;
  readonly version: number;
  /** The name of a new constant for a node. */
  constant(node: Node, what: string, tensor: Tensor): string;
}

const REDUCTIONS = new Set([
  'ReduceSum',
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceProd',
  'ReduceL1',
  'ReduceL2',
  'ReduceSumSquare',
  'ReduceLogSum',
  'ReduceLogSumExp',
]);

/**
 * Brings nodes of an older opset to {@link OPSET}: what used to be an attribute and is an input now, and what changed
 * its meaning. https://github.com/onnx/onnx/blob/main/docs/Changelog.md
 */
export function upgrade(nodes: readonly Node[], initializers: Map<string, Tensor>, version: number): Node[] {
  let counter = 0;
  const context: Context = {
    initializers,
    version,
    constant: (node, what, tensor) => {
      let name: string;
      do name = `${node.name}.${what}.${counter++}`;
      while (initializers.has(name));
      initializers.set(name, tensor);
      return name;
    },
  };
  return nodes.flatMap((node) => upgraded(node, context));
}

function upgraded(node: Node, context: Context): Node[] {
  const { op } = node;
  const { version } = context;
  if (op === 'Squeeze' || op === 'Unsqueeze' || REDUCTIONS.has(op)) return [toInput(node, 'axes', context)];
  switch (op) {
    case 'Upsample':
      return [upsample(node)];
    case 'Slice':
      return [version < 10 ? cutAttributes(node, context) : node];
    case 'TopK':
      return [toInput(node, 'k', context)];
    case 'Pad':
      return [version < 11 ? padAttributes(node, context) : node];
    case 'Clip':
      return [version < 11 ? clipAttributes(node, context) : node];
    case 'Scatter':
      return [{ ...node, op: 'ScatterElements' }];
    case 'Split':
      return [split(toInput(node, 'split', context))];
    case 'Dropout':
      // Only its first output means anything in inference.
      return [{ ...node, inputs: [node.inputs[0]!], outputs: [node.outputs[0]!], attributes: {} }];
    case 'Softmax':
    case 'LogSoftmax':
    case 'Hardmax':
      return version < 13 ? flatSoftmax(node, context) : [node];
    case 'Resize':
      return [version < 11 ? upsample(node) : resize(node, context)];
    case 'GridSample':
      return [gridSample(node)];
    case 'Cast':
      return [cast(node)];
    case 'GroupNormalization':
      return version < 21 ? groupNormalization(node, context) : [node];
    case 'BatchNormalization':
      return [{ ...node, outputs: [node.outputs[0]!], attributes: without(node.attributes, 'momentum', 'spatial') }];
    default:
      return [node];
  }
}

function without(attributes: Attributes, ...names: string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}

/** An attribute that has become the second input. */
function toInput(node: Node, name: string, context: Context): Node {
  const given = node.attributes[name];
  const value = typeof given === 'number' ? [given] : given;
  const attributes = without(node.attributes, name);
  if (!Array.isArray(value)) return { ...node, attributes };
  const input = context.constant(node, name, int64(value as number[]));
  return { ...node, inputs: [node.inputs[0]!, input], attributes };
}

/** Before opset 10 a Slice had its places as attributes. */
function cutAttributes(node: Node, context: Context): Node {
  const lists = ['starts', 'ends', 'axes'].map((name) => node.attributes[name] as number[] | undefined);
  const inputs = lists.flatMap((list, i) =>
    list === undefined ? [] : [context.constant(node, `cut${i}`, int64(list))],
  );
  return { ...node, inputs: [node.inputs[0]!, ...inputs], attributes: {} };
}

function padAttributes(node: Node, context: Context): Node {
  const { pads, value } = node.attributes;
  const inputs = [node.inputs[0]!, context.constant(node, 'pads', int64(pads as number[]))];
  if (typeof value === 'number') inputs.push(context.constant(node, 'filling', float32(value)));
  return { ...node, inputs, attributes: without(node.attributes, 'pads', 'value') };
}

function clipAttributes(node: Node, context: Context): Node {
  const limit = (name: 'min' | 'max'): string => {
    const value = node.attributes[name];
    return typeof value === 'number' ? context.constant(node, name, float32(value)) : '';
  };
  return { ...node, inputs: [node.inputs[0]!, limit('min'), limit('max')], attributes: {} };
}

/** What opset 9 calls Upsample, and 10 Resize: places are counted from the corner, scales are the second input. */
function upsample(node: Node): Node {
  const mode = node.attributes['mode'] === 'linear' ? 'linear' : 'nearest';
  const attributes: Attributes = {
    mode,
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  };
  return { ...node, op: 'Resize', inputs: [node.inputs[0]!, '', node.inputs[1] ?? ''], attributes };
}

/** Since opset 18 equal parts are asked for by number. */
function split(node: Node): Node {
  if (node.inputs[1] || 'num_outputs' in node.attributes) return node;
  return { ...node, attributes: { ...node.attributes, num_outputs: node.outputs.length } };
}

/** Before opset 13 Softmax saw its input as a matrix: all axes from `axis` (1 by default) on were one. */
function flatSoftmax(node: Node, context: Context): Node[] {
  const axis = typeof node.attributes['axis'] === 'number' ? node.attributes['axis'] : 1;
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  const names = ['rows', 'softmax', 'shape'].map((part) => `${y}.${part}.${context.version}`) as [
    string,
    string,
    string,
  ];
  return [
    { name: `${node.name}.rows`, op: 'Flatten', inputs: [x], outputs: [names[0]], attributes: { axis } },
    { name: node.name, op: node.op, inputs: [names[0]], outputs: [names[1]], attributes: { axis: -1 } },
    { name: `${node.name}.shape`, op: 'Shape', inputs: [x], outputs: [names[2]], attributes: {} },
    { name: `${node.name}.back`, op: 'Reshape', inputs: [names[1], names[2]], outputs: [y], attributes: {} },
  ];
}

/** Inputs that older exporters leave empty are left out; the region of interest serves one mode only. */
function resize(node: Node, { initializers }: Context): Node {
  const crops = node.attributes['coordinate_transformation_mode'] === 'tf_crop_and_resize';
  const inputs = node.inputs.map((name, i) =>
    (i === 1 && !crops) || initializers.get(name)?.data.length === 0 ? '' : name,
  );
  return { ...node, inputs };
}

/** Opset 20 has other names for the same modes. */
function gridSample(node: Node): Node {
  const names: Record<string, string> = { bilinear: 'linear', bicubic: 'cubic' };
  const mode = String(node.attributes['mode'] ?? 'bilinear');
  return { ...node, attributes: { ...node.attributes, mode: names[mode] ?? mode } };
}

/** Half and double precision are float32 here. */
function cast(node: Node): Node {
  const type = typeOfCode(Number(node.attributes['to']));
  return type === undefined ? node : { ...node, attributes: { to: TYPE_CODES[type] } };
}

/** Opset 18 scales by group, opset 21 by channel: each group's number, repeated for its channels. */
function groupNormalization(node: Node, context: Context): Node[] {
  const groups = Number(node.attributes['num_groups'] ?? 1);
  const [x, ...weights] = node.inputs as [string, ...string[]];
  const y = node.outputs[0]!;
  const make = (op: string, name: string, inputs: string[], attributes: Attributes = {}): Node => ({
    name: `${node.name}.${name}`,
    op,
    inputs,
    outputs: [`${y}.${name}`],
    attributes,
  });
  const count = context.constant(node, 'groups', int64([groups]));
  const shape = [
    make('Shape', 'channels', [x], { start: 1, end: 2 }),
    make('Div', 'size', [`${y}.channels`, count]),
    make('Concat', 'shape', [count, `${y}.size`], { axis: 0 }),
  ];
  const one = context.constant(node, 'one', int64([1]));
  const all = context.constant(node, 'all', int64([-1]));
  const repeated = weights.flatMap((weight, i) => [
    make('Unsqueeze', `column${i}`, [weight, one]),
    make('Expand', `table${i}`, [`${y}.column${i}`, `${y}.shape`]),
    make('Reshape', `weight${i}`, [`${y}.table${i}`, all]),
  ]);
  return [...shape, ...repeated, { ...node, inputs: [x, ...weights.map((_, i) => `${y}.weight${i}`)] }];
}
