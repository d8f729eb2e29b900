import { type AdaptationReport, mixEnds, mixWeights } from '../engine';
import type { Target } from './files/targets';
import type { Learned, SeriesRequest } from './learn-series';
import { learnSeries } from './learn-series';
import { runFiles, type FileJob } from './run-files';
import type { Environment } from './environment';
import type { FileOptions, Pass } from './upscale-file';

/**
 * One adaptation to all files together, then file after file with its weights.
 *
 * @param jobFor what to do with each, given how
 * @param save keeps the weights; where it fails, the files are upscaled all the same before that is thrown
 * @returns the exit code
 */
export async function upscaleSeries(
  environment: Environment,
  flags: { json?: boolean; quiet?: boolean },
  targets: readonly Target[],
  request: SeriesRequest,
  jobFor: (target: Target, options: FileOptions) => Promise<FileJob>,
  save?: (learned: Learned) => Promise<void>,
): Promise<number> {
  let { options } = request;
  let unsaved: unknown = null;
  const code = await runFiles(
    environment,
    flags,
    targets,
    (target) => jobFor(target, options),
    async (engine, reporter) => {
      const learned = await learnSeries(environment.signal, engine, request.teachers ?? targets, request, reporter);
      options = await withSeries(request, learned);
      if (learned) await save?.(learned).catch((error: unknown) => (unsaved = error));
    },
  );
  if (unsaved !== null) throw unsaved;
  return code;
}

/** What each file is done with once the series has been learned: its weights instead of an adaptation, and what to say. */
export async function withSeries(
  { network, tuning, adapt, options }: SeriesRequest,
  learned: Learned | null,
): Promise<FileOptions> {
  const bytes = learned?.report.weights;
  const tuned = learned?.report.tuning;
  const original = tuning && tuned ? await mixEnds(network, tuning.ends, tuned) : network;
  // Mixed here and once, at full strength from then on, so that all files name the same bytes and the engine loads the
  // network once.
  const weights = bytes && mixWeights(original.bytes, bytes, adapt.strength);
  if (learned === null) return withWeights(options, weights);
  const { pictures, used, stopped } = learned.report;
  const many = pictures === 1 ? '1 picture' : `${pictures} pictures`;
  const message = used
    ? `Used the network adapted to ${many} of the series.`
    : stopped
      ? learned.report.message
      : 'Used the original network: nothing was learned from the series.';
  return withWeights(options, weights, { ...learned.report, weights: undefined, message });
}

/**
 * The weights that a series has taught in place of an adaptation.
 * @param weights undefined where it has taught nothing: the network as it came
 */
export function withWeights(
  options: FileOptions,
  weights: Uint8Array | undefined,
  adaptation?: AdaptationReport,
): FileOptions {
  const passes = options.passes.map((pass): Pass => {
    const tuning = weights ? undefined : pass.options.tuning;
    return { ...pass, options: { ...pass.options, tuning, adapt: undefined, weights, strength: 1 } };
  });
  return { ...options, passes, adaptation };
}
