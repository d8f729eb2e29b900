import { packWeights, readGraph, TrainingRun, writeGraph, type TrainingRunOptions } from '../../../src/engine/graph';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { runNative } from './support/native';
import { srvgg } from './support/networks';
import { Random } from './support/random';
import { tinyData, tinyStep } from './support/tiny-step';

const { signal } = new AbortController();
let runtime: Runtime;
beforeAll(() => {
  runtime = cpuRuntime(1);
});
afterAll(() => runtime.dispose());

const runs: TrainingRun[] = [];
afterEach(async () => {
  for (const run of runs.splice(0)) await run.dispose();
});

async function start(options?: TrainingRunOptions, step = tinyStep()): Promise<TrainingRun> {
  const run = await TrainingRun.create(signal, runtime, step, options);
  runs.push(run);
  return run;
}

test('losses are read every so many steps, and fall', async () => {
  const run = await start({ readEvery: 5 });
  const totals: number[] = [];
  for (let i = 1; i <= 30; i++) {
    const losses = await run.step(signal, tinyData(), 1e-2);
    expect(losses === undefined).toBe(i % 5 !== 0);
    if (losses !== undefined) totals.push(losses['total']!);
    if (losses !== undefined) expect(Object.keys(losses)).toEqual(['total', 'squared', 'gradientNorm']);
  }
  expect(run.steps).toBe(30);
  expect(totals).toEqual([...totals].sort((a, b) => b - a));
  expect(totals[5]!).toBeLessThan(0.8 * totals[0]!);
});

test('losses of held-out data are those of the present weights, and teach nothing', async () => {
  const run = await start({ readEvery: 1 });
  await run.step(signal, tinyData(), 1e-2);
  const before = await run.weights();
  const held = await run.evaluate(signal, tinyData());
  expect(Object.keys(held)).toEqual(['total', 'squared']);
  expect(await run.weights()).toEqual(before);
  // A step tells the losses of the weights that it starts from.
  const losses = await run.step(signal, tinyData(), 1e-2);
  expect(losses!['total']!).toBeCloseTo(held['total']!, 6);
});

test('an evaluation gives back what the loss wants to be seen', async () => {
  const step = tinyStep({
    loss: (b, { output, inputs }) => ({
      total: b.mean(b.abs(b.sub(output, inputs['target']!))),
      shown: b.slice(output, [0], [1], [1]),
    }),
  });
  const run = await start({}, step);
  const shown: Float32Array[] = [];
  const data = tinyData();
  await run.evaluate(signal, data, (values) => shown.push(values));
  await run.evaluate(signal, data);
  expect(shown).toHaveLength(1);
  const y = (await runNative(step.network, { x: { data: data.x, dims: [1, 3, 6, 6] } }))['y']!;
  expect(shown[0]).toHaveLength(y.length / 3);
  shown[0]!.forEach((value, i) => expect(value).toBeCloseTo(y[i]!, 5));
});

test('the first step with Adam moves each weight by the learning rate', async () => {
  const step = tinyStep({ optimizer: { type: 'adam' } });
  const run = await start({}, step);
  const before = packWeights(step);
  await run.step(signal, tinyData(), 1e-3);
  const moved = (await run.weights()).map((value, i) => Math.abs(value - before[i]!));
  const full = moved.filter((value) => Math.abs(value - 1e-3) < 2e-5).length;
  expect(full).toBeGreaterThan(0.95 * step.size);
  expect(Math.max(...moved)).toBeLessThan(1.02e-3);
});

test('SGD with momentum learns too, and clipping bounds its first step', async () => {
  const step = tinyStep({ optimizer: { type: 'sgd', momentum: 0.9, clipNorm: 0.01 } });
  const run = await start({ readEvery: 1 }, step);
  const before = packWeights(step);
  const first = await run.step(signal, tinyData(), 0.1);
  const moved = Math.hypot(...(await run.weights()).map((value, i) => value - before[i]!));
  expect(first!['gradientNorm']!).toBeGreaterThan(0.01);
  expect(moved).toBeCloseTo(0.1 * 0.01, 5);
  for (let i = 0; i < 20; i++) await run.step(signal, tinyData(), 0.5);
  const last = await run.step(signal, tinyData(), 0.1);
  expect(last!['total']!).toBeLessThan(first!['total']!);
});

test('what is no number stops the run and leaves the last good weights', async () => {
  const run = await start({ readEvery: 3 });
  await run.step(signal, tinyData(), 1e-2);
  const good = await run.weights();
  const bad = { ...tinyData(), x: tinyData().x.fill(NaN, 7, 8) };
  expect(await run.step(signal, bad, 1e-2)).toBeUndefined();
  // Good data again, but the run has been spoilt: it says so when it is looked at.
  await expect(run.step(signal, tinyData(), 1e-2)).rejects.toMatchObject({ code: 'bad-output' });
  expect(await run.weights()).toEqual(good);
  await run.restore(good);
  for (let i = 0; i < 3; i++) await run.step(signal, tinyData(), 1e-2);
  expect(await run.weights()).not.toEqual(good);
});

test('cancelling before a step does nothing, during a step takes effect when it is done', async () => {
  const run = await start();
  const before = new AbortController();
  before.abort(new Error('before'));
  await expect(run.step(before.signal, tinyData(), 1e-2)).rejects.toThrow('before');
  expect(run.steps).toBe(0);
  const during = new AbortController();
  const pending = run.step(during.signal, tinyData(), 1e-2);
  during.abort(new Error('during'));
  await expect(pending).rejects.toThrow('during');
  expect(run.steps).toBe(1);
  await run.step(signal, tinyData(), 1e-2);
  expect(run.steps).toBe(2);
});

test('one thing at a time, and only with data that fits', async () => {
  const run = await start();
  const pending = run.step(signal, tinyData(), 1e-2);
  await expect(run.weights()).rejects.toMatchObject({ code: 'busy' });
  await pending;
  await expect(run.step(signal, { x: tinyData().x }, 1e-2)).rejects.toMatchObject({ code: 'bad-option' });
  await expect(run.step(signal, tinyData(), NaN)).rejects.toMatchObject({ code: 'bad-option' });
  await expect(run.restore(new Float32Array(3))).rejects.toMatchObject({ code: 'bad-option' });
  await run.dispose();
  await expect(run.weights()).rejects.toMatchObject({ code: 'internal' });
});

test('the exported network is the original with other weights, and takes pictures of any size', async () => {
  const original = srvgg({ features: 4, convs: 1, scale: 2 });
  const run = await start();
  const x = { data: new Random(9).array(3 * 80, 0, 1), dims: [1, 3, 8, 10] };
  const untouched = readGraph(await run.exportNetwork());
  expect((await runNative(untouched, { x }))['y']).toEqual((await runNative(original, { x }))['y']);
  for (let i = 0; i < 10; i++) await run.step(signal, tinyData(), 1e-2);
  const adapted = readGraph(await run.exportNetwork());
  expect([...adapted.initializers.keys()]).toEqual([...readGraph(writeGraph(original)).initializers.keys()]);
  const y = (await runNative(adapted, { x }))['y']!;
  expect(y).toHaveLength(3 * 320);
  expect(y).not.toEqual((await runNative(original, { x }))['y']);
});

describe('a step in parts', () => {
  const twice = (...names: ('x' | 'target')[]) => {
    const [first, second] = [tinyData(5), tinyData(6)];
    return Object.fromEntries(names.map((name) => [name, Float32Array.of(...first[name], ...second[name])]));
  };
  const data = twice('x', 'target');

  test('comes to the same weights and losses as one of all at once, and holds less', async () => {
    const whole = tinyStep({ inputs: { x: [2, 3, 6, 6], target: [2, 3, 12, 12] } });
    const parts = tinyStep({ parts: 2 });
    expect(parts.liveBytes).toBeLessThan(0.7 * whole.liveBytes);
    const [one, other] = [await start({ readEvery: 1 }, whole), await start({ readEvery: 1 }, parts)];
    for (let i = 0; i < 3; i++) {
      const [expected, losses] = [await one.step(signal, data, 1e-3), await other.step(signal, data, 1e-3)];
      for (const [name, value] of Object.entries(expected!)) expect(losses![name]).toBeCloseTo(value, 5);
    }
    const expected = await one.weights();
    (await other.weights()).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
    const held = await other.evaluate(signal, data);
    expect(held['total']).toBeCloseTo((await one.evaluate(signal, data))['total']!, 5);
  });

  test('data that there is one of serves every part; a gradient that is no number stops all', async () => {
    const run = await start({ readEvery: 1 }, tinyStep({ parts: 2 }));
    const before = await run.weights();
    await run.step(signal, { x: data['x']!, target: tinyData(5).target }, 1e-3);
    const after = await run.weights();
    expect(after).not.toEqual(before);
    const spoilt = { ...data, x: data['x']!.slice() };
    spoilt.x[spoilt.x.length - 1] = NaN;
    await expect(run.step(signal, spoilt, 1e-3)).rejects.toMatchObject({ code: 'bad-output' });
    expect(await run.weights()).toEqual(after);
  });
});
