import {
  differentiate,
  float32,
  GraphBuilder,
  int64,
  type Attributes,
  type Lowering,
  type Operand,
  type Value,
} from '../../../src/engine/graph';

// Graphs are written down as simply as they can be: what does nothing is not there, and what costs little is preferred.

const ints = (...values: number[]): Operand => int64(values);
const none = { type: 'int64', dims: [0], data: new BigInt64Array(0) } as const;

test.each<[op: string, shape: number[], rest: (Operand | undefined)[], attributes?: Attributes]>([
  ['Identity', [2, 3], []],
  ['Dropout', [2, 3], []],
  ['Dropout', [2, 3], [0.5, { type: 'bool', dims: [], data: Uint8Array.of(0) }]],
  ['Cast', [2, 3], [], { to: 1 }],
  ['Cast', [2, 3], [], { to: 10 }],
  ['Reshape', [2, 3], [ints(2, 3)]],
  ['Squeeze', [2, 3], []],
  ['Flatten', [2, 3], []],
  ['Transpose', [2, 3], [], { perm: [0, 1] }],
  ['Expand', [2, 3], [ints(1, 1)]],
  ['Tile', [2, 3], [ints(1, 1)]],
  ['Concat', [2, 3], [], { axis: 0 }],
  ['Max', [2, 3], []],
  ['Pow', [2, 3], [1]],
  ['Slice', [2, 3], [ints(0, 0), ints(2, 100)]],
  ['Slice', [2, 3], [ints(-3), ints(3), ints(1), ints(1)]],
  ['Pad', [2, 3], [ints(0, 0, 0, 0)]],
  ['ReduceSum', [2, 3], [], { noop_with_empty_axes: 1 }],
  ['Resize', [1, 1, 2, 3], [undefined, float32([1, 1, 1, 1])]],
  ['Resize', [1, 1, 2, 3], [undefined, undefined, ints(1, 1, 2, 3)]],
  ['ScatterND', [2, 3], [{ ...none, dims: [0, 1] }, float32([], [0, 3])]],
  ['ScatterElements', [2, 3], [{ ...none, dims: [0, 3] }, float32([], [0, 3])]],
])('%s of [%s] that does nothing', (op, shape, rest, attributes = {}) => {
  const b = new GraphBuilder('nothing');
  const x = b.input('x', shape);
  expect(b.op(op, [x, ...rest], attributes)).toBe(x);
});

test.each<[op: string, shape: number[], rest: (Operand | undefined)[], attributes?: Attributes]>([
  ['Slice', [2, 3], [ints(0, -1), ints(2, -100), ints(0, 1), ints(1, -1)]],
  ['Slice', [2, 3], [ints(1), ints(3), ints(1)]],
  ['Pow', [2], [float32([1, 1])]],
  ['Pow', [2], [float32([1], [1, 1])]],
  ['Pow', [2], [float32([2])]],
  ['Pad', [2, 3], [ints(0, 1, 0, -1)]],
  ['Pad', [2, 3], [ints(0, 0, 0, 1)]],
  ['Transpose', [2, 2, 2], [], { perm: [0, 2, 1] }],
  ['Concat', [2, 3], [float32([1, 2], [2, 1])], { axis: 1 }],
  ['Cast', [2, 3], [], { to: 9 }],
  ['Expand', [2, 3], [ints(1, 1, 1)]],
  ['Resize', [1, 1, 2, 3], [undefined, float32([1, 1, 1, 1.3])]],
  ['Resize', [1, 1, 2, 3], [undefined, float32([1, 1, 1, 2])]],
])('%s of [%s] that does something after all', (op, shape, rest, attributes = {}) => {
  const b = new GraphBuilder('something');
  const x = b.input('x', shape);
  expect(b.op(op, [x, ...rest], attributes)).not.toBe(x);
});

/** Ops that the gradient of each of the inputs adds to the graph, in order. */
function backward(
  write: (b: GraphBuilder, x: Value, w: Value) => Value,
  shapes: readonly (readonly number[])[],
  lowering?: Partial<Lowering>,
) {
  const b = new GraphBuilder('form');
  const inputs = shapes.map((shape, i) => b.input(`x${i}`, shape));
  const y = write(b, inputs[0]!, inputs[1] ?? inputs[0]!);
  const loss = b.reduceSum(b.mul(y, b.input('d', y.shape)), undefined, false);
  const forward = b.build({ loss });
  return shapes.map((_, i) => {
    const { graph } = differentiate(forward, { loss: 'loss', wrt: [`x${i}`], lowering });
    const known = forward.nodes.map(({ op }) => op);
    return graph.nodes
      .map(({ op }) => op)
      .filter((op) => {
        const at = known.indexOf(op);
        if (at >= 0) known.splice(at, 1);
        return at < 0;
      });
  });
}

test.each<[title: string, shape: number[], write: (b: GraphBuilder, x: Value) => Value, added: string[]]>([
  ['neighbours in order are zeros around', [2, 5], (b, x) => b.gather(x, int64([1, 2, 3]), 1), ['Mul', 'Pad']],
  ['each once, in another order', [2, 3], (b, x) => b.gather(x, int64([2, 0, 1]), 1), ['Mul', 'Gather']],
  ['each twice', [2, 2], (b, x) => b.gather(x, int64([0, 1, 1, 0]), 1), ['Mul', 'Gather', 'ReduceSum']],
  ['some once, some never', [2, 4], (b, x) => b.gather(x, int64([3, 0]), 1), ['Mul', 'Pad', 'Gather']],
  ['rows of a slice', [4, 2], (b, x) => b.slice(x, [1], [3], [0]), ['Mul', 'Pad']],
  ['a sum along an axis', [2, 3], (b, x) => b.reduceSum(x, [1]), ['Mul', 'Expand']],
  ['another shape', [2, 3], (b, x) => b.reshape(x, [6]), ['Mul', 'Reshape']],
])('the gradient of %s', (_, shape, write, added) => {
  const [ops] = backward(write, [shape]);
  expect(ops).toEqual(added);
});

/** The operations that the gradients of picture and kernel of a convolution are made of, apart from those that move. */
function convolved(
  kernel: readonly number[],
  options: Parameters<GraphBuilder['conv']>[2],
  lowering?: Partial<Lowering>,
  [n, h, w]: readonly number[] = [1, 12, 12],
) {
  const group = options?.group ?? 1;
  const shapes = [
    [n!, 4, h!, w!],
    [6, 4 / group, ...kernel],
  ];
  const work = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'Concat', 'Slice']);
  return backward((b, x, k) => b.conv(x, k, options), shapes, lowering).map((ops) => ops.filter((op) => work.has(op)));
}

/** Ops one after the other, with how often each comes in a row. */
const inShort = (ops: readonly string[]): string =>
  ops.join(' ').replaceAll(/(\S+)(?: \1(?=\s|$))+/g, (all, op: string) => `${op}×${all.split(' ').length}`);

const [flipped, turned] = [{ inputGradient: 'flipped-conv' }, { inputGradient: 'conv-transpose' }] as const;
const products = { filterGradient: 'matmul' } as const;

test.each<[form: string, of: Parameters<typeof convolved>, picture: string, kernel: string]>([
  ['as usual', [[3, 3], {}], 'Gemm Conv', 'Concat×2 Gemm'],
  ['of single pixels', [[1, 1], {}], 'Conv', 'Gemm'],
  ['spread', [[3, 3], {}, turned], 'ConvTranspose', 'Concat×2 Gemm'],
  ['spread, in groups', [[3, 3], { group: 2 }, turned], 'Gemm Conv', 'Slice×9 Concat MatMul'],
  ['with strides', [[3, 3], { strides: [2, 2] }, flipped], 'ConvTranspose', 'Slice×9 Concat Gemm'],
  ['with a stride along one axis', [[3, 3], { strides: [1, 2] }, flipped], 'ConvTranspose', 'Slice×9 Concat Gemm'],
  ['with a stride along the other', [[3, 3], { strides: [2, 1] }, flipped], 'ConvTranspose', 'Slice×9 Concat Gemm'],
  ['padded as far as it reaches', [[3, 3], { pads: [2, 2, 2, 2] }, flipped], 'Gemm Conv', 'Concat×2 Gemm'],
  ['padded farther before', [[3, 3], { pads: [3, 0, 0, 0] }, flipped], 'ConvTranspose', 'Concat×2 Gemm'],
  ['padded farther behind', [[3, 3], { pads: [0, 0, 0, 3] }, flipped], 'ConvTranspose', 'Concat×2 Gemm'],
  ['dilated', [[3, 3], { dilations: [2, 2], pads: [4, 4, 4, 4] }, flipped], 'Gemm Conv', 'Concat×2 Gemm'],
  ['with a large kernel', [[7, 7], { group: 2 }], 'Gemm Conv', 'Slice×49 Concat MatMul'],
  ['with a larger one', [[5, 10], { group: 2, pads: [0, 0, 0, 0] }], 'Gemm Conv', 'Conv'],
  ['as a convolution', [[3, 3], {}, { filterGradient: 'conv' }], 'Gemm Conv', 'Conv'],
  ['as a product', [[3, 3], {}, products], 'Gemm Conv', 'Slice×9 Concat Gemm'],
  ['as a product of two pictures', [[3, 3], {}, products, [2, 12, 12]], 'Gemm Conv', 'Slice×9 Concat MatMul'],
  [
    'in strips',
    [[3, 3], {}, { ...products, chunks: 2 }],
    'Gemm Conv',
    'Slice×2 Concat Slice×2 Concat Slice×9 Concat MatMul',
  ],
  ['in strips that do not fit', [[3, 3], {}, { ...products, chunks: 5 }], 'Gemm Conv', 'Slice×9 Concat Gemm'],
])('gradients of a convolution %s', (_, of, picture, kernel) => {
  expect(convolved(...of).map(inShort)).toEqual([picture, kernel]);
});

test.each<
  [title: string, write: (b: GraphBuilder, x: Value, w: Value) => Value, shapes: number[][], ...added: string[]]
>([
  ['a power', (b, x) => b.pow(x, 3), [[2, 3]], 'Mul Pow Mul×2'],
  ['a power of a list of one', (b, x) => b.pow(x, float32([3])), [[2, 3]], 'Mul Pow Mul×2'],
  ['powers', (b, x) => b.pow(x, float32([3, 2, 1])), [[2, 3]], 'Mul Pow Mul×2 Where'],
  [
    'a matrix product',
    (b, x, w) => b.gemm(x, w),
    [
      [2, 3],
      [3, 4],
    ],
    'Mul Gemm',
    'Mul Gemm',
  ],
  [
    'twice a matrix product',
    (b, x, w) => b.op('Gemm', [x, w], { alpha: 2 }),
    [
      [2, 3],
      [3, 4],
    ],
    'Mul×2 Gemm',
    'Mul×2 Gemm',
  ],
  [
    'a bias',
    (b, x, w) => b.gemm(float32([1, 2, 3, 4], [2, 2]), x, { bias: w }),
    [
      [2, 3],
      [2, 3],
    ],
    'Mul Gemm',
    'Mul',
  ],
  [
    'one matrix for all',
    (b, x, w) => b.matmul(x, w),
    [
      [5, 2, 3],
      [3, 4],
    ],
    'Mul Transpose MatMul',
    'Mul Reshape×2 Gemm',
  ],
  [
    'a matrix for each',
    (b, x, w) => b.matmul(x, w),
    [
      [5, 2, 3],
      [5, 3, 4],
    ],
    'Mul Transpose MatMul',
    'Mul Transpose MatMul',
  ],
  [
    'matrices for one',
    (b, x, w) => b.matmul(x, w),
    [
      [1, 2, 3],
      [5, 3, 4],
    ],
    'Mul Transpose MatMul ReduceSum',
    'Mul Transpose MatMul',
  ],
  [
    'repeated pixels',
    (b, x) => b.resize(x, [2, 3], { mode: 'nearest' }),
    [[1, 1, 2, 3]],
    'Mul Reshape ReduceSum Reshape ReduceSum',
  ],
  ['a picture made higher', (b, x) => b.resize(x, [2, 1]), [[1, 1, 2, 3]], 'Mul Reshape MatMul Reshape'],
  ['a picture made wider', (b, x) => b.resize(x, [1, 2]), [[1, 1, 2, 3]], 'Mul Reshape Gemm Reshape'],
  ['means side by side', (b, x) => b.averagePool(x, [2, 2]), [[1, 1, 4, 4]], 'Mul×2 Reshape Expand Reshape'],
  ['means that leave a rest', (b, x) => b.averagePool(x, [2, 2]), [[1, 1, 5, 5]], 'Mul×2 Reshape Expand Reshape Pad'],
  ['means that overlap', (b, x) => b.averagePool(x, [2, 2], [1, 1]), [[1, 1, 5, 5]], 'Mul×2 Pad×4 Add×3'],
  [
    'means farther apart',
    (b, x) => b.averagePool(x, [1, 2], [2, 1]),
    [[1, 1, 5, 5]],
    'Mul×2 Reshape Pad Reshape Slice Pad×2 Add',
  ],
  ['every second', (b, x) => b.slice(x, [0], [4], [0], [2]), [[4, 2]], 'Mul Pad Gather'],
  ['zeros around', (b, x) => b.pad(x, [1, 0, 0, 2]), [[4, 2]], 'Mul Slice'],
  ['a reflection', (b, x) => b.pad(x, [1, 0, 0, 0], 'reflect'), [[4, 2]], 'Mul Slice Pad Slice Add'],
  [
    'a row added to each',
    (b, x, w) => b.add(x, w),
    [
      [4, 2],
      [1, 2],
    ],
    'Mul',
    'Mul ReduceSum',
  ],
  ['repeats', (b, x) => b.op('Tile', [x, b.ints([2, 1])]), [[4, 2]], 'Mul Reshape ReduceSum Reshape'],
  ['a limit above', (b, x) => b.clip(x, undefined, 1), [[4, 2]], 'Mul Greater Where'],
])('the gradient of %s', (_, write, shapes, ...added) => {
  expect(backward(write, shapes).map(inShort)).toEqual(added);
});

test('slices backwards in larger steps, exponents and ellipses are said so that all devices understand them', () => {
  const b = new GraphBuilder('devices');
  const x = b.input('x', [2, 9]);
  const op = (value: Value) => b.producerOf(value)!;
  expect(op(b.slice(x, [-1], [-10], [1], [-1])).op).toBe('Slice');
  expect(op(b.slice(x, [-1], [-10], [1], [-2])).op).toBe('Gather');
  expect(op(b.slice(x, [0], [9], [1], [2])).op).toBe('Slice');
  expect(op(b.slice(x, [1, -1], [-3, -10], [0, 1], [-1, -3])).op).toBe('Gather');
  expect(op(b.pow(x, b.input('p', [9]))).inputs[1]!.shape).toEqual([2, 9]);
  expect(op(b.pow(x, b.input('q', [1]))).inputs[1]!.shape).toEqual([1]);
  expect(op(b.pow(x, b.input('r', [2, 9]))).inputs[1]!.shape).toEqual([2, 9]);
  const nothing = float32([], [2, 0]);
  expect(op(b.concat([x, nothing, x], 1)).inputs).toEqual([x, x]);
  expect(op(b.op('Einsum', [x, x], { equation: '...a,...a' })).attributes).toEqual({ equation: 'ba,ba->b' });
});
