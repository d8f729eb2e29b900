import { createRaster } from './planes';
import type { Raster, Rect } from './raster';
import { contains } from './rect';

/**
 * - `area`: exact area average (box); enlarging, it keeps hard pixel edges
 * - `bicubic`: Keys' cubic with a = -0.5 (Catmull-Rom), widened when reducing, as Pillow and torch `antialias` do
 * - `lanczos3`: windowed sinc over ±3 pixels, widened when reducing
 */
export type ResampleKernel = 'area' | 'bicubic' | 'lanczos3';

/** Weights of one axis: result pixel `i` is the sum over `k` of `weights[i * taps + k] * input[start[i] + k]`. */
interface Axis {
  readonly taps: number;
  readonly start: Int32Array;
  readonly weights: Float32Array;
}

const radius = { area: 0.5, bicubic: 2, lanczos3: 3 } as const;

/**
 * Brings a picture to any other size, whole or piece by piece: a piece of the result needs only {@link needed} of the
 * input, and comes out the same to the last bit whichever piece it is part of, so that there are no seams.
 * Pixel centres are at half coordinates; beyond the edges the outermost pixel is repeated; weights sum to 1.
 */
export class Resampler {
  constructor(
    readonly inWidth: number,
    readonly inHeight: number,
    readonly outWidth: number,
    readonly outHeight: number,
    readonly kernel: ResampleKernel = 'bicubic',
  ) {}

  /** The part of the input that `rect` of the result depends on. */
  needed(rect: Rect): Rect {
    const [left, right] = neededRange(this.inWidth, this.outWidth, this.kernel, rect.x, rect.width);
    const [top, bottom] = neededRange(this.inHeight, this.outHeight, this.kernel, rect.y, rect.height);
    return { x: left, y: top, width: right - left, height: bottom - top };
  }

  /**
   * Result pixels of `rect`.
   *
   * @param piece the pixels of `at`, a part of the input that holds {@link needed} of `rect`
   */
  resample(piece: Raster, at: Rect, rect: Rect): Raster {
    if (!contains(at, this.needed(rect))) throw new RangeError('The piece does not hold what the result needs.');
    const needed = this.needed(rect);
    const right = needed.x + needed.width;
    const bottom = needed.y + needed.height;
    const across = axisWeights(this.inWidth, this.outWidth, this.kernel, rect.x, rect.width, needed.x, right);
    const down = axisWeights(this.inHeight, this.outHeight, this.kernel, rect.y, rect.height, needed.y, bottom);
    const result = createRaster(rect.width, rect.height, piece.channels);
    // Rows first, and of those only what the columns need.
    const middle = new Float32Array(rect.width * needed.height);
    for (let channel = 0; channel < piece.channels; channel++) {
      for (let row = 0; row < needed.height; row++) {
        const from = (channel * at.height + needed.y - at.y + row) * at.width - at.x;
        const to = row * rect.width;
        for (let i = 0, w = 0; i < rect.width; i++) {
          let sum = 0;
          for (let k = 0, p = from + across.start[i]!; k < across.taps; k++)
            sum += across.weights[w++]! * piece.data[p++]!;
          middle[to + i] = sum;
        }
      }
      for (let row = 0; row < rect.height; row++) {
        const to = (channel * rect.height + row) * rect.width;
        for (let k = 0; k < down.taps; k++) {
          const weight = down.weights[row * down.taps + k]!;
          if (weight === 0) continue;
          const from = (down.start[row]! - needed.y + k) * rect.width;
          for (let i = 0; i < rect.width; i++) result.data[to + i] = result.data[to + i]! + weight * middle[from + i]!;
        }
      }
    }
    return result;
  }
}

/** The whole of `raster` at another size. */
export function resize(raster: Raster, width: number, height: number, kernel: ResampleKernel = 'bicubic'): Raster {
  const resampler = new Resampler(raster.width, raster.height, width, height, kernel);
  const all = { x: 0, y: 0, width: raster.width, height: raster.height };
  return resampler.resample(raster, all, { x: 0, y: 0, width, height });
}

/** How far, in input pixels, the kernel reaches from the place of a result pixel. */
export function resampleReach(inSize: number, outSize: number, kernel: ResampleKernel): number {
  return Math.ceil(radius[kernel] * Math.max(1, inSize / outSize)) + 1;
}

function neededRange(inSize: number, outSize: number, kernel: ResampleKernel, from: number, count: number) {
  const [first] = support(inSize, outSize, kernel, from);
  const [, last] = support(inSize, outSize, kernel, from + count - 1);
  return [Math.max(0, first), Math.min(last, inSize)] as const;
}

/** First input pixel, and one past the last, with a weight for result pixel `i`; may lie outside the input. */
function support(inSize: number, outSize: number, kernel: ResampleKernel, i: number): [number, number] {
  const ratio = inSize / outSize;
  if (kernel === 'area') {
    const first = Math.floor(i * ratio + 1e-9);
    return [first, Math.ceil((i + 1) * ratio - 1e-9)];
  }
  const reach = radius[kernel] * Math.max(1, ratio);
  const centre = (i + 0.5) * ratio;
  return [Math.ceil(centre - reach - 0.5), Math.floor(centre + reach - 0.5) + 1];
}

/** Weights for `count` result pixels from `from` on, over input pixels `low..high-1`, which hold all they need. */
function axisWeights(
  inSize: number,
  outSize: number,
  kernel: ResampleKernel,
  from: number,
  count: number,
  low: number,
  high: number,
): Axis {
  const ratio = inSize / outSize;
  const stretch = Math.max(1, ratio);
  const taps = Math.min(high - low, Math.ceil(2 * radius[kernel] * stretch) + 1);
  const start = new Int32Array(count);
  const weights = new Float32Array(count * taps);
  const own = new Float64Array(taps);
  for (let i = 0; i < count; i++) {
    const [first, last] = support(inSize, outSize, kernel, from + i);
    // Where fewer pixels remain than there are taps, the surplus taps weigh nothing: reading stays inside.
    start[i] = Math.min(Math.max(0, first), high - taps);
    own.fill(0);
    let sum = 0;
    for (let p = first; p < last; p++) {
      const weight = weightAt(kernel, p, from + i, ratio, stretch);
      const tap = Math.max(0, Math.min(inSize - 1, p)) - start[i]!;
      own[tap] = own[tap]! + weight;
      sum += weight;
    }
    for (let k = 0; k < taps; k++) weights[i * taps + k] = own[k]! / sum;
  }
  return { taps, start, weights };
}

function weightAt(kernel: ResampleKernel, pixel: number, i: number, ratio: number, stretch: number): number {
  if (kernel === 'area') return Math.max(0, Math.min(pixel + 1, (i + 1) * ratio) - Math.max(pixel, i * ratio));
  const x = Math.abs(pixel + 0.5 - (i + 0.5) * ratio) / stretch;
  return kernel === 'bicubic' ? cubic(x) : lanczos(x);
}

/** Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -0.5. @param x 0..2 */
function cubic(x: number): number {
  return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
}

/** @param x 0..3 */
function lanczos(x: number): number {
  if (x < 1e-8) return 1;
  const angle = Math.PI * x;
  return (3 * Math.sin(angle) * Math.sin(angle / 3)) / (angle * angle);
}
