import type { AdaptOptions } from '../engine';
import { readGraph, type Graph } from '../graph';
import type { Runtime } from '../runtime/runtime';
import { reducedCopies } from './copies';
import { meanOf } from './embedding';
import { layoutOf, type Layout } from '../network/layout';
import type { Lesson } from './lessons';
import { choosePatches, type Patch } from './patches';
import type { Plan } from './plan';
import { makePairs, prepareBatches, type Pairs, type StepData } from './prepare';
import { startFrom, type Start } from './start';

/** What an adaptation begins with: the network and the data of all its steps. */
export interface Material {
  /** The network as its file has it. */
  readonly original: Graph;
  /** The network that learns: with the start's weights, for any number of pictures at once. */
  readonly network: Graph;
  /** Where a start network chose the weights to begin with. */
  readonly start: Start | null;
  readonly layout: Layout;
  readonly pairs: Pairs | null;
  readonly training: readonly StepData[];
  /** Never learned from; no pixel of it is in `training`. */
  readonly heldOut: readonly StepData[];
}

/** Chooses patches, makes pairs and finds the weights to begin with. */
export async function gather(
  signal: AbortSignal,
  runtime: Runtime,
  { recipe, model, side }: Plan,
  lessons: readonly Lesson[],
  options: AdaptOptions,
  random: () => number,
): Promise<Material> {
  const original = readGraph(model.bytes);
  const layout = layoutOf(model.entry.input);
  const { scale } = model.entry;
  const chosen = choosePatches(
    lessons.flatMap(({ crops }) => crops),
    side,
    { training: recipe.trainingBatches * recipe.batch, heldOut: recipe.heldOutBatches * recipe.batch },
    random,
    recipe.choice,
  );
  const fixed = model.entry.input.size !== undefined;
  const pairs = recipe.pairsWeight > 0 ? await makePairs(signal, runtime, lessons, side, scale, fixed) : null;
  const start = recipe.start > 0 ? await beginning(signal, runtime, options, original, lessons, recipe.start) : null;
  const network = withFreeBatch(start?.network ?? original);
  const prepare = (patches: readonly Patch[]) =>
    prepareBatches(signal, runtime, { model, network, layout, patches, batch: recipe.batch, side, pairs });
  const training = await prepare(chosen.training);
  const heldOut = await prepare(chosen.heldOut);
  return { original, network, start, layout, pairs, training, heldOut };
}

/** Where the network begins to learn; null: as it came. */
async function beginning(
  signal: AbortSignal,
  runtime: Runtime,
  { models: { start } }: AdaptOptions,
  network: Graph,
  lessons: readonly Lesson[],
  most: number,
): Promise<Start | null> {
  if (start === undefined) return null;
  const copies = await reducedCopies(signal, runtime, lessons, start.entry.scale);
  const embedding = meanOf(lessons.map((lesson) => lesson.embedding));
  return startFrom(signal, runtime, start, network, embedding, copies, most);
}

/** The network for any number of pictures at once, where its file says one: convolutions do not care. */
function withFreeBatch(graph: Graph): Graph {
  const free = (info: Graph['inputs'][number]) => ({ ...info, shape: ['batch', ...info.shape.slice(1)] });
  return { ...graph, inputs: graph.inputs.map(free), outputs: graph.outputs.map(free) };
}
