import { float32, int64, type Attributes, type Graph, type Node, type Tensor } from '../graph';
import { damaged, sizeOf, type Weight, type Weights } from './weights';

/** What sizes a network's picture may have, and what becomes of it. */
export interface Ports {
  readonly channelsIn: number;
  readonly channelsOut: number;
}

export interface ConvSettings {
  readonly pads?: readonly number[];
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly group?: number;
}

/** Name of the picture that goes in, [N, C, H, W], 0..1. */
export const INPUT = 'image';
const OUTPUT = 'enlarged';

/** PyTorch's, where a network says nothing else. */
const LAYER_EPSILON = 1e-5;

/**
 * Writes down a network whose batch and sizes stay open, node by node; values are known by their names. Weights keep the
 * names that they have in the file they come from.
 */
export class NetworkBuilder {
  private readonly nodes: Node[] = [];
  private readonly initializers = new Map<string, Tensor>();

  constructor(
    private readonly name: string,
    private readonly weights: Weights,
  ) {}

  /** A weight of the file. @throws LWayError `bad-model` where it is missing */
  take(key: string): Weight {
    const weight = this.weights.get(key);
    if (weight === undefined) throw damaged(`This network lacks "${key}"; it`);
    return weight;
  }

  has(key: string): boolean {
    return this.weights.has(key);
  }

  /** An initialiser. */
  keep(name: string, { dims, data }: Weight): string {
    this.initializers.set(name, float32(data, dims));
    return name;
  }

  /** A weight of the file under its own name. */
  own(key: string): string {
    return this.keep(key, this.take(key));
  }

  number(value: number): string {
    return this.constant(float32(value), `number_${value}`);
  }

  ints(values: readonly number[]): string {
    return this.constant(int64(values), `ints_${values.join('_')}`);
  }

  floats(values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.constant(float32(values, dims), `floats_${values.join('_')}_${dims.join('x')}`);
  }

  /** A single whole number. */
  whole(value: number): string {
    return this.constant(int64(value), `int_${value}`);
  }

  /** Whole numbers of any shape, too many for a name of their own. */
  indices(name: string, values: readonly number[], dims: readonly number[]): string {
    return this.constant(int64(values, dims), name);
  }

  private constant(tensor: Tensor, name: string): string {
    this.initializers.set(name, tensor);
    return name;
  }

  /** Any operation with one output, in the form of opset 21. */
  op(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.several(op, inputs, 1, attributes)[0]!;
  }

  several(op: string, inputs: readonly string[], count: number, attributes: Attributes = {}): readonly string[] {
    const at = this.nodes.length;
    const outputs = Array.from({ length: count }, (_, i) => (count === 1 ? `v${at}` : `v${at}_${i}`));
    this.nodes.push({ name: `${op}_${at}`, op, inputs: [...inputs], outputs, attributes });
    return outputs;
  }

  /** Convolution with given weights; what keeps the size if nothing is said of `pads`. */
  convWith(
    x: string,
    weight: string,
    bias: string | undefined,
    kernel: readonly number[],
    settings: ConvSettings = {},
  ) {
    const { strides = [1, 1], dilations = [1, 1], group = 1 } = settings;
    const same = kernel.map((size, i) => ((size - 1) * dilations[i]!) / 2);
    const pads = settings.pads ?? [...same, ...same];
    const attributes = { kernel_shape: kernel, strides, dilations, pads, group };
    return this.op('Conv', [x, weight, ...(bias === undefined ? [] : [bias])], attributes);
  }

  /** The convolution of a PyTorch module: `key.weight`, and `key.bias` where it has one. */
  conv(x: string, key: string, settings: ConvSettings = {}): string {
    const { dims } = this.take(`${key}.weight`);
    const bias = this.has(`${key}.bias`) ? this.own(`${key}.bias`) : undefined;
    return this.convWith(x, this.own(`${key}.weight`), bias, dims.slice(2), settings);
  }

  /** A PyTorch linear layer for rows of numbers: [rows, inputs] to [rows, outputs]. */
  linear(x: string, key: string): string {
    const bias = this.has(`${key}.bias`) ? [this.own(`${key}.bias`)] : [];
    return this.op('Gemm', [x, this.own(`${key}.weight`), ...bias], { transB: 1 });
  }

  /** PyTorch's layer normalisation of the last axis. */
  layerNorm(x: string, key: string): string {
    const inputs = [x, this.own(`${key}.weight`), this.own(`${key}.bias`)];
    return this.op('LayerNormalization', inputs, { axis: -1, epsilon: LAYER_EPSILON });
  }

  leakyRelu(x: string, alpha: number): string {
    return this.op('LeakyRelu', [x], { alpha });
  }

  nearest(x: string, scale: number): string {
    if (scale === 1) return x;
    return this.op('Resize', [x, '', this.floats([1, 1, scale, scale])], {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    });
  }

  /** PyTorch's pixel shuffle. */
  pixelShuffle(x: string, scale: number): string {
    return scale === 1 ? x : this.op('DepthToSpace', [x], { blocksize: scale, mode: 'CRD' });
  }

  /** The whole network with `output` as its answer. */
  finish(output: string, { channelsIn, channelsOut }: Ports): Graph {
    this.nodes.push({ name: 'answer', op: 'Identity', inputs: [output], outputs: [OUTPUT], attributes: {} });
    return {
      name: this.name,
      inputs: [{ name: INPUT, type: 'float32', shape: ['batch', channelsIn, 'height', 'width'] }],
      outputs: [{ name: OUTPUT, type: 'float32', shape: ['batch', channelsOut, 'tall', 'wide'] }],
      nodes: this.nodes,
      initializers: this.initializers,
    };
  }
}

/** The scale of a pixel shuffle to pictures, from the channels before it; those of the answer are tried in this order. */
export function shuffleScale(channels: number, channelsIn: number): { scale: number; channelsOut: number } {
  for (const channelsOut of [channelsIn, 3, 4, 1]) {
    const scale = Math.sqrt(channels / channelsOut);
    if (Number.isInteger(scale) && scale >= 1) return { scale, channelsOut };
  }
  throw damaged(`The last layer of this network has ${channels} channels, which do not make a picture; it`);
}

/** One more than the largest number that follows `prefix` in a name: how many such modules there are. */
export function countOf(weights: Weights, prefix: string): number {
  let count = 0;
  for (const key of weights.keys()) {
    const number = key.startsWith(prefix) ? /^\d+/.exec(key.slice(prefix.length)) : null;
    if (number !== null) count = Math.max(count, Number(number[0]) + 1);
  }
  return count;
}

/** Whether a weight has this many axes. */
export const isConv = (weight: Weight | undefined): boolean =>
  weight?.dims.length === 4 && sizeOf(weight.dims) === weight.data.length;
