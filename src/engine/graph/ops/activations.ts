import type { Builder } from '../builder';
import type { Attributes } from '../graph';
import type { Value } from '../value';
import type { Description, Inputs, OpDefinition, OpTable } from './definition';
import { axisOf, broadcast, likeFirst, mapElements, numberOr, required, sumTo, textOr } from './support';

/** d(loss)/dx from dy, x and y. */
type Flow = (b: Builder, dy: Value, x: Value, y: Value, attributes: Attributes) => Value;

/** Element-wise functions of one input; at kinks the same subgradient as PyTorch's. */
const activation = (flow: Flow, f?: (x: number, attributes: Attributes) => number): OpDefinition => ({
  infer: likeFirst,
  ...(f === undefined
    ? {}
    : {
        evaluate: (inputs, attributes, [output]) => [mapElements([inputs[0]!], output!, (x) => f(x, attributes))],
      }),
  gradient: ({ b, inputs: [x], outputs: [y], dy, attributes }) => [flow(b, dy, x!, y!, attributes)],
});

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Standard normal density. */
const density = (b: Builder, x: Value): Value => b.mul(b.exp(b.mul(b.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));

const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
const GELU_CUBIC = 0.044715;

/** Derivative of x Φ(x), or of its tanh approximation (Hendrycks & Gimpel 2016). */
function geluSlope(b: Builder, x: Value, approximate: string): Value {
  if (approximate !== 'tanh') {
    const cumulative = b.mul(b.add(b.op('Erf', [b.mul(x, Math.SQRT1_2)]), 1), 0.5);
    return b.add(cumulative, b.mul(x, density(b, x)));
  }
  const x2 = b.square(x);
  const inner = b.mul(b.mul(x, SQRT_2_OVER_PI), b.add(b.mul(x2, GELU_CUBIC), 1));
  const t = b.tanh(inner);
  const innerSlope = b.add(b.mul(x2, 3 * GELU_CUBIC * SQRT_2_OVER_PI), SQRT_2_OVER_PI);
  const bend = b.mul(b.mul(x, b.sub(1, b.square(t))), innerSlope);
  return b.mul(b.add(b.add(t, 1), bend), 0.5);
}

function likeFirstWithAxis(inputs: Inputs, attributes: Attributes): Description[] {
  axisOf(numberOr(attributes, 'axis', -1), required(inputs, 0).shape.length);
  return likeFirst(inputs);
}

export const activations: OpTable = {
  Relu: activation(
    (b, dy, x) => b.where(b.greater(x, 0), dy, 0),
    (x) => Math.max(x, 0),
  ),
  LeakyRelu: activation(
    (b, dy, x, _, attributes) => b.where(b.greater(x, 0), dy, b.mul(dy, numberOr(attributes, 'alpha', 0.01))),
    (x, attributes) => (x > 0 ? x : x * numberOr(attributes, 'alpha', 0.01)),
  ),
  PRelu: {
    infer: (inputs) => {
      const x = required(inputs, 0);
      const shape = broadcast([x.shape, required(inputs, 1).shape]);
      if (shape.length !== x.shape.length || shape.some((dim, i) => dim !== x.shape[i])) {
        throw new Error('its slopes do not fit the input');
      }
      return [{ type: x.type, shape }];
    },
    gradient: ({ b, inputs: [x, slope], dy }) => [
      b.where(b.greater(x!, 0), dy, b.mul(dy, slope!)),
      sumTo(b, b.mul(dy, b.min(x!, 0)), slope!.shape),
    ],
  },
  /** y = x for x > 0, otherwise alpha (e^x - 1), whose slope is y + alpha. */
  Elu: activation((b, dy, x, y, attributes) =>
    b.where(b.greater(x, 0), dy, b.mul(dy, b.add(y, numberOr(attributes, 'alpha', 1)))),
  ),
  Sigmoid: activation((b, dy, _, y) => b.mul(dy, b.mul(y, b.sub(1, y))), sigmoid),
  /** min(max(alpha x + beta, 0), 1): flat at both ends, ends included. */
  HardSigmoid: activation(
    (b, dy, _, y, attributes) =>
      b.where(b.op('And', [b.greater(y, 0), b.less(y, 1)]), b.mul(dy, numberOr(attributes, 'alpha', 0.2)), 0),
    (x, attributes) =>
      Math.min(Math.max(numberOr(attributes, 'alpha', 0.2) * x + numberOr(attributes, 'beta', 0.5), 0), 1),
  ),
  Tanh: activation((b, dy, _, y) => b.mul(dy, b.sub(1, b.square(y))), Math.tanh),
  Softplus: activation(
    (b, dy, x) => b.mul(dy, b.sigmoid(x)),
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  ),
  Gelu: activation((b, dy, x, _, attributes) => b.mul(dy, geluSlope(b, x, textOr(attributes, 'approximate', 'none')))),
  /** x HardSigmoid(x) with slope 1/6: 0 below -3, x above 3. PyTorch counts both ends to the middle piece. */
  HardSwish: activation((b, dy, x) => {
    const middle = b.add(b.mul(x, 1 / 3), 0.5);
    return b.mul(dy, b.where(b.less(x, -3), 0, b.where(b.greater(x, 3), 1, middle)));
  }),
  /** x tanh(softplus(x)) (Misra 2019). */
  Mish: activation((b, dy, x) => {
    const t = b.tanh(b.op('Softplus', [x]));
    return b.mul(dy, b.add(t, b.mul(b.mul(x, b.sub(1, b.square(t))), b.sigmoid(x))));
  }),
  Softmax: {
    infer: likeFirstWithAxis,
    gradient: ({ b, outputs: [y], dy, attributes }) => {
      const axis = axisOf(numberOr(attributes, 'axis', -1), y!.shape.length);
      const weighted = b.mul(dy, y!);
      return [b.sub(weighted, b.mul(y!, b.reduceSum(weighted, [axis])))];
    },
  },
  /** x - max - log(sum(exp(x - max))). */
  LogSoftmax: {
    infer: likeFirstWithAxis,
    expand: (b, [x], attributes) => {
      const axes = [axisOf(numberOr(attributes, 'axis', -1), x!.shape.length)];
      const shifted = b.sub(x!, b.reduceMax(x!, axes));
      return b.sub(shifted, b.log(b.reduceSum(b.exp(shifted), axes)));
    },
  },
  /** As torch.clamp: the ends belong to the range where the gradient passes. */
  Clip: {
    infer: likeFirst,
    evaluate: ([x, low, high], _, [output]) => {
      const min = low === undefined ? -Infinity : Number(low.data[0]);
      const max = high === undefined ? Infinity : Number(high.data[0]);
      return [mapElements([x!], output!, (v) => Math.min(Math.max(v, min), max))];
    },
    gradient: ({ b, inputs: [x, low, high], dy }) => {
      const above = low === undefined ? dy : b.where(b.less(x!, low), 0, dy);
      return [high === undefined ? above : b.where(b.greater(x!, high), 0, above)];
    },
  },
};
