import { estimate, mean, type Estimate } from './metrics/statistics';
import type { ScoreName, Scores } from './measure';
import { forReporting } from './picture-set';
import { verdictOf, type Verdict } from './verdict';

/** One result of one variant. */
export interface Row {
  set: string;
  number: number;
  picture: string;
  variant: string;
  against: string | null;
  seconds: number;
  note?: string;
  scores: Scores;
}

export interface VariantSummary {
  variant: string;
  against: string | null;
  /** Means over the pictures for reporting (even numbers) and over all. */
  even: Partial<Record<ScoreName, number>>;
  all: Partial<Record<ScoreName, number>>;
  seconds: number;
  /** Mean paired differences to `against`, with 95 % intervals. */
  differences: { even: Partial<Record<ScoreName, Estimate>>; all: Partial<Record<ScoreName, Estimate>> } | null;
  /** Pictures by verdict against `against`; those without ground truth are in none. */
  verdicts: { even: Record<Verdict, number>; all: Record<Verdict, number> };
}

export const scoreNames: readonly ScoreName[] = ['psnr', 'ssim', 'lpips', 'niqe', 'grain', 'consistency'];

/** Means and paired differences of the rows of one set, variant by variant. */
export function summarise(rows: readonly Row[]): VariantSummary[] {
  const names = [...new Set(rows.map(({ variant }) => variant))];
  return names.map((variant) => {
    const own = rows.filter((row) => row.variant === variant);
    const { against } = own[0]!;
    const other = rows.filter((row) => row.variant === against);
    const means = (some: readonly Row[]) => overScores(some, (name) => mean(some.map((row) => row.scores[name]!)));
    const differences = (some: readonly Row[]) =>
      overScores(some, (name) =>
        estimate(
          some.map((row) => row.scores[name]! - other.find(({ number }) => number === row.number)!.scores[name]!),
        ),
      );
    const verdicts = (some: readonly Row[]) => {
      const counts = { helped: 0, harmed: 0, alike: 0 };
      for (const row of some) {
        const before = other.find(({ number }) => number === row.number);
        const verdict = before ? verdictOf(row.scores, before.scores) : null;
        if (verdict !== null) counts[verdict] += 1;
      }
      return counts;
    };
    const even = own.filter(forReporting);
    return {
      variant,
      against,
      even: means(even),
      all: means(own),
      seconds: mean(own.map(({ seconds }) => seconds)),
      differences: against === null ? null : { even: differences(even), all: differences(own) },
      verdicts: { even: verdicts(even), all: verdicts(own) },
    };
  });
}

function overScores<T>(rows: readonly Row[], value: (name: ScoreName) => T): Partial<Record<ScoreName, T>> {
  const present = scoreNames.filter((name) => rows.length > 0 && rows.every((row) => row.scores[name] !== undefined));
  return Object.fromEntries(present.map((name) => [name, value(name)]));
}
