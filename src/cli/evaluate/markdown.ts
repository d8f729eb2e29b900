import type { Estimate } from './metrics/statistics';
import type { ScoreName } from './measure';
import { forReporting, type PictureSet } from './picture-set';
import type { Verdict } from './verdict';
import { scoreNames, type Row, type VariantSummary } from './summary';

const headings: Readonly<Record<ScoreName, string>> = {
  psnr: 'PSNR-Y ↑',
  ssim: 'SSIM-Y ↑',
  lpips: 'LPIPS ↓',
  niqe: 'NIQE (own fit) ↓',
  grain: 'grain',
  consistency: 'consistency ↑',
};

const digits: Readonly<Record<ScoreName, number>> = { psnr: 2, ssim: 4, lpips: 4, niqe: 2, grain: 2, consistency: 2 };

/** The tables of one set: means with paired differences, over the pictures for reporting and over all; every picture. */
export function markdown(set: PictureSet, rows: readonly Row[], summaries: readonly VariantSummary[]): string {
  const names = scoreNames.filter((name) => summaries.some(({ all }) => all[name] !== undefined));
  const even = set.testPictures.filter(forReporting).length;
  const count = set.testPictures.length;
  const parts = [`## ${set.name}\n`];
  if (set.paired) {
    if (even > 0) {
      parts.push(`Means over the ${even} pairs with even numbers, for reporting:\n`);
      parts.push(table(meansTable('even', names, summaries)));
    }
    if (even < count) {
      const odd = even > 0 ? 'those with odd numbers' : 'with odd numbers, which';
      parts.push(`Means over all ${count} pairs (${odd} served for tuning):\n`);
      parts.push(table(meansTable('all', names, summaries)));
    }
  } else {
    parts.push(`Means over ${count} pictures without ground truth:\n`);
    parts.push(table(meansTable('all', names, summaries)));
  }
  parts.push('In brackets: mean paired difference to the variant named, ± 95 % interval (Student’s t).\n');
  if (set.paired) {
    parts.push(
      'Harmed: loses more than 0.5 dB, or 5 % of LPIPS, or 0.1 dB and 2 % together; helped: gains 0.1 dB or 2 %, not harmed.\n',
    );
  }
  parts.push('Every picture:\n', table(picturesTable(set.paired, names, rows)));
  return parts.join('\n');
}

function meansTable(
  group: 'even' | 'all',
  names: readonly ScoreName[],
  summaries: readonly VariantSummary[],
): string[][] {
  return [
    ['variant', ...names.map((name) => headings[name]), 'compared with', 'helped / harmed', 's/picture'],
    ...summaries.map((summary) => [
      summary.variant,
      ...names.map((name) => {
        const value = number(summary[group][name], digits[name]);
        const difference = summary.differences?.[group][name];
        return difference ? `${value} (${interval(difference, digits[name])})` : value;
      }),
      summary.against ?? '',
      shares(summary.verdicts[group]),
      summary.seconds.toFixed(1),
    ]),
  ];
}

function picturesTable(paired: boolean, names: readonly ScoreName[], rows: readonly Row[]): string[][] {
  const sorted = [...rows].sort((a, b) => a.number - b.number);
  return [
    ['#', 'picture', ...(paired ? ['use'] : []), 'variant', ...names.map((name) => headings[name]), 's', 'note'],
    ...sorted.map((row) => [
      String(row.number),
      row.picture,
      ...(paired ? [forReporting(row) ? 'reporting' : 'tuning'] : []),
      row.variant,
      ...names.map((name) => number(row.scores[name], digits[name])),
      row.seconds.toFixed(1),
      row.note ?? '',
    ]),
  ];
}

function shares({ helped, harmed, alike }: Record<Verdict, number>): string {
  const count = helped + harmed + alike;
  return count === 0 ? '' : `${helped} / ${harmed} of ${count}`;
}

function number(value: number | undefined, places: number): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  return Number.isFinite(value) ? value.toFixed(places) : '∞';
}

function interval(value: Estimate, places: number): string {
  if (!Number.isFinite(value.mean)) return '–';
  const sign = value.mean >= 0 ? '+' : '−';
  const size = `${sign}${Math.abs(value.mean).toFixed(places)}`;
  return Number.isNaN(value.margin) ? size : `${size} ± ${value.margin.toFixed(places)}`;
}

/** A Markdown table with its columns aligned, so that it reads in a terminal, too. */
function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = cells[0]!.map((_, i) => Math.max(3, ...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(cells[0]!), rule, ...cells.slice(1).map(line), ''].join('\n');
}
