import { GraphBuilder, parametersOf, readGraph, trainingStep } from '../../../src/engine/graph';
import { int64 } from '../../../src/engine/graph/tensor';
import { branch, bytes, floats, info, model, node } from './support/onnx-file';

// Single branches that no network of the other tests takes.

const size = [1, 3, 8, 8];
const weight = floats(
  'w',
  [3, 3, 3, 3],
  Array.from({ length: 81 }, (_, i) => Math.sin(i)),
);

test('what a network does may not depend on the picture', () => {
  const nodes = [
    node('Conv', ['x', 'w'], ['a'], { pads: [1, 1, 1, 1] }),
    node('ReduceMax', ['a'], ['most'], { keepdims: 0 }),
    node('Greater', ['most', 'one'], ['bright']),
    node('If', ['bright'], ['y'], {
      then_branch: branch([node('Neg', ['a'], ['turned'])], 'turned'),
      else_branch: branch([node('Mul', ['a', 'a'], ['squared'])], 'squared'),
    }),
  ];
  const network = readGraph(
    bytes(
      model(nodes, {
        input: [info('x', size)],
        output: [info('y', size)],
        initializer: [weight, floats('one', [], [1])],
      }),
    ),
  );
  const step = () =>
    trainingStep({
      network,
      inputs: { x: size },
      loss: (b, { output }) => ({ total: b.mean(b.square(output)) }),
      trainable: 'all',
      optimizer: { type: 'adam' },
      device: 'cpu',
    });
  expect(step).toThrow(expect.objectContaining({ code: 'bad-graph', message: expect.stringMatching(/If/) }));
});

test('whole exponents become floats, which all devices take', () => {
  const b = new GraphBuilder('power');
  const graph = b.build({ y: b.op('Pow', [b.input('x', [2, 3]), b.constant(int64([3]))]) });
  const power = graph.nodes.find(({ op }) => op === 'Pow')!;
  expect(graph.initializers.get(power.inputs[1]!)!.type).toBe('float32');
});

test('a bias that has one number in common with the mean of the pictures learns, the mean itself does not', () => {
  const nodes = [
    node('Sub', ['x', 'mean'], ['a']),
    node('Conv', ['a', 'w'], ['c'], { pads: [1, 1, 1, 1] }),
    node('Add', ['c', 'bias'], ['d']),
    node('Add', ['d', 'again'], ['y']),
  ];
  const of = (name: string, values: number[]) => floats(name, [1, 3, 1, 1], values);
  const graph = readGraph(
    bytes(
      model(nodes, {
        input: [info('x', size)],
        output: [info('y', size)],
        initializer: [weight, of('mean', [0.4, 0.5, 0.6]), of('bias', [0.4, 0.1, 0.2]), of('again', [0.4, 0.5, 0.6])],
      }),
    ),
  );
  expect(parametersOf(graph).map(({ name }) => name)).toEqual(['w', 'bias']);
});
