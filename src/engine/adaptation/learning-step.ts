import type { AdaptOptions } from '../engine';
import { readGraph, trainingStep, type TrainingStep } from '../graph';
import type { Device } from '../runtime/runtime';
import { degraderFor } from './degraders';
import { featureDistance } from './features';
import type { Sample } from './samples';
import type { Material } from './material';
import { objective } from './objective';
import type { Plan } from './plan';
import { shapesOf } from './prepare';

/**
 * Bytes that a step may hold at once. ONNX Runtime takes up to three times as much on a CPU; WASM ends at 4 GB, and what a
 * GPU shares with the screen should not be taken whole.
 */
const LIVE_BUDGET: Readonly<Record<Device, number>> = { cpu: 2 ** 30, wasm: 2 ** 29, webgpu: 2 ** 30 };

/** The graph of one training step of the adaptation: network, degrader, objective, gradients, Adam. */
export function learningStep(
  { recipe, model, side }: Plan,
  { network, layout, pairs, batches }: Material,
  samples: readonly Sample[],
  { features }: AdaptOptions['models'],
  device: Device,
): TrainingStep {
  const { scale, input } = model.entry;
  const { name } = input;
  // One graph serves all patches: of a series, the first picture's reconstructor.
  const degrade = recipe.cycle === 'none' ? undefined : degraderFor(recipe.cycle, scale, samples[0]!.reconstructor);
  const distance = featureDistance(readGraph(features.bytes), features.entry.layerWeights);
  const effective = pairs === null ? { ...recipe, pairsWeight: 0 } : recipe;
  const build = objective(effective, scale, degrade, distance);
  const inParts = (parts: number) =>
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
      trainable: recipe.trainable,
      optimizer: { type: 'adam', clipNorm: 1, anchor: recipe.weightAnchor },
      device,
      memory: LIVE_BUDGET[device],
    });
  if (!batches) return inParts(recipe.batch);
  const whole = inParts(1);
  if (whole.liveBytes <= LIVE_BUDGET[device]) return whole;
  return inParts(recipe.batch);
}
