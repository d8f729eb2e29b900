import type { TrainingStep, TrainingStepOptions } from '../../../src/engine/graph';
import { runNative } from './support/native';
import { residual, srvgg } from './support/networks';
import { Random } from './support/random';
import { firstFeeds, randomData } from './support/slope';
import { tinyStep } from './support/tiny-step';

// What is computed a second time instead of being kept changes memory, and nothing else.

const steps = (options: Partial<TrainingStepOptions>) =>
  [Infinity, 0].map((memory) =>
    tinyStep({ inputs: { x: [1, 3, 20, 20], target: [1, 3, 40, 40] }, ...options, memory }),
  ) as [TrainingStep, TrainingStep];
const convolutions = ({ graph }: TrainingStep) => graph.nodes.filter(({ op }) => op === 'Conv').length;

const networks = {
  'a plain chain': srvgg({ features: 6, convs: 24, scale: 2 }),
  'skips over one block and over all': residual({ features: 6, blocks: 24, scale: 2 }),
};

describe.each(Object.entries(networks))('%s', (_, network) => {
  test('the same gradients from less than half of the memory', async () => {
    const [kept, frugal] = steps({ network });
    expect(frugal.liveBytes).toBeLessThan(kept.liveBytes / 2);
    const feeds = firstFeeds(kept, randomData(kept, new Random(3)));
    const [expected, found] = [await runNative(kept.graph, feeds), await runNative(frugal.graph, feeds)];
    // The first moment is the gradient itself, but for a factor.
    const largest = Math.max(...expected['next.moment.first']!.map(Math.abs));
    found['next.moment.first']!.forEach((value, i) =>
      expect(Math.abs(value - expected['next.moment.first']![i]!)).toBeLessThan(1e-5 * largest),
    );
    expect(found['losses']![0]).toBeCloseTo(expected['losses']![0]!, 6);
  });

  test('each layer runs a second time, but none a third', () => {
    const [kept, frugal] = steps({ network });
    const layers = kept.parameters.filter(({ shape }) => shape.length === 4).length;
    const more = convolutions(frugal) - convolutions(kept);
    expect(more).toBeGreaterThan(layers / 3);
    expect(more).toBeLessThanOrEqual(layers);
  });
});

test('the network on two pictures: each use is computed again for itself', async () => {
  const network = srvgg({ features: 4, convs: 12, scale: 2 });
  const [kept, frugal] = steps({
    network,
    inputs: { x: [1, 3, 20, 20], target: [1, 3, 40, 40], other: [1, 3, 24, 24] },
    loss: (b, { output, inputs, network: apply }) => ({
      total: b.add(b.mean(b.square(b.sub(output, inputs['target']!))), b.mean(b.square(apply(inputs['other']!)))),
    }),
    parts: 2,
  });
  expect(frugal.liveBytes).toBeLessThan(kept.liveBytes);
  const random = new Random(4);
  const feeds = {
    ...randomData(kept, random),
    weights: firstFeeds(kept, {})['weights']!,
    sum: { data: new Float32Array(kept.size), dims: [kept.size] },
  };
  const [expected, found] = [await runNative(kept.graph, feeds), await runNative(frugal.graph, feeds)];
  found['next.sum']!.forEach((value, i) => expect(value).toBeCloseTo(expected['next.sum']![i]!, 5));
});
