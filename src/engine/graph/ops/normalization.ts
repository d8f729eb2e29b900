import type { Builder } from '../builder';
import { sizeOf } from '../tensor';
import type { Value } from '../value';
import type { Backward, OpTable } from './definition';
import { axisOf, likeFirst, numberOr, required, sumTo } from './support';

/** [C] seen as [C, 1, 1] beside a picture of `rank` dimensions. */
const perChannel = (b: Builder, x: Value, rank: number): Value =>
  b.reshape(x, [x.shape[0]!, ...new Array<number>(rank - 2).fill(1)]);

/**
 * Gradients of `y = (x - mean) / sqrt(variance + epsilon) * scale + bias`, where mean and variance are taken over
 * `axes` of x itself (Ioffe & Szegedy 2015). `scale` is in a shape that broadcasts to x.
 */
function normalized(
  { b, needs }: Backward,
  { x, dy, axes, scale, epsilon }: { x: Value; dy: Value; axes: readonly number[]; scale?: Value; epsilon: number },
): { x?: Value; scale?: Value; bias?: Value } {
  const centred = b.sub(x, b.reduceMean(x, axes));
  const deviation = b.sqrt(b.add(b.reduceMean(b.square(centred), axes), epsilon));
  const unit = b.div(centred, deviation);
  const flow = scale === undefined ? dy : b.mul(dy, scale);
  const along = b.mul(unit, b.reduceMean(b.mul(flow, unit), axes));
  return {
    x: needs[0] ? b.div(b.sub(b.sub(flow, b.reduceMean(flow, axes)), along), deviation) : undefined,
    scale: scale && needs[1] ? sumTo(b, b.mul(dy, unit), scale.shape) : undefined,
    bias: scale && needs[2] ? sumTo(b, dy, scale.shape) : undefined,
  };
}

export const normalization: OpTable = {
  /** The inference form: mean and variance are given, and constants to the gradient. */
  BatchNormalization: {
    infer: (inputs, attributes, outputs) => {
      if (outputs > 1 || numberOr(attributes, 'training_mode', 0) !== 0) throw new Error('it is switched to training');
      return likeFirst(inputs);
    },
    gradient: ({ b, inputs, gradients: [dy], attributes, needs }) => {
      if (dy === undefined) return [];
      const [x, scale, bias, mean, variance] = inputs.map((_, i) => required(inputs, i)) as [Value, ...Value[]];
      const rank = x.shape.length;
      const spread = b.div(1, b.sqrt(b.add(variance!, numberOr(attributes, 'epsilon', 1e-5))));
      const unit = (): Value => b.mul(b.sub(x, perChannel(b, mean!, rank)), perChannel(b, spread, rank));
      const toChannels = (value: Value): Value =>
        b.reshape(sumTo(b, value, perChannel(b, bias!, rank).shape), bias!.shape);
      return [
        needs[0] ? b.mul(dy, perChannel(b, b.mul(scale!, spread), rank)) : undefined,
        needs[1] ? toChannels(b.mul(dy, unit())) : undefined,
        needs[2] ? toChannels(dy) : undefined,
      ];
    },
  },
  InstanceNormalization: {
    infer: likeFirst,
    gradient: (backward) => {
      const { b, inputs, gradients, attributes } = backward;
      const [x, dy, rank] = [required(inputs, 0), gradients[0], required(inputs, 0).shape.length];
      if (dy === undefined) return [];
      const weight = required(inputs, 1);
      const {
        x: dx,
        scale,
        bias,
      } = normalized(backward, {
        x,
        dy,
        axes: Array.from({ length: rank - 2 }, (_, i) => i + 2),
        scale: perChannel(b, weight, rank),
        epsilon: numberOr(attributes, 'epsilon', 1e-5),
      });
      return [dx, scale && b.reshape(scale, weight.shape), bias && b.reshape(bias, weight.shape)];
    },
  },
  LayerNormalization: {
    infer: (inputs, _, outputs) => {
      if (outputs > 1) throw new Error('its mean and deviation are used, which is not supported');
      return likeFirst(inputs);
    },
    gradient: (backward) => {
      const { b, inputs, gradients, attributes } = backward;
      const [x, dy] = [required(inputs, 0), gradients[0]];
      if (dy === undefined) return [];
      const rank = x.shape.length;
      const first = axisOf(numberOr(attributes, 'axis', -1), rank);
      const weight = required(inputs, 1);
      const { x: dx, scale } = normalized(backward, {
        x,
        dy,
        axes: Array.from({ length: rank - first }, (_, i) => first + i),
        scale: weight,
        epsilon: numberOr(attributes, 'epsilon', 1e-5),
      });
      return [dx, scale, inputs[2] && backward.needs[2] ? sumTo(b, dy, inputs[2].shape) : undefined];
    },
  },
  /** Wu & He 2018: each group of channels is normalised together; scale and bias per channel (opset 21). */
  GroupNormalization: {
    infer: (inputs, attributes) => {
      const channels = required(inputs, 0).shape[1]!;
      const groups = numberOr(attributes, 'num_groups', 1);
      if (channels % groups !== 0) throw new Error(`${channels} channels do not make ${groups} groups`);
      return likeFirst(inputs);
    },
    expand: (b, [x, scale, bias], attributes) => {
      const groups = numberOr(attributes, 'num_groups', 1);
      const n = x!.shape[0]!;
      const view = b.reshape(x!, [n, groups, sizeOf(x!.shape) / (n * groups)]);
      const plain = [1, 0].map((value) => b.constant(new Array<number>(groups).fill(value)));
      const epsilon = numberOr(attributes, 'epsilon', 1e-5);
      const unit = b.reshape(b.op('InstanceNormalization', [view, ...plain], { epsilon }), x!.shape);
      const rank = x!.shape.length;
      return b.add(b.mul(unit, perChannel(b, scale!, rank)), perChannel(b, bias!, rank));
    },
  },
};
