import { type Raster, resize } from '../../../engine';
import { filterInside, gaussianWeights, replicate, type Field } from './gaussian';

// The statistics of natural scenes that NIQE looks at: Mittal, Soundararajan, Bovik, "Making a 'completely blind' image
// quality analyzer", 2013.

/** Side of a block at full size. */
export const blockSide = 96;
export const featuresPerBlock = 36;

export interface BlockFeatures {
  /** Mean local contrast: blocks with little of it say little about a pristine picture. */
  sharpness: number;
  /** 18 numbers at full size, 18 at half size. */
  features: Float64Array;
}

/**
 * Features of all whole blocks of a picture; blocks without any contrast (their statistics do not exist) are left out.
 *
 * @param plane luma, 0..255 (studio range will do)
 */
export function blockFeatures(plane: Raster): BlockFeatures[] {
  const columns = Math.floor(plane.width / blockSide);
  const rows = Math.floor(plane.height / blockSide);
  const whole = normalise(plane);
  const half = normalise(resize(plane, Math.max(1, plane.width >> 1), Math.max(1, plane.height >> 1), 'bicubic'));
  const blocks: BlockFeatures[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const features = new Float64Array(featuresPerBlock);
      describe(block(whole.normal, column, row, blockSide), features.subarray(0, 18));
      describe(block(half.normal, column, row, blockSide / 2), features.subarray(18));
      if (!features.every(Number.isFinite)) continue;
      const contrast = block(whole.contrast, column, row, blockSide).data;
      blocks.push({ sharpness: contrast.reduce((sum, value) => sum + value, 0) / contrast.length, features });
    }
  }
  return blocks;
}

/** Mean-subtracted, contrast-normalised values, and the contrast they were divided by. */
function normalise({ width, height, data }: Raster): { normal: Field; contrast: Field } {
  const window = gaussianWeights(7 / 6, 3);
  const field = { width, height, data: Float64Array.from(data) };
  const means = filterInside(replicate(field, 3), window).data;
  const squares = filterInside(replicate({ ...field, data: field.data.map((value) => value * value) }, 3), window).data;
  const contrast = squares.map((square, i) => Math.sqrt(Math.abs(square - means[i]! ** 2)));
  const normal = field.data.map((value, i) => (value - means[i]!) / (contrast[i]! + 1));
  return { normal: { width, height, data: normal }, contrast: { width, height, data: contrast } };
}

function block({ width, data }: Field, column: number, row: number, side: number): Field {
  const result = new Float64Array(side * side);
  for (let y = 0; y < side; y++) {
    const from = (row * side + y) * width + column * side;
    result.set(data.subarray(from, from + side), y * side);
  }
  return { width: side, height: side, data: result };
}

/** Shape and width of the values; shape, mean and both widths of the products of neighbours in four directions. */
function describe(values: Field, features: Float64Array): void {
  const own = fitAsymmetric(values.data);
  features[0] = own.shape;
  features[1] = (own.left + own.right) / 2;
  const directions = [
    [0, 1],
    [1, 0],
    [1, 1],
    [1, -1],
  ] as const;
  directions.forEach(([down, across], i) => {
    const { shape, left, right } = fitAsymmetric(products(values, down, across));
    const mean = (right - left) * (gamma(2 / shape) / gamma(1 / shape));
    features.set([shape, mean, left, right], 2 + 4 * i);
  });
}

/** Each value times its neighbour, around the edges. */
function products({ width, height, data }: Field, down: number, across: number): Float64Array {
  const result = new Float64Array(data.length);
  for (let row = 0; row < height; row++) {
    const other = ((row - down + height) % height) * width;
    for (let column = 0; column < width; column++) {
      result[row * width + column] = data[row * width + column]! * data[other + ((column - across + width) % width)]!;
    }
  }
  return result;
}

export interface AsymmetricFit {
  /** 2 for a Gaussian, 1 for a Laplacian. */
  shape: number;
  /** Scale below and above zero; NaN where there are no values on that side. */
  left: number;
  right: number;
}

/**
 * Asymmetric generalised Gaussian by moment matching: Lasmar, Stitou, Berthoumieu, "Multiscale skewed heavy tailed
 * model for texture analysis", 2009.
 */
export function fitAsymmetric(values: Float64Array): AsymmetricFit {
  let [below, above, sum, size] = [0, 0, 0, 0];
  let [countBelow, countAbove] = [0, 0];
  for (const value of values) {
    const square = value * value;
    if (value < 0) {
      below += square;
      countBelow++;
    } else if (value > 0) {
      above += square;
      countAbove++;
    }
    sum += square;
    size += value < 0 ? -value : value;
  }
  const left = Math.sqrt(below / countBelow);
  const right = Math.sqrt(above / countAbove);
  const ratio = left / right;
  const plain = (size / values.length) ** 2 / (sum / values.length);
  const wanted = (plain * (ratio ** 3 + 1) * (ratio + 1)) / (ratio ** 2 + 1) ** 2;
  const shape = shapeOf(wanted);
  const scale = Math.sqrt(gamma(1 / shape) / gamma(3 / shape));
  return { shape, left: left * scale, right: right * scale };
}

/** The shape, 0.2 to 10, whose ratio of moments is nearest to `wanted`; the ratio rises with the shape. */
function shapeOf(wanted: number): number {
  if (Number.isNaN(wanted)) return NaN;
  const ratio = (shape: number) => gamma(2 / shape) ** 2 / (gamma(1 / shape) * gamma(3 / shape));
  let [low, high] = [0.2, 10];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (ratio(middle) < wanted) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Lanczos' approximation with g = 7 and nine terms; for arguments above 0. */
export function gamma(x: number): number {
  if (x < 0.5) return Math.PI / (Math.sin(Math.PI * x) * gamma(1 - x));
  const terms = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const t = x - 1 + 7.5;
  const sum = terms.reduce((total, term, i) => total + (i === 0 ? term : term / (x - 1 + i)), 0);
  return Math.sqrt(2 * Math.PI) * t ** (x - 0.5) * Math.exp(-t) * sum;
}
