import type { Operation, Value } from './value';
import { sameShape, sizeOf } from './tensor';

/** A look-up that has no slope: gradients go round it. */
export interface StraightThrough {
  /** The value that stands for `source`, rounded to what a codebook or a grid holds. */
  readonly rounded: Value;
  /** What the gradient of `rounded` is passed on to, reshaped. */
  readonly source: Value;
}

/** Ops that choose, and so are flat almost everywhere. */
const CHOICES = new Set(['ArgMin', 'ArgMax', 'TopK', 'Round', 'Floor', 'Ceil', 'Sign']);
const PRODUCTS = new Set(['MatMul', 'Gemm']);
/** How far back a choice is looked for: a look-up is a handful of operations. */
const FARTHEST = 24;

/**
 * Finds the look-ups of vector-quantised and of finite-scalar networks (van den Oord et al. 2017; Mentzer et al. 2023):
 *
 * - `z + (q - z)`, where q is chosen by z. PyTorch writes `(q - z).detach()`, and exporters lose the detach: taken at its
 *   word, it has no gradient at all. With it, z has that of the sum.
 * - q read from a codebook by the nearest entry and used directly: z, whose product with the codebook the choice was made
 *   by, gets the gradient of q.
 *
 * In neither form does the codebook learn.
 */
export function straightThroughs(
  history: readonly Operation[],
  producerOf: (value: Value) => Operation | undefined,
): StraightThrough[] {
  const found: StraightThrough[] = [];
  for (const { op, inputs, outputs } of history) {
    if (op !== 'Add') continue;
    for (const [z, difference] of [inputs, [...inputs].reverse()]) {
      const minus = difference && producerOf(difference);
      if (minus?.op !== 'Sub' || minus.inputs[1] !== z || z === undefined) continue;
      const q = minus.inputs[0]!;
      if (sizeOf(q.shape) !== sizeOf(z.shape) || sizeOf(outputs[0]!.shape) !== sizeOf(z.shape)) continue;
      if (!chosen(q, producerOf)) continue;
      found.push({ rounded: outputs[0]!, source: z });
      break;
    }
  }
  for (const operation of history) {
    const rounded = operation.outputs[0]!;
    if (rounded.type !== 'float32') continue;
    const source = nearest(operation, producerOf);
    if (source !== null) found.push({ rounded, source });
  }
  return found;
}

/** The operations that a value comes from, nearest first. */
function* makers(value: Value, producerOf: (value: Value) => Operation | undefined): Generator<Operation> {
  const seen = new Set<Operation>();
  let front = [value];
  for (let depth = 0; depth < FARTHEST; depth++) {
    const next: Value[] = [];
    for (const each of front) {
      const maker = producerOf(each);
      if (maker === undefined || seen.has(maker)) continue;
      seen.add(maker);
      yield maker;
      next.push(...maker.inputs.filter((input) => input !== undefined));
    }
    front = next;
  }
}

/** Whether a value is what a choice led to: through integers, or by a rounding that it is scaled after. */
function chosen(value: Value, producerOf: (value: Value) => Operation | undefined): boolean {
  for (const { op } of makers(value, producerOf)) if (CHOICES.has(op)) return true;
  return false;
}

/** What the entries of a codebook were compared with, where this operation reads the nearest of them. */
function nearest(operation: Operation, producerOf: (value: Value) => Operation | undefined): Value | null {
  const [first, second] = operation.inputs;
  const reads = operation.op === 'Gather';
  const picks = operation.op === 'MatMul';
  if (!reads && !picks) return null;
  const [codebook, choice] = reads ? [first!, second!] : [second!, first!];
  const root = rootOf(codebook, producerOf);
  if (producerOf(root) !== undefined || !chosen(choice, producerOf)) return null;
  // One-hot rows, not numbers that a choice was only a part of.
  if (picks && ![...makers(choice, producerOf)].slice(0, 4).some(({ op }) => /^(OneHot|Scatter|Equal)/.test(op))) {
    return null;
  }
  for (const maker of makers(choice, producerOf)) {
    if (!PRODUCTS.has(maker.op)) continue;
    const [a, c] = maker.inputs as [Value, Value];
    for (const [other, z] of [
      [c, a],
      [a, c],
    ] as const) {
      if (isBook(rootOf(other, producerOf), root) && sizeOf(z.shape) === sizeOf(operation.outputs[0]!.shape)) return z;
    }
  }
  return null;
}

/** Whether a value is the codebook, or the same numbers turned: constants are turned before the graph runs. */
function isBook(value: Value, codebook: Value): boolean {
  if (value === codebook) return true;
  const [a, c] = [value.constant, codebook.constant];
  if (a === undefined || c === undefined) return false;
  const [rows, columns] = c.dims as [number, number];
  const holds = (dims: readonly number[], place: (i: number) => number): boolean =>
    sameShape(a.dims, dims) && a.data.every((each: number | bigint, i: number) => each === c.data[place(i)]);
  return holds(c.dims, (i) => i) || holds([columns, rows], (i) => (i % rows) * columns + Math.floor(i / rows));
}

/** The weight that a value is, turned or reshaped. */
function rootOf(value: Value, producerOf: (value: Value) => Operation | undefined): Value {
  for (let each = value; ;) {
    const maker = producerOf(each);
    const turns = ['Reshape', 'Transpose', 'Mul', 'Neg'].includes(maker?.op ?? '');
    const source = turns ? maker!.inputs.find((input) => input?.constant === undefined) : undefined;
    if (source === undefined) return each;
    each = source;
  }
}
