import { readGraph, trainingStep, writeGraph, packWeights, scheduleOf } from '../../../src/engine/graph';
import { srvgg } from './support/networks';
import { runNative, runSession, sessionFor } from './support/native';
import { Random } from './support/random';

describe('trainingStep', () => {
  test('a plain SRVGG learns', async () => {
    const network = readGraph(writeGraph(srvgg()));
    const step = trainingStep({
      network,
      inputs: { x: [1, 3, 8, 8], target: [1, 3, 32, 32] },
      loss: (b, { output, inputs }) => ({ total: b.mean(b.abs(b.sub(output, inputs['target']!))) }),
      optimizer: { type: 'adam' },
    });
    expect(step.report.frozen).toEqual([]);
    const random = new Random(3);
    const data = {
      x: { data: random.array(3 * 64, 0, 1), dims: [1, 3, 8, 8] },
      target: { data: random.array(3 * 1024, 0, 1), dims: [1, 3, 32, 32] },
    };
    let weights = packWeights(step);
    let first = new Float32Array(step.size);
    let second = new Float32Array(step.size);
    const session = await sessionFor(step.graph);
    const totals: number[] = [];
    for (let i = 1; i <= 20; i++) {
      const results = await runSession(session, {
        ...data,
        weights: { data: weights, dims: [step.size] },
        'moment.first': { data: first, dims: [step.size] },
        'moment.second': { data: second, dims: [step.size] },
        schedule: { data: scheduleOf(step.optimizer, i, 1e-2), dims: [3] },
        health: { data: Float32Array.of(1), dims: [1] },
      });
      weights = results['next.weights']! as never;
      first = results['next.moment.first']! as never;
      second = results['next.moment.second']! as never;
      totals.push(results['losses']![0]!);
      expect(results['next.health']![0]).toBe(1);
    }
    expect(totals[19]!).toBeLessThan(0.8 * totals[0]!);
    const { losses } = await runNative(step.evaluation, { ...data, weights: { data: weights, dims: [step.size] } });
    expect(losses![0]!).toBeLessThan(totals[19]!);
  });
});
