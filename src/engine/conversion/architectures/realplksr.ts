import { countOf, INPUT, isConv, shuffleScale, NetworkBuilder } from '../network-builder';
import { refuse } from '../weights';
import type { Architecture } from './architecture';

/** Groups of the normalisation: in no file, and the same in all published networks. */
const GROUPS = 4;
const GROUP_EPSILON = 1e-5;
const LAYER_EPSILON = 1e-6;

/** RealPLKSR: large-kernel convolutions over a part of the channels, with group or layer normalisation. */
export const realPlksr: Architecture = {
  name: 'RealPLKSR',
  fits: (weights) =>
    isConv(weights.get('feats.0.weight')) &&
    isConv(weights.get('feats.1.lk.conv.weight')) &&
    weights.has('feats.1.channel_mixer.0.weight') &&
    weights.has('feats.1.refine.weight'),
  build(weights) {
    if (weights.has('to_img.init_pos')) {
      throw refuse(
        'This RealPLKSR network ends in DySample, which cannot be read from weights yet.',
        'Get this network as an .onnx file.',
      );
    }
    const s = new NetworkBuilder('realplksr', weights);
    const last = countOf(weights, 'feats.') - 1;
    const { dims } = s.take('feats.0.weight');
    const [dim, channelsIn] = dims as [number, number];
    const { scale, channelsOut } = shuffleScale(s.take(`feats.${last}.weight`).dims[0]!, channelsIn);
    const split = s.take('feats.1.lk.conv.weight').dims[0]!;

    const perChannel = (key: string) => {
      const { data } = s.take(key);
      return s.keep(key, { dims: [data.length, 1, 1], data });
    };
    const layerNorm = (x: string, key: string) => {
      const mean = (value: string) => s.op('ReduceMean', [value, s.ints([1])], { keepdims: 1 });
      const centred = s.op('Sub', [x, mean(x)]);
      const variance = mean(s.op('Mul', [centred, centred]));
      const unit = s.op('Div', [centred, s.op('Sqrt', [s.op('Add', [variance, s.number(LAYER_EPSILON)])])]);
      return s.op('Add', [s.op('Mul', [unit, perChannel(`${key}.weight`)]), perChannel(`${key}.bias`)]);
    };
    const groupNorm = (x: string, key: string) => {
      const { data } = s.take(`${key}.weight`);
      if (data.length % GROUPS !== 0) {
        throw refuse('The normalisation of this network is of an unknown kind.', 'Get this network as an .onnx file.');
      }
      return s.op('GroupNormalization', [x, s.own(`${key}.weight`), s.own(`${key}.bias`)], {
        num_groups: GROUPS,
        epsilon: GROUP_EPSILON,
      });
    };

    let x = s.conv(INPUT, 'feats.0');
    for (let i = 1; s.has(`feats.${i}.lk.conv.weight`); i++) {
      const key = `feats.${i}`;
      let y = s.has(`${key}.layer_norm.weight`) ? layerNorm(x, `${key}.layer_norm`) : x;
      y = s.conv(s.op('Mish', [s.conv(y, `${key}.channel_mixer.0`)]), `${key}.channel_mixer.2`);
      const [part, rest] = s.several('Split', [y, s.ints([split, dim - split])], 2, { axis: 1 });
      y = s.op('Concat', [s.conv(part!, `${key}.lk.conv`), rest!], { axis: 1 });
      if (s.has(`${key}.attn.f.0.weight`)) y = s.op('Mul', [y, s.op('Sigmoid', [s.conv(y, `${key}.attn.f.0`)])]);
      y = s.conv(y, `${key}.refine`);
      if (s.has(`${key}.norm.weight`)) y = groupNorm(y, `${key}.norm`);
      x = s.op('Add', [y, x]);
    }
    // Repeating a channel for each place of the shuffle is enlarging by nearest neighbours.
    x = s.op('Add', [s.pixelShuffle(s.conv(x, `feats.${last}`), scale), s.nearest(INPUT, scale)]);
    return s.finish(x, { channelsIn, channelsOut });
  },
};
