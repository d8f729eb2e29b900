import type { AdaptOptions } from '../contract';
import { readGraph, trainingStep, type TrainingStep } from '../graph';
import { LWayError } from '../common/errors';
import type { Device, Runtime } from '../runtime/runtime';
import { degraderFor } from './degraders';
import { featureDistance } from './features';
import type { Sample } from './samples';
import type { Material } from './material';
import { objective } from './objective';
import type { Plan } from './plan';
import { shapesOf } from './prepare';
import { shareForMemory, type Share } from './share';

/**
 * Bytes that a step may hold at once. ONNX Runtime takes up to three times as much on a CPU; WASM ends at 4 GB, and what a
 * GPU shares with the screen should not be taken whole.
 */
const LIVE_BUDGET: Readonly<Record<Device, number>> = { cpu: 2 ** 30, wasm: 2 ** 29, webgpu: 2 ** 30 };

/** A step that is to run, and how much of the network it teaches. */
export interface LearningStep {
  readonly step: TrainingStep;
  readonly share: Share;
}

/**
 * The graph of one training step of the adaptation: network, degrader, objective, gradients, Adam. All patches at once
 * where the device's memory holds that, else one after the other, else what computes last learns alone.
 *
 * @throws LWayError `unsupported` where the device has no buffer for the largest value that there is in a step
 */
export function learningStep(
  { recipe, network: { entry }, share, side }: Plan,
  { network, layout, pairs, batches }: Material,
  samples: readonly Sample[],
  { features }: AdaptOptions['networks'],
  { device, largestBuffer = Infinity }: Pick<Runtime, 'device' | 'largestBuffer'>,
): LearningStep {
  const { scale, input } = entry;
  const { name } = input;
  // One graph serves all patches: of a series, the first picture's reconstructor.
  const degrade = recipe.cycle === 'none' ? undefined : degraderFor(recipe.cycle, scale, samples[0]!.reconstructor);
  const distance = featureDistance(readGraph(features.bytes), features.entry.layerWeights);
  const effective = pairs === null ? { ...recipe, pairsWeight: 0 } : recipe;
  const build = objective(effective, scale, degrade, distance);
  const inParts = (parts: number, { trainable }: Share) =>
    trainingStep({
      network,
      inputs: shapesOf(layout, name, recipe.batch / parts, side, scale, pairs),
      parts,
      loss: (b, values) =>
        build(b, {
          ...values,
          output: layout.toStandard(b, values.output),
          network: (given) => layout.toStandard(b, values.network(given)),
        }),
      trainable,
      optimizer: { type: 'adam', clipNorm: 1, anchor: recipe.weightAnchor },
      device,
      memory: LIVE_BUDGET[device],
    });
  const fits = ({ liveBytes, largestBytes }: TrainingStep) =>
    liveBytes <= LIVE_BUDGET[device] && largestBytes <= largestBuffer;
  if (batches) {
    const step = inParts(1, share);
    if (fits(step)) return { step, share };
  }
  const step = inParts(recipe.batch, share);
  if (fits(step)) return { step, share };
  const less = shareForMemory(share, network, layout.shape(1, side, side));
  const least = less === share ? step : inParts(recipe.batch, less);
  // What is estimated of the memory in use is not certain, the size of a buffer is.
  if (least.largestBytes <= largestBuffer) return { step: least, share: less };
  throw new LWayError(
    'unsupported',
    `a step of its learning has values of ${megabytes(least.largestBytes)} MB, and this device takes ${megabytes(largestBuffer)} MB at once.`,
    'Choose the CPU as the device, or a smaller network.',
  );
}

const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);
