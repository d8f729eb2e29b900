import { float32, GraphBuilder, int64, knownOps, type Attributes, type Tensor } from '../../../src/engine/graph';
import { definitionOf } from '../../../src/engine/graph/ops/op-table';
import { runNative } from './support/native';
import { Random } from './support/random';
import { defaultCases, forwardCases } from './support/default-cases';
import { ruleCases } from './support/rule-cases';

// What is computed while a graph is built is what ONNX Runtime computes, and has the shape that was told beforehand.

interface Case {
  readonly op: string;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes?: Attributes;
  readonly outputs?: number;
}

/** The same operation twice: on constants, which are computed at once, and on weights, which ONNX Runtime computes with. */
async function compare({ op, inputs, attributes = {}, outputs = 1 }: Case): Promise<void> {
  const what = `${op} of [${inputs.map((input) => input?.dims.join()).join('] [')}], ${Object.entries(attributes).join()}`;
  const folded = new GraphBuilder('folded').apply(op, inputs, attributes, { outputs });
  const b = new GraphBuilder('run');
  // Axes, shapes and indices are known in both.
  const known = (input: Tensor): boolean => input.type === 'int64' && !['Div', 'Mod', 'Cast', 'Equal'].includes(op);
  const operands = inputs.map((input, i) => (input === undefined || known(input) ? input : b.weight(`w${i}`, input)));
  const results = b.apply(op, operands, attributes, { outputs });
  const named = Object.fromEntries(results.map((value, i) => [`y${i}`, value]));
  const found = await runNative(b.build(named), {});
  results.forEach((value, i) => {
    const constant = folded[i]!.constant;
    if (constant === undefined) throw new Error(`${what} is not computed at once`);
    expect([what, constant.dims, constant.type]).toEqual([what, value.shape, value.type]);
    const expected = Array.from(found[`y${i}`] as ArrayLike<number | bigint>, Number);
    expect(expected).toHaveLength(constant.data.length);
    Array.from(constant.data as ArrayLike<number | bigint>, Number).forEach((given, k) => {
      const wanted = expected[k]!;
      const near = Object.is(given, wanted) || Math.abs(given - wanted) <= 2e-5 * Math.max(1, Math.abs(wanted));
      if (!near) throw new Error(`${what}: ${given} instead of ${wanted} at ${k}`);
    });
  });
}

const random = new Random(20261127);
const foldable = [...ruleCases(), ...defaultCases, ...forwardCases].filter(
  ({ op }) => definitionOf(op)!.evaluate !== undefined,
);

test.each([...new Set(foldable.map(({ op }) => op))])('%s', async (op) => {
  for (const each of foldable.filter((candidate) => candidate.op === op)) {
    const { shapes, values = 'any', constants = [], leading = false, attributes, outputs } = each;
    const positive = values === 'positive' || (Array.isArray(values) && values.includes('nonzero' as never));
    const floats = shapes.map((dims) => {
      const size = dims.reduce((product, dim) => product * dim, 1);
      return float32(random.array(size, positive ? 0.3 : -2, 2), dims);
    });
    const more = constants.map((one) => (typeof one === 'number' ? float32(one) : (one as Tensor | undefined)));
    await compare({ op, inputs: leading ? [...more, ...floats] : [...floats, ...more], attributes, outputs });
  }
});

const bools = (values: string, dims: readonly number[]): Tensor => ({
  type: 'bool',
  dims,
  data: Uint8Array.from(values, Number),
});
const steps = float32([-2.5, -2, -1.5, -0.5, -0, 0.5, 1, 1.5, 2.5, 3.49], [2, 5]);
const row = float32([-2, -1, 0, 1, 2], [5]);

test.each<Case>([
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'].flatMap((op): Case[] => [
    { op, inputs: [steps, row] },
    { op, inputs: [float32([1, 2, 3]), float32([3, 2, 1])] },
  ]),
  ...['And', 'Or', 'Xor'].map((op): Case => ({ op, inputs: [bools('0011', [4]), bools('0101', [4])] })),
  { op: 'Not', inputs: [bools('0110', [2, 2])] },
  { op: 'IsNaN', inputs: [float32([0, NaN, Infinity])] },
  ...['Floor', 'Ceil', 'Round', 'Abs', 'Neg', 'Exp'].map((op): Case => ({ op, inputs: [steps] })),
  { op: 'Erf', inputs: [float32([-7, -4, -3, -2.9, -1, 0, 0.1, 1, 2.99, 3, 3.5, 6, 6.1])] },
  { op: 'Div', inputs: [int64([7, -7, 6, -1]), int64([2, 2, 3, 2])] },
  { op: 'Mod', inputs: [int64([7, -7, 7, -7]), int64([3, 3, -3, -3])] },
  { op: 'Cast', inputs: [int64([-3, 0, 7])], attributes: { to: 1 } },
  { op: 'Cast', inputs: [steps], attributes: { to: 9 } },
  { op: 'Cast', inputs: [bools('101', [3])], attributes: { to: 7 } },
  { op: 'ConstantOfShape', inputs: [int64([2, 3])] },
  { op: 'ConstantOfShape', inputs: [int64([4])], attributes: { value: float32([2.5]) } },
  { op: 'ConstantOfShape', inputs: [int64([2])], attributes: { value: int64([7]) } },
  { op: 'Where', inputs: [bools('10', [2, 1]), steps, row] },
  { op: 'Gather', inputs: [steps, int64([-1, 0, 4])], attributes: { axis: -1 } },
  { op: 'Gather', inputs: [int64([5, 6, 7]), int64([2, 0], [1, 2])] },
  { op: 'Slice', inputs: [steps, int64([4]), int64([-99]), int64([1]), int64([-2])] },
  { op: 'Slice', inputs: [steps, int64([-3]), int64([-1]), int64([-1])] },
  { op: 'Slice', inputs: [steps, int64([3]), int64([1]), int64([1])] },
  { op: 'Slice', inputs: [steps, int64([0]), int64([5]), int64([1]), int64([3])] },
  { op: 'Concat', inputs: [int64([1, 2]), int64([3])], attributes: { axis: 0 } },
  { op: 'Reshape', inputs: [steps, int64([5, 1, -1])] },
  { op: 'MatMul', inputs: [row, row] },
  { op: 'ReduceSum', inputs: [steps, int64([-1])], attributes: { keepdims: 0 } },
  { op: 'ReduceSum', inputs: [steps], attributes: { noop_with_empty_axes: 0 } },
])('$op, %#', compare);

const shaped = (op: string, inputs: readonly Tensor[], attributes?: Attributes) => {
  const { constant } = new GraphBuilder('shapes').apply(op, inputs, attributes)[0]!;
  return { dims: [...constant!.dims], data: Array.from(constant!.data as ArrayLike<number | bigint>, Number) };
};

test('numbers of an attribute, of whatever kind', () => {
  const constant = (attributes: Attributes) => shaped('Constant', [], attributes);
  expect(constant({ value: float32([1, 2], [2, 1]) })).toEqual({ dims: [2, 1], data: [1, 2] });
  expect(constant({ value_float: 0.5 })).toEqual({ dims: [], data: [0.5] });
  expect(constant({ value_int: 3 })).toEqual({ dims: [], data: [3] });
  expect(constant({ value_floats: [0.5, 1] })).toEqual({ dims: [2], data: [0.5, 1] });
  expect(constant({ value_ints: [3, 4] })).toEqual({ dims: [2], data: [3, 4] });
});

test('what only asks for shapes', () => {
  const x = float32(new Float32Array(24), [2, 3, 4]);
  expect(shaped('Shape', [x]).data).toEqual([2, 3, 4]);
  expect(shaped('Shape', [x], { start: 1 }).data).toEqual([3, 4]);
  expect(shaped('Shape', [x], { start: -3, end: -1 }).data).toEqual([2, 3]);
  expect(shaped('Size', [x])).toEqual({ dims: [], data: [24] });
  const range = (...ends: number[]) =>
    shaped(
      'Range',
      ends.map((end) => float32(end)),
    ).data;
  expect(range(1, 6, 2)).toEqual([1, 3, 5]);
  expect(range(0, 4, 2)).toEqual([0, 2]);
  expect(range(3, 0, -1)).toEqual([3, 2, 1]);
  expect(range(3, 0, 1)).toEqual([]);
});

test('all that is known how to compute', () => {
  const foldable = knownOps().filter(({ op }) => definitionOf(op)!.evaluate !== undefined);
  expect(foldable.map(({ op }) => op).sort()).toEqual(
    (
      'Abs Add And Cast Ceil Clip Concat ConstantOfShape Cos DepthToSpace Div Equal Erf Exp Expand Flatten Floor Gather ' +
      'Gemm Greater GreaterOrEqual HardSigmoid IsNaN LeakyRelu Less LessOrEqual Log MatMul Max Min Mod Mul Neg Not Or ' +
      'Pow Reciprocal ReduceL1 ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu ' +
      'Reshape Round ScatterElements ScatterND Sigmoid Sign Sin Slice Softplus Split Sqrt Squeeze Sub Tanh Tile ' +
      'Transpose Unsqueeze Where Xor'
    ).split(' '),
  );
});

test('what is not known how to compute is left to run', () => {
  const b = new GraphBuilder('left');
  for (const op of ['Elu', 'Gelu', 'Mish', 'HardSwish']) expect(b.op(op, [float32([1, 2])]).constant).toBeUndefined();
});
