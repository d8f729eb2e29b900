import type { AdaptOptions, EngineEvent } from '../contract';
import { TrainingRun, type TrainingStep } from '../graph';
import type { Runtime } from '../runtime/runtime';
import { learningStep } from './learning-step';
import { gather, type Material } from './material';
import { obstacleNotice } from './messages';
import type { Plan } from './plan';
import { randomFrom } from './random';
import { isRefusal, type Refusal } from './refusal';
import { readSamples, type Sample } from './samples';
import { shareNotice } from './share';
import type { Stopwatch } from './stopwatch';

/** What comes before the first step, for its progress: the pictures, what is learned from, the step, its session. */
const STAGES = 4;

/** All that the first step needs. */
export interface Ready {
  readonly samples: readonly Sample[];
  readonly material: Material;
  readonly step: TrainingStep;
  readonly run: TrainingRun;
}

/** Looks at the pictures, gathers what is learned from, and makes the step. */
export async function getReady(
  signal: AbortSignal,
  runtime: Runtime,
  plan: Plan,
  options: AdaptOptions,
  onEvent: (event: EngineEvent) => void,
  watch: Stopwatch,
): Promise<Ready | Refusal> {
  const analysed = (done: number) => onEvent({ type: 'progress', done, total: STAGES, unit: 'analysis' });
  analysed(0);
  const random = randomFrom(plan.recipe.seed);
  const samples = await readSamples(signal, runtime, plan.pictures, plan.network.entry.scale, options, random, plan);
  if (isRefusal(samples)) return samples;
  analysed(1);
  const material = await gather(signal, runtime, plan, samples, options, random);
  const { network } = material;
  watch.lap('embedding');
  analysed(2);

  const { step, share } = learningStep(plan, material, samples, options.networks, runtime);
  for (const message of [shareNotice(share, network), obstacleNotice(step.report, network)])
    if (message !== null) onEvent({ type: 'notice', message });
  watch.lap('graphs');
  analysed(3);

  const run = await TrainingRun.create(signal, runtime, step, { readEvery: 1 });
  watch.lap('sessions');
  return { samples, material, step, run };
}
