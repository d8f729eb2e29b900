import { cropGrid, detailOf, readCrops, type Crop } from '../../../src/engine/adaptation/crops';
import { choosePatches, evenSide } from '../../../src/engine/adaptation/patches';
import { spanStarts } from '../../../src/engine/adaptation/spans';
import { createRaster } from '../../../src/engine/raster/planes';
import type { Channels, Raster } from '../../../src/engine/raster/raster';
import { haar, highFrequencyMap } from '../../../src/engine/raster/wavelet';
import { drawn, largestDifference, never, noise } from '../raster/support';

// Where crops and patches lie, pixel by pixel.

test('spans are spread evenly, and one alone lies in the middle', () => {
  expect(spanStarts(10, 3)).toEqual([0, 3, 7]);
  expect(spanStarts(11, 4)).toEqual([0, 7]);
  expect(spanStarts(12, 4)).toEqual([0, 4, 8]);
  expect(spanStarts(11, 6)).toEqual([2]);
  expect(spanStarts(6, 6)).toEqual([0]);
});

describe('crops', () => {
  const unused = () => {
    throw new Error('nothing is left to chance');
  };
  const corners = (...[width, height, most, random, patch]: Parameters<typeof cropGrid>) =>
    cropGrid(width, height, most, random, patch).map(({ x, y, width: w, height: h }) => [x, y, w, h]);

  test('are 160 pixels wide and high, less in small pictures and more for large patches, row by row', () => {
    expect(corners(330, 340, 4, unused)).toEqual([
      [0, 0, 160, 160],
      [170, 0, 160, 160],
      [0, 180, 160, 160],
      [170, 180, 160, 160],
    ]);
    expect(corners(100, 319, 1, unused)).toEqual([[0, 79, 100, 160]]);
    expect(corners(300, 280, 4, unused, 256)).toEqual([[22, 12, 256, 256]]);
  });

  test('are some of them where there are too many', () => {
    // Each is swapped with the first: of six the others, then what was the first.
    const some = corners(480, 320, 3, () => 0);
    expect(some).toEqual([
      [160, 0, 160, 160],
      [320, 0, 160, 160],
      [0, 160, 160, 160],
    ]);
  });

  test.each([4, 5])('have a map that ranks all of them together, %i rows high', async (height) => {
    const pictures = [noise(6, height, 3, 1), noise(6, height, 3, 2)];
    for (let i = 0; i < pictures[1]!.data.length; i++) pictures[1]!.data[i]! *= 0.3;
    const rects = [0, 6].map((x) => ({ x, y: 0, width: 6, height }));
    const read = (_: AbortSignal, { x }: { x: number }) => Promise.resolve(pictures[x / 6]!);
    const crops = await readCrops(never, { width: 12, height, read }, rects);
    // One above the other, the last row twice where there are five.
    const whole = height + (height % 2);
    const stack = drawn(6, 2 * whole, 3, (c, y, x) => {
      const row = Math.min(height - 1, y % whole);
      return pictures[Math.floor(y / whole)]!.data[(c * height + row) * 6 + x]!;
    });
    const map = highFrequencyMap(stack).data;
    crops.forEach((crop, i) => {
      expect(crop.pixels).toBe(pictures[i]);
      expect(crop.rect).toBe(rects[i]);
      expect(crop.map).toMatchObject({ width: 6, height, channels: 1 });
      expect(crop.map.data).toEqual(map.slice(6 * whole * i, 6 * (whole * i + height)));
    });
  });
});

const cropOf = (pixels: Raster, map = createRaster(pixels.width, pixels.height, 1)): Crop => ({
  rect: { x: 0, y: 0, width: pixels.width, height: pixels.height },
  pixels,
  map,
});

test('detail, noise and contrast of some crops are those of all their values', () => {
  const pixels = [noise(2, 2, 3, 4), noise(2, 2, 3, 5), noise(2, 2, 3, 6)];
  const bands = pixels.map(haar);
  const of = (...names: ('horizontal' | 'vertical' | 'diagonal')[]) =>
    bands.flatMap((band) => names.flatMap((name) => [...band[name].data]));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const found = detailOf(pixels.map((each) => cropOf(each)));
  expect(found.detail).toBeCloseTo(Math.sqrt(mean(of('horizontal', 'vertical', 'diagonal').map((v) => v * v))), 6);
  // Of nine values the fifth.
  expect(found.noise).toBeCloseTo(
    of('diagonal')
      .map(Math.abs)
      .sort((a, b) => a - b)[4]! / 0.6745,
    6,
  );
  const all = pixels.flatMap(({ data }) => [...data]);
  expect(found.contrast).toBeCloseTo(Math.sqrt(mean(all.map((value) => (value - mean(all)) ** 2))), 6);
  // Rounding must not make it the root of less than nothing.
  expect(detailOf([cropOf(drawn(9, 9, 3, () => 0.1))]).contrast).toBeCloseTo(0, 3);
});

describe('patches', () => {
  /** A crop of `count` places of 4 × 4 side by side; the pixels of each are its number. */
  const row = (count: number, detail: (place: number, row: number, column: number) => number) => {
    const fill = (channels: Channels, value: (place: number, y: number, x: number) => number) =>
      drawn(4 * count, 4, channels, (_, y, x) => value(x >> 2, y, x % 4));
    return cropOf(
      fill(3, (place) => place),
      fill(1, detail),
    );
  };
  /** Numbers of the places, in order; the last of all that are left is always taken first. */
  const chosen = (crop: Crop, training: number, heldOut: number, random = () => 0) => {
    const patches = choosePatches([crop], 4, { training, heldOut }, random);
    const numbers = (some: typeof patches.training) => some.map(({ pixels }) => pixels.data[0]);
    return { training: numbers(patches.training), heldOut: numbers(patches.heldOut) };
  };

  test('are the richest, of which one of four is held out: of four or fewer the second, else the fourth', () => {
    // The richest is 7, the poorest 0.
    const rich = row(8, (place) => place / 8);
    expect(chosen(rich, 6, 2).training.sort()).toEqual([1, 2, 3, 5, 6, 7]);
    expect(chosen(rich, 6, 2).heldOut).toEqual([4, 0]);
    expect(chosen(rich, 4, 1).heldOut).toEqual([4]);
    expect(chosen(rich, 3, 1)).toEqual({ training: [5, 4, 7], heldOut: [6] });
    // Two at least: one to learn from and one to judge by.
    expect(chosen(rich, 1, 1)).toEqual({ training: [7], heldOut: [6] });
    expect(chosen(rich, 1, 0)).toEqual({ training: [7], heldOut: [] });
  });

  test('serve several times where there are too few', () => {
    expect(
      chosen(
        row(2, (place) => place),
        3,
        2,
      ),
    ).toEqual({ training: [1, 1, 1], heldOut: [0, 0] });
    expect(
      chosen(
        row(1, () => 1),
        2,
        2,
      ),
    ).toEqual({ training: [0, 0], heldOut: [0, 0] });
  });

  test('are rich by every pixel of them', () => {
    for (const [y, x] of [
      [0, 0],
      [0, 3],
      [3, 0],
      [3, 3],
    ] as const) {
      const spot = row(8, (place, top, left) => (place === 5 && top === y && left === x ? 1 : 0));
      expect(chosen(spot, 1, 0).training).toEqual([5]);
    }
  });

  test('bring the map and the noise of their crop', () => {
    const noiseOf = { levels: [], quality: 50, errors: new Float32Array(192) };
    const crop = { ...row(3, (place, y, x) => place + y / 10 + x / 100), noise: noiseOf, grain: { ...noiseOf } };
    const [patch] = choosePatches([crop], 4, { training: 1, heldOut: 0 }, () => 0).training;
    expect(patch!.noise).toBe(crop.noise);
    expect(patch!.grain).toBe(crop.grain);
    const map = drawn(4, 4, 1, (_, y, x) => 2 + y / 10 + x / 100);
    expect(largestDifference(patch!.map.data, map.data)).toBeLessThan(1e-6);
  });

  test('of small pictures are divided evenly, up to four of them', () => {
    expect(evenSide(191, 48)).toBe(191 / 4);
    expect(evenSide(200, 48)).toBe(48);
  });
});
