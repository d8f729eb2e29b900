import { LWayError, type Raster } from '../../../engine';
import { blockFeatures, blockSide, featuresPerBlock } from './naturalness';

/** What pristine pictures look like: mean and covariance (row after row) of their block features. */
export interface NiqeModel {
  mean: number[];
  covariance: number[];
  /** Blocks it was fitted on. */
  blocks: number;
}

/** Share of the sharpest block's sharpness that a block of a pristine picture needs to be counted. */
const sharpEnough = 0.75;

/**
 * Fits NIQE to pristine pictures of one's own. Scores of such a model compare results with each other; they are not
 * those of the published model, which was fitted on other pictures.
 *
 * @param planes luma of the pictures, one at a time
 * @throws LWayError `bad-image` where the pictures have too few blocks (96×96 pixels) with detail
 */
export async function fitNiqe(planes: AsyncIterable<Raster> | Iterable<Raster>): Promise<NiqeModel> {
  const chosen: Float64Array[] = [];
  for await (const plane of planes) {
    const blocks = blockFeatures(plane);
    const sharpest = blocks.reduce((most, { sharpness }) => Math.max(most, sharpness), 0);
    for (const { sharpness, features } of blocks) if (sharpness > sharpEnough * sharpest) chosen.push(features);
  }
  if (chosen.length <= 2 * featuresPerBlock) {
    throw new LWayError(
      'bad-image',
      `The pictures have ${chosen.length} blocks with detail, too few to learn from what natural pictures look like.`,
      `Give at least ${2 * featuresPerBlock + 1} blocks of ${blockSide}×${blockSide} pixels: some forty photographs.`,
    );
  }
  const { mean, covariance } = moments(chosen);
  return { mean: [...mean], covariance: [...covariance], blocks: chosen.length };
}

/**
 * Natural Image Quality Evaluator: the distance between the statistics of a picture and those of pristine ones. Lower
 * is more natural.
 *
 * @param plane luma, at least 96×96; NaN where no block has any contrast
 */
export function niqe(plane: Raster, model: NiqeModel): number {
  const blocks = blockFeatures(plane).map(({ features }) => features);
  if (blocks.length === 0) return NaN;
  const own = moments(blocks);
  const pooled = own.covariance.map((value, i) => (value + model.covariance[i]!) / 2);
  const difference = own.mean.map((value, i) => value - model.mean[i]!);
  const solved = solve(pooled, difference);
  return Math.sqrt(difference.reduce((sum, value, i) => sum + value * solved[i]!, 0));
}

function moments(rows: readonly Float64Array[]): { mean: Float64Array; covariance: Float64Array } {
  const n = featuresPerBlock;
  const mean = new Float64Array(n);
  for (const row of rows) for (let i = 0; i < n; i++) mean[i] = mean[i]! + row[i]! / rows.length;
  const covariance = new Float64Array(n * n);
  if (rows.length < 2) return { mean, covariance };
  for (const row of rows) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const at = i * n + j;
        covariance[at] = covariance[at]! + ((row[i]! - mean[i]!) * (row[j]! - mean[j]!)) / (rows.length - 1);
      }
    }
  }
  return { mean, covariance };
}

/** Solves `matrix * x = right` for a symmetric positive definite matrix, by Cholesky's decomposition. */
function solve(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length;
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * n + k]! * lower[j * n + k]!;
      // The model's own part is positive definite; what rounding takes away is given back.
      lower[i * n + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / lower[j * n + j]!;
    }
  }
  const x = Float64Array.from(right);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] = x[i]! - lower[i * n + k]! * x[k]!;
    x[i] = x[i]! / lower[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] = x[i]! - lower[k * n + i]! * x[k]!;
    x[i] = x[i]! / lower[i * n + i]!;
  }
  return x;
}
