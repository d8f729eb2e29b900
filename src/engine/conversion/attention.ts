import type { NetworkBuilder } from './network-builder';
import type { Pair } from './tokens';

/** Heads that look at each other, and how many numbers each pixel has in one. */
export interface Heads {
  readonly count: number;
  readonly depth: number;
}

/**
 * Tokens of windows taken apart into heads.
 *
 * @param x values that hold, for each of the `pixels` of each window, `parts` times all heads
 * @returns `parts` times [windows, heads, pixels, depth]
 */
export function split(
  s: NetworkBuilder,
  x: string,
  pixels: number,
  { count, depth }: Heads,
  parts: number,
): readonly string[] {
  const all = s.op('Reshape', [x, s.ints([-1, pixels, parts * count, depth])]);
  const heads = s.op('Transpose', [all], { perm: [0, 2, 1, 3] });
  return parts === 1
    ? [heads]
    : s.several('Split', [heads, s.ints(new Array<number>(parts).fill(count))], parts, { axis: 1 });
}

/**
 * Attention within windows (Vaswani et al. 2017), q, k and v of [windows, heads, pixels, depth].
 *
 * @param bias added to the scores: what positions say
 * @param masked hides what pixels must not look at
 * @returns [windows · pixels, heads · depth]
 */
export function attend(
  s: NetworkBuilder,
  [q, k, v]: readonly string[],
  { count, depth }: Heads,
  bias: string,
  masked: (scores: string) => string = (scores) => scores,
): string {
  const scaled = s.op('Mul', [q!, s.number(depth ** -0.5)]);
  const scores = s.op('MatMul', [scaled, s.op('Transpose', [k!], { perm: [0, 1, 3, 2] })]);
  const weights = s.op('Softmax', [masked(s.op('Add', [scores, bias]))], { axis: -1 });
  const seen = s.op('Transpose', [s.op('MatMul', [weights, v!])], { perm: [0, 2, 1, 3] });
  return s.op('Reshape', [seen, s.ints([-1, count * depth])]);
}

/**
 * What positions say, from a table with a row for each distance: [heads, pixels, pixels seen].
 *
 * @param table [distances, heads]
 */
export function positionBias(s: NetworkBuilder, table: string, window: Pair, seen: Pair = window): string {
  const index = `positions_${window.join('x')}_${seen.join('x')}`;
  const dims = [window[0] * window[1], seen[0] * seen[1]];
  const rows = s.op('Gather', [table, s.indices(index, distances(window, seen), dims)], { axis: 0 });
  return s.op('Transpose', [rows], { perm: [2, 0, 1] });
}

/**
 * For each pixel of a window and each that it sees, the row of the table that their distance has. Where more is seen than the
 * window (HAT), rows count from a number below 0 on, which stands for the end of the table as it does in PyTorch.
 */
function distances([rows, columns]: Pair, [rowsSeen, columnsSeen]: Pair): number[] {
  const same = rows === rowsSeen && columns === columnsSeen;
  const across = columns + columnsSeen - 1;
  const size = (rows + rowsSeen - 1) * across;
  const result: number[] = [];
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++)
      for (let v = 0; v < rowsSeen; v++)
        for (let u = 0; u < columnsSeen; u++) {
          const [down, right] = same
            ? [y - v + rows - 1, x - u + columns - 1]
            : [v - y + rows - rowsSeen + 1, u - x + columns - columnsSeen + 1];
          result.push((down * across + right + size) % size);
        }
  return result;
}
