import type { Estimate, Mix } from '../contract';
import { runOnce } from '../network/run';
import type { Estimators } from '../network/adaptation-networks';
import type { EndName, Network, NetworkEntry } from '../network/registry';
import { lumaOf, toYCbCr } from '../raster/ycbcr';
import type { Runtime } from '../runtime/runtime';
import { jpegQuality } from './compression';
import { cropGrid, readCrops, type Crop } from './crops';
import { embed } from './embedding';
import { ownTuning } from './ends';
import { fineDetail } from './fine-detail';
import type { NetworkPicture } from './picture';
import { randomFrom } from './random';

/** Crops that the encoder looks at: it must not be waited for. */
const MOST_CROPS = 8;
/** The encoder takes nothing smaller. */
const LEAST_SIDE = 16;

/**
 * How noisy, compressed and blurred a picture is, and whether it is drawn.
 *
 * @param estimators `readOut` takes the embedding and the fine detail and gives `noise`, `compression` and `blur`; `drawing`
 *   takes pieces of the picture
 * @returns null for a picture that is too small to tell, unless few values show that it was drawn
 */
export async function estimate(
  signal: AbortSignal,
  runtime: Runtime,
  { encoder, readOut, drawing }: Estimators<Network>,
  picture: NetworkPicture,
): Promise<Estimate | null> {
  const rects = cropGrid(picture.width, picture.height, MOST_CROPS, randomFrom(1));
  const crops = await readCrops(signal, picture, rects);
  const few = hasFewValues(crops);
  const surelyDrawn = few && contrast(crops) >= LEAST_CONTRAST;
  if (Math.min(picture.width, picture.height) < LEAST_SIDE) {
    return drawing && surelyDrawn ? { noise: 0, compression: 0, blur: 0, drawn: 1 } : null;
  }
  const told = await readFrom(signal, runtime, readOut, await embed(signal, runtime, encoder, crops), crops);
  if (told === null) return null;
  const drawn = drawing && (surelyDrawn ? 1 : (await embed(signal, runtime, drawing, crops))[0]);
  return { ...told, noise: few ? 0 : told.noise * believed(picture), jpeg: jpegOf(crops), drawn };
}

function jpegOf(crops: readonly Crop[]): number | null {
  return jpegQuality(crops.map(({ rect, pixels }) => ({ rect, luma: lumaOf(toYCbCr(pixels)) })));
}

/**
 * A square of this side holds a flat place that noise can be told from; a smaller piece may be leaves all over. In proportion to
 * the side, pieces of 64 pixels without noise are as rarely called noisy as whole pictures are (120 held-out photographs).
 */
const SURE_SIDE = 96;

/** How much of the noise told from a picture of this size is believed, 0..1. */
function believed({ width, height }: NetworkPicture): number {
  return Math.min(1, Math.sqrt(width * height) / SURE_SIDE);
}

/** Noise of two steps of 255 makes this many values of one. */
const FEW_VALUES = 16;

/** Whether each channel holds so few values that it was drawn: pixel art and modules of codes only look like noise. */
function hasFewValues(crops: readonly Crop[]): boolean {
  const values = [new Set<number>(), new Set<number>(), new Set<number>()];
  for (const { pixels } of crops) {
    const area = pixels.data.length / 3;
    for (let i = 0; i < pixels.data.length; i++) {
      const seen = values[Math.floor(i / area)]!;
      seen.add(pixels.data[i]!);
      if (seen.size >= FEW_VALUES) return false;
    }
  }
  return true;
}

/** A dark photograph holds few values, too. */
const LEAST_CONTRAST = 0.25;

/** From the least to the largest value, 0..1. */
function contrast(crops: readonly Crop[]): number {
  let [least, most] = [1, 0];
  for (const { pixels } of crops) {
    for (const value of pixels.data) [least, most] = [Math.min(least, value), Math.max(most, value)];
  }
  return most - least;
}

/** What an embedding and the fine detail of the crops say; null where that is no number. */
export async function readFrom(
  signal: AbortSignal,
  runtime: Runtime,
  readOut: Network,
  embedding: Float32Array,
  crops: readonly Crop[],
): Promise<Estimate | null> {
  const row = (data: Float32Array) => ({ data, shape: [1, data.length] });
  const inputs = { [readOut.entry.input.name]: row(embedding), detail: row(fineDetail(crops)) };
  const outputs = await runOnce(signal, runtime, readOut.bytes, inputs);
  const value = (name: string) => outputs[name]!.data[0]!;
  const [noise, compression, blur] = [value('noise'), value('compression'), value('blur')];
  return Number.isFinite(noise + compression + blur) ? { noise, compression, blur } : null;
}

/**
 * Compression from which on Blur is held back, and from which on it is not set by itself, where no grid of JPEG's blocks shows:
 * the picture was compressed and then made smaller or larger, or is as soft as if it had been. Where one shows, it never is
 * (docs/quality-more.md, "Mistold noise and blur").
 */
const COMPRESSED = [15, 30] as const;
/** Noise, in 8-bit steps, from which on Blur is held back, and from which on it is not set by itself, cleaned or not. */
const NOISY = [4, 10] as const;

/** The mix that suits a picture, by the ramps that the network's ends have in the registry. */
export function tuningFor(entry: NetworkEntry, { noise, compression, jpeg, blur, drawn = 0 }: Estimate): Mix {
  const own = ownTuning(entry);
  const share = (name: EndName) => {
    const end = entry.ends?.[name];
    return Math.max(
      ramp(noise, end?.noise),
      ramp(compression, end?.compression),
      ramp(blur, end?.blur),
      ramp(drawn, end?.drawn),
    );
  };
  // Sharpened noise would be texture, sharpened compression its blocks, and a drawing has weights of its own.
  const blocks = typeof jpeg === 'number' ? 1 : ramp(compression, COMPRESSED);
  const sound = (1 - ramp(noise, NOISY)) * (1 - blocks);
  const sharp = share('sharp') * sound * (1 - share('drawn'));
  return {
    detail: Math.round(own.detail * (1 - share('faithful'))),
    noise: Math.round(100 * share('clean')),
    blur: Math.round(100 * sharp),
    ...(entry.ends?.drawn ? { drawn: Math.round(100 * share('drawn')) } : {}),
  };
}

/** 0 up to the first value, 1 from the second on. */
function ramp(value: number, span: readonly [number, number] | undefined): number {
  if (span === undefined) return 0;
  return Math.min(1, Math.max(0, (value - span[0]) / (span[1] - span[0])));
}
