import {
  differentiate,
  float32,
  GraphBuilder,
  int64,
  type Attributes,
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
function backward(write: (b: GraphBuilder, x: Value, w: Value) => Value, shapes: readonly (readonly number[])[]) {
  const b = new GraphBuilder('form');
  const inputs = shapes.map((shape, i) => b.input(`x${i}`, shape));
  const y = write(b, inputs[0]!, inputs[1] ?? inputs[0]!);
  const loss = b.reduceSum(b.mul(y, b.input('d', y.shape)), undefined, false);
  const forward = b.build({ loss });
  return shapes.map((_, i) => {
    const { graph } = differentiate(forward, { loss: 'loss', wrt: [`x${i}`] });
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
