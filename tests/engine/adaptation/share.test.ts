import { resolve } from 'node:path';
import { adapt } from '../../../src/engine/adaptation';
import { networkPicture } from '../../../src/engine/adaptation/picture';
import { randomFrom } from '../../../src/engine/adaptation/random';
import { method, recipes, type Ablation } from '../../../src/engine/adaptation/recipe';
import { shareNotice, shareOf } from '../../../src/engine/adaptation/share';
import { learningStep } from '../../../src/engine/adaptation/learning-step';
import { planAdaptation, type Plan } from '../../../src/engine/adaptation/plan';
import { isRefusal } from '../../../src/engine/adaptation/refusal';
import { layoutOf } from '../../../src/engine/network/layout';
import type { Network } from '../../../src/engine/network/registry';
import type { AblatedOptions } from '../../../src/engine/adaptation/recipe';
import type { EngineEvent } from '../../../src/engine/contract';
import { float32, GraphBuilder, latterWeights, readGraph, workOf, writeGraph } from '../../../src/engine/graph';
import { loadNetwork, readRegistry } from '../../../src/engine/network/networks.node';
import { sourceOf } from '../../../src/engine/raster/memory-source';
import { createRaster } from '../../../src/engine/raster/planes';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import type { Device, Runtime } from '../../../src/engine/runtime/runtime';
import { tinyModel } from '../upscaling/tiny-networks';

// Of a large network only what computes last learns, and that is said.

/** ×2 by nearest neighbour, and convolutions of 864, 1152 and 1200 weights beside it: wide, then narrow. */
function narrowing() {
  const b = new GraphBuilder('narrowing');
  const x = b.input('x', [1, 3, 8, 8]);
  const random = randomFrom(1);
  const conv = (name: string, from: typeof x, inputs: number, outputs: number, side = 3) => {
    const weight = Float32Array.from({ length: side ** 2 * inputs * outputs }, () => 0.3 * (random() - 0.5));
    return b.conv(from, b.weight(name, float32(weight, [outputs, inputs, side, side])));
  };
  const deep = conv('third', b.relu(conv('second', b.relu(conv('first', x, 3, 32)), 32, 4)), 4, 12, 5);
  const graph = b.build({ y: b.add(b.resize(x, [2, 2], { mode: 'nearest' }), b.depthToSpace(deep, 2)) });
  const open = (ports: typeof graph.inputs) => ports.map((port) => ({ ...port, shape: ['n', 3, 'h', 'w'] }));
  return { ...graph, inputs: open(graph.inputs), outputs: open(graph.outputs) };
}

test('work is counted in multiply-adds, and where weights come into it', () => {
  const work = workOf(narrowing(), [1, 3, 10, 10]);
  expect(work.multiplyAdds).toBe(100 * (864 + 1152 + 1200));
  expect(Object.fromEntries(work.reached)).toEqual({ first: 864 / 3216, second: 2016 / 3216, third: 1 });
  expect(latterWeights(work, 1 / 3)).toEqual(['third']);
  expect(latterWeights(work, 0.7)).toEqual(['second', 'third']);
  // However much the last one does by itself.
  expect(latterWeights(work, 0)).toEqual(['third']);
});

test('what is too slow for one device is not for another, nor for the most thorough level', () => {
  const graph = narrowing();
  // So many patches that a step of this one takes as long as that of a network ten thousand times as large.
  const recipe = { ...method, ...recipes.standard, batch: 30_000 };
  const share = (device: 'cpu' | 'webgpu', change = {}) =>
    shareOf(graph, [1, 3, 48, 48], { ...recipe, ...change }, device);
  expect(share('cpu')).toEqual({ trainable: { names: ['third'] }, because: 'slow' });
  for (const all of [share('webgpu'), share('cpu', { batch: 4 }), share('cpu', { large: recipes.thorough.large })])
    expect(all).toEqual({ trainable: 'all' });
  expect(share('cpu', { trainable: 'biases-and-norms' })).toEqual({ trainable: 'biases-and-norms' });
  expect(shareNotice(share('cpu'), graph)).toMatch(/a third of the computing, 37 % of the weights\) are matched/);
  expect(shareNotice(share('webgpu'), graph)).toBeNull();
});

describe('a device that has no room for a step', () => {
  const signal = new AbortController().signal;
  const side = 48;
  /** Values by the patch's pixels: 100 in the largest tensor where the second convolution learns, 65 where the third does alone. */
  const bytes = (values: number) => values * side * side * 4;
  const ablation: Ablation = {
    ...{ steps: 3, checkEvery: 1, batch: 2, learningRate: 5e-3, target: 'picture' },
    ...{ unseenAnchor: 0, featureWeight: 0, featureAnchor: 0, pairsWeight: 0 },
  };
  const raster = createRaster(2 * side, side, 3);
  const random = randomFrom(3);
  raster.data.forEach((_, i) => (raster.data[i] = (Math.sin(i / 4) > 0 ? 0.7 : 0.3) + 0.1 * random()));
  const picture = networkPicture(sourceOf(raster));
  let network: Network;
  let options: AblatedOptions;

  beforeAll(async () => {
    const folder = resolve(__dirname, '../../../models');
    const registry = await readRegistry(folder);
    const load = (id: string) => loadNetwork(folder, registry, id);
    const [encoder, reconstructor, features] = await Promise.all(
      ['lway-encoder-x4', 'lway-reconstructor-x2', 'darknet-features'].map(load),
    );
    const networks = { encoder: encoder!, reconstructor: reconstructor!, features: features! };
    options = { level: 'quick', strength: 1, networks, ablation };
    const { entry } = await tinyModel({}, { scale: 2, output: 'y' });
    network = { entry: { ...entry, input: { ...entry.input, name: 'x' } }, bytes: writeGraph(narrowing()) };
  });

  function planned(largestBuffer: number, device: Device = 'cpu', changes: Partial<Plan> = {}) {
    const decided = planAdaptation({ picture, network, options }, device);
    if (isRefusal(decided)) throw new Error('refused');
    const plan = { ...decided, ...changes };
    const layout = layoutOf(network.entry.input);
    const sample = { crops: [], embedding: new Float32Array(0) };
    const material = {
      network: narrowing(),
      layout,
      pairs: null,
      batches: true,
      start: null,
      training: [],
      heldOut: [],
    };
    const { step, share } = learningStep(plan, material, [sample], options.networks, { device, largestBuffer });
    return { parts: step.parts, learns: step.parameters.map(({ name }) => name), because: share.because };
  }

  test('prepares less to learn from where a step takes long', () => {
    const batches = (device: Device) => {
      const given: AblatedOptions = { ...options, level: 'standard', ablation: { batch: 30_000 } };
      const plan = planAdaptation({ picture, network, options: given }, device);
      if (isRefusal(plan)) throw new Error('refused');
      return plan.recipe.trainingBatches;
    };
    expect(batches('webgpu')).toBe(recipes.standard.trainingBatches);
    expect(batches('cpu')).toBe(4);
  });

  test('takes one patch after the other first, then the part that computes last', () => {
    const all = ['first', 'second', 'third'];
    expect(planned(bytes(201))).toEqual({ parts: 1, learns: all });
    expect(planned(bytes(199))).toEqual({ parts: 2, learns: all });
    expect(planned(bytes(101))).toEqual({ parts: 2, learns: all });
    expect(planned(bytes(99))).toEqual({ parts: 2, learns: ['third'], because: 'memory' });
    expect(() => planned(bytes(60))).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });

  test('holds half a gigabyte of values at once in a page, a whole one elsewhere', () => {
    const parts = (device: Device, side: number) => planned(Infinity, device, { side }).parts;
    // Both patches at once, until their values are more than that.
    expect([parts('wasm', 500), parts('wasm', 600)]).toEqual([1, 2]);
    for (const device of ['cpu', 'webgpu'] as const) expect([parts(device, 800), parts(device, 900)]).toEqual([1, 2]);
  });

  test('adapts with what there is room for, and says so', async () => {
    const runtime = cpuRuntime(1);
    const events: EngineEvent[] = [];
    try {
      const limited = Object.assign(Object.create(runtime) as Runtime, { largestBuffer: bytes(99) });
      const onEvent = (event: EngineEvent) => void events.push(event);
      const { weights } = await adapt(signal, limited, { picture, network, options, onEvent });
      const notices = events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
      expect(notices).toEqual([expect.stringMatching(/not enough memory for more/)]);
      const [before, after] = [readGraph(network.bytes), readGraph(weights!)].map(({ initializers }) => initializers);
      const learned = [...before!].filter(([name, { data }]) => `${after!.get(name)!.data}` !== `${data}`);
      expect(learned.map(([name]) => name)).toEqual(['third']);
    } finally {
      await runtime.dispose();
    }
  });
});
