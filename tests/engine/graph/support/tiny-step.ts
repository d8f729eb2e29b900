import { trainingStep, type TrainingStep, type TrainingStepOptions } from '../../../../src/engine/graph';
import { srvgg } from './networks';
import { Random } from './random';

/** A training step of a few hundred weights: an L1 loss against a target. */
export function tinyStep(options: Partial<TrainingStepOptions> = {}): TrainingStep {
  return trainingStep({
    network: srvgg({ features: 4, convs: 1, scale: 2 }),
    inputs: { x: [1, 3, 6, 6], target: [1, 3, 12, 12] },
    loss: (b, { output, inputs }) => {
      const difference = b.sub(output, inputs['target']!);
      return { total: b.mean(b.abs(difference)), terms: { squared: b.mean(b.square(difference)) } };
    },
    optimizer: { type: 'adam', clipNorm: 1 },
    ...options,
  });
}

export function tinyData(seed = 5): { x: Float32Array; target: Float32Array } {
  const random = new Random(seed);
  return { x: random.array(3 * 36, 0, 1), target: random.array(3 * 144, 0, 1) };
}
