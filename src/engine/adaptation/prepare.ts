import { writeGraph, type Graph } from '../graph';
import type { Model } from '../runtime/registry';
import type { Runtime } from '../runtime/runtime';
import type { Crop } from './crops';
import { runAll, type Fed } from './forward';
import type { Layout } from './layout';
import { dataNames } from './objective';
import { choosePatches, stacked, type Patch } from './patches';

/** The data inputs of one training step by name. */
export type StepData = Record<string, Float32Array>;

/** Pieces of the picture and the same taken down once more by the reconstructor. */
export interface Pairs {
  readonly low: readonly Float32Array[];
  readonly high: readonly Float32Array[];
  /** Pieces per step, and the side of the reduced ones. */
  readonly count: number;
  readonly side: number;
}

/** Makes the internal pairs of a picture; `null` where it is too small for them. */
export async function makePairs(
  signal: AbortSignal,
  runtime: Runtime,
  folded: Graph,
  crops: readonly Crop[],
  patch: number,
  scale: number,
): Promise<Pairs | null> {
  const side = Math.floor(Math.min(crops[0]!.pixels.width, crops[0]!.pixels.height, 2.5 * patch) / (4 * scale)) * 4;
  if (side < 8) return null;
  const wanted = Math.min(8, crops.length * 2);
  const pieces = choosePatches(crops, side * scale, { training: wanted, heldOut: 0 }, () => 0.5).training;
  const high = pieces.map(({ pixels }) => pixels.data);
  const shape = [1, 3, side * scale, side * scale];
  const feeds = high.map((data) => ({ [folded.inputs[0]!.name]: { data, shape } satisfies Fed }));
  const low = await runAll(signal, runtime, writeGraph(folded), feeds);
  for (const data of low) for (let i = 0; i < data.length; i++) data[i] = Math.min(1, Math.max(0, data[i]!));
  return { low, high, count: 1, side };
}

export interface Preparation {
  readonly model: Model;
  readonly layout: Layout;
  readonly patches: readonly Patch[];
  readonly batch: number;
  readonly side: number;
  readonly pairs: Pairs | null;
}

/** The data of all steps: everything that does not change while the network learns is computed once. */
export async function prepareBatches(
  signal: AbortSignal,
  runtime: Runtime,
  { model, layout, patches, batch, side, pairs }: Preparation,
): Promise<StepData[]> {
  const { entry, bytes } = model;
  const groups = Array.from({ length: Math.ceil(patches.length / batch) }, (_, i) =>
    patches.slice(i * batch, (i + 1) * batch),
  );
  const inputs = groups.map((group) => layout.toNetwork(stacked(group.map(({ pixels }) => pixels)), batch, side, side));
  const feeds = inputs.map((data) => ({
    [entry.input.name]: { data, shape: layout.shape(batch, side, side) } satisfies Fed,
  }));
  const results = await runAll(signal, runtime, bytes, feeds);
  return groups.map((group, i) => ({
    [entry.input.name]: inputs[i]!,
    [dataNames.map]: stacked(group.map(({ map }) => map)),
    [dataNames.before]: standardised(results[i]!, entry.input, batch, side * entry.scale),
    ...(pairs === null ? {} : pairData(pairs, layout, i)),
  }));
}

/** Results in the network's layout as [N, 3, H, W] RGB 0..1. */
function standardised(data: Float32Array, input: Model['entry']['input'], n: number, side: number): Float32Array {
  const { layout, channels, range } = input;
  if (layout === 'NCHW' && channels === 'RGB' && range[0] === 0 && range[1] === 1) return data;
  const size = side * side;
  const result = new Float32Array(data.length);
  for (let i = 0; i < n; i++) {
    for (let channel = 0; channel < 3; channel++) {
      const source = channels === 'BGR' ? 2 - channel : channel;
      for (let p = 0; p < size; p++) {
        const at = layout === 'NHWC' ? (i * size + p) * 3 + source : (i * 3 + source) * size + p;
        result[(i * 3 + channel) * size + p] = (data[at]! - range[0]) / (range[1] - range[0]);
      }
    }
  }
  return result;
}

function pairData({ low, high, count, side }: Pairs, layout: Layout, step: number): StepData {
  const pick = (pieces: readonly Float32Array[]) => pieces[(step * count) % pieces.length]!;
  return {
    [dataNames.pairLow]: layout.toNetwork(pick(low), count, side, side),
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
    [dataNames.before]: [batch, 3, side * scale, side * scale],
    ...(pairs === null
      ? {}
      : {
          [dataNames.pairLow]: layout.shape(pairs.count, pairs.side, pairs.side),
          [dataNames.pairHigh]: [pairs.count, 3, pairs.side * scale, pairs.side * scale],
        }),
  };
}
