import type { Graph } from '../../graph';
import { foldedConv, foldOf } from '../folded-conv';
import { countOf, INPUT, shuffleScale, NetworkBuilder } from '../network-builder';
import { Tokens } from '../tokens';
import { refuse, type Weights } from '../weights';

/** Mean colour that SwinIR and those after it subtract: that of their training pictures. */
const MEAN = [0.4488, 0.4371, 0.404];
/** Of the activation before the upsampling (PyTorch's own), of those behind it, and of convolutions in threes. */
const SLOPE_BEFORE = 0.01;
const SLOPE = 0.2;

export interface Groups {
  readonly name: string;
  /** What the picture, 0..1, is multiplied with; nothing where it is taken as it is. */
  readonly range?: number;
  /** The normalisation before the first group. */
  readonly firstNorm: string;
  /** What a group does with its tokens, before its last convolution. */
  group(tokens: Tokens, x: string, channels: number, layer: number): string;
}

/**
 * What SwinIR and the transformers after it have around their attention: a convolution, residual groups that end in a
 * convolution each, a normalisation, a residual over all of them, and one of four ways to the enlarged picture.
 */
export function inResidualGroups(weights: Weights, { name, range, firstNorm, group }: Groups): Graph {
  if (weights.has('absolute_pos_embed')) {
    throw refuse(
      'This network knows its pixels by their places, for one size of pictures.',
      'Get it as an .onnx file.',
    );
  }
  const s = new NetworkBuilder(name, weights);
  const firstConv = s.has('conv_first.1.weight') ? 'conv_first.1' : 'conv_first';
  const [channels, inputs] = s.take(`${firstConv}.weight`).dims as [number, number];
  const fold = foldOf(inputs, s.has('conv_last.weight') ? s.take('conv_last.weight').dims[0]! : inputs);
  const channelsIn = inputs / fold ** 2;
  const mean = channelsIn === MEAN.length ? s.floats(MEAN, [1, MEAN.length, 1, 1]) : undefined;
  const scaled = (op: 'Mul' | 'Div', x: string) => (range === undefined ? x : s.op(op, [x, s.number(range)]));
  const picture = scaled('Mul', mean === undefined ? INPUT : s.op('Sub', [INPUT, mean]));

  const first = foldedConv(s, picture, firstConv, fold);
  const tokens = new Tokens(s, first);
  /** One convolution, or three with a narrow one between. */
  const convs = (key: string, x: string): string => {
    const y = tokens.toPicture(x, channels);
    if (!s.has(`${key}.0.weight`)) return s.conv(y, key);
    return [2, 4].reduce((z, i) => s.conv(s.leakyRelu(z, SLOPE), `${key}.${i}`), s.conv(y, `${key}.0`));
  };
  let x = tokens.fromPicture(first, channels);
  if (s.has(`${firstNorm}.weight`)) x = s.layerNorm(x, firstNorm);
  for (let layer = 0; layer < countOf(weights, 'layers.'); layer++) {
    const inner = convs(`layers.${layer}.conv`, group(tokens, x, channels, layer));
    x = s.op('Add', [tokens.fromPicture(inner, channels), x]);
  }
  const body = s.op('Add', [convs('conv_after_body', s.layerNorm(x, 'norm')), first]);

  const { y, channelsOut } = enlarged(s, body, channelsIn, picture);
  const answer = scaled('Div', y);
  return s.finish(mean !== undefined && channelsOut === MEAN.length ? s.op('Add', [answer, mean]) : answer, {
    channelsIn,
    channelsOut,
  });
}

function enlarged(
  s: NetworkBuilder,
  body: string,
  channelsIn: number,
  picture: string,
): { y: string; channelsOut: number } {
  const before = 'conv_before_upsample.0';
  if (!s.has(`${before}.weight`)) {
    if (s.has('upsample.0.weight')) {
      // All at once ("lightweight").
      const { scale, channelsOut } = shuffleScale(s.take('upsample.0.weight').dims[0]!, channelsIn);
      return { y: s.pixelShuffle(s.conv(body, 'upsample.0'), scale), channelsOut };
    }
    // Nothing is enlarged: what the network finds is added to the picture.
    const channelsOut = s.take('conv_last.weight').dims[0]!;
    return { y: s.op('Add', [picture, s.conv(body, 'conv_last')]), channelsOut };
  }
  const channelsOut = s.take('conv_last.weight').dims[0]!;
  let y = s.leakyRelu(s.conv(body, before), SLOPE_BEFORE);
  if (s.has('conv_up1.weight')) {
    // Of pictures with real degradations: enlarged by nearest neighbours.
    for (let i = 1; s.has(`conv_up${i}.weight`); i++) y = s.leakyRelu(s.conv(s.nearest(y, 2), `conv_up${i}`), SLOPE);
    y = s.leakyRelu(s.conv(y, 'conv_hr'), SLOPE);
  } else {
    // A convolution and a shuffle in turn: the shuffles are in no file, but in the counting.
    for (let i = 0; s.has(`upsample.${i}.weight`); i += 2) {
      const [outputs, inputs] = s.take(`upsample.${i}.weight`).dims as [number, number];
      y = s.pixelShuffle(s.conv(y, `upsample.${i}`), Math.sqrt(outputs / inputs));
    }
  }
  return { y: s.conv(y, 'conv_last'), channelsOut };
}
