import {
  foldEmbedding,
  float32,
  GraphBuilder,
  readGraph,
  sizeOf,
  writeGraph,
  type Graph,
  type Value,
} from '../../../src/engine/graph';
import { runNative } from './support/native';
import { Random } from './support/random';

const EMBEDDING = 6;

/** Modulated and demodulated convolutions (StyleGAN2) on the LR grid, with open image size, as a reconstructor has them. */
function reconstructor(group = 1): Graph {
  const random = new Random(21);
  const b = new GraphBuilder('reconstructor');
  const image = b.input('image', [1, 4, 8, 8]);
  const embedding = b.input('embedding', [1, EMBEDDING]);
  const weight = (name: string, dims: number[]): Value => b.weight(name, float32(random.array(sizeOf(dims)), dims));
  const modulated = (x: Value, name: string, inputs: number, outputs: number): Value => {
    const w = weight(`${name}.weight`, [outputs, inputs / group, 3, 3]);
    const style = b.gemm(embedding, weight(`${name}.style`, [inputs, EMBEDDING]), {
      transB: true,
      bias: weight(`${name}.start`, [inputs]),
    });
    const squares = b.reduceSum(b.square(w), [2, 3], false);
    const energy = b.matmul(
      b.square(style),
      b.transpose(group === 1 ? squares : b.op('Tile', [squares, b.ints([1, group])]), [1, 0]),
    );
    const demodulation = b.div(1, b.sqrt(b.add(energy, 1e-8)));
    const scaled = b.mul(x, b.reshape(style, [1, inputs, 1, 1]));
    const y = b.mul(b.conv(scaled, w, { group }), b.reshape(demodulation, [1, outputs, 1, 1]));
    return b.add(y, weight(`${name}.bias`, [1, outputs, 1, 1]));
  };
  let y = b.leakyRelu(modulated(image, 'first', 4, 8), 0.2);
  y = b.leakyRelu(modulated(y, 'second', 8, 8), 0.2);
  y = b.add(modulated(y, 'third', 8, 4), image);
  const graph = b.build({ lr: y });
  const open = ['n', 4, 'h', 'w'];
  return readGraph(
    writeGraph({
      ...graph,
      inputs: graph.inputs.map((input) => (input.name === 'image' ? { ...input, shape: open } : input)),
      outputs: graph.outputs.map((output) => ({ ...output, shape: open })),
    }),
  );
}

test.each([1, 2])('plain convolutions remain, and they mean the same (groups: %d)', async (group) => {
  const graph = reconstructor(group);
  const embedding = new Random(22).array(EMBEDDING);
  const folded = foldEmbedding(graph, embedding);
  expect(folded.nodes.map(({ op }) => op)).toEqual(['Conv', 'LeakyRelu', 'Conv', 'LeakyRelu', 'Conv', 'Add']);
  expect(folded.inputs.map(({ name }) => name)).toEqual(['image']);
  const image = { data: new Random(23).array(4 * 63), dims: [1, 4, 7, 9] };
  const expected = (await runNative(graph, { image, embedding: { data: embedding, dims: [1, EMBEDDING] } }))['lr']!;
  const actual = (await runNative(folded, { image }))['lr']!;
  const scale = Math.max(...expected.map(Math.abs));
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5 * scale));
  // Nothing of the branch that made the styles is left in the file.
  expect(writeGraph(folded).length).toBeLessThan(writeGraph(graph).length);
});

test('a value that is read elsewhere too is not merged away', async () => {
  const b = new GraphBuilder('shared');
  const image = b.input('image', [1, 2, 4, 4]);
  const style = b.reshape(b.input('embedding', [1, 2]), [1, 2, 1, 1]);
  const scaled = b.mul(image, style);
  const graph = readGraph(
    writeGraph(
      b.build({ y: b.add(b.conv(scaled, b.weight('w', float32(new Random(1).array(36), [2, 2, 3, 3]))), scaled) }),
    ),
  );
  const embedding = Float32Array.of(2, -3);
  const folded = foldEmbedding(graph, embedding);
  const feeds = { image: { data: new Random(2).array(32), dims: [1, 2, 4, 4] } };
  const expected = await runNative(graph, { ...feeds, embedding: { data: embedding, dims: [1, 2] } });
  expect((await runNative(folded, feeds))['y']).toEqual(expected['y']);
});

describe('what goes into a convolution, and what does not', () => {
  const constant = (b: GraphBuilder, name: string, dims: number[]) =>
    b.weight(name, float32(Random.named(name).array(sizeOf(dims), 0.3, 1), dims));
  const conv = (b: GraphBuilder, x: Value, name = 'w', bias?: Value, group = 1) =>
    b.conv(x, constant(b, name, [4, 4 / group, 3, 3]), { bias, group });
  const perChannel = (b: GraphBuilder, style: Value) => b.reshape(style, [1, 4, 1, 1]);

  test.each<[title: string, write: (b: GraphBuilder, x: Value, style: Value) => Value, left: string[]]>([
    ['a factor before it, on either side', (b, x, s) => conv(b, b.mul(perChannel(b, s), x)), ['Conv']],
    ['a factor behind it, on either side', (b, x, s) => b.mul(perChannel(b, s), conv(b, x)), ['Conv']],
    ['an offset behind it', (b, x, s) => b.add(conv(b, x), b.reshape(s, [4, 1, 1])), ['Conv']],
    ['one number for all', (b, x, s) => b.mul(conv(b, b.mul(x, b.mean(s))), b.mean(s)), ['Conv']],
    [
      'a factor before it that has a bias',
      (b, x, s) => conv(b, b.mul(x, perChannel(b, s)), 'w', constant(b, 'bias', [4])),
      ['Conv'],
    ],
    [
      'factors and offsets behind one another, with a bias to begin with',
      (b, x, s) => {
        const y = conv(b, x, 'w', constant(b, 'bias', [4]), 2);
        return b.add(b.mul(b.add(b.mul(y, perChannel(b, s)), 0.5), perChannel(b, s)), constant(b, 'more', [4, 1, 1]));
      },
      ['Conv'],
    ],
    [
      'a weight that two read',
      (b, x, s) => b.mul(conv(b, b.relu(b.mul(conv(b, x), perChannel(b, s)))), 2),
      ['Conv', 'Relu', 'Conv'],
    ],
    ['factors per place', (b, x, s) => conv(b, b.mul(x, b.reshape(s, [1, 1, 1, 4]))), ['Mul', 'Conv']],
    ['factors per row', (b, x, s) => b.mul(conv(b, x), b.reshape(s, [1, 1, 4, 1])), ['Conv', 'Mul']],
    ['what is subtracted', (b, x, s) => b.sub(conv(b, x), perChannel(b, s)), ['Conv', 'Sub']],
    ['an offset before it', (b, x, s) => conv(b, b.add(x, perChannel(b, s))), ['Add', 'Conv']],
    ['a product of two pictures', (b, x, s) => b.mul(b.mul(conv(b, x), x), perChannel(b, s)), ['Conv', 'Mul', 'Mul']],
    ['what is squared', (b, x, s) => b.mul(b.square(conv(b, x)), perChannel(b, s)), ['Conv', 'Mul', 'Mul']],
    [
      'a bias that is computed',
      (b, x, s) => b.mul(conv(b, x, 'w', b.reduceMean(x, [0, 2, 3], false)), perChannel(b, s)),
      ['ReduceMean', 'Conv', 'Mul'],
    ],
    [
      'a kernel that is computed',
      (b, x, s) => b.mul(b.conv(x, b.mul(b.slice(x, [0, 0], [3, 3], [2, 3]), 0.5)), b.mean(s)),
      ['Slice', 'Mul', 'Conv', 'Mul'],
    ],
    ['another product', (b, x, s) => b.mul(b.matmul(x, constant(b, 'm', [4, 4])), perChannel(b, s)), ['MatMul', 'Mul']],
    [
      'another kind of convolution',
      (b, x, s) => b.mul(b.convTranspose(b.mul(x, perChannel(b, s)), constant(b, 'w', [4, 4, 2, 2])), perChannel(b, s)),
      ['Mul', 'ConvTranspose', 'Mul'],
    ],
  ])('%s', async (_, write, left) => {
    const b = new GraphBuilder('network');
    const style = b.input('style', [1, 4]);
    const image = b.input('image', [1, 4, 4, 4]);
    const whole = readGraph(writeGraph(b.build({ y: write(b, image, style) })));
    // As exporters do that name no nodes.
    const graph = { ...whole, nodes: whole.nodes.map((node) => ({ ...node, name: '' })) };
    const embedding = Float32Array.of(0.5, -1, 2, 0.25);
    const folded = foldEmbedding(graph, embedding);
    expect(folded.nodes.map(({ op }) => op)).toEqual(left);
    const feeds = { image: { data: new Random(2).array(64), dims: [1, 4, 4, 4] } };
    const expected = (await runNative(whole, { ...feeds, style: { data: embedding, dims: [1, 4] } }))['y']!;
    const actual = (await runNative(folded, feeds))['y']!;
    expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 4));
  });

  test('results of the network stay', async () => {
    const b = new GraphBuilder('network');
    const [image, style] = [b.input('image', [1, 4, 4, 4]), b.input('style', [1, 4])];
    const scaled = b.mul(image, perChannel(b, style));
    const y = conv(b, scaled);
    const z = b.mul(y, perChannel(b, style));
    const folded = foldEmbedding(readGraph(writeGraph(b.build({ scaled, y, z }))), Float32Array.of(1, 2, 3, 4));
    expect(folded.nodes.map(({ op }) => op)).toEqual(['Mul', 'Conv', 'Mul']);
  });

  test('an embedding of open length is one long where nothing else is said', () => {
    const b = new GraphBuilder('network');
    const [image, style] = [b.input('image', [1, 4, 4, 4]), b.input('style', [1, 4])];
    const graph = b.build({ y: b.mul(image, perChannel(b, style)) });
    const [first, second] = graph.inputs;
    const open = (shape: (string | number)[]): Graph => ({ ...graph, inputs: [first!, { ...second!, shape }] });
    const values = Float32Array.of(1, 2, 3, 4);
    expect(foldEmbedding(open(['n', 4]), values).nodes.map(({ op }) => op)).toEqual(['Mul']);
    for (const shape of [
      [1, 4, 1],
      [4, 4],
      ['n', 'm'],
    ]) {
      expect(() => foldEmbedding(open(shape), values)).toThrow(expect.objectContaining({ code: 'bad-model' }));
    }
    const three: Graph = { ...graph, inputs: [...graph.inputs, { name: 'more', type: 'float32', shape: [1] }] };
    expect(() => foldEmbedding(three, values)).toThrow(expect.objectContaining({ code: 'bad-model' }));
  });
});

test('an embedding of another size is refused', () => {
  expect(() => foldEmbedding(reconstructor(), new Float32Array(5))).toThrow(
    expect.objectContaining({ code: 'bad-model', message: expect.stringMatching(/5 numbers/) }),
  );
});
