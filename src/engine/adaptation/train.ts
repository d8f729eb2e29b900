import { secondsSince } from '../common/elapsed';
import { LWayError } from '../common/errors';
import type { EngineEvent, PreviewImage } from '../contract';
import type { Losses, TrainingRun } from '../graph';
import { adaptationLosses, meanLosses, type AdaptationLosses } from './loss-values';
import type { StepData } from './prepare';
import { learningRateAt, type Method, type Recipe } from './recipe';
import { agreesAlready, standsBy, StopRule } from './stop';

/** What training came to, judged on the held-out patches. */
export interface Trained {
  /** Losses of the network as it came. */
  readonly general: AdaptationLosses;
  /** Losses where learning began: the same, but for a start. */
  readonly before: AdaptationLosses;
  /** The lowest that count, and after how many steps; `before` and 0 where learning never got below it. */
  readonly best: AdaptationLosses;
  readonly bestStep: number;
  /** There was nothing to put right, and nothing was learned. */
  readonly agreed: boolean;
  /** It was enough before the end. */
  readonly stopped: boolean;
  /** Share by which the loss fell while learning, 0..1. */
  readonly improvement: number;
  /** The weights of `best`, packed. */
  readonly weights?: Float32Array;
}

export interface Training {
  readonly recipe: Recipe & Pick<Method, 'keptShare'>;
  readonly training: readonly StepData[];
  readonly heldOut: readonly StepData[];
  /** The packed weights that the network came with, where learning begins from others. */
  readonly general?: Float32Array;
  /** Aborted: stop here and keep what is best so far. */
  readonly enough?: AbortSignal;
  readonly onEvent: (event: EngineEvent) => void;
}

/** The part of a training run that the loop needs. */
export type Trainable = Pick<TrainingRun, 'step' | 'evaluate' | 'weights' | 'restore'>;

/**
 * Learns until the held-out patches stop getting better, the steps are used up, or it is enough.
 *
 * @param begun the packed weights that learning begins from; only looked at where there are others that the network came with
 */
export async function train(
  signal: AbortSignal,
  run: Trainable,
  { recipe, training, heldOut, general: came, enough, onEvent }: Training,
  begun: () => Float32Array,
): Promise<Trained> {
  const check = async (at: number | undefined) => {
    const onShown = (values: Float32Array) => {
      if (at !== undefined) onEvent({ type: 'preview', step: at, image: squareImage(values) });
    };
    return meanLosses(await evaluateAll(signal, run, heldOut, onShown));
  };
  // First as it came: what was gained is told against that, start included.
  if (came !== undefined) await run.restore(came);
  const general = await check(0);
  if (came !== undefined) await run.restore(begun());
  const before = came === undefined ? general : await check(undefined);
  const rule = new StopRule(before.total, recipe.patience, recipe.steps / 2);
  let best = before;
  let weights: Float32Array | undefined;
  onEvent({ type: 'adaptation', step: 0, loss: before.total, heldOut: before.total });
  const agreed = agreesAlready(before);
  let stopped = false;
  let last = { at: 0, held: before };
  try {
    for (let i = 1; i <= recipe.steps && !agreed; i++) {
      stopped = enough?.aborted === true;
      if (stopped) break;
      const began = performance.now();
      const losses = await run.step(signal, training[(i - 1) % training.length]!, learningRateAt(recipe, i - 1));
      // Whoever stops it does not wait for a check, which takes half as long as a step, unless nothing would be kept without.
      const due = i % recipe.checkEvery === 0 || i === recipe.steps;
      const checking = enough?.aborted === true ? weights === undefined : due;
      const held = checking ? await check(i) : undefined;
      onEvent({ type: 'adaptation', step: i, loss: adaptationLosses(losses!).total, heldOut: held?.total });
      const secondsLeft = (recipe.steps - i) * secondsSince(began);
      onEvent({ type: 'progress', done: i, total: recipe.steps, unit: 'step', secondsLeft });
      if (held === undefined) continue;
      last = { at: i, held };
      const { best: isBest, stop } = rule.check(i, held.total, standsBy(before, held));
      if (isBest) {
        best = held;
        weights = await run.weights();
      }
      if (stop) break;
    }
    // What went too far is taken half of the way.
    if (!standsBy(before, last.held)) {
      const half = between(begun(), await run.weights(), 0.5);
      await run.restore(half);
      const held = await check(undefined);
      if (rule.check(last.at, held.total, standsBy(before, held)).best) {
        best = held;
        weights = half;
      }
    }
    if (weights !== undefined && recipe.keptShare < 1) {
      weights = between(begun(), weights, recipe.keptShare);
      // Whoever stops it does not wait to hear exactly how much less that is.
      if (enough?.aborted !== true) {
        await run.restore(weights);
        best = await check(undefined);
      }
    }
  } catch (error) {
    // Losses that are no numbers any more: what was best before stands.
    if (!(error instanceof LWayError && error.code === 'bad-output')) throw error;
  }
  return { general, before, best, bestStep: rule.bestAt, agreed, stopped, improvement: rule.improvement, weights };
}

/** `from` where `share` is 0, `to` where it is 1. */
const between = (from: Float32Array, to: Float32Array, share: number) =>
  to.map((value, i) => (1 - share) * from[i]! + share * value);

/** @param onShown gets what is shown of the first batch */
async function evaluateAll(
  signal: AbortSignal,
  run: Trainable,
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
