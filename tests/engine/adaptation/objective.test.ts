import { areaDown } from '../../../src/engine/adaptation/degraders';
import type { FeatureDistance } from '../../../src/engine/adaptation/features';
import { BORDER, dataNames, objective } from '../../../src/engine/adaptation/objective';
import { method, recipes, type FullRecipe } from '../../../src/engine/adaptation/recipe';
import { GraphBuilder } from '../../../src/engine/graph';
import { runNative } from '../graph/support/native';
import { Random } from '../graph/support/random';

// Every term by its number, on pictures of 8 × 8 LR pixels at ×2, against sums written down a second time.

const SIDE = 8;
const SCALE = 2;
const LARGE = SIDE * SCALE;
/** No term by itself: each test switches on what it looks at. */
const none: FullRecipe = {
  ...method,
  ...recipes.standard,
  map: false,
  meansWeight: 0,
  featureWeight: 0,
  pairsWeight: 0,
  unseenAnchor: 0,
  featureAnchor: 0,
};
/** A feature distance whose value is easy to foretell: the mean difference, squared. */
const distance: FeatureDistance = (b, first, second) => b.square(b.sub(b.mean(first), b.mean(second)));

interface Values {
  output: Float32Array;
  x: Float32Array;
  map: Float32Array;
  before: Float32Array;
  pairLow: Float32Array;
  pairHigh: Float32Array;
}

const random = new Random(5);
const picture = (side: number, low = 0.2, high = 0.8) => Float32Array.from(random.array(3 * side * side, low, high));
const values = (): Values => ({
  output: picture(LARGE),
  x: picture(SIDE),
  map: Float32Array.from(random.array(SIDE * SIDE, 0, 1)),
  before: picture(LARGE),
  pairLow: picture(SIDE),
  pairHigh: picture(LARGE),
});

/** Losses by name. The network of the pairs is the nearest-neighbour enlargement plus a tenth. */
async function losses(given: Values, recipe: Partial<FullRecipe>, withCycle = true): Promise<Record<string, number>> {
  const b = new GraphBuilder('objective');
  const large = [1, 3, LARGE, LARGE] as const;
  const small = [1, 3, SIDE, SIDE] as const;
  const output = b.input('output', large);
  const x = b.input('x', small);
  const inputs = {
    [dataNames.target]: x,
    [dataNames.map]: b.input('map', [1, 1, SIDE, SIDE]),
    [dataNames.before]: b.input('before', large),
    [dataNames.pairLow]: b.input('pairLow', small),
    [dataNames.pairHigh]: b.input('pairHigh', large),
  };
  const degrade = withCycle ? (g: GraphBuilder, v: typeof output) => areaDown(g, v, SCALE) : undefined;
  const { total, terms } = objective(
    { ...none, ...recipe },
    SCALE,
    degrade,
    distance,
  )(b, {
    output,
    reconstruction: output,
    inputs,
    network: (low) => b.add(b.resize(low, [SCALE, SCALE], { mode: 'nearest' }), 0.1),
    original: (low) => low,
  });
  // Everything is read, so that each test may feed everything.
  const anchors = b.sum(
    Object.values(inputs)
      .concat(output)
      .map((value) => b.mean(value)),
  );
  const named = Object.fromEntries(Object.entries(terms!).map(([name, value]) => [name, b.reshape(value, [1])]));
  const graph = b.build({ total: b.reshape(total, [1]), ...named, read: b.reshape(anchors, [1]) });
  const dims: Record<string, readonly number[]> = { map: [1, 1, SIDE, SIDE], x: small, pairLow: small };
  const feeds = Object.fromEntries(
    Object.entries(given).map(([name, data]) => [name, { data: data as Float32Array, dims: dims[name] ?? large }]),
  );
  const results = await runNative(graph, feeds);
  return Object.fromEntries(Object.entries(results).map(([name, data]) => [name, data[0]!]));
}

const mean = (array: Iterable<number>) => {
  const all = [...array];
  return all.reduce((a, b) => a + b, 0) / all.length;
};
/** The mean over squares of 2 × 2. */
const reduced = (data: Float32Array) =>
  Float32Array.from({ length: 3 * SIDE * SIDE }, (_, i) => {
    const [x, y, c] = [i % SIDE, Math.floor(i / SIDE) % SIDE, Math.floor(i / SIDE ** 2)];
    const at = (dx: number, dy: number) => data[(c * LARGE + SCALE * y + dy) * LARGE + SCALE * x + dx]!;
    return (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4;
  });
/** Places at least `border` from each side. */
const inside = (side: number, border: number) =>
  Array.from({ length: 3 * side * side }, (_, i) => i).filter((i) => {
    const [x, y] = [i % side, Math.floor(i / side) % side];
    return Math.min(x, y, side - 1 - x, side - 1 - y) >= border;
  });

test('cycle: the mean distance of the result taken down, without the border that sees padding', async () => {
  const given = values();
  const low = reduced(given.output);
  const miss = inside(SIDE, BORDER).map((i) => Math.abs(low[i]! - given.x[i]!));
  const found = await losses(given, {});
  expect(found['cycle']).toBeCloseTo(mean(miss), 5);
  expect(found['disagreement']).toBeCloseTo(mean(miss.map((value) => value ** 2)), 5);
  expect(found['total']).toBeCloseTo(mean(miss), 5);
  // What is left between the borders is one block: the mean of each channel.
  const signed = inside(SIDE, BORDER).map((i) => low[i]! - given.x[i]!);
  const blocks = [0, 1, 2].map((channel) => mean(signed.slice(4 * channel, 4 * channel + 4)));
  expect(found['colours']).toBeCloseTo(mean(blocks.map((value) => value ** 2)), 5);
  const held = await losses(given, { meansWeight: 3, map: true });
  expect(held['means']).toBeCloseTo(mean(blocks.map(Math.abs)), 5);
  expect(held['total']).toBeCloseTo(held['cycle']! + 3 * held['means']!, 5);
});

test('cycle: what is wrong in the border only costs nothing', async () => {
  const given = values();
  given.output = Float32Array.from({ length: 3 * LARGE ** 2 }, () => 0.5);
  given.x = Float32Array.from({ length: 3 * SIDE ** 2 }, () => 0.5);
  const inner = new Set(inside(SIDE, 3));
  given.x.forEach((_, i) => (given.x[i] = inner.has(i) ? 0.5 : 0.9));
  expect((await losses(given, {}))['cycle']).toBeCloseTo(0, 6);
});

test('cycle with M: weighted by it', async () => {
  const given = values();
  const low = reduced(given.output);
  const places = inside(SIDE, BORDER);
  const weight = (i: number) => given.map[i % SIDE ** 2]!;
  const sum = places.reduce((all, i) => all + weight(i) * Math.abs(low[i]! - given.x[i]!), 0);
  const weights = places.reduce((all, i) => all + weight(i), 0);
  const found = await losses(given, { map: true });
  expect(found['cycle']).toBeCloseTo(sum / weights, 5);
  // Not weighted: smooth places must not pay for the others.
  expect(found['disagreement']).toBeCloseTo(mean(places.map((i) => (low[i]! - given.x[i]!) ** 2)), 5);
});

test('features: their distance on the LR grid, times its weight', async () => {
  const given = values();
  const expected = (mean(reduced(given.output)) - mean(given.x)) ** 2;
  const found = await losses(given, { featureWeight: 3 });
  expect(found['features']).toBeCloseTo(expected, 6);
  expect(found['total']).toBeCloseTo(found['cycle']! + 3 * expected, 5);
});

test('unseen: what downscaling sees of a change is free, what it cannot see is not', async () => {
  const given = values();
  const anchored = { unseenAnchor: 8 };
  given.output = given.before.slice();
  expect((await losses(given, anchored, false))['unseen']).toBeCloseTo(0, 6);
  given.output = given.before.map((value) => value + 0.1);
  expect((await losses(given, anchored, false))['unseen']).toBeCloseTo(0, 4);
  // A checker of ±0.1 has no mean over 2 × 2: all of it is unseen. Charbonnier with a slack of one 8-bit step.
  given.output = given.before.map((value, i) => value + ((i + Math.floor(i / LARGE)) % 2 === 0 ? 0.1 : -0.1));
  const slack = 1 / 255;
  const expected = Math.sqrt(0.01 + slack ** 2) - slack;
  const found = await losses(given, anchored, false);
  expect(found['unseen']).toBeCloseTo(expected, 5);
  expect(found['total']).toBeCloseTo(8 * expected, 4);
});

test('grain: the size of what taking down does not see, where M shows no detail; nobody learns from it', async () => {
  const given = values();
  // Detail on the left, none on the right; grain that means over areas do not see, on one side or the other.
  const map = Float32Array.from({ length: SIDE ** 2 }, (_, i) => (i % SIDE < SIDE / 2 ? 1 : 0));
  const grainy = (from: number, to: number) =>
    given.output.map((_, i) => {
      const [x, y] = [i % LARGE, Math.floor(i / LARGE)];
      return 0.5 + (x >= from && x < to ? 0.02 * ((x + y) % 2 === 0 ? 1 : -1) : 0);
    });
  const grain = async (output: Float32Array, seen = map) =>
    (await losses({ ...given, output, map: seen }, {}))['grain'];
  expect(await grain(grainy(0, 6))).toBeCloseTo(0, 6);
  expect(await grain(grainy(10, LARGE))).toBeGreaterThan(0.01);
  expect(await grain(grainy(0, LARGE))).toBeCloseTo(0.02, 6);
  // Half of what counts as detail is half as flat, and weighs as much where there is nothing else.
  expect(await grain(grainy(0, LARGE), map.fill(0.05))).toBeCloseTo(0.02, 6);
  expect(await grain(grainy(0, LARGE), map.fill(0.1))).toBeCloseTo(0, 6);
  // A slope is seen by means over areas.
  const slope = given.output.map((_, i) => 0.3 + 0.4 * ((i % LARGE) / LARGE));
  expect(await grain(slope, map.fill(0))).toBeLessThan(0.004);
  const { total, cycle } = await losses({ ...given, output: grainy(0, LARGE), map: map.fill(0) }, {});
  expect(total).toBeCloseTo(cycle!, 6);
});

test('kept: the feature distance to the unadapted result, times its weight', async () => {
  const given = values();
  const expected = (mean(given.output) - mean(given.before)) ** 2;
  const found = await losses(given, { featureAnchor: 5 }, false);
  expect(found['kept']).toBeCloseTo(expected, 6);
  expect(found['total']).toBeCloseTo(5 * expected, 5);
});

test('pairs: what the network makes of the copy against the picture itself, with the features of both', async () => {
  const given = values();
  const result = Float32Array.from({ length: 3 * LARGE ** 2 }, (_, i) => {
    const [x, y, c] = [i % LARGE, Math.floor(i / LARGE) % LARGE, Math.floor(i / LARGE ** 2)];
    return given.pairLow[(c * SIDE + Math.floor(y / SCALE)) * SIDE + Math.floor(x / SCALE)]! + 0.1;
  });
  const miss = inside(LARGE, 2 * SCALE).map((i) => Math.abs(result[i]! - given.pairHigh[i]!));
  const features = (mean(result.map((value) => Math.min(1, value))) - mean(given.pairHigh)) ** 2;
  const found = await losses(given, { pairsWeight: 2, pairFeatures: 0.5 }, false);
  expect(found['pairs']).toBeCloseTo(mean(miss), 5);
  expect(found['pairFeatures']).toBeCloseTo(features, 6);
  expect(found['total']).toBeCloseTo(2 * mean(miss) + features, 5);
});

test('the standard recipe learns from every term', async () => {
  const found = await losses(values(), { ...method, ...recipes.standard });
  expect(
    Object.keys(found)
      .filter((name) => name !== 'read')
      .sort(),
  ).toEqual(
    [
      'colours',
      'cycle',
      'disagreement',
      'features',
      'grain',
      'kept',
      'means',
      'pairFeatures',
      'pairs',
      'total',
      'unseen',
    ].sort(),
  );
});
