import { mixWeights } from '../../../src/engine/adaptation';
import { readGraph, writeGraph, type Graph, type Tensor } from '../../../src/engine/graph';
import { tinyNetwork } from '../upscaling/tiny-networks';

// A network between its own weights and adapted ones.

const original = tinyNetwork();
const graph = readGraph(original);

/** The network with each of its weights changed. */
function withWeights(change: (tensor: Tensor, name: string) => Tensor): Uint8Array {
  const initializers = new Map([...graph.initializers].map(([name, tensor]) => [name, change(tensor, name)]));
  return writeGraph({ ...graph, initializers });
}

const plusOne = (tensor: Tensor): Tensor => ({
  ...tensor,
  data: Float32Array.from(tensor.data as Float32Array, (value) => value + 1),
});
const adapted = withWeights((tensor) => (tensor.type === 'float32' ? plusOne(tensor) : tensor));

/** By how much all weights of a file went up, and whether what is no weight stayed. */
function risenBy(bytes: Uint8Array): Set<number | 'same'> {
  const { initializers }: Graph = readGraph(bytes);
  const found = new Set<number | 'same'>();
  for (const [name, tensor] of initializers) {
    const before = graph.initializers.get(name)!;
    if (tensor.type !== 'float32') expect(tensor).toEqual(before);
    else
      tensor.data.forEach((value, i) =>
        found.add(Math.round(1e4 * (Number(value) - Number(before.data[i]))) / 1e4 + 0),
      );
  }
  return found;
}

test.each([
  [0.25, 0.25],
  [0.999, 0.999],
  [0.001, 0.001],
])('at strength %f the weights go that part of the way', (strength, risen) => {
  expect(risenBy(mixWeights(original, adapted, strength))).toEqual(new Set([risen]));
});

test('at either end, and beyond, it is the very file', () => {
  expect([0, -1].map((strength) => mixWeights(original, adapted, strength) === original)).toEqual([true, true]);
  expect([1, 2].map((strength) => mixWeights(original, adapted, strength) === adapted)).toEqual([true, true]);
});

test.each<[string, (name: string, tensor: Tensor) => Tensor]>([
  ['of another shape', (_, tensor) => ({ ...tensor, dims: [1, ...tensor.dims] })],
  [
    'that are no weights',
    (_, { dims, data }) => ({ type: 'int32', dims, data: Int32Array.from(data as Float32Array) }),
  ],
])('weights %s belong to another network', (_, change) => {
  const [last] = [...graph.initializers].filter(([, { type }]) => type === 'float32').at(-1)!;
  const other = withWeights((tensor, name) => (name === last ? change(name, tensor) : tensor));
  expect(() => mixWeights(original, other, 0.5)).toThrow(expect.objectContaining({ code: 'bad-model' }));
  expect(() => mixWeights(original, tinyNetwork({ kind: 'two-outputs', scale: 3 }), 0.5)).toThrow(
    expect.objectContaining({ code: 'bad-model' }),
  );
});
