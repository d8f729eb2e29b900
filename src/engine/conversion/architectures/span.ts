import { INPUT, shuffleScale, NetworkBuilder } from '../network-builder';
import type { Weight } from '../weights';
import type { Architecture } from './architecture';

/** What all published SPAN networks subtract from their picture, and multiply it with. */
const MEAN = [0.4488, 0.4371, 0.404];
const RANGE = 255;
const BLOCKS = 6;

/** SPAN (Swift Parameter-free Attention Network): re-parametrised 3×3 convolutions and attention by their own answers. */
export const span: Architecture = {
  name: 'SPAN',
  fits: (weights) =>
    ['conv_1.sk.weight', 'block_1.c1_r.sk.weight', 'conv_cat.weight', 'conv_2.sk.weight', 'upsampler.0.weight'].every(
      (key) => weights.has(key),
    ),
  build(weights) {
    const s = new NetworkBuilder('span', weights);
    const channelsIn = s.take('conv_1.sk.weight').dims[1]!;
    const { scale, channelsOut } = shuffleScale(s.take('upsampler.0.weight').dims[0]!, channelsIn);
    const conv = (x: string, key: string) => {
      const { weight, bias } = folded(s, key);
      return s.convWith(x, s.keep(`${key}.weight`, weight), s.keep(`${key}.bias`, bias), [3, 3]);
    };
    const silu = (x: string) => s.op('Mul', [x, s.op('Sigmoid', [x])]);
    const block = (x: string, key: string) => {
      const first = conv(x, `${key}.c1_r`);
      const third = conv(silu(conv(silu(first), `${key}.c2_r`)), `${key}.c3_r`);
      const attention = s.op('Sub', [s.op('Sigmoid', [third]), s.number(0.5)]);
      return { first, output: s.op('Mul', [s.op('Add', [third, x]), attention]) };
    };

    let x = INPUT;
    if (!s.has('no_norm') && channelsIn === MEAN.length) {
      x = s.op('Mul', [s.op('Sub', [x, s.floats(MEAN, [1, MEAN.length, 1, 1])]), s.number(RANGE)]);
    }
    const features = conv(x, 'conv_1');
    let [y, firstOutput, lastInner] = [features, '', ''];
    for (let i = 1; i <= BLOCKS; i++) {
      const { first, output } = block(y, `block_${i}`);
      if (i === 1) firstOutput = output;
      // The joined layer takes what the last block makes first.
      lastInner = first;
      y = output;
    }
    y = conv(y, 'conv_2');
    y = s.conv(s.op('Concat', [features, y, firstOutput, lastInner], { axis: 1 }), 'conv_cat');
    return s.finish(s.pixelShuffle(s.conv(y, 'upsampler.0'), scale), { channelsIn, channelsOut });
  },
};

/** The three convolutions in a row (1×1, 3×3, 1×1) and the 1×1 beside them as a single 3×3, in double precision. */
function folded(s: NetworkBuilder, key: string): { weight: Weight; bias: Weight } {
  if (!s.has(`${key}.conv.0.weight`)) {
    return { weight: s.take(`${key}.eval_conv.weight`), bias: s.take(`${key}.eval_conv.bias`) };
  }
  const [w1, w2, w3, side] = [0, 1, 2].map((i) => s.take(`${key}.conv.${i}.weight`)).concat(s.take(`${key}.sk.weight`));
  const [b1, b2, b3, sideBias] = [0, 1, 2].map((i) => s.take(`${key}.conv.${i}.bias`)).concat(s.take(`${key}.sk.bias`));
  const [middle, inputs] = w1!.dims as [number, number];
  const [wide, , height, width] = w2!.dims as [number, number, number, number];
  const outputs = w3!.dims[0]!;
  const area = height * width;

  // The first two: [wide, inputs, area].
  const half = new Float64Array(wide * inputs * area);
  const halfBias = Float64Array.from(b2!.data);
  for (let o = 0; o < wide; o++) {
    for (let m = 0; m < middle; m++) {
      for (let p = 0; p < area; p++) {
        const value = w2!.data[(o * middle + m) * area + p]!;
        halfBias[o]! += value * b1!.data[m]!;
        for (let i = 0; i < inputs; i++) half[(o * inputs + i) * area + p]! += value * w1!.data[m * inputs + i]!;
      }
    }
  }
  const weight = new Float64Array(outputs * inputs * area);
  const bias = Float64Array.from(b3!.data, (value, o) => value + sideBias!.data[o]!);
  const rest = inputs * area;
  for (let o = 0; o < outputs; o++) {
    for (let m = 0; m < wide; m++) {
      const value = w3!.data[o * wide + m]!;
      bias[o]! += value * halfBias[m]!;
      for (let r = 0; r < rest; r++) weight[o * rest + r]! += value * half[m * rest + r]!;
    }
    const centre = (area - 1) / 2;
    for (let i = 0; i < inputs; i++) weight[(o * inputs + i) * area + centre]! += side!.data[o * inputs + i]!;
  }
  return {
    weight: { dims: [outputs, inputs, height, width], data: Float32Array.from(weight) },
    bias: { dims: [outputs], data: Float32Array.from(bias) },
  };
}
