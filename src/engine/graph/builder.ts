import type { Attributes, Graph } from './graph';
import { Recorder } from './recorder';
import { splice, type CallOptions } from './splice';
import { sizeOf } from './tensor';
import type { Operand, Value } from './value';

export interface ConvOptions {
  readonly bias?: Operand;
  /** One per spatial axis; 1 if left out. */
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  /** Begin of each spatial axis, then end of each. If left out: what keeps the size, for odd kernels at stride 1. */
  readonly pads?: readonly number[];
  readonly group?: number;
}

export interface ConvTransposeOptions extends ConvOptions {
  readonly outputPadding?: readonly number[];
}

export interface ResizeOptions {
  /** 'linear' if left out. */
  readonly mode?: 'nearest' | 'linear' | 'cubic';
  /** 'half_pixel' if left out ('asymmetric' for nearest), as PyTorch without aligned corners. */
  readonly coordinates?: 'half_pixel' | 'asymmetric' | 'align_corners' | 'pytorch_half_pixel';
  /** -0.75 if left out. */
  readonly cubicCoefficient?: number;
}

/** A method for each operation. Operands broadcast as in NumPy; plain numbers are float32 scalars. Axes may be negative. */
export class Builder extends Recorder<Builder> {
  protected override readonly builder = this;

  /** Any operation with one output. */
  op(op: string, inputs: readonly (Operand | undefined)[], attributes: Attributes = {}): Value {
    return this.apply(op, inputs, attributes)[0]!;
  }

  /**
   * Puts a whole graph in here, for the shapes of the given inputs (in order, or by name), and gives its outputs.
   * Calling the same graph twice with the same `weights` shares them.
   */
  call(
    graph: Graph,
    inputs: readonly Value[] | Readonly<Record<string, Value>>,
    options: CallOptions = {},
  ): readonly Value[] {
    return splice(this, graph, inputs, options);
  }

  // Arithmetic
  add(a: Operand, b: Operand): Value {
    return this.op('Add', [a, b]);
  }
  /** The sum of one or more values of the same shape. */
  sum(values: readonly Value[]): Value {
    return values.reduce((sum, value) => this.add(sum, value));
  }
  sub(a: Operand, b: Operand): Value {
    return this.op('Sub', [a, b]);
  }
  mul(a: Operand, b: Operand): Value {
    return this.op('Mul', [a, b]);
  }
  div(a: Operand, b: Operand): Value {
    return this.op('Div', [a, b]);
  }
  pow(a: Operand, b: Operand): Value {
    return this.op('Pow', [a, b]);
  }
  square(a: Value): Value {
    return this.mul(a, a);
  }
  neg(a: Operand): Value {
    return this.op('Neg', [a]);
  }
  abs(a: Operand): Value {
    return this.op('Abs', [a]);
  }
  /** -1, 0 or 1. */
  sign(a: Operand): Value {
    return this.op('Sign', [a]);
  }
  sqrt(a: Operand): Value {
    return this.op('Sqrt', [a]);
  }
  exp(a: Operand): Value {
    return this.op('Exp', [a]);
  }
  log(a: Operand): Value {
    return this.op('Log', [a]);
  }
  min(a: Operand, b: Operand): Value {
    return this.op('Min', [a, b]);
  }
  max(a: Operand, b: Operand): Value {
    return this.op('Max', [a, b]);
  }
  clip(a: Operand, low: number | undefined, high: number | undefined): Value {
    return this.op('Clip', [a, low, high]);
  }

  // Comparisons (bool) and choice
  greater(a: Operand, b: Operand): Value {
    return this.op('Greater', [a, b]);
  }
  greaterOrEqual(a: Operand, b: Operand): Value {
    return this.op('GreaterOrEqual', [a, b]);
  }
  less(a: Operand, b: Operand): Value {
    return this.op('Less', [a, b]);
  }
  equal(a: Operand, b: Operand): Value {
    return this.op('Equal', [a, b]);
  }
  where(condition: Operand, a: Operand, b: Operand): Value {
    return this.op('Where', [condition, a, b]);
  }

  // Activations
  relu(a: Operand): Value {
    return this.op('Relu', [a]);
  }
  leakyRelu(a: Operand, alpha = 0.01): Value {
    return this.op('LeakyRelu', [a], { alpha });
  }
  /** `slope` broadcasts to `a`: [C, 1, 1] for one slope per channel. */
  prelu(a: Operand, slope: Operand): Value {
    return this.op('PRelu', [a, slope]);
  }
  sigmoid(a: Operand): Value {
    return this.op('Sigmoid', [a]);
  }
  tanh(a: Operand): Value {
    return this.op('Tanh', [a]);
  }
  softmax(a: Operand, axis = -1): Value {
    return this.op('Softmax', [a], { axis });
  }

  // Linear maps
  matmul(a: Operand, b: Operand): Value {
    return this.op('MatMul', [a, b]);
  }
  /** `a' b' + bias`, where ' transposes on request; matrices only. */
  gemm(a: Operand, b: Operand, options: { bias?: Operand; transA?: boolean; transB?: boolean } = {}): Value {
    const { bias, transA = false, transB = false } = options;
    return this.op('Gemm', [a, b, bias], { transA: Number(transA), transB: Number(transB) });
  }
  /** x [N, C, ...], weight [O, C / group, ...kernel], bias [O]. */
  conv(x: Operand, weight: Operand, options: ConvOptions = {}): Value {
    const w = this.value(weight);
    const kernel = w.shape.slice(2);
    const ones = kernel.map(() => 1);
    const { bias, strides = ones, dilations = ones, group = 1 } = options;
    const same = kernel.map((size, i) => ((size - 1) * dilations[i]!) / 2);
    const pads = options.pads ?? [...same, ...same];
    return this.op('Conv', [x, w, bias], { kernel_shape: kernel, strides, dilations, pads, group });
  }
  /** x [N, C, ...], weight [C, O / group, ...kernel], bias [O]. No padding if left out. */
  convTranspose(x: Operand, weight: Operand, options: ConvTransposeOptions = {}): Value {
    const w = this.value(weight);
    const kernel = w.shape.slice(2);
    const ones = kernel.map(() => 1);
    const { bias, strides = ones, dilations = ones, group = 1 } = options;
    const { pads = [...kernel, ...kernel].map(() => 0), outputPadding = kernel.map(() => 0) } = options;
    const attributes = { kernel_shape: kernel, strides, dilations, pads, group, output_padding: outputPadding };
    return this.op('ConvTranspose', [x, w, bias], attributes);
  }

  // Reductions; all axes if none are given
  reduceSum(a: Operand, axes?: readonly number[], keepDims = true): Value {
    return this.reduce('ReduceSum', a, axes, keepDims);
  }
  reduceMean(a: Operand, axes?: readonly number[], keepDims = true): Value {
    return this.reduce('ReduceMean', a, axes, keepDims);
  }
  reduceMax(a: Operand, axes?: readonly number[], keepDims = true): Value {
    return this.reduce('ReduceMax', a, axes, keepDims);
  }
  private reduce(op: string, a: Operand, axes: readonly number[] | undefined, keepDims: boolean): Value {
    const x = this.value(a);
    return this.op(op, [x, this.ints(axes ?? x.shape.map((_, i) => i))], { keepdims: Number(keepDims) });
  }
  /** The mean of all elements, a scalar. */
  mean(a: Value): Value {
    return this.reduceMean(a, undefined, false);
  }

  // Layout
  reshape(a: Operand, shape: readonly number[]): Value {
    return this.op('Reshape', [a, this.ints(shape)]);
  }
  /** One-dimensional, all elements in order. */
  flat(a: Value): Value {
    return this.reshape(a, [sizeOf(a.shape)]);
  }
  transpose(a: Operand, perm: readonly number[]): Value {
    const { shape } = this.value(a);
    const moving = perm.filter((axis) => shape[axis] !== 1);
    // Where only axes of one element change places the elements stay where they are.
    if (moving.every((axis, i) => i === 0 || axis > moving[i - 1]!))
      return this.reshape(
        a,
        perm.map((i) => shape[i]!),
      );
    return this.op('Transpose', [a], { perm });
  }
  expand(a: Operand, shape: readonly number[]): Value {
    return this.op('Expand', [a, this.ints(shape)]);
  }
  concat(values: readonly Operand[], axis: number): Value {
    return this.op('Concat', values, { axis });
  }
  /** Pieces of the given sizes along an axis. */
  split(a: Operand, sizes: readonly number[], axis: number): readonly Value[] {
    return this.apply('Split', [a, this.ints(sizes)], { axis }, { outputs: sizes.length });
  }
  /** Elements `starts` to `ends` (exclusive) along `axes`, every `steps`-th. */
  slice(
    a: Operand,
    starts: readonly number[],
    ends: readonly number[],
    axes: readonly number[],
    steps: readonly number[] = starts.map(() => 1),
  ): Value {
    return this.op('Slice', [a, this.ints(starts), this.ints(ends), this.ints(axes), this.ints(steps)]);
  }
  gather(a: Operand, indices: Operand, axis = 0): Value {
    return this.op('Gather', [a, indices], { axis });
  }
  /** `pads`: begin of every axis, then end of every axis; negative ones crop where the mode is constant. */
  pad(a: Operand, pads: readonly number[], mode: 'constant' | 'reflect' | 'edge' = 'constant', value = 0): Value {
    return this.op('Pad', [a, this.ints(pads), mode === 'constant' ? value : undefined], { mode });
  }
  /** Pixel shuffle of [N, C, H, W]; CRD is PyTorch's order of channels. */
  depthToSpace(a: Operand, blocksize: number, mode: 'DCR' | 'CRD' = 'CRD'): Value {
    return this.op('DepthToSpace', [a], { blocksize, mode });
  }
  /** The inverse of {@link depthToSpace} in the same mode; ONNX's own SpaceToDepth is DCR. */
  spaceToDepth(a: Operand, blocksize: number, mode: 'DCR' | 'CRD' = 'CRD'): Value {
    const x = this.value(a);
    const [n, c, h, w] = x.shape as [number, number, number, number];
    const view = this.reshape(x, [n, c, h / blocksize, blocksize, w / blocksize, blocksize]);
    const moved = this.transpose(view, mode === 'CRD' ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]);
    return this.reshape(moved, [n, c * blocksize ** 2, h / blocksize, w / blocksize]);
  }
  cast(a: Operand, type: 'float32' | 'int64' | 'int32' | 'bool'): Value {
    return this.op('Cast', [a], { to: { float32: 1, int64: 7, int32: 6, bool: 9 }[type] });
  }

  // Pictures
  /** Resizes the last axes, as many as there are scales. */
  resize(a: Operand, scales: readonly number[], options: ResizeOptions = {}): Value {
    const x = this.value(a);
    const { mode = 'linear', cubicCoefficient = -0.75 } = options;
    const { coordinates = mode === 'nearest' ? 'asymmetric' : 'half_pixel' } = options;
    const all = [...new Array<number>(x.shape.length - scales.length).fill(1), ...scales];
    return this.op('Resize', [x, undefined, this.constant(all)], {
      mode,
      coordinate_transformation_mode: coordinates,
      ...(mode === 'nearest' ? { nearest_mode: 'floor' } : {}),
      ...(mode === 'cubic' ? { cubic_coeff_a: cubicCoefficient } : {}),
    });
  }
  /** Mean over windows of `kernel` at steps of `strides` (the kernel's size if left out), nothing padded. */
  averagePool(a: Operand, kernel: readonly number[], strides: readonly number[] = kernel): Value {
    return this.op('AveragePool', [a], { kernel_shape: kernel, strides });
  }
}
