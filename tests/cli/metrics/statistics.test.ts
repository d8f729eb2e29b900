import { consistency } from '../../../src/cli/evaluate/metrics/consistency';
import { estimate, studentQuantile } from '../../../src/cli/evaluate/metrics/statistics';
import { resize } from '../../../src/engine/raster/resample';
import { draw, reference } from './pictures';

test("Student's quantiles are those of scipy.stats.t.ppf(0.975, n)", () => {
  const expected: [number, number][] = [
    [1, 12.706205],
    [7, 2.364624],
    [10, 2.228139],
    [11, 2.200985],
    [15, 2.13145],
    [30, 2.042272],
    [100, 1.983972],
    [1e6, 1.959966],
  ];
  for (const [degrees, quantile] of expected) expect(studentQuantile(degrees)).toBeCloseTo(quantile, 3);
});

test('an interval of paired differences', () => {
  // scipy.stats.t.interval(0.95, 4, mean, sem): [-0.32829, 1.32829]
  const { mean, margin } = estimate([0.2, -0.3, 1.5, 0.7, 0.4]);
  expect(mean).toBeCloseTo(0.5, 6);
  expect(margin).toBeCloseTo(0.82829, 3);
  expect(estimate([2])).toEqual({ mean: 2, margin: NaN });
});

test('consistency sees a shift of brightness and not the detail', () => {
  const picture = draw(reference(24, 24));
  const exact = resize(picture, 96, 96, 'area');
  expect(consistency(exact, picture)).toBeGreaterThan(90);
  const brighter = { ...exact, data: exact.data.map((value) => value + 10 / 255) };
  // 10 steps of full range are 10 · 219/255 of studio range.
  expect(consistency(brighter, picture)).toBeCloseTo(20 * Math.log10((255 / 10) * (255 / 219)), 2);
  const detailed = { ...exact, data: exact.data.map((value, i) => value + (i % 2 ? 0.1 : -0.1)) };
  expect(consistency(detailed, picture)).toBeGreaterThan(90);
});
