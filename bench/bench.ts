/**
 * What a file in bench/ exports as `default`; see scripts/bench.mjs. Every part runs in a process of its own, one after
 * the other, so that neither memory nor warmth is carried over.
 */
export interface Bench {
  /** Heading of its section in bench/results.md. */
  title: string;
  /** What is measured and how, in a few sentences, and what is aimed at. */
  about: string;
  head: readonly string[];
  /** It works on the built page, which is built anew before. */
  page?: boolean;
  /** Names of the rows, or groups of rows, that are measured one by one. */
  parts: readonly string[];
  /** Measures a part: its rows, as many cells each as `head` has. */
  run(part: string): Promise<Cell[][]>;
}

export type Cell = string | number;

/** Whether an aim was reached, for a table. */
export const reached = (yes: boolean): string => (yes ? 'yes' : 'no');

/** The middle of some measurements: one disturbance does not move it. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
