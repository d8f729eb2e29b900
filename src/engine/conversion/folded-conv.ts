import type { NetworkBuilder } from './network-builder';
import type { Weight } from './weights';

/** Side of the blocks that are folded into the `inputs` channels of the first convolution of a network; 1 where none are. */
export function foldOf(inputs: number, channelsOut: number): number {
  const folded = Math.sqrt(inputs / channelsOut);
  return [2, 4].includes(folded) ? folded : 1;
}

/** A convolution of a picture whose blocks of `fold` × `fold` pixels are folded into channels first (pixel unshuffle). */
export function foldedConv(s: NetworkBuilder, x: string, key: string, fold: number): string {
  if (fold === 1) return s.conv(x, key);
  const weight = s.take(`${key}.weight`);
  const folded = s.op('SpaceToDepth', [x], { blocksize: fold });
  const kept = s.keep(`${key}.weight`, reordered(weight, fold));
  return s.convWith(folded, kept, s.own(`${key}.bias`), weight.dims.slice(2));
}

/** First weights for ONNX's SpaceToDepth, which puts the place in the block before the channel; PyTorch puts it after. */
function reordered({ dims, data }: Weight, fold: number): Weight {
  const [outputs, inputs, ...kernel] = dims as [number, number, number, number];
  const area = kernel[0] * kernel[1];
  const places = fold ** 2;
  const channels = inputs / places;
  const result = new Float32Array(data.length);
  for (let o = 0; o < outputs; o++) {
    for (let c = 0; c < channels; c++) {
      for (let place = 0; place < places; place++) {
        const from = (o * inputs + c * places + place) * area;
        result.set(data.subarray(from, from + area), (o * inputs + place * channels + c) * area);
      }
    }
  }
  return { dims, data: result };
}
