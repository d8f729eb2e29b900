import { packWeights, sizeOf, type TrainingStep } from '../../../../src/engine/graph';
import { runNative, type Feeds } from './native';
import type { Random } from './random';

/** Inputs of a first step: the weights that the network came with, moments at zero. */
export const firstFeeds = (step: TrainingStep, data: Feeds, rate = 1e-3): Feeds => ({
  ...data,
  weights: { data: packWeights(step), dims: [step.size] },
  ...Object.fromEntries(step.moments.map((name) => [name, { data: new Float32Array(step.size), dims: [step.size] }])),
  schedule: { data: Float32Array.of(rate, 1, 1), dims: [3] },
  health: { data: Float32Array.of(1), dims: [1] },
});

/** Random data for all inputs of a step that are no state of the training. */
export function randomData(step: TrainingStep, random: Random): Feeds {
  const feeds: Feeds = {};
  for (const { name, shape } of step.evaluation.inputs) {
    const dims = shape as number[];
    if (name !== 'weights') feeds[name] = { data: random.array(sizeOf(dims)), dims };
  }
  return feeds;
}

/**
 * The slope of the loss along a step of plain gradient descent (SGD) by central differences, as a part of what the
 * gradient says: 1 where it is right.
 *
 * @param change part of the loss by which it changes over the distance if it is linear
 */
export async function slopeRatio(step: TrainingStep, data: Feeds, change = 0.001): Promise<number> {
  const { losses } = await runNative(step.graph, firstFeeds(step, data));
  const norm = losses![step.losses.indexOf('gradientNorm')]!;
  const rate = (change * losses![0]!) / norm ** 2;
  const { ['next.weights']: forth } = await runNative(step.graph, firstFeeds(step, data, rate));
  const back = packWeights(step).map((value, i) => 2 * value - forth![i]!);
  const lossAt = async (weights: Float32Array): Promise<number> =>
    (await runNative(step.evaluation, { ...data, weights: { data: weights, dims: [step.size] } }))['losses']![0]!;
  return ((await lossAt(back)) - (await lossAt(forth!))) / (2 * rate * norm ** 2);
}
