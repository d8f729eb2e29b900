import type { OpDefinition, OpTable } from './definition';
import { axisOf, known, likeFirst, numberOr, required } from './support';

const sameShape: OpDefinition = { infer: likeFirst };

/**
 * Ops whose shape is known but whose gradient is not: what lies upstream of them stays as it is when a network is
 * trained.
 */
export const withoutRule: OpTable = {
  Acos: sameShape,
  Acosh: sameShape,
  Asin: sameShape,
  Asinh: sameShape,
  Atan: sameShape,
  Atanh: sameShape,
  Celu: sameShape,
  Cosh: sameShape,
  CumSum: sameShape,
  Hardmax: sameShape,
  LpNormalization: sameShape,
  MeanVarianceNormalization: sameShape,
  Selu: sameShape,
  Shrink: sameShape,
  Sinh: sameShape,
  Softsign: sameShape,
  Tan: sameShape,
  ThresholdedRelu: sameShape,
  Trilu: sameShape,
  /** One and zero by index: flat, as indices are. */
  OneHot: {
    infer: (inputs, attributes) => {
      const { shape } = required(inputs, 0);
      const [depth] = known(inputs, 1, 'depth');
      const axis = axisOf(numberOr(attributes, 'axis', -1), shape.length + 1);
      return [{ type: required(inputs, 2).type, shape: [...shape.slice(0, axis), depth!, ...shape.slice(axis)] }];
    },
    gradient: 'none',
  },
  ArgMax: argument(),
  ArgMin: argument(),
};

/** The position of an extreme along an axis: an integer, and flat everywhere. */
function argument(): OpDefinition {
  return {
    infer: (inputs, attributes) => {
      const { shape } = required(inputs, 0);
      const axis = axisOf(numberOr(attributes, 'axis', 0), shape.length);
      const keeps = numberOr(attributes, 'keepdims', 1) !== 0;
      return [{ type: 'int64', shape: shape.flatMap((dim, i) => (i !== axis ? [dim] : keeps ? [1] : [])) }];
    },
    gradient: 'none',
  };
}
