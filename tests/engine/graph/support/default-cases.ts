import { float32, int64, type Attributes, type Operand } from '../../../../src/engine/graph';
import type { RuleCase, Values } from './rule-cases';

const ints = (...values: number[]): Operand => int64(values);

const one = (op: string, shape: number[], attributes: Attributes = {}, rest: Partial<RuleCase> = {}): RuleCase => ({
  op,
  shapes: [shape],
  attributes,
  ...rest,
});

const gemm = (bias: number[] | null, attributes: Attributes): RuleCase => {
  const [a, b] = [attributes['transA'] ? [4, 3] : [3, 4], attributes['transB'] ? [2, 4] : [4, 2]];
  return { op: 'Gemm', shapes: bias === null ? [a, b] : [a, b, bias], attributes };
};

const resize = (attributes: Attributes, constants: (Operand | undefined)[], shape = [1, 2, 4, 5]): RuleCase =>
  one('Resize', shape, attributes, { constants: [undefined, ...constants], tolerance: 0.004 });

const pool = (op: string, size: number[], attributes: Attributes): RuleCase =>
  one(op, [2, 1, ...size], attributes, { values: op === 'MaxPool' ? 'distinct' : 'any' });

const conv = (shape: number[], weight: number[], attributes: Attributes, bias = false): RuleCase => ({
  op: 'Conv',
  shapes: [shape, weight, ...(bias ? [[weight[0]!]] : [])],
  attributes,
});

const transposed = (shape: number[], weight: number[], attributes: Attributes): RuleCase => ({
  op: 'ConvTranspose',
  shapes: [shape, weight],
  attributes,
});

const samplings: readonly Attributes[] = [
  {},
  { nearest_mode: 'floor' },
  { nearest_mode: 'ceil', coordinate_transformation_mode: 'asymmetric' },
  { nearest_mode: 'round_prefer_ceil', coordinate_transformation_mode: 'asymmetric' },
  { nearest_mode: 'round_prefer_floor', coordinate_transformation_mode: 'asymmetric' },
  { coordinate_transformation_mode: 'half_pixel_symmetric' },
  { coordinate_transformation_mode: 'align_corners' },
  { coordinate_transformation_mode: 'pytorch_half_pixel' },
];

/** Attributes left out, axes counted from behind, and shapes of which no two sizes are alike. */
export const defaultCases: readonly RuleCase[] = [
  // Arithmetic
  { op: 'Min', shapes: [[2, 3], [3], [2, 1]], values: 'distinct' },
  { op: 'Max', shapes: [[4]], values: 'distinct' },
  { op: 'Pow', shapes: [[3, 4]], values: 'positive', constants: [float32([2, 3, 0.5, -1])] },
  { op: 'Pow', shapes: [[1, 4]], values: 'positive', constants: [float32([2, 3, 0.5], [3, 1])] },
  { op: 'Pow', shapes: [[4]], values: 'any', constants: [float32([1], [1, 1])] },
  { op: 'Pow', shapes: [[4]], values: [-2, -0.3], constants: [int64(3)] },
  { op: 'Where', shapes: [[4], [3, 1]], leading: true, constants: [bools('1010', [4])] },

  // Activations
  ...(['Relu', 'LeakyRelu', 'Elu', 'Mish', 'HardSwish', 'Softplus', 'Gelu'] as const).map((op) =>
    one(op, [2, 7], {}, { values: 'nonzero' }),
  ),
  ...(['HardSigmoid'] as const).flatMap((op) =>
    (
      [
        [-2.3, 2.3],
        [2.6, 4],
        [-4, -2.6],
      ] as Values[]
    ).map((values) => one(op, [9], {}, { values })),
  ),
  one('HardSigmoid', [9], { alpha: 0.5, beta: 0.25 }, { values: [-0.4, 1.4] }),
  ...(['Softmax', 'LogSoftmax'] as const).flatMap((op) => [one(op, [2, 3, 4]), one(op, [5])]),
  { op: 'PRelu', shapes: [[2, 3, 4], [4]], values: 'nonzero' },
  one('Clip', [6], {}, { values: [-0.8, 0.8], constants: [undefined, 1] }),
  one('Clip', [6], {}, { values: [1.2, 2], constants: [undefined, 1] }),
  one('Clip', [6], {}),

  // Linear maps
  ...([null, [], [1], [2], [1, 2], [3, 1], [3, 2]] as (number[] | null)[]).flatMap((bias) => [
    gemm(bias, {}),
    gemm(bias, { alpha: 0.5, beta: 1.5, transA: 1, transB: 1 }),
  ]),
  { op: 'MatMul', shapes: [[4], [4, 3]] },
  { op: 'MatMul', shapes: [[3, 4], [4]] },
  { op: 'MatMul', shapes: [[4], [4]] },
  { op: 'MatMul', shapes: [[2, 3, 4], [4]] },
  {
    op: 'MatMul',
    shapes: [
      [2, 5, 3, 4],
      [2, 1, 4, 2],
    ],
  },
  {
    op: 'MatMul',
    shapes: [
      [1, 3, 4],
      [2, 4, 5],
    ],
  },
  {
    op: 'MatMul',
    shapes: [
      [3, 2, 3, 4],
      [4, 5],
    ],
  },
  ...[
    ['...i,...i', [2, 3, 4], [2, 3, 4]],
    ['i...->...', [2, 3, 4]],
    ['ba,cb', [2, 3], [4, 2]],
    ['ab,bc,cd->ad', [2, 3], [3, 4], [4, 2]],
    ['a b , c -> a c', [2, 3], [4]],
    ['...ab->...ba', [2, 3, 4, 5]],
    ['...a,...->...a', [2, 3, 4], [2, 3]],
  ].map(([equation, ...shapes]): RuleCase => ({
    op: 'Einsum',
    shapes: shapes as number[][],
    attributes: { equation: equation as string },
  })),

  // Convolutions
  conv([1, 2, 6, 7], [3, 2, 3, 2], {}),
  conv([2, 6, 5, 4], [4, 6, 3, 3], { pads: [1, 1, 1, 1] }, true),
  conv([1, 9, 4, 5], [8, 9, 1, 1], {}, true),
  conv([1, 3, 4, 5], [4, 3, 3, 3], {}),
  conv([1, 6, 4, 5], [5, 6, 3, 3], {}),
  conv([1, 12, 4, 5], [4, 12, 1, 1], {}),
  conv([1, 12, 4, 5], [4, 6, 1, 1], { group: 2 }),
  conv([1, 2, 7, 8], [2, 2, 3, 3], { auto_pad: 'VALID', strides: [2, 3] }),
  conv([1, 2, 6, 7], [2, 2, 2, 4], { auto_pad: 'SAME_UPPER', strides: [3, 1] }),
  conv([1, 2, 6, 7], [2, 2, 4, 2], { auto_pad: 'SAME_LOWER', strides: [1, 3] }),
  conv([1, 2, 4, 5, 3], [2, 2, 2, 3, 1], { pads: [1, 0, 0, 0, 2, 1] }),
  conv([1, 4, 7, 6], [4, 2, 3, 2], { group: 2, strides: [3, 2], pads: [1, 0, 0, 1] }),
  conv([1, 4, 5, 6], [6, 2, 1, 3], { group: 2, pads: [1, 0, 0, 2] }),
  conv([2, 2, 9], [3, 2, 2], { strides: [4] }),
  conv([2, 2, 9], [3, 2, 4], { dilations: [2], pads: [3, 1] }),
  transposed([2, 2, 4, 3], [2, 3, 3, 2], {}),
  transposed([1, 4, 3, 4], [4, 3, 2, 3], { group: 2, strides: [2, 1], pads: [0, 1, 1, 0] }),
  transposed([1, 2, 3, 4], [2, 2, 3, 3], { strides: [2, 2], auto_pad: 'SAME_UPPER' }),
  transposed([1, 2, 3, 4], [2, 2, 4, 3], { strides: [2, 1], auto_pad: 'SAME_LOWER' }),
  transposed([1, 2, 3, 4], [2, 2, 3, 3], { strides: [2, 2], auto_pad: 'VALID' }),
  transposed([1, 2, 3, 4], [2, 2, 3, 3], { strides: [2, 3], output_shape: [6, 10], auto_pad: 'SAME_UPPER' }),
  transposed([1, 2, 3, 4], [2, 2, 3, 3], { strides: [3, 3], output_padding: [2, 1], output_shape: [8, 12] }),
  transposed([2, 2, 5], [2, 3, 4], { strides: [3], dilations: [2], pads: [2, 1] }),
  {
    op: 'Col2Im',
    shapes: [[1, 12, 12]],
    constants: [ints(5, 5), ints(2, 3)],
  },
  {
    op: 'Col2Im',
    shapes: [[2, 6, 12]],
    constants: [ints(8, 5), ints(2, 3)],
    attributes: { strides: [2, 1], pads: [1, 0, 0, 0] },
  },

  // Reductions
  ...(
    [
      ['ReduceSum', 'any'],
      ['ReduceMean', 'any'],
      ['ReduceMax', 'distinct'],
      ['ReduceMin', 'distinct'],
      ['ReduceSumSquare', 'any'],
      ['ReduceL1', 'nonzero'],
      ['ReduceL2', 'positive'],
      ['ReduceLogSum', 'positive'],
      ['ReduceLogSumExp', 'any'],
    ] as const
  ).flatMap(([op, values]): RuleCase[] => [
    one(op, [2, 3, 4], {}, { values, constants: [ints(0, -1)] }),
    one(op, [2, 3, 4], {}, { values }),
    one(op, [2, 3, 4], { keepdims: 0 }, { values, constants: [ints(1)] }),
  ]),
  one('ReduceSum', [2, 3], { noop_with_empty_axes: 1 }),
  one('ReduceMean', [2, 3], { noop_with_empty_axes: 1 }, { constants: [ints(1)] }),

  // Layout
  one('Reshape', [2, 3, 4], {}, { constants: [ints(-1, 0, 2)] }),
  one('Reshape', [2, 3, 4], { allowzero: 1 }, { constants: [ints(3, 8)] }),
  one('Flatten', [2, 3, 4]),
  one('Flatten', [2, 3, 4], { axis: 0 }),
  one('Flatten', [2, 3, 4], { axis: -2 }),
  one('Squeeze', [1, 2, 1, 3], {}, { constants: [ints(0)] }),
  one('Unsqueeze', [2, 3], {}, { constants: [ints(1, -2)] }),
  one('Expand', [2, 1, 3], {}, { constants: [ints(4, 1, 5, 1)] }),
  one('Expand', [2, 3], {}, { constants: [ints(1)] }),
  one('Tile', [2, 1, 3], {}, { constants: [ints(1, 1, 1)] }),
  one('Tile', [2, 3, 4], {}, { constants: [ints(3, 1, 2)] }),
  {
    op: 'Concat',
    shapes: [
      [2, 1, 3],
      [2, 4, 3],
    ],
    attributes: { axis: 1 },
  },
  {
    op: 'Concat',
    shapes: [
      [1, 3],
      [2, 3],
      [4, 3],
    ],
    attributes: { axis: 0 },
  },
  { op: 'Concat', shapes: [[2, 3]], attributes: { axis: 1 } },
  one('Split', [7, 2], { num_outputs: 3 }, { outputs: 3 }),
  one('Split', [2, 6, 3], { axis: -2 }, { outputs: 3, constants: [ints(1, 2, 3)] }),
  one('DepthToSpace', [2, 18, 2, 3], { blocksize: 3 }),
  one('SpaceToDepth', [2, 2, 6, 3], { blocksize: 3 }),

  // Selection
  one('Slice', [5, 6, 3], {}, { constants: [ints(1, 2), ints(4, 100)] }),
  one('Slice', [5, 6], {}, { constants: [ints(-2), ints(-5), ints(-1), ints(-1)] }),
  one('Slice', [2, 7], {}, { constants: [ints(1), ints(7), ints(1), ints(3)] }),
  one('Slice', [2, 8], {}, { constants: [ints(1), ints(7), ints(1), ints(3)] }),
  one('Slice', [2, 7], {}, { constants: [ints(5), ints(6), ints(1), ints(4)] }),
  one('Slice', [8, 2], {}, { constants: [ints(6), ints(-9), ints(0), ints(-2)] }),
  one('Slice', [8, 5], {}, { constants: [ints(-1, 3), ints(2, 0), ints(0, 1), ints(-3, -2)] }),
  one('Slice', [4, 5], {}, { constants: [ints(100), ints(-100), ints(1), ints(-1)] }),
  one('Slice', [4, 5], {}, { constants: [ints(-100), ints(-3), ints(1)] }),
  one('Slice', [4, 5], {}, { constants: [ints(-100), ints(-200), ints(1), ints(-1)] }),
  one('Slice', [4, 5], {}, { constants: [ints(0, -1), ints(100, -100), ints(0, 1), ints(1, -1)] }),
  one('Gather', [5, 2], {}, { constants: [ints(1, 2, 3)] }),
  one('Gather', [2, 5], { axis: -1 }, { constants: [ints(2, 3)] }),
  one('Gather', [2, 3, 2], { axis: 1 }, { constants: [ints(0, 1, 2, 2, 1, 0)] }),
  one('Gather', [2, 4, 3], { axis: 1 }, { constants: [int64([3, -4, 0, 3], [2, 2])] }),
  one('Gather', [4, 3], { axis: 0 }, { constants: [ints(3)] }),
  one('Pad', [2, 3], {}, { constants: [ints(1, 0, 0, 2)] }),
  one('Pad', [3, 4], {}, { constants: [ints(-1, 2, 1, -2), 0.5] }),
  one('Pad', [2, 4], { mode: 'reflect' }, { constants: [ints(0, 3, 0, 0)] }),
  one('Pad', [2, 4], { mode: 'reflect' }, { constants: [ints(0, 0, 1, 3)] }),
  one('Pad', [2, 3], { mode: 'edge' }, { constants: [ints(0, 5, 1, 0)] }),
  one('Pad', [2, 4], { mode: 'edge' }, { constants: [ints(0, -1, 0, 1)] }),
  one('Pad', [2, 4], { mode: 'edge' }, { constants: [ints(0, 2, 0, -1)] }),
  one('Pad', [2, 3], { mode: 'wrap' }, { constants: [ints(1, 0, 2, 2)] }),
  one('Pad', [1, 2, 3], {}, { constants: [ints(1, 2), undefined, ints(-1)] }),

  // Pictures
  ...samplings.flatMap((attributes) => [
    resize(attributes, [float32([1, 1, 1.5, 1.3])]),
    resize(attributes, [undefined, ints(1, 2, 2, 8)]),
    resize({ ...attributes, mode: 'linear' }, [float32([1, 1, 1.5, 1.3])]),
    resize({ ...attributes, mode: 'linear' }, [undefined, ints(1, 2, 1, 8)]),
  ]),
  resize({ mode: 'nearest' }, [float32([1, 2, 1, 3])]),
  resize({ mode: 'nearest', axes: [-1, 2] }, [float32([3, 2])]),
  resize({ mode: 'linear', axes: [3, 2] }, [undefined, ints(9, 6)]),
  resize({ mode: 'cubic' }, [float32([1, 1, 2, 1.5])]),
  resize({ mode: 'cubic', exclude_outside: 1 }, [float32([1, 1, 1.5, 0.7])]),
  resize({ mode: 'cubic', antialias: 1 }, [undefined, ints(1, 2, 3, 4)], [1, 2, 7, 9]),
  resize({ mode: 'linear', antialias: 1 }, [undefined, ints(1, 2, 3, 4)], [1, 2, 7, 9]),
  resize({ mode: 'linear', antialias: 1 }, [float32([1, 1, 1.5, 0.4])], [1, 2, 4, 9]),
  ...['AveragePool', 'MaxPool'].flatMap((op) => [
    pool(op, [4, 5], { kernel_shape: [2, 3] }),
    pool(op, [6, 7], { kernel_shape: [2, 3], strides: [2, 3], ceil_mode: 1 }),
    pool(op, [5, 5], { kernel_shape: [2, 2], strides: [3, 3], pads: [0, 1, 1, 1], ceil_mode: 1 }),
    pool(op, [5, 6], { kernel_shape: [3, 2], strides: [2, 2], auto_pad: 'SAME_UPPER' }),
    pool(op, [5, 6], { kernel_shape: [2, 3], strides: [1, 2], auto_pad: 'SAME_LOWER' }),
    pool(op, [8, 6], { kernel_shape: [3, 2], strides: [2, 1], dilations: [2, 3] }),
    pool(op, [3, 4, 5], { kernel_shape: [2, 1, 3], strides: [1, 2, 2] }),
    pool(op, [7], { kernel_shape: [3], strides: [3], pads: [1, 1] }),
  ]),
  pool('AveragePool', [5, 7], { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 1, 1, 0], count_include_pad: 1 }),
  pool('AveragePool', [8, 6], { kernel_shape: [3, 2], dilations: [2, 3], pads: [2, 1, 0, 0] }),
  pool('AveragePool', [4, 6], { kernel_shape: [2, 3], strides: [2, 3], pads: [1, 0, 1, 0], count_include_pad: 1 }),
  one('GlobalAveragePool', [2, 3, 5]),
  one('GlobalMaxPool', [2, 2, 3, 2, 2], {}, { values: 'distinct' }),

  // Normalisations
  {
    op: 'BatchNormalization',
    shapes: [[3, 2], [2], [2]],
    constants: [float32([0.1, -0.2]), float32([0.5, 1.5])],
  },
  { op: 'InstanceNormalization', shapes: [[2, 3, 5], [3], [3]], tolerance: 0.01 },
  { op: 'LayerNormalization', shapes: [[2, 3, 5], [5]], tolerance: 0.01 },
  {
    op: 'LayerNormalization',
    shapes: [
      [2, 3, 2],
      [3, 2],
      [3, 2],
    ],
    attributes: { axis: -2 },
    tolerance: 0.01,
  },
  { op: 'GroupNormalization', shapes: [[2, 6, 3], [6], [6]], attributes: { num_groups: 2 }, tolerance: 0.01 },
  { op: 'LRN', shapes: [[2, 4, 2, 3]], attributes: { size: 3 } },
];

/** What gradients are not asked of. */
export const forwardCases: readonly RuleCase[] = [
  {
    op: 'Concat',
    shapes: [
      [2, 3],
      [2, 0],
      [2, 1],
    ],
    attributes: { axis: 1 },
  },
  {
    op: 'Concat',
    shapes: [
      [0, 3],
      [0, 3],
    ],
    attributes: { axis: 0 },
  },
  {
    op: 'Concat',
    shapes: [
      [1, 3],
      [1, 3],
      [1, 3],
    ],
    attributes: { axis: -2 },
  },
  one('ReduceProd', [2, 3, 4], {}, { constants: [ints(1)] }),
  one('ReduceProd', [3], {}, { values: 'positive' }),
  one('Reshape', [2, 0, 3], {}, { constants: [ints(0, -1, 3)] }),
  one('Reshape', [0, 3], { allowzero: 1 }, { constants: [ints(2, 0)] }),
  ...['Sign', 'Floor', 'Ceil', 'Round', 'Reciprocal', 'Sqrt', 'Log', 'Sin', 'Cos', 'Tanh', 'Sigmoid'].map((op) =>
    one(op, [3, 5], {}, { values: 'positive' }),
  ),
  ...['none', 'add', 'mul', 'max', 'min'].flatMap((reduction): RuleCase[] => [
    {
      op: 'ScatterND',
      shapes: [[3, 4, 2]],
      attributes: { reduction },
      constants: [int64([1, -1, 0, 2], [2, 2]), float32([1, -0.5, 0.25, 3], [2, 2])],
    },
    {
      op: 'ScatterElements',
      shapes: [[3, 4]],
      attributes: { reduction, axis: 1 },
      constants: [int64([3, 0, -2, 1], [2, 2]), float32([1, -0.5, 0.25, 3], [2, 2])],
    },
    {
      op: 'ScatterElements',
      shapes: [[3, 4]],
      attributes: { reduction },
      constants: [int64([2, 0, 1, -3], [2, 2]), float32([1, -0.5, 0.25, 3], [2, 2])],
    },
  ]),
  // A block: slices beside it stay as they are.
  {
    op: 'ScatterND',
    shapes: [[3, 4, 2]],
    constants: [int64([1, 1, 1, 2, 2, 1, 2, 2], [2, 2, 2]), float32([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2])],
  },
  { op: 'ScatterND', shapes: [[3, 2]], constants: [int64([0, 1, 2], [3, 1]), float32([1, 2, 3, 4, 5, 6], [3, 2])] },
  { op: 'ScatterND', shapes: [[3, 2]], constants: [int64([2, 1, 0], [3, 1]), float32([1, 2, 3, 4, 5, 6], [3, 2])] },
  { op: 'ScatterND', shapes: [[4, 2]], constants: [int64([0, 2], [2, 1]), float32([1, 2, 3, 4], [2, 2])] },
  { op: 'ScatterND', shapes: [[4, 2]], constants: [int64([0, 1, 1, 0], [2, 2]), float32([1, 2])] },
  { op: 'ScatterND', shapes: [[4, 3]], constants: [int64([1, 0, 1, 2], [2, 2]), float32([1, 2])] },
  { op: 'ScatterND', shapes: [[4]], constants: [int64([2], [1, 1]), float32([9])] },
  { op: 'ScatterND', shapes: [[4, 4]], constants: [int64([1, 2, 2, 1], [2, 2]), float32([8, 9])] },
  one('GatherElements', [3, 4], { axis: 1 }, { constants: [int64([3, 0, -1, 2, 1, 1], [2, 3])] }),
  one('GatherElements', [3, 4], {}, { constants: [int64([2, 0, -1, 2], [1, 4])] }),
  one('GatherND', [3, 4, 2], {}, { constants: [int64([1, -1, 0, 2], [2, 2])] }),
  one('GatherND', [3, 4], {}, { constants: [int64([2, 0], [1, 2, 1])] }),
  one('GatherND', [2, 3, 4], { batch_dims: 1 }, { constants: [int64([1, 2], [2, 1])] }),
  one('TopK', [3, 5], {}, { constants: [ints(2)], outputs: 2 }),
  one('TopK', [3, 5], { axis: 0 }, { constants: [ints(2)], outputs: 2 }),
  one('ArgMax', [3, 5], {}),
  one('ArgMax', [3, 5], { axis: -1, keepdims: 0 }),
  one('ArgMin', [3, 5], { axis: 1 }),
  one('CumSum', [3, 4], {}, { constants: [int64(1)] }),
];

function bools(values: string, dims: readonly number[]): Operand {
  return { type: 'bool', dims, data: Uint8Array.from(values, Number) };
}
