import type { AdaptOptions } from '../contract';
import { writeGraph, type Graph } from '../graph';
import { layoutOf, type Layout } from '../network/layout';
import { withNetwork, type RunAll } from '../network/run';
import type { Runtime } from '../runtime/runtime';
import { selfPairs } from './self-pairs';
import { meanOf } from './embedding';
import type { Sample } from './samples';
import { choosePatches } from './patches';
import { forPatches, type Plan } from './plan';
import { dataNames } from './objective';
import { makePairs, prepareBatches, type Batches, type Pairs, type StepData } from './prepare';
import type { Recipe } from './recipe';
import { startFrom, type Start } from './start';

/** What an adaptation begins with: the network and the data of all its steps. */
export interface Material extends Batches {
  /** The network that learns: with the start's weights, for any number of pictures at once. */
  readonly network: Graph;
  /** Where a start network chose the weights to begin with. */
  readonly start: Start | null;
  readonly layout: Layout;
  readonly pairs: Pairs | null;
  /** The network does the same to several pictures at once as to each alone. */
  readonly batches: boolean;
}

/** Chooses patches, makes pairs and finds the weights to begin with. */
export async function gather(
  signal: AbortSignal,
  runtime: Runtime,
  { recipe, network, original, side }: Plan,
  samples: readonly Sample[],
  options: AdaptOptions,
  random: () => number,
): Promise<Material> {
  const layout = layoutOf(network.entry.input);
  const patches = choosePatches(
    samples.flatMap(({ crops }) => crops),
    side,
    { training: recipe.trainingBatches * recipe.batch, heldOut: recipe.heldOutBatches * recipe.batch },
    random,
    recipe.choice,
  );
  const pairs = recipe.pairsWeight > 0 ? await makePairs(signal, runtime, samples, side, network.entry) : null;
  const start = recipe.start > 0 ? await beginning(signal, runtime, options, original, samples, recipe.start) : null;
  const graph = forPatches(start?.network ?? original, network.entry.output);
  return withNetwork(signal, runtime, writeGraph(graph), async (run) => {
    const { batch } = recipe;
    const { training, heldOut } = await prepareBatches(run, { network, layout, patches, batch, side, pairs });
    // Last: nothing is asked of a session any more that may have failed.
    const batches = batch > 1 && (await takesBatches(signal, run, network, layout, training[0]!, recipe, side));
    return { network: graph, start, layout, pairs, training, heldOut, batches };
  });
}

/** Where the network begins to learn; null: as it came. */
async function beginning(
  signal: AbortSignal,
  runtime: Runtime,
  { networks: { start } }: AdaptOptions,
  network: Graph,
  samples: readonly Sample[],
  most: number,
): Promise<Start | null> {
  if (start === undefined) return null;
  const pairs = await selfPairs(signal, runtime, samples, start.entry.scale);
  const embedding = meanOf(samples.map((sample) => sample.embedding));
  return startFrom(signal, runtime, start, network, embedding, pairs, most);
}

/** Difference of a result, 0..1, above which two pictures at once are not as two alone. */
const ALIKE = 1e-3;

/** Tries it: files made for one picture may refuse several, or mix them up. */
async function takesBatches(
  signal: AbortSignal,
  run: RunAll,
  { entry: { input, scale } }: Plan['network'],
  layout: Layout,
  data: StepData,
  { batch }: Recipe,
  side: number,
): Promise<boolean> {
  const two = (name: string) => data[name]!.slice(0, (2 * data[name]!.length) / batch);
  const feed = { [input.name]: { data: two(input.name), shape: layout.shape(2, side, side) } };
  try {
    const [results] = await run([feed]);
    const apart = two(dataNames.before);
    const both = layout.fromNetwork(results!, side * scale, side * scale);
    return both.length === apart.length && both.every((value, i) => Math.abs(value - apart[i]!) <= ALIKE);
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
