import { packWeights, writeGraph } from '../graph';
import type { Runtime } from '../runtime/runtime';
import { changeOf, leftOut } from './change';
import { leftAlone, outcome } from './messages';
import type { Noise } from './noise';
import { planAdaptation } from './plan';
import { getReady } from './ready';
import { isRefusal, type Reason, type Refusal } from './refusal';
import type { AdaptRequest } from './request';
import type { AdaptationResult } from './result';
import { Stopwatch } from './stopwatch';
import { train } from './train';
import { verdict } from './verdict';

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
  const { enough } = options;
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
  const { recipe, original, several } = plan;
  // Enough before the first step: there is nothing to keep, and no need to get ready.
  const early = enough === undefined ? signal : AbortSignal.any([signal, enough]);
  const ready = await getReady(early, runtime, plan, options, onEvent, watch).catch((error: unknown): Refusal => {
    if (signal.aborted || enough?.aborted !== true || error !== enough.reason) throw error;
    return { refused: 'stopped' };
  });
  if (isRefusal(ready)) return nothing(ready.refused);
  const { samples, material, step, run } = ready;
  const { network, start } = material;
  try {
    const general = start === null ? undefined : packWeights(step, original.initializers);
    const { training, heldOut } = material;
    const work = { recipe, training, heldOut, general, enough, onEvent };
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
      message: outcome(several, steps, change, start !== null, trained.stopped),
      seconds: watch.seconds,
      weights,
      split: watch.split,
      frozen,
    };
  } finally {
    await run.dispose();
  }
}
