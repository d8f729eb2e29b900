import type { Builder } from '../builder';
import { sizeOf } from '../tensor';
import type { Value } from '../value';
import type { Backward, OpTable } from './definition';
import { axisOf, likeFirst, numberOf, numberOr, required, sumTo } from './support';

/** [C] seen as [C, 1, 1] beside a picture of `rank` dimensions. */
const perChannel = (b: Builder, x: Value, rank: number): Value =>
  b.reshape(x, [x.shape[0]!, ...new Array<number>(rank - 2).fill(1)]);

/**
 * Gradients of `y = (x - mean) / sqrt(variance + epsilon) * scale`, where mean and variance are taken over `axes` of x
 * itself (Ioffe & Szegedy 2015), for x and scale, whose shape broadcasts to x.
 */
function normalized(
  { b, inputs, dy, attributes }: Backward,
  scale: Value,
  axes: readonly number[],
): readonly [x: Value, scale: Value] {
  const x = required(inputs, 0);
  const centred = b.sub(x, b.reduceMean(x, axes));
  const deviation = b.sqrt(b.add(b.reduceMean(b.square(centred), axes), numberOr(attributes, 'epsilon', 1e-5)));
  const unit = b.div(centred, deviation);
  const flow = b.mul(dy, scale);
  const along = b.mul(unit, b.reduceMean(b.mul(flow, unit), axes));
  return [
    b.div(b.sub(b.sub(flow, b.reduceMean(flow, axes)), along), deviation),
    sumTo(b, b.mul(dy, unit), scale.shape),
  ];
}

export const normalization: OpTable = {
  /** The inference form: mean and variance are given, and constants to the gradient. */
  BatchNormalization: {
    infer: (inputs, attributes, outputs) => {
      if (outputs > 1 || numberOr(attributes, 'training_mode', 0) !== 0) throw new Error('it is switched to training');
      return likeFirst(inputs);
    },
    gradient: ({ b, inputs, dy, attributes }) => {
      const [x, scale, bias, mean, variance] = inputs.map((_, i) => required(inputs, i)) as [Value, ...Value[]];
      const rank = x.shape.length;
      const spread = b.div(1, b.sqrt(b.add(variance!, numberOr(attributes, 'epsilon', 1e-5))));
      const unit = b.mul(b.sub(x, perChannel(b, mean!, rank)), perChannel(b, spread, rank));
      const toChannels = (value: Value): Value =>
        b.reshape(sumTo(b, value, perChannel(b, bias!, rank).shape), bias!.shape);
      return [b.mul(dy, perChannel(b, b.mul(scale!, spread), rank)), toChannels(b.mul(dy, unit)), toChannels(dy)];
    },
  },
  InstanceNormalization: {
    infer: likeFirst,
    gradient: (backward) => {
      const { b, inputs, dy } = backward;
      const [x, weight] = [required(inputs, 0), required(inputs, 1)];
      const scale = perChannel(b, weight, x.shape.length);
      const axes = x.shape.slice(2).map((_, i) => i + 2);
      const [dx, dScale] = normalized(backward, scale, axes);
      return [dx, b.reshape(dScale, weight.shape), b.reshape(sumTo(b, dy, scale.shape), weight.shape)];
    },
  },
  LayerNormalization: {
    infer: (inputs, _, outputs) => {
      if (outputs > 1) throw new Error('its mean and deviation are used, which is not supported');
      return likeFirst(inputs);
    },
    gradient: (backward) => {
      const { b, inputs, dy, attributes } = backward;
      const { length: rank } = required(inputs, 0).shape;
      const first = axisOf(numberOr(attributes, 'axis', -1), rank);
      const axes = Array.from({ length: rank - first }, (_, i) => first + i);
      const gradients = normalized(backward, required(inputs, 1), axes);
      return [...gradients, inputs[2] && sumTo(b, dy, inputs[2].shape)];
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
  /**
   * x / (bias + alpha m)^beta, where m is the mean of x² over `size` neighbouring channels; beyond the first and the last
   * one there is zero (Krizhevsky et al. 2012). ONNX Runtime wants an odd size and four dimensions.
   */
  LRN: {
    infer: (inputs, attributes) => {
      const size = numberOf(attributes, 'size');
      if (size % 2 !== 1) throw new Error(`its size of ${size} is not odd`);
      const { length: rank } = required(inputs, 0).shape;
      if (rank !== 4) throw new Error(`it has ${rank} dimensions instead of 4`);
      return likeFirst(inputs);
    },
    expand: (b, [x], attributes) => {
      const size = numberOf(attributes, 'size');
      const side = (size - 1) / 2;
      const [n, channels] = x!.shape as [number, number];
      const squares = b.reshape(b.square(x!), [n, 1, channels, sizeOf(x!.shape) / (n * channels)]);
      const mean = b.op('AveragePool', [squares], {
        kernel_shape: [size, 1],
        pads: [side, 0, side, 0],
        count_include_pad: 1,
      });
      const base = b.add(b.mul(mean, numberOr(attributes, 'alpha', 1e-4)), numberOr(attributes, 'bias', 1));
      return b.mul(x!, b.reshape(b.pow(base, -numberOr(attributes, 'beta', 0.75)), x!.shape));
    },
  },
};
