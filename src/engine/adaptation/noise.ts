import { addInverseDct, BLOCK, forwardDct } from '../raster/dct';
import { createRaster, plane } from '../raster/planes';
import type { Raster, Rect } from '../raster/raster';
import { fromYCbCr, lumaOf, toYCbCr } from '../raster/ycbcr';
import { jpegQuality, quantisationErrors } from './compression';

const SIZE = BLOCK * BLOCK;
/** Y, Cb and Cr. */
const CHANNELS = [0, 1, 2];

/** What of a picture is no picture: noise, by brightness and frequency, and the errors of its compression. */
export interface Noise {
  /** From dark to bright. Deviations of the 8 × 8 DCT coefficients of Y, Cb and Cr, [3 · 64], 0..1 units. */
  readonly levels: readonly { readonly brightness: number; readonly deviations: Float32Array }[];
  /** JPEG quality, 30..90; null where none shows. */
  readonly quality: number | null;
  /** Largest error that compression made of each coefficient, [3 · 64]; zeros where none shows. */
  readonly errors: Float32Array;
}

/** Blocks that are looked at. */
const MOST_BLOCKS = 6000;
/** Share of the blocks, the flattest ones, that are taken to hold noise alone. */
const FLAT = 0.1;
/** What the flattest tenth of blocks of pure white noise lack of its deviation. */
const CHOSEN_FOR_LITTLE = 1.2;
/**
 * Luma noise of any frequency is at most so many times that of the highest ones, or that of the colours at the same
 * frequency. Texture falls off faster and has little colour: a picture without a flat place would pass for noise.
 */
const MOST_SLOPE = 3;
const MOST_OF_COLOUR = 1.5;
/** A coefficient is kept above so many deviations of the noise (Yu and Sapiro, DCT image denoising, IPOL 2011). */
const SURE = 3;

/** Measures the noise of a picture on pieces of it: RGB 0..1, and where they lie. */
export function noiseOf(pieces: readonly { readonly rect: Rect; readonly pixels: Raster }[]): Noise {
  const planes = pieces.map(({ pixels }) => toYCbCr(pixels));
  const quality = jpegQuality(pieces.map(({ rect }, i) => ({ rect, luma: lumaOf(planes[i]!) })));
  const errors = quality === null ? new Float32Array(3 * SIZE) : quantisationErrors(quality);
  return { levels: levelsOf(planes), quality, errors };
}

/** Deviation of the noise, root mean square over all frequencies and brightnesses of luma; 0..1 units. */
export function strengthOf({ levels }: Noise): number {
  let sum = 0;
  for (const { deviations } of levels) for (let i = 1; i < SIZE; i++) sum += deviations[i]! ** 2;
  return levels.length > 0 ? Math.sqrt(sum / (levels.length * (SIZE - 1))) : 0;
}

/**
 * The same noise, at most about as strong as the embedding says. Blocks of a picture full of texture look like noise, the
 * encoder tells the two apart (docs/quality-more.md); but it says too little of kinds of noise that it does not know, hence the
 * slack.
 *
 * @param told deviation, 0..1 units
 */
export function limitedBy(noise: Noise, told: number): Noise {
  const share = (1.5 * Math.max(0, told) + 0.5 / 255) / Math.max(1e-9, strengthOf(noise));
  if (share >= 1) return noise;
  const levels = noise.levels.map((level) => ({ ...level, deviations: level.deviations.map((each) => share * each) }));
  return { ...noise, levels };
}

/** Deviation of luma noise from which on it is seen. */
export const SEEN_NOISE = 1.2 / 255;

/** Whether there is noise or compression that must not be learned; of less, a network learns nothing that shows. */
export function isSeen(noise: Noise): boolean {
  return noise.quality !== null || strengthOf(noise) > SEEN_NOISE;
}

/** A block of a picture. */
interface Place {
  readonly of: number;
  readonly at: number;
  readonly brightness: number;
  readonly energy: number;
}

/**
 * Noise by brightness: in up to three groups of blocks as many, from dark to bright, that of the flattest tenth.
 *
 * @param planes Y, Cb and Cr of pieces of a picture
 */
export function levelsOf(planes: readonly Raster[]): Noise['levels'] {
  const pixels = planes.reduce((sum, { width, height }) => sum + width * height, 0);
  const step = Math.max(4, Math.ceil(Math.sqrt(pixels / MOST_BLOCKS)));
  const out = new Float32Array(SIZE);
  const places: Place[] = [];
  planes.forEach((ycc, of) => {
    for (let y = 0; y + BLOCK <= ycc.height; y += step) {
      for (let x = 0; x + BLOCK <= ycc.width; x += step) {
        const at = y * ycc.width + x;
        forwardDct(ycc.data, at, ycc.width, out);
        const brightness = out[0]! / BLOCK;
        // Where white or black is cut off there is no noise to see.
        if (brightness < 0.02 || brightness > 0.98) continue;
        let energy = 0;
        for (let i = 1; i < SIZE; i++) energy += out[i]! ** 2;
        places.push({ of, at, brightness, energy });
      }
    }
  });
  if (places.length === 0) return [];
  places.sort((a, b) => a.brightness - b.brightness);
  const count = Math.max(1, Math.min(3, Math.floor(places.length / 160)));
  return Array.from({ length: count }, (_, i) => {
    const group = places.slice((i * places.length) / count, ((i + 1) * places.length) / count);
    group.sort((a, b) => a.energy - b.energy);
    return levelOf(planes, group.slice(0, Math.ceil(FLAT * group.length)));
  });
}

function levelOf(planes: readonly Raster[], flat: readonly Place[]): Noise['levels'][number] {
  const squares = new Float64Array(3 * SIZE);
  const out = new Float32Array(SIZE);
  let brightness = 0;
  for (const { of, at, brightness: own } of flat) {
    const ycc = planes[of]!;
    brightness += own / flat.length;
    for (const channel of CHANNELS) {
      forwardDct(plane(ycc, channel), at, ycc.width, out);
      out.forEach((value, i) => (squares[channel * SIZE + i]! += value ** 2 / flat.length));
    }
  }
  return { brightness, deviations: noiseAmong(squares.map((square) => CHOSEN_FOR_LITTLE * Math.sqrt(square))) };
}

/** What of the deviations of flat places, [3 · 64], can be noise. */
export function noiseAmong(measured: Float64Array): Float32Array {
  const deviations = Float32Array.from(measured);
  const luma = deviations.subarray(0, SIZE);
  const high = luma.filter((_, i) => (i >> 3) + (i % BLOCK) >= BLOCK).sort();
  const most = MOST_SLOPE * high[high.length >> 1]!;
  luma.forEach((own, i) => {
    const colour = (deviations[SIZE + i]! + deviations[2 * SIZE + i]!) / 2;
    luma[i] = Math.min(Math.max(most, MOST_OF_COLOUR * colour), own);
  });
  for (const channel of CHANNELS) {
    // A slope of brightness is no noise: the two lowest frequencies get what the next one has. Means are never noise.
    const next = deviations[channel * SIZE + BLOCK + 1]!;
    deviations[channel * SIZE + 1] = Math.min(next, deviations[channel * SIZE + 1]!);
    deviations[channel * SIZE + BLOCK] = Math.min(next, deviations[channel * SIZE + BLOCK]!);
    deviations[channel * SIZE] = 0;
  }
  return deviations;
}

/**
 * What of `values` noise and compression cannot explain: the picture itself without its noise, or a difference to it
 * without the noise in it. Overlapping blocks, hard threshold.
 *
 * @param values RGB
 * @param picture the picture that the noise is of, same size: its brightness decides how much of it there is
 */
export function withoutNoise(values: Raster, picture: Raster, { levels, errors }: Noise): Raster {
  const { width, height } = values;
  if (levels.length === 0 || Math.min(width, height) < BLOCK) return values;
  const ycc = toYCbCr(values);
  const luma = plane(toYCbCr(picture), 0);
  const thresholds = levels.map(({ deviations }) =>
    deviations.map((deviation, i) => Math.hypot(SURE * deviation, errors[i]!)),
  );
  const result = createRaster(width, height, 3);
  const covered = new Float32Array(width * height);
  const out = new Float32Array(SIZE);
  const mean = new Float32Array(SIZE);
  for (const y of blockStarts(height)) {
    for (const x of blockStarts(width)) {
      const at = y * width + x;
      forwardDct(luma, at, width, mean);
      const threshold = thresholds[nearest(levels, mean[0]! / BLOCK)]!;
      for (const channel of CHANNELS) {
        forwardDct(plane(ycc, channel), at, width, out);
        for (let i = 1; i < SIZE; i++) if (Math.abs(out[i]!) < threshold[channel * SIZE + i]!) out[i] = 0;
        addInverseDct(out, plane(result, channel), at, width);
      }
      for (let row = 0; row < BLOCK; row++) {
        for (let column = 0; column < BLOCK; column++) covered[at + row * width + column]! += 1;
      }
    }
  }
  result.data.forEach((sum, i) => (result.data[i] = sum / covered[i % covered.length]!));
  return fromYCbCr(result);
}

/** Starts of blocks, every other pixel, the last at the very end. */
export function blockStarts(length: number): number[] {
  const all: number[] = [];
  for (let at = 0; at + BLOCK < length; at += 2) all.push(at);
  return [...all, length - BLOCK];
}

function nearest(levels: Noise['levels'], brightness: number): number {
  let best = 0;
  levels.forEach((level, i) => {
    if (Math.abs(level.brightness - brightness) < Math.abs(levels[best]!.brightness - brightness)) best = i;
  });
  return best;
}
