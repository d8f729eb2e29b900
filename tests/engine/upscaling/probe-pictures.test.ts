import {
  darkPicture,
  leavesPicture,
  noisePicture,
  noisierPicture,
  smoothPicture,
} from '../../../src/engine/upscaling/probe-pictures';
import { plane } from '../../../src/engine/raster/planes';

const mean = (values: Iterable<number>) => {
  const all = [...values];
  return all.reduce((sum, value) => sum + value, 0) / all.length;
};

test('the smooth picture has its colours in the corners, a slight wave over them, and nothing near black or white', () => {
  const [width, height] = [32, 24];
  const { data } = smoothPicture(width, height);
  const at = (channel: number, x: number, y: number) => data[(channel * height + y) * width + x]!;
  const wave = (channel: number, x: number, y: number) => 0.06 * Math.sin(x / 5 + channel) * Math.cos(y / 6 - channel);
  const corners = [
    [0, 0, 0.82, 0.6, 0.48],
    [width - 1, 0, 0.28, 0.42, 0.18],
    [0, height - 1, 0.35, 0.55, 0.85],
    [width - 1, height - 1, 0.12, 0.1, 0.09],
  ] as const;
  for (const [x, y, ...colour] of corners)
    colour.forEach((value, channel) => {
      expect(at(channel, x, y)).toBeCloseTo(Math.min(0.95, Math.max(0.05, value + wave(channel, x, y))), 5);
    });
  // Half way from a corner to the next along a smooth step, and a quarter: 5/32 of the other colour.
  const odd = smoothPicture(33, 41);
  const along = (channel: number, x: number, y: number) => odd.data[(channel * 41 + y) * 33 + x]!;
  corners[0].slice(2).forEach((_, channel) => {
    const [first, right, below] = [corners[0], corners[1], corners[2]].map((corner) => corner[channel + 2]!);
    expect(along(channel, 16, 0) - wave(channel, 16, 0)).toBeCloseTo((first! + right!) / 2, 5);
    expect(along(channel, 8, 0) - wave(channel, 8, 0)).toBeCloseTo((27 * first! + 5 * right!) / 32, 5);
    expect(along(channel, 0, 20) - wave(channel, 0, 20)).toBeCloseTo((first! + below!) / 2, 5);
    expect(along(channel, 0, 10) - wave(channel, 0, 10)).toBeCloseTo((27 * first! + 5 * below!) / 32, 5);
  });
  expect(Math.min(...data)).toBeGreaterThanOrEqual(Math.fround(0.05));
  expect(Math.max(...data)).toBeLessThanOrEqual(Math.fround(0.95));
  // One pixel has the first corner's colour rather than none.
  expect(smoothPicture(1, 1).data[0]).toBeCloseTo(0.82, 5);
});

test('the dark picture is three tenths of the smooth one', () => {
  const smooth = smoothPicture(9, 7).data;
  darkPicture(9, 7).data.forEach((value, i) => expect(value).toBeCloseTo(0.3 * smooth[i]!, 6));
});

test('noise is spread evenly over 0..1, the same for the same seed, another for another', () => {
  const [first, again, other] = [noisePicture(64, 48, 1), noisePicture(64, 48, 1), noisePicture(64, 48, 2)];
  expect(first).toMatchObject({ width: 64, height: 48, channels: 3 });
  expect(again.data).toEqual(first.data);
  for (const { data } of [first, other]) {
    const tenths = new Array<number>(10).fill(0);
    for (const value of data) tenths[Math.floor(value * 10)]! += 1;
    for (const count of tenths) expect(Math.abs(count / data.length - 0.1)).toBeLessThan(0.015);
  }
  // Neither its neighbours nor the other seed's numbers tell a number.
  const related = (a: Float32Array, b: Float32Array) => 12 * mean(a.map((value, i) => (value - 0.5) * (b[i]! - 0.5)));
  expect(Math.abs(related(first.data.subarray(1), first.data))).toBeLessThan(0.05);
  expect(Math.abs(related(first.data.subarray(64), first.data))).toBeLessThan(0.05);
  expect(Math.abs(related(first.data, other.data))).toBeLessThan(0.05);
});

test('the generator is the one of Numerical Recipes', () => {
  const [first, second] = noisePicture(2, 2, 0).data;
  expect(first).toBeCloseTo(1013904223 / 2 ** 32, 6);
  expect(second).toBeCloseTo(1196435762 / 2 ** 32, 6);
});

test('added noise is a Gaussian of the deviation asked for, and leaves the picture alone', () => {
  const picture = smoothPicture(64, 48);
  const before = picture.data.slice();
  const noisier = noisierPicture(picture, 0.05);
  expect(picture.data).toEqual(before);
  expect(noisier).toMatchObject({ width: 64, height: 48, channels: 3 });
  const added = noisier.data.map((value, i) => (value - before[i]!) / 0.05);
  expect(Math.abs(mean(added))).toBeLessThan(0.05);
  expect(Math.abs(mean(added.map((value) => value ** 2)) - 1)).toBeLessThan(0.05);
  // 68.3 % within one deviation, 95.4 % within two.
  const within = (deviations: number) => mean(added.map((value) => (Math.abs(value) < deviations ? 1 : 0)));
  expect(Math.abs(within(1) - 0.683)).toBeLessThan(0.02);
  expect(Math.abs(within(2) - 0.954)).toBeLessThan(0.02);
});

describe('leaves', () => {
  test('lie all over the picture, of many sizes, in colours of 0..1, the same for the same seed', () => {
    const [width, height] = [48, 32];
    const picture = leavesPicture(width, height, 1);
    expect(picture).toMatchObject({ width, height, channels: 3 });
    expect(leavesPicture(width, height, 1).data).toEqual(picture.data);
    expect(leavesPicture(width, height, 2).data).not.toEqual(picture.data);
    expect(Math.min(...picture.data)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...picture.data)).toBeLessThanOrEqual(1);
    // No part is of one colour, and none is gray.
    const [red, green, blue] = [0, 1, 2].map((channel) => plane(picture, channel));
    for (let top = 0; top < height; top += 16)
      for (let left = 0; left < width; left += 16) {
        const places = Array.from({ length: 256 }, (_, i) => (top + (i >> 4)) * width + left + (i & 15));
        const values = places.map((i) => green![i]!);
        expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(0.2);
        expect(mean(places.map((i) => Math.abs(red![i]! - blue![i]!)))).toBeGreaterThan(0.02);
      }
  });

  // Sums against waves of many lengths, so that no pixel changes unseen.
  test.each([
    [64, 64, 1, [5754.5816, 10.8343, 8.0277, 2.534]],
    [24, 40, 5, [1129.5544, 0.1572, 3.5312, 1.416]],
  ])(
    '%i×%i, seed %i: those that the thresholds of the order of colours were measured on',
    (width, height, seed, sums) => {
      const { data } = leavesPicture(width, height, seed);
      const found = [0, 0.37, 1.1, 2.3].map((step) =>
        data.reduce((sum, value, i) => sum + value * Math.cos(step * i), 0),
      );
      found.forEach((sum, i) => expect(sum).toBeCloseTo(sums[i]!, 3));
    },
  );
});
