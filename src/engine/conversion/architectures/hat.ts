import { attend, positionBias, split } from '../attention';
import { countOf, type NetworkBuilder } from '../network-builder';
import type { Tokens } from '../tokens';
import { damaged } from '../weights';
import type { Architecture } from './architecture';
import { inResidualGroups } from './residual-groups';
import { mlp, windowAttention, windowOf } from './swinir';

/** How much of the convolutions beside the attention is added; in no file, and the same in all published networks. */
const CONV_SCALE = 0.01;

/** HAT (Chen et al., CVPR 2023): SwinIR's attention beside that of channels, and attention beyond the windows' borders. */
export const hat: Architecture = {
  name: 'HAT',
  fits: (weights) =>
    weights.has('layers.0.residual_group.blocks.0.conv_block.cab.3.attention.1.weight') &&
    weights.has('layers.0.residual_group.overlap_attn.relative_position_bias_table'),
  build: (weights) =>
    inResidualGroups(weights, {
      name: 'hat',
      firstNorm: 'patch_embed.norm',
      group(tokens, x, channels, layer) {
        const { s } = tokens;
        const group = `layers.${layer}.residual_group`;
        const blocks = `${group}.blocks.`;
        for (let i = 0; i < countOf(weights, blocks); i++) {
          const key = `${blocks}${i}`;
          const normal = s.layerNorm(x, `${key}.norm1`);
          const beside = tokens.fromPicture(channelAttention(s, tokens.toPicture(normal, channels), key), channels);
          const seen = windowAttention(tokens, normal, channels, `${key}.attn`, i % 2 === 1);
          x = s.op('Add', [s.op('Add', [x, seen]), s.op('Mul', [beside, s.number(CONV_SCALE)])]);
          x = s.op('Add', [x, mlp(s, s.layerNorm(x, `${key}.norm2`), `${key}.mlp`)]);
        }
        const side = windowOf(s.take(`${blocks}0.attn.relative_position_bias_table`).dims);
        const key = `${group}.overlap_attn`;
        x = s.op('Add', [x, overlapping(tokens, s.layerNorm(x, `${key}.norm1`), channels, key, side)]);
        return s.op('Add', [x, mlp(s, s.layerNorm(x, `${key}.norm2`), `${key}.mlp`)]);
      },
    }),
};

/** Two convolutions, and what they find weighed by channel (Zhang et al., ECCV 2018). */
function channelAttention(s: NetworkBuilder, x: string, key: string): string {
  const cab = `${key}.conv_block.cab`;
  const found = s.conv(s.op('Gelu', [s.conv(x, `${cab}.0`)]), `${cab}.2`);
  const mean = s.op('GlobalAveragePool', [found]);
  const inner = s.op('Relu', [s.conv(mean, `${cab}.3.attention.1`)]);
  return s.op('Mul', [found, s.op('Sigmoid', [s.conv(inner, `${cab}.3.attention.3`)])]);
}

/** Pixels of a window look at those of a wider one around it. */
function overlapping(tokens: Tokens, x: string, channels: number, key: string, side: number): string {
  const { s } = tokens;
  const table = `${key}.relative_position_bias_table`;
  const [distances, count] = s.take(table).dims as [number, number];
  const wide = Math.sqrt(distances) - side + 1;
  if (!Number.isInteger(wide) || wide <= side || wide > 2 * side || (wide - side) % 2 !== 0) {
    throw damaged(`A table of ${distances} distances fits no window; this network`);
  }
  const heads = { count, depth: channels / count };
  const window = [side, side] as const;
  const sizes = s.ints([channels, 2 * channels]);
  const [q, kv] = s.several('Split', [s.linear(x, `${key}.qkv`), sizes], 2, { axis: 1 });
  const around = tokens.aroundWindows(kv!, 2 * channels, side, wide);
  const parts = [
    ...split(s, tokens.toWindows(q!, channels, window), side ** 2, heads, 1),
    ...split(s, around, wide ** 2, heads, 2),
  ];
  const answer = attend(s, parts, heads, positionBias(s, s.own(table), window, [wide, wide]));
  return s.linear(tokens.fromWindows(answer, channels, window), `${key}.proj`);
}
