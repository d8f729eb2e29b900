import { resolve } from 'node:path';
import { readFileSync } from 'node:fs';
import {
  differentiate,
  fixShapes,
  float32,
  GraphBuilder,
  packWeights,
  parametersOf,
  readGraph,
  trainingStep,
  withWeights,
  writeGraph,
  type Graph,
  type TrainingStepOptions,
} from '../../../src/engine/graph';
import { scheduleOf } from '../../../src/engine/graph/optimizer';
import { describeWithSharedData, sharedData } from '../../support/shared-data';
import { runNative, type Feeds } from './support/native';
import { srvgg } from './support/networks';
import { Random } from './support/random';
import { firstFeeds, slopeRatio } from './support/slope';
import { tinyData, tinyStep } from './support/tiny-step';

const tinyFeeds: Feeds = {
  x: { data: tinyData().x, dims: [1, 3, 6, 6] },
  target: { data: tinyData().target, dims: [1, 3, 12, 12] },
};

describe('what learns', () => {
  const trained = (trainable: TrainingStepOptions['trainable']) => tinyStep({ trainable }).report.trained;

  test('all, the last layers, biases, or by name', () => {
    const all = ['0.weight', '0.bias', '1.slope', '2.weight', '2.bias', '3.slope', '4.weight', '4.bias'].map(
      (name) => `body.${name}`,
    );
    expect(trained('all')).toEqual(all);
    expect(trained({ last: 1 })).toEqual(all.slice(6));
    expect(trained({ last: 2 })).toEqual(all.slice(3));
    expect(trained({ last: 99 })).toEqual(all);
    expect(trained('biases-and-norms')).toEqual(['body.0.bias', 'body.2.bias', 'body.4.bias']);
    expect(trained({ names: ['body.2.bias'] })).toEqual(['body.2.bias']);
    expect(() => trained({ names: ['body.9.bias'] })).toThrow(expect.objectContaining({ code: 'bad-option' }));
    expect(() => trained({ names: [] })).toThrow(expect.objectContaining({ code: 'bad-graph' }));
  });

  test('weights are told from constants of the exporter', () => {
    const b = new GraphBuilder('roles');
    const x = b.input('x', [1, 2, 4, 4]);
    const weight = (name: string, dims: number[]) =>
      b.weight(name, float32(new Float32Array(dims.reduce((p, d) => p * d, 1)).fill(0.5), dims));
    const normalized = b.op('InstanceNormalization', [
      b.mul(x, weight('factor', [])),
      weight('scale', [2]),
      weight('shift', [2]),
    ]);
    const attended = b.matmul(b.reshape(normalized, [1, 2, 16]), b.transpose(weight('turned', [3, 16]), [1, 0]));
    const y = b.clip(b.add(attended, weight('offset', [3])), -1, 1);
    expect(parametersOf(b.build({ y }))).toEqual([
      { name: 'scale', kind: 'norm', layer: 0 },
      { name: 'shift', kind: 'norm', layer: 0 },
      { name: 'turned', kind: 'weight', layer: 0 },
      { name: 'offset', kind: 'bias', layer: 0 },
    ]);
  });

  test('frozen weights are constants of the graph', () => {
    const step = tinyStep({ trainable: { last: 1 } });
    expect(step.graph.initializers.has('body.0.weight')).toBe(true);
    expect(step.graph.initializers.has('body.4.weight')).toBe(false);
    const convolutions = step.graph.nodes.filter(({ op }) => op === 'Conv');
    // Three forward; nothing flows back beyond the last.
    expect(convolutions).toHaveLength(3);
  });
});

describe('an op without a rule', () => {
  const network = (): Graph => {
    const b = new GraphBuilder('selu');
    const x = b.input('x', [1, 3, 6, 6]);
    const conv = (name: string, from: typeof x) =>
      b.conv(from, b.weight(name, float32(new Random(1).array(81), [3, 3, 3, 3])));
    return readGraph(writeGraph(b.build({ y: b.relu(conv('late', b.op('Selu', [conv('early', x)]))) })));
  };
  const options = (graph: Graph): TrainingStepOptions => ({
    network: graph,
    inputs: { x: [1, 3, 6, 6] },
    loss: (b, { output }) => ({ total: b.mean(output) }),
    optimizer: { type: 'adam' },
  });

  test('freezes what lies upstream, trains what lies downstream, and the report says so', async () => {
    const step = trainingStep(options(network()));
    expect(step.report.trained).toEqual(['late']);
    expect(step.report.frozen).toEqual([
      { name: 'early', reason: expect.stringMatching(/no gradient is known for Selu "Selu_\d"/) },
    ]);
    expect(step.report.obstacles).toEqual([{ op: 'Selu', node: expect.any(String) }]);
    const results = await runNative(
      step.graph,
      firstFeeds(step, { x: { data: new Random(2).array(108), dims: [1, 3, 6, 6] } }),
    );
    expect(results['next.weights']).not.toEqual(packWeights(step));
  });

  test('refuses where nothing is left', () => {
    expect(() => trainingStep({ ...options(network()), trainable: { names: ['early'] } })).toThrow(
      expect.objectContaining({ code: 'bad-graph', message: expect.stringMatching(/Selu/) }),
    );
  });

  test('refuses a loss that the weights have no part in', () => {
    const loss: TrainingStepOptions['loss'] = (b, { inputs }) => ({ total: b.mean(inputs['x']!) });
    expect(() => trainingStep({ ...options(network()), loss })).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/does not depend on them/) }),
    );
  });
});

describe('the loss', () => {
  test('the network again on other input shares its weights; the original and the tail do not learn', async () => {
    const tail = new GraphBuilder('tail');
    const pooled = tail.averagePool(tail.input('image', [1, 3, 12, 12]), [2, 2]);
    const frozenTail = tail.build({
      lr: tail.conv(pooled, tail.constant(float32(new Random(7).array(9), [3, 3, 1, 1]), 'body.0.weight')),
    });
    const step = tinyStep({
      frozenTail,
      inputs: { x: [1, 3, 6, 6], other: [2, 3, 6, 6] },
      loss: (b, { output, reconstruction, inputs, network, original }) => {
        const cycle = b.mean(b.abs(b.sub(reconstruction, inputs['x']!)));
        const second = b.mean(b.square(network(inputs['other']!)));
        const anchor = b.mean(b.square(b.sub(output, original(inputs['x']!))));
        return { total: b.sum([cycle, second, anchor]), terms: { cycle, second, anchor } };
      },
    });
    expect(step.losses).toEqual(['total', 'cycle', 'second', 'anchor', 'gradientNorm']);
    const random = new Random(11);
    const feeds = firstFeeds(step, { x: tinyFeeds['x']!, other: { data: random.array(216), dims: [2, 3, 6, 6] } });
    const at = async (weights: Float32Array) =>
      runNative(step.evaluation, {
        x: feeds['x']!,
        other: feeds['other']!,
        weights: { data: weights, dims: [step.size] },
      });
    const start = packWeights(step);
    // At the start the adapted network is the original.
    expect((await at(start))['losses']![3]).toBeCloseTo(0, 6);
    const { losses, ['next.weights']: next } = await runNative(step.graph, feeds);
    expect(losses![0]).toBeCloseTo(losses![1]! + losses![2]! + losses![3]!, 5);
    // Adam's first step is the sign of the gradient: a small one must lower the loss by about rate * L1 norm.
    expect((await at(next!))['losses']![0]!).toBeLessThan(losses![0]!);
    expect([...step.evaluation.inputs].map(({ name }) => name).sort()).toEqual(['other', 'weights', 'x']);
  });

  test('the gradient of a shared network is the sum of the gradients of its uses', async () => {
    const network = srvgg({ features: 4, convs: 1, scale: 2 });
    const make = (
      uses: (
        b: GraphBuilder,
        apply: (name: 'x' | 'other') => ReturnType<GraphBuilder['mean']>,
      ) => ReturnType<GraphBuilder['mean']>,
    ) => {
      const b = new GraphBuilder('uses');
      const weights = { 'body.0.weight': b.weight('body.0.weight', network.initializers.get('body.0.weight')!) };
      const inputs = { x: b.input('x', [1, 3, 6, 6]), other: b.input('other', [1, 3, 6, 6]) };
      const loss = uses(b, (name) => b.mean(b.square(b.call(network, [inputs[name]], { weights })[0]!)));
      return differentiate(b.build({ loss }), { loss: 'loss', wrt: ['body.0.weight'] }).graph;
    };
    const random = new Random(12);
    const feeds = {
      x: { data: random.array(108), dims: [1, 3, 6, 6] },
      other: { data: random.array(108), dims: [1, 3, 6, 6] },
    };
    const gradient = async (graph: Graph) => (await runNative(graph, feeds))['gradient.body.0.weight']!;
    const both = await gradient(make((b, apply) => b.add(apply('x'), apply('other'))));
    const first = await gradient(make((_, apply) => apply('x')));
    const second = await gradient(make((_, apply) => apply('other')));
    both.forEach((value, i) => expect(value).toBeCloseTo(first[i]! + second[i]!, 5));
  });

  test('wrong inputs and losses are refused', () => {
    expect(() => tinyStep({ inputs: { picture: [1, 3, 6, 6] } })).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/inputs? of the network \(x\)/) }),
    );
    expect(() => tinyStep({ loss: (_, { output }) => ({ total: output }) })).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/single number/) }),
    );
    expect(() => tinyStep({ inputs: { x: [1, 4, 6, 6], target: [1, 3, 12, 12] } })).toThrow(
      expect.objectContaining({ code: 'bad-graph' }),
    );
  });
});

describe('the anchor of the weights', () => {
  test.each([{ type: 'adam' }, { type: 'sgd', momentum: 0.9 }] as const)(
    '$type: each step takes back a share of the distance to the weights at the start',
    async (optimizer) => {
      const [rate, anchor] = [1e-3, 200];
      const [free, held] = [tinyStep({ optimizer }), tinyStep({ optimizer: { ...optimizer, anchor } })];
      const origin = packWeights(held);
      const away = origin.map((value, i) => value + 0.01 * Math.sin(i));
      const next = async (step: typeof free, weights: Float32Array) => {
        const feeds = { ...firstFeeds(step, tinyFeeds, rate), weights: { data: weights, dims: [step.size] } };
        return (await runNative(step.graph, feeds))['next.weights']!;
      };
      const without = await next(free, away);
      (await next(held, away)).forEach((value, i) => {
        expect(value).toBeCloseTo(without[i]! - rate * anchor * (away[i]! - origin[i]!), 6);
      });
      expect(await next(held, origin)).toEqual(await next(free, origin));
    },
  );

  test('costs nothing where there is none', () => {
    const nodes = (anchor?: number) => tinyStep({ optimizer: { type: 'adam', anchor } }).graph.nodes.length;
    expect(nodes(0)).toBe(nodes());
    expect(nodes(1)).toBeGreaterThan(nodes());
  });
});

test('weights go into the network and come out of it', () => {
  const step = tinyStep();
  const packed = packWeights(step).map((value) => value + 1);
  const changed = withWeights(step, packed);
  expect(packWeights(step, changed.initializers)).toEqual(packed);
  expect(changed.nodes).toBe(step.network.nodes);
});

describeWithSharedData('peers')("peers' networks, as they are", () => {
  test.each(['RealESRGAN_General_WDN_x4_v3', '4xNomos8k_span_otf_weak', 'ClearReality4x'])(
    '%s',
    async (name) => {
      const network = readGraph(readFileSync(resolve(sharedData, 'peers', `${name}.onnx`)));
      const random = new Random(13);
      const size = 12;
      const step = trainingStep({
        network,
        inputs: { data: [1, 3, size, size], target: [1, 3, 4 * size, 4 * size] },
        loss: (b, { output, inputs }) => ({ total: b.mean(b.square(b.sub(output, inputs['target']!))) }),
        optimizer: { type: 'sgd' },
      });
      expect(step.report.frozen).toEqual([]);
      expect(step.size).toBeGreaterThan(4e5);
      const data = { data: { data: random.array(3 * size ** 2, 0, 1), dims: [1, 3, size, size] } };
      const now = (await runNative(fixShapes(network, { data: [1, 3, size, size] }), data))['output']!;
      const target = { data: now.map((value) => value + random.uniform(-0.2, 0.2)), dims: [1, 3, 4 * size, 4 * size] };
      const ratio = await slopeRatio(step, { ...data, target });
      expect(ratio).toBeGreaterThan(0.98);
      expect(ratio).toBeLessThan(1.02);
    },
    60_000,
  );
});

test('an optimizer left as it is has the numbers that its description says', () => {
  const step = (optimizer: TrainingStepOptions['optimizer']) => tinyStep({ optimizer }).graph;
  expect(step({ type: 'adam' })).toEqual(step({ type: 'adam', betas: [0.9, 0.99], epsilon: 1e-8, anchor: 0 }));
  expect(step({ type: 'sgd' })).toEqual(step({ type: 'sgd', momentum: 0.9 }));
  const schedule = (at: number) => [...scheduleOf({ type: 'adam' }, at, 0.5)];
  expect(schedule(1)).toEqual([0.5, Math.fround(1 / (1 - 0.9)), Math.fround(1 / Math.sqrt(1 - 0.99))]);
  expect(schedule(3)).toEqual([0.5, Math.fround(1 / (1 - 0.729)), Math.fround(1 / Math.sqrt(1 - 0.99 ** 3))]);
  expect([...scheduleOf({ type: 'sgd' }, 3, 0.5)]).toEqual([0.5, 1, 1]);
});
