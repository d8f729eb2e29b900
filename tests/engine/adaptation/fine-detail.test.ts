import type { Crop } from '../../../src/engine/adaptation/crops';
import { fineDetail } from '../../../src/engine/adaptation/fine-detail';
import { randomFrom } from '../../../src/engine/adaptation/random';
import { createRaster } from '../../../src/engine/raster/planes';

function crop(width: number, height: number, value: (x: number, y: number, channel: number) => number): Crop {
  const pixels = createRaster(width, height, 3);
  pixels.data.forEach((_, i) => {
    const [x, y, channel] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
    pixels.data[i] = value(x, y, channel);
  });
  return { rect: { x: 0, y: 0, width, height }, pixels, map: createRaster(width, height, 1) };
}

test('is what training/lway/fine_detail.py gives, over pieces whose sides no block divides', () => {
  // ((x*37 + y*91 + c*53 + x*y*7) % 256) / 255 in pieces of 33 × 24 and 40 × 17, by PyTorch.
  const byPyTorch = [
    3.59876, 3.67393, 3.85511, 1.8495, 1.85809, 2.10081, 4.21534, 4.31295, 4.48906, 2.62317, 2.6822, 2.96825, 4.04374,
    4.07408, 4.24274, 2.36038, 2.3694, 2.59262,
  ];
  const value = (x: number, y: number, c: number) => ((x * 37 + y * 91 + c * 53 + x * y * 7) % 256) / 255;
  const numbers = fineDetail([crop(33, 24, value), crop(40, 17, value)]);
  expect(numbers).toHaveLength(18);
  numbers.forEach((number, i) => expect(number).toBeCloseTo(byPyTorch[i]!, 4));
});

test('of a single block, that is all there is to tell', () => {
  const numbers = fineDetail([crop(8, 8, (x) => (x % 2 === 0 ? 0.3 : 0.7))]);
  expect(numbers).toHaveLength(18);
  expect(numbers[0]).toBeGreaterThan(3);
  for (let i = 0; i < 18; i++) expect(numbers[i]).toBe(numbers[i - (i % 3)]);
});

test('a flat picture has none', () => {
  for (const number of fineDetail([crop(16, 16, () => 0.4)])) expect(number).toBeCloseTo(Math.log(0.3), 4);
});

test('texture in a part of the picture moves the middle, not the flattest places; noise moves all', () => {
  const random = randomFrom(3);
  const [least, , middle] = fineDetail([crop(64, 64, (x) => (x < 16 ? 0.5 : random()))]);
  expect(least).toBeCloseTo(Math.log(0.3), 1);
  expect(middle).toBeGreaterThan(3);
  const noisy = fineDetail([crop(64, 64, () => 0.5 + 0.1 * (random() - 0.5))]);
  for (const number of noisy) expect(number).toBeGreaterThan(0);
});
