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

test('an embedding of another size is refused', () => {
  expect(() => foldEmbedding(reconstructor(), new Float32Array(5))).toThrow(
    expect.objectContaining({ code: 'bad-model', message: expect.stringMatching(/5 numbers/) }),
  );
});
