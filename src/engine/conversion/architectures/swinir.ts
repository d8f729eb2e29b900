import { attend, positionBias, split } from '../attention';
import { countOf, type NetworkBuilder } from '../network-builder';
import type { Tokens } from '../tokens';
import type { Architecture } from './architecture';
import { inResidualGroups } from './residual-groups';

/** Only SwinIR's networks for JPEG have windows of this side, and only they count in 0..255. */
const JPEG_WINDOW = 7;

/** SwinIR (Liang et al., ICCVW 2021), in all published forms: classical, lightweight, for real pictures, noise and JPEG. */
export const swinIr: Architecture = {
  name: 'SwinIR',
  fits: (weights) =>
    weights.has('layers.0.residual_group.blocks.0.attn.relative_position_bias_table') &&
    weights.has('layers.0.residual_group.blocks.0.attn.qkv.weight'),
  build(weights) {
    const { dims } = weights.get('layers.0.residual_group.blocks.0.attn.relative_position_bias_table')!;
    return inResidualGroups(weights, {
      name: 'swinir',
      firstNorm: 'patch_embed.norm',
      range: windowOf(dims) === JPEG_WINDOW ? 255 : undefined,
      group(tokens, x, channels, layer) {
        const blocks = `layers.${layer}.residual_group.blocks.`;
        for (let i = 0; i < countOf(weights, blocks); i++) {
          const key = `${blocks}${i}`;
          const normal = tokens.s.layerNorm(x, `${key}.norm1`);
          x = tokens.s.op('Add', [x, windowAttention(tokens, normal, channels, `${key}.attn`, i % 2 === 1)]);
          x = tokens.s.op('Add', [x, mlp(tokens.s, tokens.s.layerNorm(x, `${key}.norm2`), `${key}.mlp`)]);
        }
        return x;
      },
    });
  },
};

/** Attention within windows, every second time within such as lie half a window further: Swin's (Liu et al., ICCV 2021). */
export function windowAttention(tokens: Tokens, x: string, channels: number, key: string, shifted: boolean): string {
  const { s } = tokens;
  const table = `${key}.relative_position_bias_table`;
  const [distances, count] = s.take(table).dims as [number, number];
  const side = windowOf([distances]);
  const [window, heads] = [[side, side] as const, { count, depth: channels / count }];

  const attended = (picture: string, masked?: (scores: string) => string): string => {
    const windows = tokens.rows(tokens.toWindows(picture, channels, window), channels);
    const parts = split(s, s.linear(windows, `${key}.qkv`), side ** 2, heads, 3);
    const seen = attend(s, parts, heads, positionBias(s, s.own(table), window), masked);
    return tokens.fromWindows(s.linear(seen, `${key}.proj`), channels, window);
  };
  if (!shifted) return attended(x);
  const shift = side >> 1;
  const rolled = tokens.roll(x, channels, [-shift, -shift]);
  const found = attended(rolled, (scores) => tokens.masked(scores, count, window, [shift, shift]));
  return tokens.roll(found, channels, [shift, shift]);
}

export function mlp(s: NetworkBuilder, x: string, key: string): string {
  return s.linear(s.op('Gelu', [s.linear(x, `${key}.fc1`)]), `${key}.fc2`);
}

/**
 * Side of the windows, from the size of the table that has a row for each distance between two of their pixels; not whole
 * where it fits no window, and then the network cannot be written down.
 */
export const windowOf = ([distances]: readonly number[]): number => (Math.sqrt(distances!) + 1) / 2;
