/** A mean and half the width of its confidence interval. */
export interface Estimate {
  mean: number;
  /** The true mean lies within `mean ± margin` with 95 % confidence; NaN where there are too few values to tell. */
  margin: number;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean of `values` with its 95 % interval by Student's t: for paired differences, give the differences. */
export function estimate(values: readonly number[]): Estimate {
  const count = values.length;
  const centre = mean(values);
  if (count < 2) return { mean: centre, margin: NaN };
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (count - 1);
  return { mean: centre, margin: studentQuantile(count - 1) * Math.sqrt(variance / count) };
}

/** The 97.5 % quantile of Student's t with 1 to 10 degrees of freedom, where the series below is not close enough. */
const quantiles = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281];

/** Beyond the table by the series of Abramowitz and Stegun, 26.7.5. */
export function studentQuantile(degrees: number): number {
  const listed = quantiles[degrees - 1];
  if (listed !== undefined) return listed;
  const z = 1.959964;
  const g1 = (z ** 3 + z) / 4;
  const g2 = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const g3 = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + g1 / degrees + g2 / degrees ** 2 + g3 / degrees ** 3;
}
