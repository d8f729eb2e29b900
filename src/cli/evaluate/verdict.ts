import type { Scores } from './measure';

export type Verdict = 'helped' | 'harmed' | 'alike';

/**
 * Whether a result is better than another of the same picture. *Harmed*: it loses more than 0.5 dB, or more than 5 % of
 * LPIPS, or more than 0.1 dB and 2 % together. *Helped*: not harmed, and it gains 0.1 dB or 2 %. Without LPIPS PSNR
 * decides alone; without ground truth there is no verdict.
 */
export function verdictOf(scores: Scores, before: Scores): Verdict | null {
  if (scores.psnr === undefined || before.psnr === undefined) return null;
  const gain = scores.psnr - before.psnr;
  const loss = scores.lpips === undefined || before.lpips === undefined ? 0 : scores.lpips / before.lpips - 1;
  if (gain < -0.5 || loss > 0.05 || (gain < -0.1 && loss > 0.02)) return 'harmed';
  return gain >= 0.1 || loss <= -0.02 ? 'helped' : 'alike';
}
