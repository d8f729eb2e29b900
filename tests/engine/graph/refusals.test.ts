import { float32, GraphBuilder, int64, type Attributes, type Operand } from '../../../src/engine/graph';

// What does not fit is refused when it is recorded, before any device sees it.

const b = new GraphBuilder('wrong');
const x = (...shape: number[]): Operand => b.input(`x${count++}`, shape);
const ints = (...values: number[]): Operand => int64(values);
let count = 0;

type Case = [
  op: string,
  why: string,
  inputs: readonly (Operand | undefined)[],
  attributes?: Attributes,
  outputs?: number,
];

const cases: Case[] = [
  ['Add', 'dimensions that do not go together', [x(2, 3), x(2)]],
  ['Sub', 'an input that is missing', [undefined, x(2)]],
  ['PRelu', 'more slopes than axes', [x(2), x(3, 2)]],
  ['PRelu', 'slopes along an axis of one', [x(1, 2), x(3, 2)]],
  ['Softmax', 'an axis behind the last', [x(2, 3)], { axis: 2 }],
  ['Softmax', 'an axis before the first', [x(2, 3)], { axis: -3 }],
  ['Softmax', 'an axis between two', [x(2, 3)], { axis: 0.5 }],
  ['MatMul', 'inner dimensions that differ', [x(2, 3), x(2, 3)]],
  ['MatMul', 'batches that do not go together', [x(2, 2, 3), x(3, 3, 2)]],
  ['Gemm', 'a vector on the left', [x(3), x(3, 2)]],
  ['Gemm', 'more than a matrix on the right', [x(2, 3), x(1, 3, 2)]],
  ['Gemm', 'inner dimensions that differ', [x(2, 3), x(2, 3)]],
  ['Gemm', 'inner dimensions that differ once turned', [x(2, 3), x(3, 2)], { transA: 1 }],
  ['Gemm', 'inner dimensions that differ once turned', [x(2, 3), x(3, 2)], { transB: 1 }],
  ['Einsum', 'an equation for other inputs', [x(2, 3)], { equation: 'ab,bc' }],
  ['Einsum', 'an equation of other axes', [x(2, 3)], { equation: 'abc->a' }],
  ['Einsum', 'one letter for two sizes', [x(2, 3), x(4, 2)], { equation: 'ab,bc' }],
  ['Conv', 'other channels than the picture has', [x(1, 3, 4, 4), x(2, 2, 1, 1)]],
  ['Conv', 'kernels that groups do not share evenly', [x(1, 4, 4, 4), x(3, 2, 1, 1)], { group: 2 }],
  ['Conv', 'a kernel of fewer axes than the picture', [x(1, 3, 4, 4), x(2, 3, 1)]],
  ['ConvTranspose', 'other channels than the picture has', [x(1, 3, 4, 4), x(2, 3, 1, 1)]],
  ['ConvTranspose', 'an output larger than there can be', [x(1, 1, 4, 4), x(1, 1, 2, 2)], { output_shape: [5, 6] }],
  ['Col2Im', 'rows that are no blocks', [x(1, 5, 16), ints(5, 5), ints(2, 2)]],
  ['Col2Im', 'too few blocks', [x(1, 4, 15), ints(5, 5), ints(2, 2)]],
  ['Reshape', 'other numbers of elements', [x(2, 3), ints(4, 2)]],
  ['Reshape', 'a rest that does not divide', [x(2, 3), ints(4, -1)]],
  ['Reshape', 'sizes that are computed', [x(2, 3), b.op('Cast', [x(2)], { to: 7 })]],
  ['Squeeze', 'an axis that is not one long', [x(2, 3), ints(0)]],
  ['Unsqueeze', 'an axis named twice', [x(2, 3), ints(1, -3)]],
  ['Transpose', 'an order of fewer axes', [x(2, 3, 4)], { perm: [1, 0] }],
  ['Expand', 'a size that cannot become another', [x(2, 3), ints(2, 4)]],
  ['Tile', 'more repeats than axes', [x(2, 3), ints(2, 1, 1)]],
  ['Cast', 'no type', [x(2)]],
  ['Tile', 'fewer repeats than axes', [x(2, 3), ints(2)]],
  ['Concat', 'parts of fewer axes', [x(2, 3, 4), x(2, 3)], { axis: 0 }],
  ['Concat', 'parts that differ along one more axis', [x(2, 3, 4), x(1, 5, 4)], { axis: 0 }],
  ['Concat', 'no axis', [x(2), x(2)]],
  ['Split', 'parts that are too large', [x(4, 5), ints(2, 3)], {}, 2],
  ['Split', 'fewer parts than outputs', [x(5), ints(2, 3)], {}, 3],
  ['DepthToSpace', 'three dimensions', [x(4, 2, 2)], { blocksize: 2 }],
  ['DepthToSpace', 'channels that make no blocks', [x(1, 6, 2, 2)], { blocksize: 2 }],
  ['DepthToSpace', 'no size of blocks', [x(1, 4, 2, 2)]],
  ['SpaceToDepth', 'an odd height', [x(1, 1, 3, 2)], { blocksize: 2 }],
  ['SpaceToDepth', 'an odd width', [x(1, 1, 2, 3)], { blocksize: 2 }],
  ['Slice', 'an axis that is not there', [x(2, 3), ints(0), ints(1), ints(2)]],
  ['Slice', 'steps of nothing', [x(2, 3), ints(0), ints(1), ints(0), ints(0)]],
  ['Gather', 'an axis that is not there', [x(2, 3), ints(0)], { axis: 2 }],
  ['Pad', 'a reflection before as long as the axis', [x(2, 3), ints(0, 3, 0, 0)], { mode: 'reflect' }],
  ['Pad', 'a reflection behind as long as the axis', [x(2, 3), ints(0, 0, 0, 3)], { mode: 'reflect' }],
  ['Resize', 'neither scales nor sizes', [x(1, 1, 2, 2)]],
  ['Resize', 'fewer scales than axes', [x(1, 1, 2, 2), undefined, float32([2, 2])]],
  [
    'Resize',
    'a policy of aspects',
    [x(1, 1, 2, 2), undefined, undefined, ints(1, 1, 4, 6)],
    { keep_aspect_ratio_policy: 'not_larger' },
  ],
  ['MaxPool', 'a kernel of fewer axes than the picture', [x(1, 1, 4, 4)], { kernel_shape: [2] }],
  ['MaxPool', 'places of the largest', [x(1, 1, 4, 4)], { kernel_shape: [2, 2] }, 2],
  ['LayerNormalization', 'the mean as a result', [x(2, 3), x(3)], {}, 2],
  ['BatchNormalization', 'training', [x(2, 3), x(3), x(3), x(3), x(3)], { training_mode: 1 }],
  ['BatchNormalization', 'the mean as a result', [x(2, 3), x(3), x(3), x(3), x(3)], {}, 3],
  ['GroupNormalization', 'channels that make no groups', [x(2, 3, 4), x(3), x(3)], { num_groups: 2 }],
  ['LRN', 'no number of neighbours', [x(1, 3, 4, 4)]],
  ['LRN', 'an even number of neighbours', [x(1, 3, 4, 4)], { size: 4 }],
  ['LRN', 'three dimensions', [x(1, 3, 4)], { size: 3 }],
  ['Dropout', 'a mask as a result', [x(2)], {}, 2],
  ['Dropout', 'training', [x(2), 0.5, { type: 'bool', dims: [], data: Uint8Array.of(1) }]],
  ['Cast', 'a type of text', [x(2)], { to: 8 }],
  ['Constant', 'no numbers', []],
  ['ScatterElements', 'an unknown reduction', [float32([1]), ints(0), float32([2])], { reduction: 'most' }],
  ['ReduceSum', 'an axis that is not there', [x(2), ints(1)]],
  ['ArgMax', 'an axis that is not there', [x(2)], { axis: 1 }],
];

test.each(cases)('%s: %s', (op, _, inputs, attributes = {}, outputs = 1) => {
  expect(() => b.apply(op, inputs, attributes, { outputs })).toThrow(expect.objectContaining({ code: 'bad-graph' }));
});

test('a constant of fewer values than its shape says', () => {
  expect(() => float32([1, 2], [3])).toThrow(expect.objectContaining({ code: 'bad-graph' }));
});
