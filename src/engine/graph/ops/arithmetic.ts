import type { Builder } from '../builder';
import type { Value } from '../value';
import type { Backward, Description, Inputs, OpDefinition, OpTable } from './definition';
import { sameShape, sizeOf } from '../tensor';
import { broadcast, likeFirst, mapElements, required, sumTo } from './support';

/** Element-wise with NumPy broadcasting; all inputs of one type. */
function inferBroadcast(inputs: Inputs): Description[] {
  const { type } = required(inputs, 0);
  return [{ type, shape: broadcast(inputs.map((_, i) => required(inputs, i).shape)) }];
}

/** Gradient rules of two operands: what flows to each before broadcasting is undone. */
type Flow = (b: Builder, dy: Value, x: readonly Value[], y: Value) => Value;

function elementwise(f: (...values: number[]) => number, flows: readonly Flow[] | 'none'): OpDefinition {
  return {
    infer: inferBroadcast,
    evaluate: (inputs, _, [output]) => [
      mapElements(
        inputs.map((input) => input!),
        output!,
        f,
      ),
    ],
    gradient:
      flows === 'none'
        ? 'none'
        : ({ b, inputs, outputs, dy }) =>
            inputs.map((input, i) => sumTo(b, flows[i]!(b, dy, inputs as readonly Value[], outputs[0]!), input!.shape)),
  };
}

/**
 * Min and Max of any number of operands. Where several are equal, PyTorch (and this) shares the gradient evenly
 * between two; of more, `amax` shares between all, and so does this.
 */
function extremum(f: (...values: number[]) => number): OpDefinition {
  return {
    ...elementwise(f, 'none'),
    passes: (inputs) => (inputs.length === 1 ? inputs[0] : undefined),
    gradient: ({ b, inputs, outputs, dy }: Backward) => {
      const hits = inputs.map((input) => b.cast(b.equal(input!, outputs[0]!), 'float32'));
      const share = b.div(dy, b.sum(hits.map((hit) => b.expand(hit, outputs[0]!.shape))));
      return inputs.map((input, i) => sumTo(b, b.mul(share, hits[i]!), input!.shape));
    },
  };
}

/**
 * x^p. As PyTorch: no gradient of the exponent where the base is 0 and the exponent is not negative, and a gradient of 0
 * for exponent 0.
 */
const power: OpDefinition = {
  ...elementwise(
    (x, p) => x ** p,
    [
      (b, dy, [x, p]) => {
        const exponent = p!.constant?.data.length === 1 ? Number(p!.constant.data[0]) : undefined;
        if (exponent !== undefined) return b.mul(dy, b.mul(b.pow(x!, exponent - 1), exponent));
        return b.where(b.equal(p!, 0), 0, b.mul(dy, b.mul(b.pow(x!, b.sub(p!, 1)), p!)));
      },
      (b, dy, [x], y) => b.where(b.equal(x!, 0), 0, b.mul(dy, b.mul(y, b.log(x!)))),
    ],
  ),
  infer: (inputs) => [{ type: required(inputs, 0).type, shape: inferBroadcast(inputs)[0]!.shape }],
  passes: ([x, p], _, [output]) =>
    p?.constant?.data.length === 1 && Number(p.constant.data[0]) === 1 && sameShape(x!.shape, output!.shape)
      ? x
      : undefined,
  // ONNX Runtime's WebGPU (1.30) has no integer exponents, and fails where the exponent is broadcast, unless it is a
  // single number.
  expand: (b, [x, p]) => {
    if (x!.type === 'float32' && p!.type !== 'float32') return b.pow(x!, b.cast(p!, 'float32'));
    const shape = broadcast([x!.shape, p!.shape]);
    return sizeOf(p!.shape) === 1 || sameShape(p!.shape, shape) ? undefined : b.pow(x!, b.expand(p!, shape));
  },
};

const unary = (f: (x: number) => number, flow: Flow | 'none'): OpDefinition => ({
  ...elementwise(f, flow === 'none' ? 'none' : [flow]),
  infer: likeFirst,
});

/** `value` times the sign of x; ONNX's Sign is not on every device. */
export const signed = (b: Builder, value: Value, x: Value): Value =>
  b.where(b.greater(x, 0), value, b.where(b.less(x, 0), b.neg(value), 0));

/** Gauss error function to float32 accuracy (Abramowitz & Stegun 7.1.5). Beyond 4 it is 1 in float32. */
function erf(x: number): number {
  const a = Math.min(Math.max(x, -4), 4);
  let [term, sum] = [a, a];
  for (let n = 1; Math.abs(term) > 1e-17; n++) {
    term *= (-a * a) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const roundHalfEven = (x: number): number => {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
};

/** Arithmetic, element by element. https://onnx.ai/onnx/operators/ */
export const arithmetic: OpTable = {
  Add: elementwise((a, c) => a + c, [(_, dy) => dy, (_, dy) => dy]),
  Sub: elementwise((a, c) => a - c, [(_, dy) => dy, (b, dy) => b.neg(dy)]),
  Mul: elementwise((a, c) => a * c, [(b, dy, x) => b.mul(dy, x[1]!), (b, dy, x) => b.mul(dy, x[0]!)]),
  /** Integers divide towards zero, as all numbers become integers. */
  Div: elementwise(
    (a, c) => a / c,
    [(b, dy, x) => b.div(dy, x[1]!), (b, dy, x, y) => b.neg(b.div(b.mul(dy, y), x[1]!))],
  ),
  Pow: power,
  Sum: { infer: inferBroadcast, expand: (b, inputs) => inputs.map((x) => x!).reduce((sum, x) => b.add(sum, x)) },
  Mean: {
    infer: inferBroadcast,
    expand: (b, inputs) =>
      b.div(
        inputs.map((x) => x!).reduce((sum, x) => b.add(sum, x)),
        inputs.length,
      ),
  },
  Min: extremum(Math.min),
  Max: extremum(Math.max),
  Mod: elementwise((a, c) => a - Math.floor(a / c) * c, 'none'),
  Neg: unary(
    (x) => -x,
    (b, dy) => b.neg(dy),
  ),
  Abs: unary(Math.abs, (b, dy, x) => b.mul(dy, b.sign(x[0]!))),
  Sign: { ...unary(Math.sign, 'none'), expand: (b, [x]) => signed(b, b.constant(1), x!) },
  Floor: unary(Math.floor, 'none'),
  Ceil: unary(Math.ceil, 'none'),
  Round: unary(roundHalfEven, 'none'),
  Sqrt: unary(Math.sqrt, (b, dy, _, y) => b.div(b.mul(dy, 0.5), y)),
  Reciprocal: unary(
    (x) => 1 / x,
    (b, dy, _, y) => b.neg(b.mul(dy, b.mul(y, y))),
  ),
  Exp: unary(Math.exp, (b, dy, _, y) => b.mul(dy, y)),
  Log: unary(Math.log, (b, dy, x) => b.div(dy, x[0]!)),
  Sin: unary(Math.sin, (b, dy, x) => b.mul(dy, b.op('Cos', [x[0]]))),
  Cos: unary(Math.cos, (b, dy, x) => b.neg(b.mul(dy, b.op('Sin', [x[0]])))),
  Erf: unary(erf, (b, dy, x) => b.mul(dy, b.mul(b.exp(b.neg(b.square(x[0]!))), 2 / Math.sqrt(Math.PI)))),
};
