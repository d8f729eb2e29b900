import type { Builder } from '../builder';
import type { Attributes } from '../graph';
import { numbersOf, sizeOf, tensorOf } from '../tensor';
import type { Value } from '../value';
import type { Description, Inputs, OpDefinition, OpTable } from './definition';
import { signed } from './arithmetic';
import { axisOf, broadcastStrides, numberOr, optionallyKnown, required, walk } from './support';

/** The axes that are reduced, and the result's shape with those kept as 1. */
function reduction(inputs: Inputs, attributes: Attributes): { axes: number[]; kept: number[]; count: number } {
  const { shape } = required(inputs, 0);
  const given = optionallyKnown(inputs, 1, 'axes') ?? [];
  const all = given.length === 0 && numberOr(attributes, 'noop_with_empty_axes', 0) === 0;
  const axes = all ? shape.map((_, i) => i) : given.map((axis) => axisOf(axis, shape.length));
  const kept = shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
  return { axes, kept, count: sizeOf(shape) / sizeOf(kept) };
}

function inferReduction(inputs: Inputs, attributes: Attributes): Description[] {
  const { type, shape } = required(inputs, 0);
  const { axes, kept } = reduction(inputs, attributes);
  const keeps = numberOr(attributes, 'keepdims', 1) !== 0;
  return [{ type, shape: keeps ? kept : shape.filter((_, i) => !axes.includes(i)) }];
}

/** d(loss)/dx from dy and y, both with reduced axes kept as 1; the result broadcasts to x. */
type Flow = (b: Builder, dy: Value, x: Value, y: Value, axes: readonly number[], count: number) => Value;

/** A reduction; `fold` and `start` compute constants, `finish` turns the sum into the result. */
const reduce = (
  flow: Flow,
  fold: (sum: number, x: number) => number,
  start = 0,
  finish: (sum: number, count: number) => number = (sum) => sum,
): OpDefinition => ({
  infer: inferReduction,
  evaluate: ([x, axes], attributes, [output]) => {
    const asValue = (tensor: typeof x) => tensor && { type: tensor.type, shape: tensor.dims, constant: tensor };
    const { kept, count } = reduction([asValue(x), asValue(axes)], attributes);
    const source = numbersOf(x!);
    const sums = new Float64Array(sizeOf(kept)).fill(start);
    walk(x!.dims, [broadcastStrides(kept, x!.dims)], (position, [at]) => {
      sums[at!] = fold(sums[at!]!, source[position]!);
    });
    return [
      tensorOf(
        output!.type,
        sums.map((sum) => finish(sum, count)),
        output!.shape,
      ),
    ];
  },
  gradient: ({ b, inputs, outputs: [y], dy, attributes }) => {
    const x = required(inputs, 0);
    const { axes, kept, count } = reduction(inputs, attributes);
    return [b.expand(flow(b, b.reshape(dy, kept), x, b.reshape(y!, kept), axes, count), x.shape)];
  },
});

/** As torch.amax and amin: equal extremes share the gradient evenly. */
const shared: Flow = (b, dy, x, y, axes) => {
  const hits = b.cast(b.equal(x, y), 'float32');
  return b.mul(hits, b.div(dy, b.reduceSum(hits, axes)));
};

export const reductions: OpTable = {
  ReduceSum: {
    ...reduce(
      (_, dy) => dy,
      (sum, x) => sum + x,
    ),
    passes: (inputs, attributes) => (reduction(inputs, attributes).axes.length === 0 ? inputs[0] : undefined),
  },
  ReduceMean: reduce(
    (b, dy, _x, _y, _axes, count) => b.div(dy, count),
    (sum, x) => sum + x,
    0,
    (sum, n) => sum / n,
  ),
  ReduceMax: reduce(shared, Math.max, -Infinity),
  ReduceMin: reduce(shared, Math.min, Infinity),
  ReduceProd: {
    ...reduce(
      (_, dy) => dy,
      (product, x) => product * x,
      1,
    ),
    gradient: undefined,
  },
  ReduceSumSquare: reduce(
    (b, dy, x) => b.mul(dy, b.mul(x, 2)),
    (sum, x) => sum + x * x,
  ),
  ReduceL1: reduce(
    (b, dy, x) => signed(b, dy, x),
    (sum, x) => sum + Math.abs(x),
  ),
  /** As torch.norm: no gradient at the origin. */
  ReduceL2: reduce(
    (b, dy, x, y) => b.mul(x, b.where(b.equal(y, 0), 0, b.div(dy, y))),
    (sum, x) => sum + x * x,
    0,
    Math.sqrt,
  ),
  ReduceLogSum: {
    infer: inferReduction,
    expand: (b, inputs, attributes) => b.log(b.op('ReduceSum', inputs, attributes)),
  },
  /** max + log(sum(exp(x - max))), which does not overflow. */
  ReduceLogSumExp: {
    infer: inferReduction,
    expand: (b, inputs, attributes) => {
      const { axes } = reduction(inputs, attributes);
      const largest = b.reduceMax(inputs[0]!, axes);
      const sum = b.reduceSum(b.exp(b.sub(inputs[0]!, largest)), axes);
      return b.reshape(b.add(largest, b.log(sum)), inferReduction(inputs, attributes)[0]!.shape);
    },
  },
};
