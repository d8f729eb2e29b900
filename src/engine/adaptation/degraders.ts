import type { Graph, GraphBuilder, Value } from '../graph';
import type { Cycle } from './recipe';

/** Takes a picture [N, 3, s H, s W] down to [N, 3, H, W]. */
export type Degrader = (b: GraphBuilder, picture: Value) => Value;

/**
 * What the upscaled picture is compared with the original through.
 *
 * @param reconstructor R with this picture's embedding folded in; needed for 'reconstructor'
 */
export function degraderFor(cycle: Exclude<Cycle, 'none'>, scale: number, reconstructor?: Graph): Degrader {
  if (cycle === 'area') return (b, picture) => areaDown(b, picture, scale);
  if (cycle === 'bicubic') return (b, picture) => bicubicDown(b, picture, scale);
  if (reconstructor === undefined) throw new Error('The reconstructor cycle needs a folded reconstructor.');
  return (b, picture) => b.call(reconstructor, [picture])[0]!;
}

/** Mean over squares of `scale` × `scale` pixels. */
export function areaDown(b: GraphBuilder, picture: Value, scale: number): Value {
  return b.averagePool(picture, [scale, scale]);
}

/** Bicubic downscaling with the kernel stretched by the scale (a = -0.5, as Pillow and `imresize` do). */
function bicubicDown(b: GraphBuilder, picture: Value, scale: number): Value {
  const taps = bicubicTaps(scale);
  const radius = (taps.length - scale) / 2;
  const kernel = (horizontal: boolean) => ({
    type: 'float32' as const,
    dims: horizontal ? [3, 1, 1, taps.length] : [3, 1, taps.length, 1],
    data: new Float32Array([...taps, ...taps, ...taps]),
  });
  const pads = [0, 0, radius, radius, 0, 0, radius, radius];
  const padded = b.pad(picture, pads, 'edge');
  const none = [0, 0, 0, 0];
  const rows = b.conv(padded, b.constant(kernel(true)), { group: 3, strides: [1, scale], pads: none });
  return b.conv(rows, b.constant(kernel(false)), { group: 3, strides: [scale, 1], pads: none });
}

function bicubicTaps(scale: number): number[] {
  const cubic = (t: number) => {
    const x = Math.abs(t);
    if (x < 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
    return -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2;
  };
  // The output pixel's centre lies in the middle of its `scale` input pixels; the kernel reaches 2 scales either side.
  const radius = Math.floor(1.5 * scale);
  const taps = Array.from({ length: 2 * radius + scale }, (_, i) => cubic((i - radius + 0.5 - scale / 2) / scale));
  const sum = taps.reduce((a, v) => a + v, 0);
  return taps.map((tap) => tap / sum);
}
