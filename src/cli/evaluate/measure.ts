import { consistency } from './metrics/consistency';
import { grain } from './metrics/grain';
import { luma } from './metrics/luma';
import { niqe, type NiqeModel } from './metrics/niqe';
import { psnr } from './metrics/psnr';
import { ssim } from './metrics/ssim';
import { crop, resize, type Raster } from '../../engine';
import type { Lpips } from './lpips';

/** Pixels cut off at each side before PSNR and SSIM, as the published ×4 figures do. */
export const scoredBorder = 4;

/** What is known of one result. What does not apply (no ground truth, no LPIPS file…) is left out. */
export interface Scores {
  psnr?: number;
  ssim?: number;
  lpips?: number;
  niqe?: number;
  grain?: number;
  consistency: number;
}

export type ScoreName = keyof Scores;

export interface Judges {
  lpips?: Lpips;
  niqe?: NiqeModel;
}

/** Measures a result against its ground truth, where there is one, and against the picture it was made from. */
export async function measure(
  result: Raster,
  picture: Raster,
  truth: Raster | undefined,
  judges: Judges,
): Promise<Scores> {
  const own = luma(result);
  const wanted = truth && luma(truth);
  const flatBy = wanted ?? luma(resize(picture, result.width, result.height, 'bicubic'));
  const scores: Scores = {
    consistency: consistency(result, picture),
    grain: grain(own, flatBy, Math.max(1, Math.round(result.width / picture.width))),
  };
  if (judges.niqe) scores.niqe = niqe(own, judges.niqe);
  if (!truth || !wanted) return scores;
  const { width, height } = own;
  const inner = {
    x: scoredBorder,
    y: scoredBorder,
    width: width - 2 * scoredBorder,
    height: height - 2 * scoredBorder,
  };
  scores.psnr = psnr(own, wanted, { border: scoredBorder });
  scores.ssim = ssim(crop(own, inner), crop(wanted, inner));
  if (judges.lpips) scores.lpips = await judges.lpips.distance(truth, result);
  return scores;
}
