import { resolve } from 'node:path';
import type { AblatedOptions } from '../../../src/engine/adaptation';
import type { SeriesEngine, TuningOptions, UpscaleOptions } from '../../../src/engine/contract';
import { readGraph } from '../../../src/engine/graph';
import { loadEstimators } from '../../../src/engine/network/adaptation-networks';
import { createNodeEngine } from '../../../src/engine/node';
import { randomFrom } from '../../../src/engine/adaptation/random';
import { sourceOf } from '../../../src/engine/raster/memory-source';
import { createRaster, plane } from '../../../src/engine/raster/planes';
import type { PictureInfo, PixelSink, Raster } from '../../../src/engine/raster/raster';
import { loadNetwork, readRegistry } from '../../../src/engine/network/networks.node';
import { tinyModel } from '../upscaling/tiny-networks';

const folder = resolve(__dirname, '../../../models');
const signal = new AbortController().signal;
let engine: SeriesEngine;
let adapt: AblatedOptions;

beforeAll(async () => {
  const registry = await readRegistry(folder);
  const [encoder, reconstructor, features] = await Promise.all(
    ['lway-encoder-x4', 'lway-reconstructor-x4', 'darknet-features'].map((id) => loadNetwork(folder, registry, id)),
  );
  const ablation = {
    steps: 2,
    patch: 24,
    batch: 1,
    trainingBatches: 2,
    heldOutBatches: 1,
    learningRate: 1e-3,
    unseenAnchor: 0.5,
  };
  const networks = { encoder: encoder!, reconstructor: reconstructor!, features: features! };
  adapt = { level: 'quick', strength: 1, networks, ablation };
  engine = createNodeEngine();
});

afterAll(() => engine.dispose());

/** Keeps what the engine writes. */
function memorySink(): PixelSink & { result(): Raster } {
  let result: Raster;
  return {
    begin: async (_, { width, height, channels }) => void (result = createRaster(width, height, channels)),
    write: async (_, x, y, piece) => {
      for (let channel = 0; channel < piece.channels; channel++) {
        for (let row = 0; row < piece.height; row++) {
          const from = (channel * piece.height + row) * piece.width;
          const to = (channel * result.height + y + row) * result.width + x;
          result.data.set(piece.data.subarray(from, from + piece.width), to);
        }
      }
    },
    end: async () => undefined,
    result: () => result,
  };
}

function detailed(channels: 1 | 2 | 3 | 4): Raster {
  const raster = createRaster(64, 56, channels);
  const random = randomFrom(3);
  raster.data.forEach((_, i) => {
    const [x, y] = [i % 64, Math.floor(i / 64) % 56];
    raster.data[i] = (Math.sin(x / 4) + Math.cos(y / 3) > 0 ? 0.7 : 0.3) + 0.1 * random();
  });
  if (channels === 2 || channels === 4) plane(raster, channels - 1).fill(1);
  return raster;
}

async function upscaled(raster: Raster, options: UpscaleOptions, info: Partial<PictureInfo> = {}) {
  const sink = memorySink();
  const report = await engine.upscale(signal, sourceOf(raster, info), sink, options);
  return { report, result: sink.result() };
}

test.each([
  ['gray', 1, {}],
  ['RGB with alpha, 16 bit', 4, { bitDepth: 16 }],
  ['linear light', 3, { encoding: 'linear', bitDepth: 32 }],
] as const)('a layer of any kind is adapted to and upscaled: %s', async (_, channels, info) => {
  const network = await tinyModel();
  const { report, result } = await upscaled(
    detailed(channels),
    { network, size: { scale: 2 }, device: 'cpu', adapt },
    info,
  );
  expect(report.adaptation).toMatchObject({ used: true, frozen: [] });
  expect(result).toMatchObject({ width: 128, height: 112, channels });
});

test.each([
  ['half precision', { type: 'FLOAT16' }],
  ['BGR, 0..255', { channels: 'BGR', white: 255 }],
] as const)('weights that were kept serve again, in any strength: %s', async (_, kind) => {
  const network = await tinyModel(kind);
  const options: UpscaleOptions = { network, size: { scale: 2 }, device: 'cpu' };
  const first = await upscaled(detailed(3), { ...options, adapt });
  const { weights } = first.report.adaptation!;
  const again = await upscaled(detailed(3), { ...options, weights });
  const half = await upscaled(detailed(3), { ...options, weights, strength: 0.5 });
  const none = await upscaled(detailed(3), options);
  expect(distance(again.result, first.result)).toBeLessThan(1e-5);
  expect(distance(none.result, first.result)).toBeGreaterThan(1e-4);
  expect(distance(half.result, first.result)).toBeGreaterThan(1e-5);
  expect(distance(half.result, none.result)).toBeGreaterThan(1e-5);
});

test('weights in half precision serve a network in half precision', async () => {
  const network = await tinyModel({ type: 'FLOAT16' });
  const options: UpscaleOptions = { network, size: { scale: 2 }, device: 'cpu' };
  const plain = await upscaled(detailed(3), options);
  // A copy: of the very same bytes the network that is loaded already would be taken.
  const own = await upscaled(detailed(3), { ...options, weights: network.bytes.slice() });
  expect(distance(own.result, plain.result)).toBeLessThan(1e-5);
});

test('a fully transparent layer has nothing to learn from, and stays transparent', async () => {
  const raster = detailed(4);
  plane(raster, 3).fill(0);
  const { report, result } = await upscaled(raster, {
    network: await tinyModel(),
    size: { scale: 2 },
    device: 'cpu',
    adapt,
  });
  expect(report.adaptation).toMatchObject({ used: false });
  expect(Math.max(...plane(result, 3))).toBe(0);
});

// What drawings lose by matching: docs/quality-more.md, "Drawings and matching".
test.each([
  ['of weights for drawings there is less than a third', 32, undefined, true],
  ['a third of the weights and more is for drawings', 34, undefined, false],
  ['the network itself is for drawings', 0, true, false],
])('learned, alone or from a series, or left alone: %s', async (_, drawn, forDrawings, used) => {
  const { entry, bytes } = await tinyModel();
  const network = { entry: { ...entry, forDrawings }, bytes };
  const tuning = { detail: 100, noise: 0, blur: 0, drawn, ends: {} };
  const raster = detailed(3);
  const { report } = await upscaled(raster, { network, size: { scale: 2 }, device: 'cpu', adapt, tuning });
  const series = await engine.adapt(signal, [sourceOf(raster)], { network, device: 'cpu', adapt, tuning });
  for (const adaptation of [report.adaptation!, series]) {
    expect(adaptation.used).toBe(used);
    if (!used) expect(adaptation.message).toMatch(/drawings/);
  }
});

test('of what is told as drawn, half of what was learned is kept, alone and from a series', async () => {
  const { entry, bytes } = await tinyModel();
  // Nothing is mixed in, however drawn it is: the weights are those of a photograph.
  const network = { entry: { ...entry, ends: { drawn: { model: 'other', drawn: [2, 3] as const } } }, bytes };
  // Of eight values: that was drawn.
  const raster = detailed(3);
  raster.data.forEach((value, i) => (raster.data[i] = Math.round(7 * value) / 7));
  const { models } = await readRegistry(folder);
  const estimators = (await loadEstimators(models, async ({ id }) =>
    loadNetwork(folder, await readRegistry(folder), id),
  ))!;
  const learned = async (tuning: TuningOptions) => {
    const { report } = await upscaled(raster, { network, size: { scale: 2 }, device: 'cpu', adapt, tuning });
    const series = await engine.adapt(signal, [sourceOf(raster)], { network, device: 'cpu', adapt, tuning });
    return [report.adaptation!, series].map(({ weights }) => valuesOf(weights!));
  };
  const set = { detail: 'auto', noise: 0, blur: 0, ends: {} } as const;
  const [whole] = await learned(set);
  const before = valuesOf(bytes);
  for (const half of await learned({ ...set, estimators })) {
    half.forEach((value, i) => expect(value).toBeCloseTo((before[i]! + whole![i]!) / 2, 6));
  }
  expect(Math.max(...whole!.map((value, i) => Math.abs(value - before[i]!)))).toBeGreaterThan(1e-4);
});

/** All weights of a network. */
function valuesOf(bytes: Uint8Array): number[] {
  const tensors = [...readGraph(bytes).initializers.values()].filter(({ type }) => type === 'float32');
  return tensors.flatMap(({ data }) => [...(data as Float32Array)]);
}

/** Largest difference of two rasters. */
function distance(a: Raster, b: Raster): number {
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!)), 0);
}
