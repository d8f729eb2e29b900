import { attend, positionBias, split } from '../attention';
import { countOf, type NetworkBuilder } from '../network-builder';
import type { Pair, Tokens } from '../tokens';
import type { Architecture } from './architecture';
import { inResidualGroups } from './residual-groups';

/** ONNX's code of the type. */
const FLOAT = 1;
const BATCH_EPSILON = 1e-5;
/** Least length of a vector that is divided by it: torch.nn.functional.normalize's. */
const LEAST_LENGTH = 1e-12;

/** DAT (Chen et al., ICCV 2023): attention within oblong windows and between channels by turns, a convolution beside each. */
export const dat: Architecture = {
  name: 'DAT',
  fits: (weights) =>
    weights.has('before_RG.1.weight') &&
    weights.has('layers.0.blocks.0.ffn.sg.norm.weight') &&
    weights.has('layers.0.blocks.0.attn.attns.0.rpe_biases'),
  build: (weights) =>
    inResidualGroups(weights, {
      name: 'dat',
      firstNorm: 'before_RG.1',
      group(tokens, x, channels, layer) {
        const { s } = tokens;
        const blocks = `layers.${layer}.blocks.`;
        for (let i = 0; i < countOf(weights, blocks); i++) {
          const key = `${blocks}${i}`;
          const part: Part = { tokens, channels, key: `${key}.attn` };
          const normal = s.layerNorm(x, `${key}.norm1`);
          const seen = i % 2 === 0 ? betweenPixels(part, normal, isShifted(layer, i)) : betweenChannels(part, normal);
          x = s.op('Add', [x, s.linear(seen, `${key}.attn.proj`)]);
          x = s.op('Add', [x, feedForward({ ...part, key: `${key}.ffn` }, s.layerNorm(x, `${key}.norm2`))]);
        }
        return x;
      },
    }),
};

interface Part {
  readonly tokens: Tokens;
  readonly channels: number;
  /** What its weights' names begin with. */
  readonly key: string;
}

/** Every second block that looks at pixels has its windows half of one further: in groups by turns the second or the first. */
export const isShifted = (layer: number, block: number): boolean => block % 4 === (layer % 2 === 0 ? 2 : 0);

/** Half of the channels in windows that are wide, half in tall ones. */
function betweenPixels({ tokens, channels, key }: Part, x: string, shifted: boolean): string {
  const { s } = tokens;
  const half = channels / 2;
  const qkv = s.linear(x, `${key}.qkv`);
  const apart = s.op('Reshape', [qkv, s.ints([-1, 2, half])]);
  const seen = s.several('Split', [apart, s.ints([1, 1])], 2, { axis: 1 }).map((part, i) => {
    const own = `${key}.attns.${i}`;
    const window = windowOf(s, own);
    const shift = [window[0] >> 1, window[1] >> 1] as const;
    const [count, pixels] = [s.take(`${own}.pos.pos3.2.weight`).dims[0]!, window[0] * window[1]];
    const heads = { count, depth: half / count };
    const rolled = shifted ? tokens.roll(part, 3 * half, [-shift[0], -shift[1]]) : part;
    const parts = split(s, tokens.toWindows(rolled, 3 * half, window), pixels, heads, 3);
    const bias = positionBias(s, distanceTable(s, own, window), window);
    const answer = attend(s, parts, heads, bias, (scores) =>
      shifted ? tokens.masked(scores, count, window, shift) : scores,
    );
    const back = tokens.fromWindows(answer, half, window);
    return shifted ? tokens.roll(back, half, shift) : back;
  });
  const attended = s.op('Concat', seen, { axis: 1 });
  const values = s.op('Slice', [qkv, s.ints([2 * channels]), s.ints([3 * channels]), s.ints([1])]);
  const part = { tokens, channels, key };
  const local = depthwise(part, tokens.toPicture(values, channels));
  return joined(part, { byChannel: local, byPixel: tokens.toPicture(attended, channels) });
}

/** Channels look at each other, over all pixels. */
function betweenChannels({ tokens, channels, key }: Part, x: string): string {
  const { s } = tokens;
  const count = s.take(`${key}.temperature`).dims[0]!;
  const qkv = tokens.toPicture(s.linear(x, `${key}.qkv`), 3 * channels);
  const [q, k, v] = s.several('Split', [qkv, s.ints([channels, channels, channels])], 3, { axis: 1 });
  const heads = (y: string) => tokens.byHeads(y, count, channels / count);
  const unit = (y: string) => {
    const length = s.op('ReduceL2', [y, s.ints([-1])], { keepdims: 1 });
    return s.op('Div', [y, s.op('Max', [length, s.number(LEAST_LENGTH)])]);
  };
  const [one, other] = [unit(heads(q!)), unit(heads(k!))];
  const scores = s.op('MatMul', [one, s.op('Transpose', [other], { perm: [0, 1, 3, 2] })]);
  const weights = s.op('Softmax', [s.op('Mul', [scores, s.own(`${key}.temperature`)])], { axis: -1 });
  const attended = tokens.likePicture(s.op('MatMul', [weights, heads(v!)]), channels);
  const part = { tokens, channels, key };
  return joined(part, { byChannel: attended, byPixel: depthwise(part, v!) });
}

/**
 * What was attended to and what a convolution found, each weighed by the other: one of them gives a weight for each channel,
 * the other one for each pixel.
 */
function joined(
  { tokens, channels, key }: Part,
  { byChannel, byPixel }: { byChannel: string; byPixel: string },
): string {
  const { s } = tokens;
  const mean = s.op('GlobalAveragePool', [byChannel]);
  const inner = (y: string, name: string, i: number) =>
    s.op('Gelu', [batchNorm(s, s.conv(y, `${key}.${name}.${i}`), `${key}.${name}.${i + 1}`)]);
  const ofChannels = s.conv(inner(mean, 'channel_interaction', 1), `${key}.channel_interaction.4`);
  const ofPixels = s.conv(inner(byPixel, 'spatial_interaction', 0), `${key}.spatial_interaction.3`);
  const weighed = (y: string, weight: string) => s.op('Mul', [y, s.op('Sigmoid', [weight])]);
  const sum = s.op('Add', [weighed(byPixel, ofChannels), weighed(byChannel, ofPixels)]);
  return tokens.fromPicture(sum, channels);
}

function depthwise({ tokens: { s }, channels, key }: Part, x: string): string {
  const convolved = s.conv(x, `${key}.dwconv.0`, { group: channels });
  return s.op('Gelu', [batchNorm(s, convolved, `${key}.dwconv.1`)]);
}

/** Half of what is found, weighed by what a convolution makes of the other half. */
function feedForward({ tokens, key }: Part, x: string): string {
  const { s } = tokens;
  const half = s.take(`${key}.sg.norm.weight`).dims[0]!;
  const hidden = s.op('Gelu', [s.linear(x, `${key}.fc1`)]);
  const [one, other] = s.several('Split', [hidden, s.ints([half, half])], 2, { axis: 1 });
  const normal = tokens.toPicture(s.layerNorm(other!, `${key}.sg.norm`), half);
  const gate = tokens.fromPicture(s.conv(normal, `${key}.sg.conv`, { group: half }), half);
  return s.linear(s.op('Mul', [one!, gate]), `${key}.fc2`);
}

/** Inference's: mean and variance are those of the training. */
function batchNorm(s: NetworkBuilder, x: string, key: string): string {
  const values = ['weight', 'bias', 'running_mean', 'running_var'].map((name) => s.own(`${key}.${name}`));
  return s.op('BatchNormalization', [x, ...values], { epsilon: BATCH_EPSILON });
}

/** What a small network says of each distance between two pixels of a window: [distances, heads]. */
function distanceTable(s: NetworkBuilder, key: string, [rows, columns]: Pair): string {
  const distances: number[] = [];
  for (let down = 1 - rows; down < rows; down++)
    for (let right = 1 - columns; right < columns; right++) distances.push(down, right);
  // Whole numbers: what the network is asked does not learn.
  const asked = s.indices(`distances_${rows}x${columns}`, distances, [distances.length / 2, 2]);
  const first = s.linear(s.op('Cast', [asked], { to: FLOAT }), `${key}.pos.pos_proj`);
  const inner = (x: string, name: string) =>
    s.linear(s.op('Relu', [s.layerNorm(x, `${key}.pos.${name}.0`)]), `${key}.pos.${name}.2`);
  return ['pos1', 'pos2', 'pos3'].reduce(inner, first);
}

/** Rows and columns of the windows, from the distances that the file lists, of which the largest comes last. */
function windowOf(s: NetworkBuilder, key: string): Pair {
  const [down, across] = s.take(`${key}.rpe_biases`).data.slice(-2);
  return [down! + 1, across! + 1];
}
