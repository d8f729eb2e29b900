import type { Network, NetworkEntry } from '../network/registry';
import type { Runtime } from '../runtime/runtime';
import { takenDown } from './self-pairs';
import type { Layout } from '../network/layout';
import type { RunAll, Values } from '../network/run';
import type { Sample } from './samples';
import { withoutNoise } from './noise';
import { dataNames } from './objective';
import { targetOf, withItsNoise, withMeansOf, withoutHalos } from './targets';
import { choosePatches, joined, sideUnit, type ChosenPatches } from './patches';

/** The data inputs of one training step by name. */
export type StepData = Record<string, Float32Array>;

/** Pieces of the pictures and the same taken down once more by the reconstructor. */
export interface Pairs {
  readonly low: readonly Float32Array[];
  readonly high: readonly Float32Array[];
  /** Side of the reduced pieces, of which each step has one. */
  readonly side: number;
}

/** Sides of a piece at most, in sides of a patch: all of a small picture, of which there is too little to leave any out. */
const MOST_SIDE = 10 / 3;
/** Pieces that pairs are made of at most. */
const MOST_PAIRS = 8;

/**
 * Makes the internal pairs of the pictures, the large ones without noise, the small ones with as much as the picture has; `null` where the smallest is too small for them or there is no R.
 *
 * @param patch side of the patches; where the network takes one size only, that of the small ones too
 */
export async function makePairs(
  signal: AbortSignal,
  runtime: Runtime,
  samples: readonly Sample[],
  patch: number,
  entry: NetworkEntry,
): Promise<Pairs | null> {
  const { scale } = entry;
  const room = Math.min(...samples.flatMap(({ crops }) => [crops[0]!.pixels.width, crops[0]!.pixels.height]));
  const side = pairSide(room, patch, entry);
  if (side === 0) return null;
  const most = Math.ceil(MOST_PAIRS / samples.length);
  const pieces: { low: Float32Array; high: Float32Array; turn: number }[] = [];
  for (const { crops, reconstructor } of samples) {
    if (reconstructor === undefined) return null;
    const wanted = Math.min(most, crops.length * 2);
    const chosen = choosePatches(crops, side * scale, { training: wanted, heldOut: 0 }, () => 0.5).training;
    const high = chosen.map(({ pixels, grain }) =>
      grain === undefined ? pixels : withoutNoise(pixels, pixels, grain),
    );
    const low = await takenDown(signal, runtime, reconstructor, high);
    low.forEach((data, turn) => {
      const right = withMeansOf(data, side, high[turn]!.data, scale);
      // The noise of another piece: what the network meets in the picture, and must not take for detail.
      const other = (turn + 1) % high.length;
      const noisy = withItsNoise(right, side, chosen[other]!.pixels, high[other]!);
      pieces.push({ low: noisy, high: high[turn]!.data, turn });
    });
  }
  // The pictures take turns: few steps use the first pieces only.
  pieces.sort((a, b) => a.turn - b.turn);
  return { low: pieces.map(({ low }) => low), high: pieces.map(({ high }) => high), side };
}

/**
 * Side of the reduced pieces; 0 where the picture holds none that is worth comparing.
 *
 * @param room side of the square that a picture has for the large ones
 * @param patch side of the patches
 */
export function pairSide(
  room: number,
  patch: number,
  { scale, input, multipleOf }: Pick<NetworkEntry, 'scale' | 'input' | 'multipleOf'>,
): number {
  const unit = sideUnit(multipleOf);
  // One piece at least: a network for multiples of 32 would have none of any picture.
  const most = Math.min(room, Math.max(MOST_SIDE * patch, unit * scale));
  const side = input.size ? patch : Math.floor(most / (unit * scale)) * unit;
  return side * scale > room || side < 8 ? 0 : side;
}

export interface Preparation {
  readonly network: Network;
  readonly layout: Layout;
  /** Whole batches of each. */
  readonly patches: ChosenPatches;
  readonly batch: number;
  readonly side: number;
  readonly pairs: Pairs | null;
}

/** The data of all steps, and of all checks between them. */
export interface Batches {
  readonly training: readonly StepData[];
  /** Never learned from; no pixel of it is in `training`. */
  readonly heldOut: readonly StepData[];
}

/**
 * The data of all steps: everything that does not change while the network learns is computed once.
 *
 * @param run the network before it learns: float32 also where its file holds half precision
 */
export async function prepareBatches(
  run: RunAll,
  { network, layout, patches: { training, heldOut }, batch, side, pairs }: Preparation,
): Promise<Batches> {
  const { entry } = network;
  const patches = [...training, ...heldOut];
  // One by one: many networks are made for a single picture at a time.
  const single = (data: Float32Array) => layout.toNetwork(data, side, side);
  const feeds = patches.map(({ pixels }) => ({
    [entry.input.name]: { data: single(pixels.data), shape: layout.shape(1, side, side) } satisfies Values,
  }));
  const results = await run(feeds);
  const large = side * entry.scale;
  const before = results.map((result) => layout.fromNetwork(result, large, large));
  const all = patches.map((patch, k) => targetOf(patch, before[k]!, entry.scale));
  // A network of others may be too soft itself, and has to learn the picture's edges; ours are known not to be. All patches
  // together: a picture has been sharpened or not, and what is learned is judged by a target of the same kind.
  const targets = entry.adaptation === undefined ? all : withoutHalos(all, before, side, entry.scale);
  const batchesOf = (first: number, count: number) =>
    Array.from({ length: count / batch }, (_, i): StepData => {
      const some = <T>(each: readonly T[]) => each.slice(first + i * batch, first + (i + 1) * batch);
      const pixels = some(patches).map((patch) => patch.pixels.data);
      return {
        [entry.input.name]: layout.toNetwork(joined(pixels), side, side),
        [dataNames.map]: joined(some(patches).map(({ map }) => map.data)),
        [dataNames.target]: joined(some(targets)),
        [dataNames.before]: joined(some(before)),
        ...(pairs === null ? {} : pairData(pairs, layout, i)),
      };
    });
  return { training: batchesOf(0, training.length), heldOut: batchesOf(training.length, heldOut.length) };
}

function pairData({ low, high, side }: Pairs, layout: Layout, step: number): StepData {
  const pick = (pieces: readonly Float32Array[]) => pieces[step % pieces.length]!;
  return {
    [dataNames.pairLow]: layout.toNetwork(pick(low), side, side),
    [dataNames.pairHigh]: pick(high),
  };
}

/** Shapes of the data inputs of a step by name. */
export function shapesOf(
  layout: Layout,
  input: string,
  batch: number,
  side: number,
  scale: number,
  pairs: Pairs | null,
): Record<string, readonly number[]> {
  return {
    [input]: layout.shape(batch, side, side),
    [dataNames.map]: [batch, 1, side, side],
    [dataNames.target]: [batch, 3, side, side],
    [dataNames.before]: [batch, 3, side * scale, side * scale],
    ...(pairs === null
      ? {}
      : {
          [dataNames.pairLow]: layout.shape(1, pairs.side, pairs.side),
          [dataNames.pairHigh]: [1, 3, pairs.side * scale, pairs.side * scale],
        }),
  };
}
