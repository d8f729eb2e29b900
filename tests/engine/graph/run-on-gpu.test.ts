import {
  packWeights,
  TrainingRun,
  type Graph,
  type TrainingStep,
  type TrainingStepOptions,
} from '../../../src/engine/graph';
import { scheduleOf } from '../../../src/engine/graph/optimizer';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import type { InferenceSession, Runtime, SessionOptions, Tensor } from '../../../src/engine/runtime/runtime';
import { runNative } from './support/native';
import { firstFeeds } from './support/slope';
import { tinyData, tinyStep } from './support/tiny-step';

// A training run on a device that keeps tensors for itself: the CPU behind a runtime that gives nothing away, and counts.

const cpu = cpuRuntime(1);
afterAll(() => cpu.dispose());
const { signal } = new AbortController();

class Device {
  /** Tensors that lie on the device and were not disposed yet. */
  readonly live = new Set<object>();
  readonly made: SessionOptions[] = [];
  released = 0;
  /** Called when a session is asked for, with how many there were before. */
  onSession: (before: number) => void = () => undefined;
  onRun: () => void = () => undefined;
  private readonly values = new Map<object, Tensor>();

  readonly runtime = {
    ort: cpu.ort,
    device: 'webgpu',
    deviceName: 'counted',
    createSession: async (model: Uint8Array, options: SessionOptions = {}) => {
      this.onSession(this.made.length);
      this.made.push(options);
      return this.session(await cpu.createSession(model), options.keepOnDevice === true);
    },
    dispose: () => Promise.resolve(),
  } as unknown as Runtime;

  private session(inner: InferenceSession, keeps: boolean): InferenceSession {
    const session = {
      run: async (feeds: Record<string, Tensor>) => {
        this.onRun();
        const known = Object.entries(feeds).map(([name, tensor]) => {
          if (tensor.location !== 'cpu' && !this.live.has(tensor)) throw new Error(`${name} is gone`);
          return [name, this.values.get(tensor) ?? tensor];
        });
        const results = (await inner.run(Object.fromEntries(known) as never)) as Record<string, Tensor>;
        return keeps
          ? Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, this.keep(tensor)]))
          : results;
      },
      release: async () => {
        this.released++;
        await inner.release();
      },
    };
    return session as unknown as InferenceSession;
  }

  private keep(tensor: Tensor): object {
    const kept = {
      location: 'gpu-buffer',
      get data(): never {
        throw new Error('it lies on the device');
      },
      dispose: () => {
        if (!this.live.delete(kept)) throw new Error('disposed twice');
      },
    };
    this.live.add(kept);
    this.values.set(kept, tensor);
    return kept;
  }
}

const loss: TrainingStepOptions['loss'] = (b, { output, inputs }) => ({
  total: b.mean(b.abs(b.sub(output, inputs['target']!))),
  shown: output,
});
const shown = tinyStep({ parts: 2, loss });
const doubled = (): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(tinyData()).map(([name, values]) => [name, Float32Array.of(...values, ...values)]));

describe.each<[string, TrainingStep, () => Record<string, Float32Array>]>([
  ['at once', tinyStep(), tinyData],
  ['in parts', shown, doubled],
])('%s', (_, step, data) => {
  test('nothing but weights, moments and health stays on the device', async () => {
    const device = new Device();
    const run = await TrainingRun.create(signal, device.runtime, step);
    for (let i = 0; i < 3; i++) {
      await run.step(signal, data(), 1e-3, i === 1);
      expect(device.live.size).toBe(4);
    }
    await run.evaluate(signal, data());
    await run.evaluate(signal, data());
    const weights = await run.weights();
    expect(device.live.size).toBe(4);
    await run.restore(weights);
    expect(device.live.size).toBe(0);
    await run.step(signal, data(), 1e-3);
    const sessions = step.parts > 1 ? 4 : 3;
    expect(device.made).toHaveLength(sessions);
    await run.dispose();
    await run.dispose();
    expect([device.live.size, device.released]).toEqual([0, sessions]);
  });

  test('a cancelled or failing step leaves nothing behind either', async () => {
    const device = new Device();
    const run = await TrainingRun.create(signal, device.runtime, step);
    await run.step(signal, data(), 1e-3);
    const before = await run.weights();
    await expect(run.evaluate(AbortSignal.abort(new Error('early')), data())).rejects.toThrow('early');
    expect(device.made).toHaveLength(step.parts > 1 ? 3 : 2);
    const controller = new AbortController();
    device.onRun = () => controller.abort(new Error('enough'));
    await expect(run.step(controller.signal, data(), 1e-3)).rejects.toThrow('enough');
    await expect(run.evaluate(controller.signal, data())).rejects.toThrow('enough');
    expect(device.live.size).toBe(4);
    device.onRun = () => undefined;
    // In parts the step was not done; at once it was over before it could be left.
    expect(run.steps).toBe(step.parts > 1 ? 1 : 2);
    if (step.parts > 1) expect(await run.weights()).toEqual(before);
    await expect(run.step(signal, {}, 1e-3)).rejects.toMatchObject({ code: 'bad-option' });
    expect(device.live.size).toBe(4);
    await run.dispose();
  });

  test('is the same as on a device that shows everything', async () => {
    const onDevice = await TrainingRun.create(signal, new Device().runtime, step, { readEvery: 1 });
    const plain = await TrainingRun.create(signal, cpu, step, { readEvery: 1 });
    for (let i = 0; i < 2; i++) {
      expect(await onDevice.step(signal, data(), 1e-2)).toEqual(await plain.step(signal, data(), 1e-2));
    }
    expect(await onDevice.weights()).toEqual(await plain.weights());
    await onDevice.dispose();
    await plain.dispose();
  });

  test('cancelled while its sessions are made, it frees those that there are', async () => {
    for (const last of [0, 1, 2].slice(0, step.parts > 1 ? 3 : 2)) {
      const device = new Device();
      const controller = new AbortController();
      device.onSession = (before) => before === last && controller.abort(new Error('enough'));
      await expect(TrainingRun.create(controller.signal, device.runtime, step)).rejects.toThrow('enough');
      expect([device.made.length, device.released]).toEqual([last + 1, last + 1]);
    }
    const device = new Device();
    await expect(TrainingRun.create(AbortSignal.abort(new Error('early')), device.runtime, step)).rejects.toThrow(
      'early',
    );
    expect(device.made).toHaveLength(0);
  });
});

test('training sessions keep what they make on the device, the one that reads does not', async () => {
  const device = new Device();
  const run = await TrainingRun.create(signal, device.runtime, shown);
  await run.evaluate(signal, doubled());
  await run.dispose();
  const training = { keepOnDevice: true, training: true };
  expect(device.made).toEqual([{ ...training, asItStands: false }, training, {}, { training: true }]);
});

test('very large graphs are run as they stand', async () => {
  const asItStands = async (count: number): Promise<boolean | undefined> => {
    const node = { name: '', op: 'Identity', inputs: ['x'], outputs: ['y'], attributes: {} };
    const graph: Graph = { ...tinyStep().graph, nodes: new Array(count).fill(node) };
    const made: SessionOptions[] = [];
    const createSession = (_: Uint8Array, options: SessionOptions) => Promise.resolve(void made.push(options));
    const runtime = { ort: cpu.ort, device: 'cpu', createSession } as unknown as Runtime;
    await TrainingRun.create(signal, runtime, { ...tinyStep(), graph });
    return made[0]!.asItStands;
  };
  expect(await asItStands(20_000)).toBe(false);
  expect(await asItStands(20_001)).toBe(true);
});

describe('steps', () => {
  const start = (step = tinyStep()) => TrainingRun.create(signal, cpu, step);

  test('losses are read after every tenth, if nothing else is said', async () => {
    const run = await start();
    for (let i = 1; i <= 20; i++) {
      expect((await run.step(signal, tinyData(), 0)) !== undefined).toBe(i % 10 === 0);
    }
    await run.dispose();
  });

  test('a rate of nothing teaches nothing, one without end is refused', async () => {
    const run = await start();
    const before = await run.weights();
    await run.step(signal, tinyData(), 0);
    expect(await run.weights()).toEqual(before);
    for (const rate of [Infinity, -1e-3]) {
      await expect(run.step(signal, tinyData(), rate)).rejects.toMatchObject({ code: 'bad-option' });
    }
    await run.dispose();
  });

  test('each goes on from the last, and after other weights are given from the beginning', async () => {
    const step = tinyStep({ optimizer: { type: 'adam' } });
    const feeds = firstFeeds(step, {
      x: { data: tinyData().x, dims: [1, 3, 6, 6] },
      target: { data: tinyData().target, dims: [1, 3, 12, 12] },
    });
    const schedule = (at: number) => ({ data: scheduleOf(step.optimizer, at, 1e-2), dims: [3] });
    const first = await runNative(step.graph, { ...feeds, schedule: schedule(1) });
    const state = Object.fromEntries(
      ['weights', 'health', ...step.moments].map((name) => [
        name,
        { data: first[`next.${name}`]!, dims: feeds[name]!.dims },
      ]),
    );
    const second = await runNative(step.graph, { ...feeds, ...state, schedule: schedule(2) });

    const run = await start(step);
    await run.step(signal, tinyData(), 1e-2);
    expect(await run.weights()).toEqual(first['next.weights']);
    await run.step(signal, tinyData(), 1e-2);
    expect(await run.weights()).toEqual(second['next.weights']);
    const own = packWeights(step);
    await run.restore(own);
    own.fill(0);
    expect(await run.weights()).toEqual(packWeights(step));
    await run.step(signal, tinyData(), 1e-2);
    expect(await run.weights()).toEqual(first['next.weights']);
    await run.dispose();
  });

  test('what an evaluation shows is that of the first part, once', async () => {
    const run = await start(shown);
    const seen: Float32Array[] = [];
    const data = doubled();
    data['x']!.fill(0, data['x']!.length / 2);
    await run.evaluate(signal, data, (values) => seen.push(values));
    const alone = await start(tinyStep({ loss }));
    await alone.evaluate(signal, tinyData(), (values) => seen.push(values));
    expect(seen).toHaveLength(2);
    expect(seen[0]).toEqual(seen[1]);
    const without = await start();
    await without.evaluate(signal, tinyData(), (values) => seen.push(values));
    expect(seen).toHaveLength(2);
    for (const each of [run, alone, without]) await each.dispose();
  });
});
