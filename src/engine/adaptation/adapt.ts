import { LWayError } from '../errors';
import type { AdaptOptions, EngineEvent, PreviewImage } from '../engine';
import { packWeights, readGraph, trainingStep, TrainingRun, writeGraph, type Graph, type Losses } from '../graph';
import type { Model } from '../runtime/registry';
import type { Runtime } from '../runtime/runtime';
import { reducedCopies } from './copies';
import { degraderFor } from './degraders';
import { meanOf } from './embedding';
import { featureDistance } from './features';
import { layoutOf } from './layout';
import { readLessons, type Lesson } from './lessons';
import { objective } from './objective';
import { choosePatches, evenSide, type Patch } from './patches';
import type { NetworkPicture } from './picture';
import { makePairs, prepareBatches, shapesOf, type StepData } from './prepare';
import { randomFrom } from './random';
import { learningRateAt, recipes, type Recipe } from './recipe';
import type { AdaptationResult } from './result';
import { Stopwatch } from './stopwatch';
import { obstacleNotice, outcome } from './words';
import { startFrom, type Start } from './start';
import { lossThatCounts, StopRule } from './stop';

export interface AdaptRequest {
  readonly picture: NetworkPicture;
  /** Others that were taken in the same way, to learn from as well. Of all, those smaller than a patch take no part. */
  readonly series?: readonly NetworkPicture[];
  /** The SR network that learns. */
  readonly model: Model;
  readonly options: AdaptOptions;
  readonly onEvent?: (event: EngineEvent) => void;
}

/** Improvements of the held-out loss below this are chance. */
const LEAST_IMPROVEMENT = 0.01;

/**
 * Adapts an SR network to a picture: "Low-Res Leads the Way" (CVPR 2024) on the LR grid.
 *
 * The network learns from patches where the high-frequency map says that there is detail; other patches, held out,
 * decide when to stop and whether anything was gained. Where nothing was, the network stays as it is.
 *
 * @throws LWayError `bad-graph` where the network cannot be differentiated at all
 */
export async function adapt(
  signal: AbortSignal,
  runtime: Runtime,
  { picture, series = [], model, options, onEvent = () => undefined }: AdaptRequest,
): Promise<AdaptationResult> {
  const watch = new Stopwatch();
  const recipe: Recipe = {
    ...recipes[options.level],
    ...model.entry.adaptation,
    ...(options.study as Partial<Recipe> | undefined),
  };
  const all = [picture, ...series];
  const side = Math.max(...all.map((each) => patchSide(each, model, recipe)));
  if (side === 0) return watch.nothing('The picture is too small to learn from; the original network was used.');

  const { scale } = model.entry;
  const random = randomFrom(recipe.seed);
  const pictures = all.filter(({ width, height }) => Math.min(width, height) >= side);
  const lessons = await readLessons(signal, runtime, pictures, scale, options, random);
  if (typeof lessons === 'string') return watch.nothing(lessons);
  watch.lap('embedding');

  const original = readGraph(model.bytes);
  const layout = layoutOf(model.entry.input);
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
  const effective = pairs === null ? { ...recipe, pairsWeight: 0 } : recipe;
  const prepare = (patches: readonly Patch[]) =>
    prepareBatches(signal, runtime, { model, network, layout, patches, batch: recipe.batch, side, pairs });
  const [training, heldOut] = [await prepare(chosen.training), await prepare(chosen.heldOut)];
  watch.lap('embedding');

  const { features } = options.models;
  // One graph serves all patches: of a series, the first picture's reconstructor.
  const degrade = recipe.cycle === 'none' ? undefined : degraderFor(recipe.cycle, scale, lessons[0]!.reconstructor);
  const distance = featureDistance(readGraph(features.bytes), features.entry.layerWeights);
  const { name } = model.entry.input;
  const build = objective(effective, scale, name, degrade, distance);
  const step = trainingStep({
    network,
    inputs: shapesOf(layout, name, recipe.batch, side, scale, pairs),
    loss: (b, values) =>
      build(b, {
        ...values,
        output: layout.toStandard(b, values.output),
        inputs: { ...values.inputs, [name]: layout.toStandard(b, values.inputs[name]!) },
        network: (input) => layout.toStandard(b, values.network(input)),
      }),
    trainable: recipe.trainable,
    optimizer: { type: 'adam', clipNorm: 1, anchor: recipe.weightAnchor },
    device: runtime.device,
  });
  watch.lap('graphs');
  const obstacle = obstacleNotice(step.report, network);
  if (obstacle !== null) onEvent({ type: 'notice', message: obstacle });

  const run = await TrainingRun.create(signal, runtime, step, { readEvery: 1 });
  try {
    watch.lap('sessions');
    const check = async (at: number | undefined) => {
      const onShown = (values: Float32Array) => {
        if (at !== undefined) onEvent({ type: 'preview', step: at, image: squareImage(values) });
      };
      return mean(await evaluateAll(signal, run, heldOut, onShown));
    };
    // First as it came: what was gained is told against that, start included.
    if (start !== null) await run.restore(packWeights(step, original.initializers));
    const general = await check(0);
    if (start !== null) await run.restore(packWeights(step));
    const before = start === null ? general : await check(undefined);
    const rule = new StopRule(before['total']!, recipe.patience, recipe.steps / 2);
    let best = before;
    let kept: Float32Array | undefined;
    const keepGoing = () => options.enough?.aborted !== true;
    onEvent({ type: 'adaptation', step: 0, loss: before['total']!, heldOut: before['total']! });
    try {
      for (let i = 1; i <= recipe.steps && keepGoing(); i++) {
        const began = performance.now();
        const losses = await run.step(signal, training[(i - 1) % training.length]!, learningRateAt(recipe, i - 1));
        const checking = i % recipe.checkEvery === 0 || i === recipe.steps;
        const held = checking ? await check(i) : undefined;
        onEvent({ type: 'adaptation', step: i, loss: losses!['total']!, heldOut: held?.['total'] });
        const secondsLeft = ((recipe.steps - i) * (performance.now() - began)) / 1000;
        onEvent({ type: 'progress', done: i, total: recipe.steps, unit: 'step', secondsLeft });
        if (held === undefined) continue;
        const { best: isBest, stop } = rule.check(i, lossThatCounts(before, held));
        if (isBest) {
          best = held;
          kept = await run.weights();
        }
        if (stop) break;
      }
    } catch (error) {
      // Losses that are no numbers any more: what was best before stands.
      if (!(error instanceof LWayError && error.code === 'bad-output')) throw error;
    }
    watch.lap('steps');
    const frozen = step.report.frozen.map(({ name: frozenName, reason }) => `${frozenName}: ${reason}`);
    const learned = kept !== undefined && rule.improvement >= LEAST_IMPROVEMENT;
    const several = series.length > 0;
    if (!learned && start === null) {
      const result = watch.nothing(
        `${several ? 'These pictures' : 'This picture'} gained nothing; the original network was used.`,
      );
      return { ...result, pictures: lessons.length, frozen };
    }
    const steps = learned ? rule.bestAt : 0;
    const now = learned ? best : before;
    const agreement =
      general['cycle'] === undefined ? rule.improvement : Math.max(0, 1 - now['cycle']! / general['cycle']);
    return {
      used: true,
      pictures: lessons.length,
      steps,
      start: start?.share,
      improvement: agreement,
      message: outcome(several, steps, agreement, start !== null),
      seconds: watch.seconds,
      weights: withPortsOf(original, learned ? await run.exportNetwork(kept) : writeGraph(network)),
      split: watch.split,
      frozen,
    };
  } finally {
    await run.dispose();
  }
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

/** The learned network with inputs and outputs declared as in the file it comes from. */
function withPortsOf({ inputs, outputs }: Graph, learned: Uint8Array): Uint8Array {
  return writeGraph({ ...readGraph(learned), inputs, outputs });
}

/** Side of the patches; 0 where the picture does not hold one that is worth comparing. */
function patchSide(picture: NetworkPicture, model: Model, recipe: Recipe): number {
  const { size } = model.entry.input;
  const least = Math.min(picture.width, picture.height);
  if (size !== undefined) return size.width === size.height && size.width <= least ? size.width : 0;
  const multiple = Math.max(4, model.entry.multipleOf);
  const side = Math.floor(Math.max(evenSide(least, recipe.patch), Math.min(16, least)) / multiple) * multiple;
  return side >= 16 ? side : 0;
}

/** @param onShown gets what is shown of the first batch */
async function evaluateAll(
  signal: AbortSignal,
  run: TrainingRun,
  batches: readonly StepData[],
  onShown: (values: Float32Array) => void,
): Promise<Losses[]> {
  const all: Losses[] = [];
  for (const [i, batch] of batches.entries()) {
    all.push(await run.evaluate(signal, batch, i === 0 ? onShown : undefined));
  }
  return all;
}

/** A square of RGB planes, 0..1, for the screen. */
function squareImage(planes: Float32Array): PreviewImage {
  const count = planes.length / 3;
  const side = Math.sqrt(count);
  const data = new Uint8ClampedArray(4 * count).fill(255);
  for (let i = 0; i < count; i++) for (let c = 0; c < 3; c++) data[4 * i + c] = 255 * planes[c * count + i]!;
  return { width: side, height: side, data };
}

function mean(all: readonly Losses[]): Record<string, number> {
  const result: Record<string, number> = {};
  for (const losses of all) {
    for (const [name, value] of Object.entries(losses)) result[name] = (result[name] ?? 0) + value / all.length;
  }
  return result;
}
