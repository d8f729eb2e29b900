import { quantisationErrors } from '../../../src/engine/adaptation/compression';
import { degraderFor } from '../../../src/engine/adaptation/degraders';
import { choosePatches } from '../../../src/engine/adaptation/patches';
import { planAdaptation } from '../../../src/engine/adaptation/plan';
import { randomFrom } from '../../../src/engine/adaptation/random';
import { pairSide } from '../../../src/engine/adaptation/prepare';
import { isRefusal } from '../../../src/engine/adaptation/refusal';
import type { AblatedOptions } from '../../../src/engine/adaptation';
import { GraphBuilder } from '../../../src/engine/graph';
import type { NetworkEntry } from '../../../src/engine/network/registry';
import { createRaster } from '../../../src/engine/raster/planes';
import { runNative } from '../graph/support/native';
import { drawn, largestDifference } from '../raster/support';
import { tinyModel } from '../upscaling/tiny-networks';

// Numbers that a mutation run changed without any other test noticing.

test('bicubic by two has the weights of Pillow and imresize', async () => {
  const [width, height] = [24, 2];
  const b = new GraphBuilder('down');
  const x = b.input('x', [1, 3, height, width]);
  const graph = b.build({ y: degraderFor('bicubic', 2)(b, x) });
  // A bright column, left in its pair of columns: four of the results see it, by every other one of the eight weights.
  const data = new Float32Array(3 * height * width).map((_, i) => (i % width === 12 ? 256 : 0));
  const { y } = await runNative(graph, { x: { data, dims: [1, 3, height, width] } });
  const row = [0, 0, 0, 0, -3, 29, 111, -9, 0, 0, 0, 0];
  [...row, ...row, ...row].forEach((value, i) => expect(y![i]).toBeCloseTo(value, 3));
});

test.each([1, 2, 3, 4])('bicubic and area by %i keep what is even, and area is the mean of squares', async (scale) => {
  const [width, height] = [4 * scale, 5 * scale];
  const data = Float32Array.from({ length: 3 * width * height }, (_, i) => Math.sin(i * i));
  const of = async (cycle: 'area' | 'bicubic', picture: Float32Array) => {
    const b = new GraphBuilder('down');
    const graph = b.build({ y: degraderFor(cycle, scale)(b, b.input('x', [1, 3, height, width])) });
    return (await runNative(graph, { x: { data: picture, dims: [1, 3, height, width] } }))['y']!;
  };
  const means = drawn(4, 5, 3, (c, y, x) => {
    let sum = 0;
    for (let dy = 0; dy < scale; dy++) {
      for (let dx = 0; dx < scale; dx++) sum += data[(c * height + scale * y + dy) * width + scale * x + dx]!;
    }
    return sum / scale ** 2;
  });
  expect(largestDifference(await of('area', data), means.data)).toBeLessThan(1e-6);
  expect(largestDifference(await of('bicubic', data.slice().fill(0.7)), means.data.slice().fill(0.7))).toBeLessThan(
    1e-6,
  );
  if (scale === 1) expect(largestDifference(await of('bicubic', data), data)).toBeLessThan(1e-6);
});

test('bicubic by three reaches two pixels of the result, borders continued', async () => {
  const b = new GraphBuilder('down');
  const [width, height] = [18, 3];
  const graph = b.build({ y: degraderFor('bicubic', 3)(b, b.input('x', [1, 3, height, width])) });
  const row = async (column: number) => {
    const data = Float32Array.from({ length: 3 * height * width }, (_, i) => (i % width === column ? 54 : 0));
    const { y } = await runNative(graph, { x: { data, dims: [1, 3, height, width] } });
    expect(y).toHaveLength(3 * 6);
    return [...y!.subarray(12)].map((value) => Math.round(100 * value) / 100 + 0);
  };
  // Keys' kernel at distances of thirds, which sum up to three.
  const keys = (t: number) => (t < 1 ? 1.5 * t ** 3 - 2.5 * t ** 2 + 1 : -0.5 * t ** 3 + 2.5 * t ** 2 - 4 * t + 2);
  const weight = (thirds: number) => Math.round(1800 * keys(thirds / 3)) / 100;
  expect(await row(9)).toEqual([0, weight(5), weight(2), weight(1), weight(4), 0]);
  expect(await row(10)).toEqual([0, 0, weight(3), weight(0), weight(3), 0]);
});

test('a cycle through R is what R gives, and needs one', async () => {
  const r = new GraphBuilder('r');
  const reconstructor = r.build({ y: r.add(r.averagePool(r.input('x', [1, 3, 4, 4]), [2, 2]), 0.25) });
  const b = new GraphBuilder('down');
  const graph = b.build({ y: degraderFor('reconstructor', 2, reconstructor)(b, b.input('x', [1, 3, 4, 4])) });
  const { y } = await runNative(graph, { x: { data: new Float32Array(48).fill(0.5), dims: [1, 3, 4, 4] } });
  expect([...y!]).toEqual(new Array<number>(12).fill(0.75));
  expect(() => degraderFor('reconstructor', 2)).toThrow('reconstructor');
});

test('colour is quantised by the table of annex K, at half size', () => {
  const errors = quantisationErrors(50);
  const steps = (plane: number, ...places: number[]) =>
    places.map((place) => Math.round(510 * errors[64 * plane + place]!));
  expect(steps(0, 0, 1, 8, 63)).toEqual([16, 11, 12, 99]);
  // Every other frequency: columns 0, 2, 4 of rows 0, 2 of the table for colour; above its middle colour has none.
  expect(steps(1, 0, 1, 2, 8, 9, 10)).toEqual([17, 24, 99, 24, 56, 99]);
  expect(steps(2, 4, 32)).toEqual([510, 510]);
});

test('of every four rich places one is held out', () => {
  const pixels = createRaster(64, 32, 3);
  pixels.data.forEach((_, i) => (pixels.data[i] = i / 2 ** 20));
  const map = createRaster(64, 32, 1);
  map.data.fill(1);
  const crops = [{ rect: { x: 0, y: 0, width: 64, height: 32 }, pixels, map }];
  const { training, heldOut } = choosePatches(crops, 16, { training: 6, heldOut: 2 }, randomFrom(1));
  const corners = (patches: typeof training) => new Set(patches.map(({ pixels: { data } }) => data[0]));
  expect(corners(training).size).toBe(6);
  expect(corners(heldOut).size).toBe(2);
});

test.each([
  // A network for multiples of 32 has patches of 32, and one piece of 128 is more than the usual ten thirds of that.
  [160, 32, 4, 32, 32],
  [128, 32, 4, 32, 32],
  [127, 32, 4, 32, 0],
  [160, 48, 4, 8, 40],
  [160, 40, 4, 1, 32],
  [31, 31, 4, 1, 0],
])('in a square of %i, patches of %i, ×%i, multiples of %i: pairs of %i', (room, patch, scale, multipleOf, side) => {
  const input = { name: 'x', layout: 'NCHW', channels: 'RGB', range: [0, 1], type: 'float32' } as const;
  expect(pairSide(room, patch, { scale, input, multipleOf })).toBe(side);
});

test('a picture of a series that just holds a patch takes part', async () => {
  const read = () => Promise.reject(new Error('nothing is read yet'));
  const network = await tinyModel();
  const options = { level: 'standard', strength: 1, ablation: { patch: 32 } } as AblatedOptions;
  const sizes = [32, 31, 64].map((width) => ({ width, height: 64, read }));
  const plan = planAdaptation({ picture: { width: 64, height: 64, read }, series: sizes, network, options }, 'cpu');
  if (isRefusal(plan)) throw new Error('refused');
  expect(plan.side).toBe(32);
  expect(plan.pictures.map(({ width }) => width)).toEqual([64, 32, 64]);
});

test.each<[string, number, number, boolean, number[], number]>([
  ['a network of others on a large picture', 100, 60, false, [], 0.3],
  ['on several small ones', 64, 64, false, [64], 0.3],
  ['on one that holds two patches by two', 64, 64, false, [], 0.5],
  ['one of ours on a large picture', 100, 60, true, [], 0.5],
])('the anchor of features for %s', async (_, width, height, ours, others, weight) => {
  const { entry, bytes } = await tinyModel();
  const network = { bytes, entry: { ...entry, adaptation: ours ? {} : undefined } };
  const read = () => Promise.reject(new Error('nothing is read yet'));
  const series = others.map((side) => ({ width: side, height: side, read }));
  const options = { level: 'standard', strength: 1, ablation: { patch: 32 } } as AblatedOptions;
  const plan = planAdaptation({ picture: { width, height, read }, series, network, options }, 'cpu');
  expect(isRefusal(plan) ? plan.refused : plan.recipe.featureAnchor).toBeCloseTo(weight, 9);
});

test.each<[number, number, Partial<NetworkEntry['input']>, unknown]>([
  [100, 80, { size: { width: 24, height: 24 } }, 24],
  [24, 24, { size: { width: 24, height: 24 } }, 24],
  [100, 23, { size: { width: 24, height: 24 } }, 'too-small'],
  [100, 80, { size: { width: 24, height: 32 } }, 'oblong'],
  // Whatever the size of the picture: it is the network that cannot.
  [8, 8, { size: { width: 24, height: 32 } }, 'oblong'],
])('of a picture of %i × %i, a network with %j has patches of %j', async (width, height, input, side) => {
  const { entry, bytes } = await tinyModel();
  const network = { bytes, entry: { ...entry, input: { ...entry.input, ...input } } };
  const read = () => Promise.reject(new Error('nothing is read yet'));
  const options = { level: 'standard', strength: 1 } as AblatedOptions;
  const plan = planAdaptation({ picture: { width, height, read }, network, options }, 'cpu');
  expect(isRefusal(plan) ? plan.refused : plan.side).toBe(side);
});
