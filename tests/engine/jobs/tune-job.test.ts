import { resolve } from 'node:path';
import { loadEnds } from '../../../src/engine/adaptation';
import { randomFrom } from '../../../src/engine/adaptation/random';
import type { TuningOptions } from '../../../src/engine/contract';
import { sourceOf } from '../../../src/engine/raster/memory-source';
import { createRaster } from '../../../src/engine/raster/planes';
import type { Raster } from '../../../src/engine/raster/raster';
import { loadEstimators } from '../../../src/engine/network/adaptation-networks';
import { loadNetwork, readRegistry } from '../../../src/engine/network/networks.node';
import type { Network, NetworkEntry } from '../../../src/engine/network/registry';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import { tune } from '../../../src/engine/jobs/tune-job';

// The networks that ship: what the embedding says of pictures whose noise is known.

const folder = resolve(__dirname, '../../../models');
const runtime = cpuRuntime(1);
const { signal } = new AbortController();
let network: Network;
let automatic: TuningOptions;

beforeAll(async () => {
  const registry = await readRegistry(folder);
  const load = ({ id }: NetworkEntry) => loadNetwork(folder, registry, id);
  network = await loadNetwork(folder, registry, 'lway-photo-x4');
  automatic = {
    detail: 'auto',
    noise: 'auto',
    blur: 'auto',
    ends: (await loadEnds(registry.models, network.entry, load))!,
    estimators: await loadEstimators(registry.models, load),
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

/** Soft shapes with grain as of scanned film: of brightness, larger than a pixel, `sigma` steps of 8 bits. */
function grainy(sigma: number, side = 96): Raster {
  const [still, noise] = [noisy(0, side), noisy(25, side)];
  const grain = (x: number, y: number) => {
    let sum = 0;
    for (let dy = 0; dy < 3; dy++) {
      for (let dx = 0; dx < 3; dx++) {
        const at = ((y + dy) % side) * side + ((x + dx) % side);
        sum += noise.data[at]! - still.data[at]!;
      }
    }
    return sum / 3;
  };
  const raster = createRaster(side, side, 3);
  raster.data.forEach((_, i) => {
    const [x, y] = [i % side, Math.floor(i / side) % side];
    raster.data[i] = Math.round(255 * Math.min(1, Math.max(0, still.data[i]! + (sigma / 25) * grain(x, y)))) / 255;
  });
  return raster;
}

test('the grain of film is taken for noise, though it is not fine', async () => {
  const [faint, strong] = [await told(grainy(1)), await told(grainy(24))];
  expect(faint.noise).toBe(0);
  expect(strong.estimate!.noise).toBeGreaterThan(6);
  expect(strong.noise).toBeGreaterThan(20);
});

/** A fine, irregular pattern, blurred by a Gaussian of `sigma` pixels as a lens out of focus does. */
function pattern(sigma: number, side = 128): Raster {
  const random = randomFrom(5);
  const sharp = createRaster(side, side, 3);
  const at = (t: Float32Array, y: number, x: number) =>
    t[Math.min(side - 1, Math.max(0, y)) * side + Math.min(side - 1, Math.max(0, x))]!;
  const blocks = Array.from({ length: side * side }, () => random());
  let plane = Float32Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    const size = 2 + (((x >> 5) + (y >> 5)) % 4);
    return 0.15 + 0.7 * blocks[Math.floor(y / size) * side + Math.floor(x / size)]!;
  });
  if (sigma > 0) {
    const reach = Math.ceil(3 * sigma);
    const taps = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)));
    const sum = taps.reduce((a, b) => a + b, 0);
    const along = (dy: number, dx: number) =>
      Float32Array.from(plane, (_, i) => {
        const [x, y] = [i % side, Math.floor(i / side)];
        return taps.reduce((a, tap, k) => a + (tap / sum) * at(plane, y + dy * (k - reach), x + dx * (k - reach)), 0);
      });
    plane = along(1, 0);
    plane = along(0, 1);
  }
  sharp.data.forEach((_, i) => (sharp.data[i] = Math.round(255 * plane[i % (side * side)]!) / 255));
  return sharp;
}

test('a picture out of focus is found blurred, in proportion, and sharpened; a sharp one is not', async () => {
  const [sharp, soft, softer] = [await told(pattern(0)), await told(pattern(0.8)), await told(pattern(1.2))];
  expect(sharp.estimate!.blur).toBeLessThan(soft.estimate!.blur);
  expect(soft.estimate!.blur).toBeLessThan(softer.estimate!.blur);
  expect(sharp.blur).toBe(0);
  expect(softer.blur).toBe(100);
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
  expect(await told(code(0))).toMatchObject({ noise: 0, drawn: 100 });
  expect((await told(code(40))).noise).toBeGreaterThan(20);
});

test('a tiny icon of few colours is drawn by the weights for drawings, so that its colours stay', async () => {
  const icon = createRaster(8, 8, 3);
  icon.data.forEach((_, i) => (icon.data[i] = [0.1, 0.9, 0.4, 0.6][(i * 7 + (i >> 3)) % 4]!));
  expect(await told(icon)).toMatchObject({ noise: 0, blur: 0, drawn: 100 });
  // What is merely dark holds few values as well.
  icon.data.forEach((value, i) => (icon.data[i] = 0.1 * value));
  const dark = await told(icon);
  expect(dark).not.toHaveProperty('drawn');
  expect(dark.estimate).toBeUndefined();
});

test('what the person sets stands, and then no picture is looked at', async () => {
  const set = { ...automatic, detail: 70, noise: 40, blur: 10 };
  const unread = { ...sourceOf(noisy(0), {}), read: () => Promise.reject(new Error('was read')) };
  const { network: mixed, report } = await tune(signal, runtime, network, unread, set);
  expect(report).toEqual({ detail: 70, noise: 40, blur: 10, estimate: undefined });
  expect(mixed.entry.sha256).not.toBe(network.entry.sha256);
});

test('a picture too small to tell gets the network as it came', async () => {
  const report = await told(noisy(25, 12));
  expect(report).toMatchObject({ noise: 0, estimate: undefined });
});

/** Bars and boxes in few colours on white, as charts and screenshots have them. */
function chart(side = 160): Raster {
  const raster = createRaster(side, side, 3);
  const colours = [
    [1, 1, 1],
    [0.1, 0.1, 0.1],
    [0.2, 0.4, 0.8],
    [0.9, 0.3, 0.1],
  ];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const bar = x % 40 > 12 && y > side - 20 - ((x * 37) % 110) && y < side - 12;
      const line = y % 24 === 0 || x === 6;
      const letters = y % 24 > 8 && y % 24 < 15 && (x * 7 + Math.floor(x / 5) * 3) % 6 < 2 && x > side / 2;
      const colour = colours[bar ? 2 + (Math.floor(x / 40) % 2) : line || letters ? 1 : 0]!;
      colour.forEach((value, c) => (raster.data[(c * side + y) * side + x] = value));
    }
  }
  return raster;
}

test('a chart is told from a photograph, and drawn by the weights for drawings', async () => {
  const [drawn, soft] = [await told(chart()), await told(noisy(2, 160))];
  expect(drawn.estimate!.drawn).toBeGreaterThan(0.8);
  expect(drawn.drawn).toBeGreaterThan(30);
  expect(soft.estimate!.drawn).toBeLessThan(0.7);
  expect(soft.drawn).toBe(0);
});

test('who sets Detail is not drawn for; kept weights say their share themselves', async () => {
  const set = await told(chart(), { ...automatic, detail: 80 });
  expect(set).not.toHaveProperty('drawn');
  expect(set.estimate!.drawn).toBeUndefined();
  const kept = await tune(signal, runtime, network, sourceOf(chart(), {}), {
    ...automatic,
    detail: 50,
    noise: 0,
    blur: 0,
    drawn: 40,
  });
  expect(kept.report).toMatchObject({ detail: 50, noise: 0, drawn: 40 });
  expect(kept.network.entry.sha256).not.toBe(network.entry.sha256);
});
