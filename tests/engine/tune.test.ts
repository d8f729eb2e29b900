import { resolve } from 'node:path';
import { loadEnds } from '../../src/engine/adaptation';
import { randomFrom } from '../../src/engine/adaptation/random';
import type { TuningOptions } from '../../src/engine/engine';
import { sourceOf } from '../../src/engine/raster/memory-source';
import { createRaster } from '../../src/engine/raster/planes';
import type { Raster } from '../../src/engine/raster/raster';
import { estimateNetworks } from '../../src/engine/network/adaptation-networks';
import { loadNetwork, readRegistry } from '../../src/engine/network/networks.node';
import type { Network, NetworkEntry } from '../../src/engine/network/registry';
import { cpuRuntime } from '../../src/engine/runtime/runtime.node';
import { tune } from '../../src/engine/tune-job';

// The networks that ship: what the embedding says of pictures whose noise is known.

const folder = resolve(__dirname, '../../models');
const runtime = cpuRuntime(1);
const { signal } = new AbortController();
let network: Network;
let automatic: TuningOptions;

beforeAll(async () => {
  const registry = await readRegistry(folder);
  const load = ({ id }: NetworkEntry) => loadNetwork(folder, registry, id);
  const { encoder, readOut } = estimateNetworks(registry.models)!;
  network = await loadNetwork(folder, registry, 'lway-photo-x4');
  automatic = {
    detail: 'auto',
    noise: 'auto',
    ends: (await loadEnds(registry.models, network.entry, load))!,
    encoder: await load(encoder),
    readOut: await load(readOut),
  };
});

afterAll(() => runtime.dispose());

/** Soft shapes with noise of `sigma` steps of 8 bits. */
function noisy(sigma: number, side = 96): Raster {
  const random = randomFrom(7);
  const raster = createRaster(side, side, 3);
  raster.data.forEach((_, i) => {
    const [x, y] = [i % side, Math.floor(i / side) % side];
    const shape = 0.5 + 0.25 * Math.sin(x / 9) * Math.cos(y / 11);
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    raster.data[i] = Math.round(255 * Math.min(1, Math.max(0, shape + (sigma / 255) * normal))) / 255;
  });
  return raster;
}

const told = async (raster: Raster, options: TuningOptions = automatic) =>
  (await tune(signal, runtime, network, sourceOf(raster, {}), options)).report;

test('a noisy picture is found noisier than a clean one, and cleaned', async () => {
  const [clean, strong] = [await told(noisy(0)), await told(noisy(25))];
  expect(strong.estimate!.noise).toBeGreaterThan(clean.estimate!.noise + 8);
  expect(clean.noise).toBe(0);
  expect(strong.noise).toBeGreaterThan(20);
});

test('modules of a code are not taken for noise; noise on them is', async () => {
  const code = (sigma: number) => {
    const random = randomFrom(3);
    const modules = Array.from({ length: 32 * 32 }, () => (random() < 0.5 ? 0.1 : 0.9));
    const raster = noisy(sigma, 32);
    const [still, drawn] = [noisy(0, 32), createRaster(32, 32, 3)];
    drawn.data.forEach((_, i) => (drawn.data[i] = modules[i % 1024]! + raster.data[i]! - still.data[i]!));
    return drawn;
  };
  expect((await told(code(0))).noise).toBe(0);
  expect((await told(code(25))).noise).toBeGreaterThan(20);
});

test('what the person sets stands, and then no picture is looked at', async () => {
  const set = { ...automatic, detail: 70, noise: 40 };
  const unread = { ...sourceOf(noisy(0), {}), read: () => Promise.reject(new Error('was read')) };
  const { network: mixed, report } = await tune(signal, runtime, network, unread, set);
  expect(report).toEqual({ detail: 70, noise: 40, estimate: undefined });
  expect(mixed.entry.sha256).not.toBe(network.entry.sha256);
});

test('a picture too small to tell gets the network as it came', async () => {
  const report = await told(noisy(25, 12));
  expect(report).toMatchObject({ noise: 0, estimate: undefined });
});
