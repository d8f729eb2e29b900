import { cropGrid, detailOf, readCrops } from '../../../src/engine/adaptation/crops';
import { choosePatches, evenSide } from '../../../src/engine/adaptation/patches';
import { randomFrom, shuffled } from '../../../src/engine/adaptation/random';
import { learningRateAt, recipes } from '../../../src/engine/adaptation/recipe';
import { agreesAlready, standsBy, StopRule } from '../../../src/engine/adaptation/stop';
import { createRaster, crop } from '../../../src/engine/raster/planes';
import type { Raster } from '../../../src/engine/raster/raster';

const signal = new AbortController().signal;

/** A picture whose left half is flat and whose right half is a fine checker. */
function halfChecker(width: number, height: number): Raster {
  const raster = createRaster(width, height, 3);
  for (let i = 0; i < raster.data.length; i++) {
    const x = i % width;
    const y = Math.floor(i / width) % height;
    raster.data[i] = x < width / 2 ? 0.5 : (x + y) % 2 === 0 ? 0.2 : 0.8;
  }
  return raster;
}

const pictureOf = (raster: Raster) => ({
  width: raster.width,
  height: raster.height,
  read: async (_: AbortSignal, rect: Parameters<typeof crop>[1]) => crop(raster, rect),
});

test('random numbers repeat with their seed and fill 0..1', () => {
  const first = Array.from({ length: 1000 }, randomFrom(7));
  expect(Array.from({ length: 1000 }, randomFrom(7))).toEqual(first);
  expect(Array.from({ length: 1000 }, randomFrom(8))).not.toEqual(first);
  expect(Math.min(...first)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...first)).toBeLessThan(1);
  expect(first.reduce((a, b) => a + b) / 1000).toBeCloseTo(0.5, 1);
  expect(shuffled([1, 2, 3, 4, 5], randomFrom(1)).sort()).toEqual([1, 2, 3, 4, 5]);
});

test('random numbers are those of mulberry32', () => {
  const random = randomFrom(1);
  expect([random(), random(), random()]).toEqual([0.6270739405881613, 0.002735721180215478, 0.5274470399599522]);
  const draws = [0.99, 0.3, 0.5];
  // The last is swapped with itself, then the third with the first, then the second with itself.
  expect(shuffled(['a', 'b', 'c', 'd'], () => draws.shift()!)).toEqual(['c', 'b', 'a', 'd']);
});

test.each([
  [1000, 700],
  [160, 160],
  [161, 330],
  [17, 900],
  [1, 1],
])('crops of a %i × %i picture lie inside it and do not overlap', (width, height) => {
  const rects = cropGrid(width, height, 24, randomFrom(1));
  expect(rects.length).toBeGreaterThanOrEqual(1);
  expect(rects.length).toBeLessThanOrEqual(24);
  for (const [i, a] of rects.entries()) {
    expect(a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height).toBe(true);
    for (const b of rects.slice(i + 1)) {
      const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
      expect(apart).toBe(true);
    }
  }
});

test('the map over all crops ranks detail across the picture, for odd heights too', async () => {
  const raster = halfChecker(320, 161);
  const crops = await readCrops(signal, pictureOf(raster), cropGrid(320, 161, 24, randomFrom(1)));
  const means = crops.map(({ rect, map }) => ({ x: rect.x, mean: map.data.reduce((a, b) => a + b) / map.data.length }));
  expect(means.find(({ x }) => x === 0)!.mean).toBeCloseTo(0, 5);
  expect(means.find(({ x }) => x === 160)!.mean).toBeGreaterThan(0.9);
  expect(crops[0]!.map.height).toBe(crops[0]!.pixels.height);
});

test('patches are taken where there is detail, and none is both learned from and held out', async () => {
  const raster = halfChecker(640, 480);
  const crops = await readCrops(signal, pictureOf(raster), cropGrid(640, 480, 24, randomFrom(1)));
  const { training, heldOut } = choosePatches(crops, 48, { training: 12, heldOut: 4 }, randomFrom(2));
  expect(training).toHaveLength(12);
  expect(heldOut).toHaveLength(4);
  for (const { pixels } of [...training, ...heldOut]) expect(new Set(pixels.data).size).toBeGreaterThan(1);
});

test('chosen uniformly, flat places take part as well', async () => {
  const raster = halfChecker(640, 480);
  const crops = await readCrops(signal, pictureOf(raster), cropGrid(640, 480, 24, randomFrom(1)));
  const { training } = choosePatches(crops, 48, { training: 24, heldOut: 8 }, randomFrom(2), 'uniform');
  const flat = training.filter(({ pixels }) => new Set(pixels.data).size === 1).length;
  expect(flat).toBeGreaterThan(6);
  expect(flat).toBeLessThan(18);
});

test('a picture that holds a single patch still gives both kinds', async () => {
  const raster = halfChecker(50, 50);
  const crops = await readCrops(signal, pictureOf(raster), cropGrid(50, 50, 24, randomFrom(1)));
  const { training, heldOut } = choosePatches(crops, 48, { training: 3, heldOut: 2 }, randomFrom(2));
  expect(training).toHaveLength(3);
  expect(heldOut).toHaveLength(2);
});

test('of four places the second richest is held out: the poorest says nothing about the others', async () => {
  const [poorest, ...others] = [0.02, 0.1, 0.2, 0.4];
  const quarters = [others[0]!, poorest!, others[2]!, others[1]!];
  const raster = createRaster(64, 64, 3);
  for (let i = 0; i < raster.data.length; i++) {
    const [x, y] = [i % 64, Math.floor(i / 64) % 64];
    const contrast = quarters[2 * Math.floor(y / 32) + Math.floor(x / 32)]!;
    raster.data[i] = 0.5 + ((x + y) % 2 === 0 ? contrast : -contrast);
  }
  const crops = await readCrops(signal, pictureOf(raster), cropGrid(64, 64, 24, randomFrom(1), 32));
  const { training, heldOut } = choosePatches(crops, 32, { training: 24, heldOut: 8 }, randomFrom(2));
  const contrastsOf = (patches: typeof training) =>
    [...new Set(patches.map(({ pixels }) => Math.max(...pixels.data) - 0.5))].map((value) => value.toFixed(2)).sort();
  expect(contrastsOf(heldOut)).toEqual(['0.20']);
  expect(contrastsOf(training)).toEqual(['0.02', '0.10', '0.40']);
});

test('noise and detail are measured apart', async () => {
  const random = randomFrom(3);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const noisy = createRaster(160, 160, 3);
  for (let i = 0; i < noisy.data.length; i++) noisy.data[i] = 0.5 + 0.05 * normal();
  const crops = await readCrops(signal, pictureOf(noisy), cropGrid(160, 160, 1, random));
  const { noise, contrast, detail } = detailOf(crops);
  expect(noise).toBeCloseTo(0.05, 2);
  expect(contrast).toBeCloseTo(0.05, 2);
  expect(detail).toBeCloseTo(0.05, 2);
});

test('the stop rule keeps the best and stops when patience is out', () => {
  const rule = new StopRule(1, 2, 0);
  expect(rule.check(2, 0.9)).toEqual({ best: true, stop: false });
  expect(rule.check(4, 0.95)).toEqual({ best: false, stop: false });
  expect(rule.check(6, 0.8)).toEqual({ best: true, stop: false });
  expect(rule.check(8, 0.81)).toEqual({ best: false, stop: false });
  expect(rule.check(10, 0.82)).toEqual({ best: false, stop: true });
  expect(rule.bestAt).toBe(6);
  expect(rule.improvement).toBeCloseTo(0.2, 10);
  const hopeless = new StopRule(1, 3, 0);
  expect(hopeless.check(1, NaN)).toEqual({ best: false, stop: true });
  expect(hopeless.improvement).toBe(0);
});

test('the stop rule does not stop while the anchors are still rising', () => {
  const rule = new StopRule(1, 1, 6);
  expect(rule.check(2, 1.2)).toEqual({ best: false, stop: false });
  expect(rule.check(4, 1.1)).toEqual({ best: false, stop: false });
  expect(rule.check(6, 1.01)).toEqual({ best: false, stop: true });
});

test('the stop rule: what is as low as before is neither better nor on its way; from nothing, nothing is won', () => {
  const rule = new StopRule(0.5, 2, 0);
  expect(rule.check(1, 0.5)).toEqual({ best: false, stop: false });
  expect(rule.check(2, 0.25)).toEqual({ best: true, stop: false });
  expect(rule.improvement).toBe(0.5);
  expect(rule.check(3, 0.25)).toEqual({ best: false, stop: false });
  expect(rule.check(4, 0.25)).toEqual({ best: false, stop: true });
  const perfect = new StopRule(0, 1, 0);
  expect(perfect.check(1, 0)).toEqual({ best: false, stop: true });
  expect(perfect.improvement).toBe(0);
});

test('agrees: to within one step of 8 bits, where that is known', () => {
  const within = (steps: number) => agreesAlready({ total: 1, disagreement: (steps / 255) ** 2 });
  expect([within(0.999), within(1.001), agreesAlready({ total: 0 })]).toEqual([true, false, false]);
});

test('a network that clearly agrees less with the picture does not stand', () => {
  const before = { total: 1, cycle: 0.5, disagreement: 0.2 };
  expect(standsBy(before, { total: 0.6, disagreement: 0.215 })).toBe(true);
  expect(standsBy(before, { total: 0.6, disagreement: 0.225 })).toBe(false);
  expect(standsBy({ total: 1 }, { total: 0.9 })).toBe(true);
  // What was not measured was nothing.
  expect(standsBy(before, { total: 0.6 })).toBe(true);
  expect(standsBy({ total: 1 }, { total: 0.6, disagreement: 0.5 })).toBe(false);
});

test('flat places must stay flat: a sixth more grain than before is too much, where there is any to speak of', () => {
  const [before, agreeing] = [{ total: 1, grain: 0.01 }, { total: 0.6 }];
  expect(standsBy(before, { ...agreeing, grain: 0.0115 })).toBe(true);
  expect(standsBy(before, { ...agreeing, grain: 0.0117 })).toBe(false);
  expect(standsBy(before, { ...agreeing, grain: 0 })).toBe(true);
  const flat = { total: 1, grain: 0 };
  expect(standsBy(flat, { ...agreeing, grain: 0.009 / 255 })).toBe(true);
  expect(standsBy(flat, { ...agreeing, grain: 0.02 / 255 })).toBe(false);
});

test('what does not stand is never the best, and does not stop the learning as long as the loss falls', () => {
  const rule = new StopRule(1, 1, 0);
  expect(rule.check(2, 0.8, false)).toEqual({ best: false, stop: false });
  expect(rule.check(4, 0.7, false)).toEqual({ best: false, stop: false });
  expect(rule.check(6, 0.6)).toEqual({ best: true, stop: false });
  expect(rule.check(8, 0.65, false)).toEqual({ best: false, stop: true });
  expect([rule.bestAt, rule.improvement]).toEqual([6, 0.4]);
});

test('small pictures are divided evenly, large ones into patches of the usual side', () => {
  expect(evenSide(128, 48)).toBeCloseTo(42.67, 2);
  expect(evenSide(48, 48)).toBe(48);
  expect(evenSide(20, 48)).toBe(20);
  expect(evenSide(1000, 48)).toBe(48);
  for (let length = 16; length < 400; length++) expect(evenSide(length, 48)).toBeLessThanOrEqual(48);
});

test('the learning rate rises, then falls to a tenth', () => {
  const standard = { ...recipes.standard, steps: 12 };
  expect(learningRateAt(standard, 0)).toBeCloseTo(standard.learningRate / 4, 12);
  expect(learningRateAt(standard, 3)).toBeGreaterThan(0.8 * standard.learningRate);
  expect(learningRateAt(standard, standard.steps)).toBeCloseTo(standard.learningRate / 10, 12);
});
