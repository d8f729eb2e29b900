import type { Crop } from '../../../src/engine/adaptation/crops';
import type { Sample } from '../../../src/engine/adaptation/samples';
import { selfPairs, type SelfPair } from '../../../src/engine/adaptation/self-pairs';
import { GraphBuilder, type Graph } from '../../../src/engine/graph';
import { createRaster, crop as cut } from '../../../src/engine/raster/planes';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import { never } from '../raster/support';

// What a picture itself knows about enlarging: its crops, and what its reconstructor makes of them.

const SCALE = 2;
const runtime = cpuRuntime(1);
afterAll(() => runtime.dispose());

/** R that takes down by the mean of 2 × 2 pixels, with `more` brightness. */
function halving(more = 0): Graph {
  const b = new GraphBuilder('halving');
  const graph = b.build({ y: b.add(b.averagePool(b.input('x', [1, 3, 8, 8]), [SCALE, SCALE]), more) });
  const open = (ports: typeof graph.inputs) => ports.map((port) => ({ ...port, shape: ['n', 3, 'h', 'w'] }));
  return { ...graph, inputs: open(graph.inputs), outputs: open(graph.outputs) };
}

/** A crop whose values tell which crop and which pixel it is. */
function cropOf(number: number, width: number, height: number): Crop {
  const pixels = createRaster(width, height, 3);
  pixels.data.forEach((_, i) => (pixels.data[i] = number / 64 + i / 2 ** 16));
  return { rect: { x: 0, y: 0, width, height }, pixels, map: createRaster(width, height, 1) };
}

const sample = (count: number, reconstructor: Graph | undefined = halving(), first = 0): Sample => ({
  crops: Array.from({ length: count }, (_, i) => cropOf(first + i, 8, 6)),
  embedding: new Float32Array(4),
  reconstructor,
});
const withoutR = (count: number): Sample => ({ ...sample(count), reconstructor: undefined });
const numbersOf = (pairs: readonly SelfPair[]) => pairs.map(({ high }) => Math.round(high.data[0]! * 64));
const of = (...samples: Sample[]) => selfPairs(never, runtime, samples, SCALE);

test('are crops cut to whole small pixels, and what R makes of them', async () => {
  const crops = [cropOf(3, 9, 7)];
  const [pair] = await of({ ...sample(0), crops });
  expect(pair!.high).toEqual(cut(crops[0]!.pixels, { x: 0, y: 0, width: 8, height: 6 }));
  expect(pair!.low.shape).toEqual([1, 3, 3, 4]);
  const { data } = pair!.high;
  pair!.low.data.forEach((value, i) => {
    const corner = 2 * (i % 4) + 16 * Math.floor(i / 4);
    expect(value).toBeCloseTo((data[corner]! + data[corner + 1]! + data[corner + 8]! + data[corner + 9]!) / 4, 6);
  });
});

test.each([
  [halving(2), 1],
  [halving(-2), 0],
])('stay within 0..1 whatever R gives', async (reconstructor, value) => {
  const [{ low }] = (await of(sample(1, reconstructor))) as [SelfPair];
  expect(new Set(low.data)).toEqual(new Set([value]));
});

test('of many crops there are eight, from all over the picture', async () => {
  expect(numbersOf(await of(sample(5)))).toEqual([0, 1, 2, 3, 4]);
  expect(numbersOf(await of(sample(8)))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(numbersOf(await of(sample(24)))).toEqual([0, 3, 6, 9, 12, 15, 18, 21]);
  const ten = numbersOf(await of(sample(10)));
  expect(ten).toHaveLength(8);
  expect(ten.at(-1)).toBe(9);
});

test('a series shares the eight', async () => {
  expect(numbersOf(await of(sample(24), sample(24, halving(), 24)))).toEqual([0, 6, 12, 18, 24, 30, 36, 42]);
  // A picture with few crops leaves its part to nobody, one without R too.
  expect(numbersOf(await of(sample(1), sample(24, halving(), 24), withoutR(3)))).toEqual([0, 24, 32, 40]);
});

test('there are none without an R, or of crops smaller than the scale', async () => {
  expect(await of(withoutR(3))).toEqual([]);
  const crops = [cropOf(0, 1, 6), cropOf(1, 8, 1), cropOf(2, 2, 2)];
  expect(numbersOf(await of({ ...sample(0), crops }))).toEqual([2]);
});
