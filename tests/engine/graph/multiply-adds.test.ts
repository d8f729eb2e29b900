import { float32, GraphBuilder, sizeOf, type Value } from '../../../src/engine/graph';
import { latterWeights, multiplyAdds, workOf } from '../../../src/engine/graph/multiply-adds';

// Multiplications of a network, counted by hand.

const weight = (b: GraphBuilder, name: string, ...dims: number[]): Value =>
  b.weight(
    name,
    float32(
      Float32Array.from({ length: sizeOf(dims) }, (_, i) => 1 + (i % 5)),
      dims,
    ),
  );

test.each<[op: string, write: (b: GraphBuilder, x: Value) => Value, count: number]>([
  ['Conv', (b, x) => b.conv(x, weight(b, 'w', 6, 2, 3, 3), { group: 2 }), 6 * 6 * 7 * 2 * 9],
  [
    'Conv, in steps',
    (b, x) => b.conv(x, weight(b, 'w', 5, 4, 2, 3), { strides: [2, 2], pads: [0, 0, 0, 0] }),
    5 * 3 * 3 * 4 * 6,
  ],
  ['ConvTranspose', (b, x) => b.convTranspose(x, weight(b, 'w', 4, 3, 2, 2), { strides: [2, 2] }), 4 * 6 * 7 * 3 * 4],
  ['MatMul', (b, x) => b.matmul(x, weight(b, 'w', 7, 3)), 4 * 6 * 7 * 3],
  ['Gemm', (b, x) => b.gemm(b.reshape(x, [4, 42]), weight(b, 'w', 42, 3)), 4 * 42 * 3],
  [
    'Gemm, turned',
    (b, x) => b.gemm(b.reshape(x, [42, 4]), weight(b, 'w', 3, 42), { transA: true, transB: true }),
    4 * 42 * 3,
  ],
  ['Relu', (b, x) => b.relu(x), 0],
])('%s', (_, write, count) => {
  const b = new GraphBuilder('work');
  expect(multiplyAdds(b.producerOf(write(b, b.input('x', [1, 4, 6, 7])))!)).toBeCloseTo(count, 6);
});

test('how much is done once a weight comes in, and which come in last', () => {
  const b = new GraphBuilder('network');
  const conv = (x: Value, name: string, kernel: Value = weight(b, name, 2, 2, 1, 1)) => b.conv(x, kernel);
  const y = conv(b.input('x', [1, 2, 3, 3]), 'first');
  // Made of weights alone: it comes in where it is used.
  const product = b.mul(weight(b, 'scale', 2, 1, 1, 1), weight(b, 'second', 2, 2, 1, 1));
  const z = conv(b.relu(conv(y, '', product)), 'third');
  const graph = b.build({ y: conv(b.add(z, y), 'first again', weight(b, 'last', 2, 2, 1, 1)) });
  const open = graph.inputs.map((input) => ({ ...input, shape: ['n', 2, 'h', 'w'] }));
  const work = workOf({ ...graph, inputs: open }, [1, 2, 4, 5]);
  expect(work.multiplyAdds).toBe(4 * 80);
  expect(Object.fromEntries(work.reached)).toEqual({ first: 0.25, scale: 0.5, second: 0.5, third: 0.75, last: 1 });
  expect(latterWeights(work, 0.25)).toEqual(['third', 'last']);
  expect(latterWeights(work, 0.3)).toEqual(['third', 'last']);
  expect(latterWeights(work, 0.5)).toEqual(['scale', 'second', 'third', 'last']);
  expect(latterWeights(work, 0)).toEqual(['last']);
  expect(latterWeights(work, 1)).toEqual(['first', 'scale', 'second', 'third', 'last']);
});

test('where nothing is multiplied every weight is there at the end', () => {
  const b = new GraphBuilder('network');
  const graph = b.build({ y: b.prelu(b.input('x', [1, 2, 3, 3]), weight(b, 'slopes', 2, 1, 1)) });
  const work = workOf(graph, [1, 2, 3, 3]);
  expect([work.multiplyAdds, ...work.reached]).toEqual([0, ['slopes', 1]]);
  expect(latterWeights(work, 0.1)).toEqual(['slopes']);
});
