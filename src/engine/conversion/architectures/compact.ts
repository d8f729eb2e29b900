import { countOf, INPUT, isConv, shuffleScale, NetworkBuilder } from '../network-builder';
import type { Architecture } from './architecture';

/**
 * "Compact" (SRVGGNetCompact of Real-ESRGAN): convolutions with PReLUs in a row, a pixel shuffle, and the enlarged
 * picture added.
 */
export const compact: Architecture = {
  name: 'Compact',
  fits: (weights) => isConv(weights.get('body.0.weight')) && weights.get('body.1.weight')?.dims.length === 1,
  build(weights) {
    const s = new NetworkBuilder('compact', weights);
    const last = countOf(weights, 'body.') - 1;
    const channelsIn = s.take('body.0.weight').dims[1]!;
    const { scale, channelsOut } = shuffleScale(s.take(`body.${last}.weight`).dims[0]!, channelsIn);
    let x = INPUT;
    for (let i = 0; i <= last; i++) {
      const { dims, data } = s.take(`body.${i}.weight`);
      if (dims.length === 4) x = s.conv(x, `body.${i}`);
      else x = s.op('PRelu', [x, s.keep(`body.${i}.weight`, { dims: [data.length, 1, 1], data })]);
    }
    x = s.op('Add', [s.pixelShuffle(x, scale), s.nearest(INPUT, scale)]);
    return s.finish(x, { channelsIn, channelsOut });
  },
};
