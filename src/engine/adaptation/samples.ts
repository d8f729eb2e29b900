import { foldEmbedding, readGraph, type Graph } from '../graph';
import type { AdaptOptions } from '../contract';
import type { Runtime } from '../runtime/runtime';
import { cropGrid, detailOf, readCrops, type Crop, type Detail } from './crops';
import { embed } from './embedding';
import { readFrom } from './estimate';
import { isSeen, limitedBy, noiseOf, type Noise } from './noise';
import type { NetworkPicture } from './picture';
import type { Plan } from './plan';
import type { AblatedOptions } from './recipe';
import type { Reason, Refusal } from './refusal';

/** A picture to learn from. */
export interface Sample {
  readonly crops: readonly Crop[];
  /** The degradation embedding. */
  readonly embedding: Float32Array;
  /** R with this picture's embedding folded in; left out where R is made for another scale. */
  readonly reconstructor?: Graph;
}

/** Most crops of a picture that are looked at. */
const MOST_CROPS = 24;
/** Below this detail (RMS of the wavelet bands, in units of one 8-bit step) there is nothing to learn from. */
const LEAST_DETAIL = 1;

/**
 * Looks at the pictures. Those with nothing to learn from are left out.
 *
 * @param scale of the network that learns
 * @param plan side of its patches, and whether noise is to be left out
 * @returns why, where no picture is left
 */
export async function readSamples(
  signal: AbortSignal,
  runtime: Runtime,
  pictures: readonly NetworkPicture[],
  scale: number,
  { networks, ablation }: AblatedOptions,
  random: () => number,
  { side: patch, recipe: { target } }: Pick<Plan, 'side' | 'recipe'>,
): Promise<readonly Sample[] | Refusal> {
  const samples: Sample[] = [];
  let refused: Reason | undefined;
  const { reconstructor } = networks;
  const unfolded = reconstructor.entry.scale === scale ? readGraph(reconstructor.bytes) : undefined;
  for (const picture of pictures) {
    const crops = await readCrops(signal, picture, cropGrid(picture.width, picture.height, MOST_CROPS, random, patch));
    const verdict = nothingToLearn(detailOf(crops));
    if (verdict !== null) {
      refused ??= verdict;
      continue;
    }
    const embedding = ablation?.embedding ?? (await embed(signal, runtime, networks.encoder, crops));
    const measured = target === 'picture' ? undefined : await noiseIn(signal, runtime, networks, crops, embedding);
    const noise = measured !== undefined && isSeen(measured) ? measured : undefined;
    samples.push({
      crops: crops.map((crop) => ({ ...crop, noise, grain: measured })),
      embedding,
      reconstructor: unfolded && foldEmbedding(unfolded, embedding),
    });
  }
  return samples.length > 0 ? samples : { refused: refused ?? 'flat' };
}

/** Noise of a picture, as its flattest places and its embedding have it. */
async function noiseIn(
  signal: AbortSignal,
  runtime: Runtime,
  { readOut }: AdaptOptions['networks'],
  crops: readonly Crop[],
  embedding: Float32Array,
): Promise<Noise> {
  const measured = noiseOf(crops);
  const told = readOut && (await readFrom(signal, runtime, readOut, embedding, crops));
  return told ? limitedBy(measured, told.noise / 255) : measured;
}

/** Why there is nothing to learn from a picture; null where there is. */
export function nothingToLearn({ detail, noise, contrast }: Detail): Reason | null {
  if (detail * 255 < LEAST_DETAIL) return 'flat';
  // White noise has as much in the finest band as in all others together; pictures have a small part of it.
  return noise > 0.7 * contrast ? 'noise' : null;
}
