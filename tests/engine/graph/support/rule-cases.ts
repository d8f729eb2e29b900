import { float32, int64, type Attributes, type Operand } from '../../../../src/engine/graph';
import { Random } from './random';

/** Where a test of a rule takes its values from, so that no kink lies within the step. */
export type Values =
  /** Uniform in -2..2. */
  | 'any'
  /** In 0.3..2. */
  | 'positive'
  /** At least 0.2 away from zero. */
  | 'nonzero'
  /** All at least 0.06 apart. */
  | 'distinct'
  /** Uniform in [low, high]. */
  | readonly [number, number];

export interface RuleCase {
  readonly op: string;
  /** Shapes of the float inputs that gradients are wanted for. */
  readonly shapes: readonly (readonly number[])[];
  readonly values?: Values | readonly Values[];
  /** Further inputs, constants, behind them; or in front of them where `leading`. */
  readonly constants?: readonly (Operand | undefined)[];
  readonly leading?: boolean;
  readonly attributes?: Attributes;
  readonly outputs?: number;
  /** Central differences with this step; 0.01 if left out. */
  readonly step?: number;
  /** Error allowed as a part of the root of the sum of squares of what is summed; 0.003 if left out. */
  readonly tolerance?: number;
}

const integer = (random: Random, low: number, high: number): number => Math.floor(random.uniform(low, high + 1));

/** One case of every rule, or several where attributes matter, on random shapes. */
export function ruleCases(): RuleCase[] {
  const dim = (random: Random, low = 2, high = 4): number => integer(random, low, high);
  const shape = (random: Random, rank: number): number[] => Array.from({ length: rank }, () => dim(random));
  const ints = (...values: number[]): Operand => int64(values);
  /** One input of any shape, or of `rank` axes. */
  const unary = (
    op: string,
    values: Values,
    attributes: Attributes = {},
    { rank, ...rest }: Partial<RuleCase> & { rank?: number } = {},
  ): RuleCase => {
    const random = Random.named(op + JSON.stringify(attributes));
    return { op, shapes: [shape(random, rank ?? dim(random, 1, 4))], values, attributes, ...rest };
  };
  const binary = (op: string, values: Values | readonly Values[], rest: Partial<RuleCase> = {}): RuleCase[] => {
    const random = Random.named(op);
    const [a, b, c] = [dim(random), dim(random), dim(random)];
    return [
      {
        op,
        shapes: [
          [a, b, c],
          [a, b, c],
        ],
        values,
        ...rest,
      },
      {
        op,
        shapes: [
          [a, 1, c],
          [b, 1],
        ],
        values,
        ...rest,
      },
      { op, shapes: [[c], [a, b, c]], values, ...rest },
      { op, shapes: [[a, b], []], values, ...rest },
    ];
  };
  const reductions = (op: string, values: Values): RuleCase[] => {
    const random = Random.named(op);
    const attribute = (keepdims: number): Attributes => ({ keepdims });
    return [
      { op, shapes: [shape(random, 4)], values, constants: [ints(2, 3)], attributes: attribute(1) },
      { op, shapes: [shape(random, 3)], values, constants: [ints(-2)], attributes: attribute(0) },
      { op, shapes: [shape(random, 2)], values, attributes: attribute(0) },
    ];
  };
  const sizes = Random.named('sizes of convolutions');
  const [h, w] = [dim(sizes, 5, 7), dim(sizes, 5, 7)];
  const conv = (
    channels: number,
    outputs: number,
    kernel: number[],
    attributes: Attributes,
    { group = 1, batch = 1, bias = true, size = [h, w] } = {},
  ): RuleCase => ({
    op: 'Conv',
    shapes: [[batch, channels, ...size], [outputs, channels / group, ...kernel], ...(bias ? [[outputs]] : [])],
    attributes: { kernel_shape: kernel, group, ...attributes },
  });
  const transposed = (
    channels: number,
    outputs: number,
    kernel: number[],
    attributes: Attributes,
    group = 1,
  ): RuleCase => ({
    op: 'ConvTranspose',
    shapes: [[2, channels, 4, 3], [channels, outputs / group, ...kernel], [outputs]],
    attributes: { kernel_shape: kernel, group, ...attributes },
  });
  const pool = (op: string, size: number[], attributes: Attributes): RuleCase => ({
    op,
    shapes: [[1, 2, ...size]],
    values: op === 'MaxPool' ? 'distinct' : 'any',
    attributes,
  });
  const resize = (scales: number[], attributes: Attributes, size = [4, 5]): RuleCase => ({
    op: 'Resize',
    shapes: [[1, 2, ...size]],
    constants: [undefined, float32([1, 1, ...scales])],
    attributes,
  });
  const [channels, groups] = [dim(sizes, 2, 3), 2];

  return [
    // Arithmetic
    ...['Add', 'Sub', 'Mul'].flatMap((op) => binary(op, 'any')),
    ...binary('Div', ['any', 'nonzero'], { tolerance: 0.01 }),
    ...binary('Pow', ['positive', 'any']),
    ...[2, 3, 0.5, -1].map((exponent): RuleCase => ({
      op: 'Pow',
      shapes: [[3, 4]],
      values: 'positive',
      constants: [exponent],
    })),
    ...['Min', 'Max'].flatMap((op) => binary(op, 'distinct')),
    { op: 'Max', shapes: [[3, 2], [2], [3, 1]], values: 'distinct' },
    { op: 'Sum', shapes: [[3, 2], [2], [3, 1]] },
    { op: 'Mean', shapes: [[3, 2], [2], [3, 1]] },
    unary('Neg', 'any'),
    unary('Abs', 'nonzero'),
    unary('Sqrt', 'positive'),
    unary('Reciprocal', 'nonzero', {}, { tolerance: 0.01 }),
    unary('Exp', 'any'),
    unary('Log', 'positive'),
    unary('Sin', 'any'),
    unary('Cos', 'any'),
    unary('Erf', 'any'),
    {
      op: 'Where',
      shapes: [
        [3, 1],
        [2, 1, 4],
      ],
      leading: true,
      constants: [{ type: 'bool', dims: [3, 4], data: Uint8Array.from('101001110010', Number) }],
    },

    // Activations
    unary('Relu', 'nonzero'),
    unary('LeakyRelu', 'nonzero', { alpha: 0.2 }),
    {
      op: 'PRelu',
      shapes: [
        [2, 3, 4, 2],
        [3, 1, 1],
      ],
      values: 'nonzero',
    },
    { op: 'PRelu', shapes: [[2, 3], [1]], values: 'nonzero' },
    unary('Elu', 'nonzero', { alpha: 1.3 }),
    unary('Sigmoid', 'any'),
    unary('HardSigmoid', [-2, 2], { alpha: 0.2, beta: 0.5 }),
    unary('HardSigmoid', [3, 5], { alpha: 0.2, beta: 0.5 }),
    unary('Tanh', 'any'),
    unary('Softplus', 'any'),
    unary('Gelu', 'any'),
    unary('Gelu', 'any', { approximate: 'tanh' }),
    unary('HardSwish', [-2.5, 2.5]),
    unary('HardSwish', [3.5, 5]),
    unary('HardSwish', [-5, -3.5]),
    unary('Mish', 'any'),
    { op: 'Clip', shapes: [[3, 4]], values: [-0.8, 0.8], constants: [-1, 1] },
    { op: 'Clip', shapes: [[3, 4]], values: [1.2, 2], constants: [-1, 1] },
    { op: 'Clip', shapes: [[3, 4]], values: [-2, -1.2], constants: [-1, undefined] },
    ...['Softmax', 'LogSoftmax'].flatMap((op) => [-1, 1, 0].map((axis) => unary(op, 'any', { axis }, { rank: 3 }))),

    // Linear maps
    {
      op: 'MatMul',
      shapes: [
        [3, 4],
        [4, 2],
      ],
    },
    {
      op: 'MatMul',
      shapes: [
        [2, 3, 3, 4],
        [4, 2],
      ],
    },
    {
      op: 'MatMul',
      shapes: [
        [2, 1, 3, 4],
        [5, 4, 2],
      ],
    },
    {
      op: 'MatMul',
      shapes: [
        [4, 3],
        [2, 3, 2],
      ],
    },
    { op: 'MatMul', shapes: [[4], [2, 4, 3]] },
    { op: 'MatMul', shapes: [[2, 3, 4], [4]] },
    { op: 'MatMul', shapes: [[4], [4]] },
    { op: 'Gemm', shapes: [[3, 4], [4, 2], [2]], attributes: { alpha: 0.5, beta: 2 } },
    {
      op: 'Gemm',
      shapes: [
        [4, 3],
        [4, 2],
        [3, 1],
      ],
      attributes: { transA: 1 },
    },
    {
      op: 'Gemm',
      shapes: [
        [3, 4],
        [2, 4],
        [3, 2],
      ],
      attributes: { transB: 1 },
    },
    {
      op: 'Gemm',
      shapes: [
        [4, 3],
        [2, 4],
      ],
      attributes: { transA: 1, transB: 1 },
    },

    // Sums of products over named axes
    ...[
      ['bhid,bhjd->bhij', [2, 3, 4, 2], [2, 3, 5, 2]],
      ['nchw,oc->nohw', [2, 3, 2, 4], [5, 3]],
      ['...c,cd->...d', [2, 3, 4], [4, 3]],
      ['ij,jk', [2, 3], [3, 4]],
      ['abc->b', [2, 3, 4]],
      ['a,b,ab->', [3], [2], [3, 2]],
    ].map(([equation, ...shapes]): RuleCase => ({
      op: 'Einsum',
      shapes: shapes as number[][],
      attributes: { equation: equation as string },
    })),

    // Convolutions
    conv(3, 4, [3, 3], { pads: [1, 1, 1, 1] }),
    conv(channels, 4, [3, 3], { pads: [1, 1, 1, 1] }, { batch: 3 }),
    conv(2, 3, [3, 2], { pads: [2, 0, 1, 1], strides: [2, 1] }, { batch: 2 }),
    conv(2, 3, [3, 3], { dilations: [2, 1], strides: [1, 2], pads: [1, 1, 2, 0] }),
    conv(4, 6, [3, 3], { pads: [1, 1, 1, 1] }, { group: 2, batch: 2 }),
    conv(3, 3, [5, 5], { pads: [2, 2, 2, 2] }, { group: 3 }),
    conv(3, 6, [3, 3], { strides: [2, 2] }, { group: 3, batch: 2, bias: false }),
    conv(3, 5, [1, 1], {}, { batch: 2 }),
    conv(3, 4, [3], { pads: [1, 1] }, { size: [8] }),
    conv(4, 4, [3], { pads: [2, 2], dilations: [2] }, { size: [8], group: 4 }),
    conv(2, 2, [3, 3], { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
    conv(2, 2, [2, 2], { auto_pad: 'SAME_LOWER' }),
    conv(2, 2, [3, 3], { pads: [4, 4, 4, 4] }),
    conv(1, 2, [9, 9], { pads: [4, 4, 4, 4] }),
    transposed(3, 2, [4, 4], { strides: [2, 2], pads: [1, 1, 1, 1] }),
    transposed(2, 4, [3, 3], { strides: [2, 3], pads: [1, 0, 0, 1], output_padding: [1, 0] }, 2),
    transposed(2, 3, [2, 2], { dilations: [2, 1] }),
    { ...transposed(2, 3, [3, 3], { strides: [2, 2], output_shape: [8, 7] }), tolerance: 0.004 },
    {
      op: 'Col2Im',
      shapes: [[2, 12, 6]],
      constants: [ints(7, 6), ints(3, 2)],
      attributes: { strides: [2, 2], pads: [0, 1, 1, 0], dilations: [2, 2] },
    },

    // Reductions
    ...reductions('ReduceSum', 'any'),
    ...reductions('ReduceMean', 'any'),
    ...reductions('ReduceMax', 'distinct'),
    ...reductions('ReduceMin', 'distinct'),
    ...reductions('ReduceSumSquare', 'any'),
    ...reductions('ReduceL1', 'nonzero'),
    ...reductions('ReduceL2', 'positive'),
    ...reductions('ReduceLogSum', 'positive'),
    ...reductions('ReduceLogSumExp', 'any'),

    // Layout
    { op: 'Reshape', shapes: [[2, 3, 4]], constants: [ints(4, -1)] },
    { op: 'Reshape', shapes: [[2, 3, 4]], constants: [ints(0, 12)] },
    unary('Flatten', 'any', { axis: 2 }, { rank: 4 }),
    unary('Flatten', 'any', { axis: -1 }, { rank: 3 }),
    unary('Transpose', 'any', { perm: [2, 0, 3, 1] }, { rank: 4 }),
    unary('Transpose', 'any', {}, { rank: 3 }),
    { op: 'Squeeze', shapes: [[2, 1, 3, 1]], constants: [ints(-1)] },
    { op: 'Squeeze', shapes: [[2, 1, 3, 1]] },
    { op: 'Unsqueeze', shapes: [[2, 3]], constants: [ints(0, -1)] },
    { op: 'Expand', shapes: [[3, 1]], constants: [ints(2, 1, 4)] },
    { op: 'Tile', shapes: [[2, 3]], constants: [ints(2, 3)] },
    { op: 'Tile', shapes: [[2, 3, 2]], constants: [ints(1, 3, 1)] },
    {
      op: 'Concat',
      shapes: [
        [2, 3],
        [2, 1],
        [2, 2],
      ],
      attributes: { axis: -1 },
    },
    { op: 'Split', shapes: [[2, 5, 2]], constants: [ints(2, 3)], attributes: { axis: 1 }, outputs: 2 },
    { op: 'Split', shapes: [[2, 5]], attributes: { axis: -1, num_outputs: 2 }, outputs: 2 },
    ...['DCR', 'CRD'].map((mode): RuleCase => ({
      op: 'DepthToSpace',
      shapes: [[2, 12, 2, 3]],
      attributes: { blocksize: 2, mode },
    })),
    { op: 'SpaceToDepth', shapes: [[2, 3, 4, 6]], attributes: { blocksize: 2 } },
    { op: 'Identity', shapes: [[3]] },
    { op: 'Dropout', shapes: [[3]] },
    { op: 'Cast', shapes: [[3]], attributes: { to: 1 } },

    // Selection
    { op: 'Slice', shapes: [[5, 6]], constants: [ints(1, 0), ints(4, 6), ints(0, 1), ints(1, 2)] },
    { op: 'Slice', shapes: [[7, 3]], constants: [ints(-1), ints(-100), ints(0), ints(-3)] },
    { op: 'Slice', shapes: [[7, 3]], constants: [ints(2), ints(1000), ints(-2)] },
    { op: 'Gather', shapes: [[4, 3]], constants: [int64([2, 0, 2, -1, 1, 2], [2, 3])], attributes: { axis: 0 } },
    { op: 'Gather', shapes: [[2, 4, 3]], constants: [int64(1)], attributes: { axis: 1 } },
    { op: 'Gather', shapes: [[4, 3]], constants: [ints(2, 1, 0)], attributes: { axis: 1 } },
    { op: 'Pad', shapes: [[2, 3, 4]], constants: [ints(0, 1, 2, 1, 0, 3), 0.5], attributes: { mode: 'constant' } },
    { op: 'Pad', shapes: [[2, 4]], constants: [ints(0, -1, 1, 2)], attributes: { mode: 'constant' } },
    ...['reflect', 'edge', 'wrap'].map((mode): RuleCase => ({
      op: 'Pad',
      shapes: [[2, 4, 5]],
      constants: [ints(0, 2, 1, 0, 3, 4)],
      attributes: { mode },
    })),
    {
      op: 'Pad',
      shapes: [[1, 2, 4, 5]],
      constants: [ints(3, 0, 2, 4), undefined, ints(2, 3)],
      attributes: { mode: 'reflect' },
    },

    // Pictures
    ...[
      { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
      { coordinate_transformation_mode: 'half_pixel', nearest_mode: 'round_prefer_floor' },
      { coordinate_transformation_mode: 'half_pixel', nearest_mode: 'round_prefer_ceil' },
      { coordinate_transformation_mode: 'align_corners', nearest_mode: 'ceil' },
    ].flatMap((attributes) =>
      [
        [2, 3],
        [0.5, 1.5],
      ].map((scales) => resize(scales, { mode: 'nearest', ...attributes })),
    ),
    ...['linear', 'cubic'].flatMap((mode) =>
      ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'].map((coordinates) =>
        resize([2, 1.5], { mode, coordinate_transformation_mode: coordinates, cubic_coeff_a: -0.5 }),
      ),
    ),
    resize([0.5, 0.6], { mode: 'linear', coordinate_transformation_mode: 'half_pixel' }, [8, 7]),
    resize([0.5, 0.5], { mode: 'cubic', coordinate_transformation_mode: 'half_pixel', antialias: 1 }, [8, 8]),
    resize([0.5, 0.25], { mode: 'linear', coordinate_transformation_mode: 'half_pixel', antialias: 1 }, [8, 8]),
    resize([2, 2], { mode: 'cubic', coordinate_transformation_mode: 'half_pixel', exclude_outside: 1 }),
    ...['AveragePool', 'MaxPool'].flatMap((op) => [
      pool(op, [6, 4], { kernel_shape: [2, 2], strides: [2, 2] }),
      pool(op, [5, 6], { kernel_shape: [3, 2], strides: [1, 2], pads: [1, 0, 1, 1] }),
      pool(op, [6, 5], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 }),
      pool(op, [7], { kernel_shape: [2], dilations: [2] }),
    ]),
    pool('AveragePool', [5, 5], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 }),
    pool('AveragePool', [5, 7], { kernel_shape: [2, 2], strides: [2, 2] }),
    { op: 'GlobalAveragePool', shapes: [[2, 3, 4, 5]] },
    { op: 'GlobalMaxPool', shapes: [[2, 3, 2, 3]], values: 'distinct' },

    // Normalisations
    {
      op: 'BatchNormalization',
      shapes: [[2, 3, 4], [3], [3]],
      constants: [float32([0.1, -0.2, 0.3]), float32([0.5, 1, 2])],
      attributes: { epsilon: 1e-3 },
    },
    { op: 'InstanceNormalization', shapes: [[2, 3, 4, 3], [3], [3]], attributes: { epsilon: 1e-3 }, tolerance: 0.01 },
    { op: 'LayerNormalization', shapes: [[2, 3, 6], [6], [6]], attributes: { axis: -1 }, tolerance: 0.01 },
    {
      op: 'LayerNormalization',
      shapes: [
        [2, 3, 4],
        [3, 4],
      ],
      attributes: { axis: 1 },
      tolerance: 0.01,
    },
    {
      op: 'GroupNormalization',
      shapes: [[2, 2 * groups, 3, 2], [2 * groups], [2 * groups]],
      attributes: { num_groups: groups },
      tolerance: 0.01,
    },
    { op: 'LRN', shapes: [[2, 5, 3, 2]], attributes: { size: 3, alpha: 2, beta: 0.6, bias: 1.5 } },
    { op: 'LRN', shapes: [[2, 3, 4, 1]], attributes: { size: 5, alpha: 2 } },
  ];
}
