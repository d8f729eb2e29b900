import { fitAsymmetric, gamma } from '../../../src/cli/evaluate/metrics/naturalness';
import { fitNiqe, niqe } from '../../../src/cli/evaluate/metrics/niqe';
import type { Raster } from '../../../src/engine/raster/raster';
import { resize } from '../../../src/engine/raster/resample';
import { createRaster } from '../../../src/engine/raster/planes';
import { drawn, noise, randomNumbers } from '../../engine/raster/support';

/** Something with edges and textures at many sizes, in 0..255; another one for each seed. */
function scene(seed: number, side = 288): Raster {
  const random = randomNumbers(seed);
  const picture = createRaster(side, side, 1);
  const { data } = picture;
  data.fill(128);
  const waves = Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i / 20));
  for (let i = 0; i < 500; i++) {
    const [left, top] = [Math.floor(random() * side), Math.floor(random() * side)];
    const [width, height] = [Math.floor(4 + 90 * random() ** 3), Math.floor(4 + 90 * random() ** 3)];
    const [value, ripple, pitch] = [255 * random(), 20 * random(), 4 + 20 * random()];
    for (let y = top; y < top + height && y < side; y++) {
      for (let x = left; x < left + width && x < side; x++) {
        data[y * side + x] = value + ripple * waves[((pitch * x) | 0) & 4095]! * waves[((pitch * y) | 0) & 4095]!;
      }
    }
  }
  for (let i = 0; i < data.length; i++) data[i] = data[i]! + 3 * (random() - 0.5);
  return resize(picture, side - 4, side - 4, 'bicubic'); // edges as soft as a lens makes them
}

/** A normally distributed number. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

test('the gamma function', () => {
  expect(gamma(5)).toBeCloseTo(24, 10);
  expect(gamma(0.5)).toBeCloseTo(Math.sqrt(Math.PI), 12);
  expect(gamma(0.1)).toBeCloseTo(9.513507698668732, 9);
  expect(gamma(15) / 87178291200).toBeCloseTo(1, 10);
});

test('the fit finds shape and widths of what was drawn', () => {
  const random = randomNumbers(7);
  const gaussian = fitAsymmetric(Float64Array.from({ length: 40_000 }, () => normal(random) * 0.5));
  expect(gaussian.shape).toBeCloseTo(2, 1);
  const laplacian = fitAsymmetric(
    Float64Array.from({ length: 40_000 }, () => {
      const side = random() < 0.5 ? -1 : 1;
      return -side * Math.log(1 - random());
    }),
  );
  expect(laplacian.shape).toBeCloseTo(1, 1);
  expect(laplacian.right).toBeCloseTo(1, 1);
  const skewed = fitAsymmetric(
    Float64Array.from({ length: 40_000 }, () => {
      const value = normal(random);
      // The heavier side holds more of the values, as in the density itself.
      return random() < 0.75 ? Math.abs(value) * 3 : -Math.abs(value);
    }),
  );
  expect(skewed.right / skewed.left).toBeCloseTo(3, 1);
});

describe('NIQE', () => {
  const scenes = Array.from({ length: 10 }, (_, i) => scene(i + 1, 388));
  const model = fitNiqe(scenes);

  test('ranks an unseen pristine picture before its blurred and noisy versions', async () => {
    const fitted = await model;
    expect(fitted.mean).toHaveLength(36);
    const unseen = scene(99, 292);
    const blurred = resize(resize(unseen, 96, 96, 'area'), 288, 288, 'bicubic');
    const grain = noise(288, 288, 1, 3);
    const noisy = { ...unseen, data: unseen.data.map((value, i) => value + 60 * (grain.data[i]! - 0.5)) };
    const pristine = niqe(unseen, fitted);
    expect(pristine).toBeGreaterThan(0);
    expect(niqe(blurred, fitted)).toBeGreaterThan(pristine * 1.5);
    expect(niqe(noisy, fitted)).toBeGreaterThan(pristine * 1.5);
  });

  test('has nothing to say about a picture without contrast', async () => {
    expect(
      niqe(
        drawn(120, 120, 1, () => 90),
        await model,
      ),
    ).toBeNaN();
  });

  test('too few pictures are refused', async () => {
    await expect(fitNiqe([scenes[0]!])).rejects.toMatchObject({ code: 'bad-image' });
  });
});
