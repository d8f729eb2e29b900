import { packWeights, TrainingRun, writeGraph } from '../graph';
import type { Runtime } from '../runtime/runtime';
import { changeOf, leftOut } from './change';
import { learningStep } from './learning-step';
import { readSamples } from './samples';
import { gather } from './material';
import type { Noise } from './noise';
import { planAdaptation } from './plan';
import { randomFrom } from './random';
import { isRefusal, type Reason } from './refusal';
import type { AdaptRequest } from './request';
import type { AdaptationResult } from './result';
import { shareNotice } from './share';
import { Stopwatch } from './stopwatch';
import { train } from './train';
import { verdict } from './verdict';
import { leftAlone, obstacleNotice, outcome } from './messages';

/** What comes before the first step, for its progress: the pictures, what is learned from, the step, its session. */
const STAGES = 4;

/**
 * Adapts an SR network to a picture: "Low-Res Leads the Way" (CVPR 2024) on the LR grid.
 *
 * The network learns from patches where the high-frequency map says that there is detail; other patches, held out,
 * decide when to stop and whether anything was gained. Where nothing was, the network stays as it is.
 *
 * Plan, look, gather, learn, judge: each has a module of its own, and this one only joins them.
 *
 * @throws LWayError `bad-graph` where the network cannot be differentiated at all
 */
export async function adapt(signal: AbortSignal, runtime: Runtime, request: AdaptRequest): Promise<AdaptationResult> {
  const { options, onEvent = () => undefined } = request;
  const watch = new Stopwatch();
  const nothing = (reason: Reason, several = false, noises: readonly Noise[] = []): AdaptationResult => ({
    used: false,
    pictures: 0,
    steps: 0,
    improvement: 0,
    message: leftAlone(reason, several, leftOut(noises)),
    seconds: watch.seconds,
    split: watch.split,
    frozen: [],
  });

  const plan = planAdaptation(request, runtime.device);
  if (isRefusal(plan)) return nothing(plan.refused);
  const { recipe, original, pictures, several } = plan;
  const analysed = (done: number) => onEvent({ type: 'progress', done, total: STAGES, unit: 'analysis' });
  analysed(0);
  const random = randomFrom(recipe.seed);
  const samples = await readSamples(signal, runtime, pictures, request.network.entry.scale, options, random, plan);
  if (isRefusal(samples)) return nothing(samples.refused);
  analysed(1);
  const material = await gather(signal, runtime, plan, samples, options, random);
  const { network, start } = material;
  watch.lap('embedding');
  analysed(2);

  const { step, share } = learningStep(plan, material, samples, options.networks, runtime);
  for (const message of [shareNotice(share, network), obstacleNotice(step.report, network)])
    if (message !== null) onEvent({ type: 'notice', message });
  watch.lap('graphs');
  analysed(3);

  const run = await TrainingRun.create(signal, runtime, step, { readEvery: 1 });
  try {
    watch.lap('sessions');
    const general = start === null ? undefined : packWeights(step, original.initializers);
    const { training, heldOut } = material;
    const work = { recipe, training, heldOut, general, enough: options.enough, onEvent };
    const trained = await train(signal, run, work, () => packWeights(step));
    watch.lap('steps');
    const frozen = step.report.frozen.map(({ name, reason }) => `${name}: ${reason}`);
    const judged = verdict(trained, start !== null);
    const noises = samples.flatMap(({ crops }) => crops[0]!.noise ?? []);
    if (isRefusal(judged)) return { ...nothing(judged.refused, several, noises), pictures: samples.length, frozen };
    const { learned, steps, improvement } = judged;
    const change = changeOf(trained.general, learned ? trained.best : trained.before, noises);
    // Declared as in the file that it comes from.
    const { inputs, outputs } = original;
    const weights = learned
      ? await run.exportNetwork(trained.weights, original)
      : writeGraph({ ...network, inputs, outputs });
    return {
      used: true,
      pictures: samples.length,
      steps,
      start: start?.share,
      improvement,
      change,
      message: outcome(several, steps, change, start !== null),
      seconds: watch.seconds,
      weights,
      split: watch.split,
      frozen,
    };
  } finally {
    await run.dispose();
  }
}
