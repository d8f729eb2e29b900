/** A square of values, or a rectangle: what is left of a filtered picture. */
export interface Field {
  width: number;
  height: number;
  data: Float64Array;
}

/** `2 * radius + 1` weights of a Gaussian that sum to 1. */
export function gaussianWeights(sigma: number, radius: number): Float64Array {
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Separable filter where the whole window lies inside: the result is smaller by the radius on each side. */
export function filterInside(field: Field, weights: Float64Array): Field {
  const radius = (weights.length - 1) / 2;
  const width = field.width - 2 * radius;
  const height = field.height - 2 * radius;
  if (width < 1 || height < 1) throw new RangeError('The picture is smaller than the window.');
  const middle = new Float64Array(width * field.height);
  for (let row = 0; row < field.height; row++) {
    for (let column = 0; column < width; column++) {
      let sum = 0;
      const from = row * field.width + column;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * field.data[from + k]!;
      middle[row * width + column] = sum;
    }
  }
  const data = new Float64Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let k = 0; k < weights.length; k++) {
      const from = (row + k) * width;
      const weight = weights[k]!;
      for (let column = 0; column < width; column++) {
        const to = row * width + column;
        data[to] = data[to]! + weight * middle[from + column]!;
      }
    }
  }
  return { width, height, data };
}

/** `field` with `radius` more pixels on each side, the outermost ones repeated. */
export function replicate(field: Field, radius: number): Field {
  const width = field.width + 2 * radius;
  const height = field.height + 2 * radius;
  const data = new Float64Array(width * height);
  for (let row = 0; row < height; row++) {
    const from = Math.min(field.height - 1, Math.max(0, row - radius)) * field.width;
    for (let column = 0; column < width; column++) {
      data[row * width + column] = field.data[from + Math.min(field.width - 1, Math.max(0, column - radius))]!;
    }
  }
  return { width, height, data };
}
