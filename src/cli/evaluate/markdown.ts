import type { Estimate } from '../../engine/metrics/statistics';
import type { ScoreName } from './measure';
import { forReporting, type PictureSet } from './picture-set';
import { scoreNames, type Row, type VariantSummary } from './summary';

export const headings: Readonly<Record<ScoreName, string>> = {
  psnr: 'PSNR-Y ↑',
  ssim: 'SSIM-Y ↑',
  lpips: 'LPIPS ↓',
  niqe: 'NIQE (own fit) ↓',
  consistency: 'consistency ↑',
};

const digits: Readonly<Record<ScoreName, number>> = { psnr: 2, ssim: 4, lpips: 4, niqe: 2, consistency: 2 };

/** The tables of one set: means, paired differences, every picture. */
export function markdown(set: PictureSet, rows: readonly Row[], summaries: readonly VariantSummary[]): string {
  const names = scoreNames.filter((name) => summaries.some(({ all }) => all[name] !== undefined));
  const odd = set.specimens.length - set.specimens.filter(forReporting).length;
  const split = set.paired
    ? `${set.specimens.length} pairs: odd numbers (${odd}) served for tuning, even ones are for reporting.`
    : `${set.specimens.length} pictures without ground truth.`;
  const parts = [`## ${set.name}\n\n${split}\n`, table(meansTable(set.paired, names, summaries))];
  const compared = summaries.filter(({ differences }) => differences);
  if (compared.length > 0) {
    parts.push('Paired differences, mean ± 95 % interval (Student’s t):\n');
    parts.push(table(differencesTable(set.paired, names, compared)));
  }
  parts.push('Every picture:\n', table(picturesTable(set.paired, names, rows)));
  return parts.join('\n');
}

function meansTable(paired: boolean, names: readonly ScoreName[], summaries: readonly VariantSummary[]): string[][] {
  const groups = paired ? (['even', 'all'] as const) : (['all'] as const);
  return [
    ['variant', ...groups.flatMap((group) => names.map((name) => heading(name, group, paired))), 's/picture'],
    ...summaries.map((summary) => [
      summary.variant,
      ...groups.flatMap((group) => names.map((name) => number(summary[group][name], digits[name]))),
      summary.seconds.toFixed(1),
    ]),
  ];
}

function differencesTable(
  paired: boolean,
  names: readonly ScoreName[],
  summaries: readonly VariantSummary[],
): string[][] {
  const groups = paired ? (['even', 'all'] as const) : (['all'] as const);
  return [
    ['variant', 'against', ...groups.flatMap((group) => names.map((name) => heading(name, group, paired)))],
    ...summaries.map(({ variant, against, differences }) => [
      variant,
      against ?? '',
      ...groups.flatMap((group) => names.map((name) => interval(differences![group][name], digits[name]))),
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

function heading(name: ScoreName, group: 'even' | 'all', paired: boolean): string {
  return paired ? `${headings[name]} ${group}` : headings[name];
}

function number(value: number | undefined, places: number): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  return Number.isFinite(value) ? value.toFixed(places) : '∞';
}

function interval(value: Estimate | undefined, places: number): string {
  if (value === undefined || Number.isNaN(value.mean)) return '–';
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
