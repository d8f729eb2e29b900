import { float32, writeGraph } from '../../../src/engine/graph';
import { OrtRuntime, type OrtRuntimeOptions } from '../../../src/engine/runtime/ort-runtime';
import type { Device, InferenceSession, Ort, SessionOptions } from '../../../src/engine/runtime/runtime';
import { until } from '../../panel/support';

// What is asked of ONNX Runtime, and when: a runtime that only notes it stands in its place.

function noted(options: Partial<OrtRuntimeOptions> = {}) {
  const asked: InferenceSession.SessionOptions[] = [];
  const said: string[] = [];
  const next: { fails?: unknown; waits?: Promise<void> } = {};
  const create = async (_: Uint8Array, given: InferenceSession.SessionOptions) => {
    const number = asked.push(given);
    said.push(`create ${number}`);
    await next.waits;
    if (next.fails) throw next.fails;
    said.push(`created ${number}`);
    return {
      run: async (...args: unknown[]) => {
        if (next.fails) throw next.fails;
        return args;
      },
      release: async () => {
        said.push(`release ${number}`);
        if (next.fails) throw next.fails;
      },
    };
  };
  const ort = { InferenceSession: { create } } as unknown as Ort;
  const runtime = new OrtRuntime(ort, { device: 'cpu', deviceName: 'A device', ...options });
  return { runtime, asked, said, next };
}

const model = new Uint8Array(1);

test('others get a turn between sessions and runs, also where ONNX Runtime computes on this very thread', async () => {
  const { runtime } = noted();
  const heardAfter = async <T>(work: () => Promise<T>) => {
    let heard = false;
    setTimeout(() => (heard = true));
    // Longer than others are kept waiting; what is noted answers at once.
    for (const began = performance.now(); performance.now() - began < 20;);
    const result = await work();
    expect(heard).toBe(true);
    return result;
  };
  const session = await heardAfter(() => runtime.createSession(model));
  await heardAfter(() => session.run({}));
});

const optionsFor = async (device: Device, options?: SessionOptions, session?: InferenceSession.SessionOptions) => {
  const { runtime, asked } = noted({ device, session });
  await runtime.createSession(model, options);
  return asked[0];
};

test.each<[Device]>([['cpu'], ['wasm'], ['webgpu']])('%s: nothing but the device is asked for', async (device) => {
  expect(await optionsFor(device)).toEqual({ executionProviders: [device], logSeverityLevel: 4 });
});

test.each<[string, Device, SessionOptions, object]>([
  ['dimensions', 'cpu', { dimensions: { height: 8 } }, { freeDimensionOverrides: { height: 8 } }],
  ['training', 'cpu', { training: true }, { enableCpuMemArena: true, enableMemPattern: false }],
  ['as it stands, on a CPU', 'cpu', { asItStands: true }, { graphOptimizationLevel: 'disabled' }],
  ['as it stands, in a page', 'wasm', { asItStands: true }, { graphOptimizationLevel: 'disabled' }],
  ['as it stands, on a GPU', 'webgpu', { asItStands: true }, {}],
  ['results stay', 'webgpu', { keepOnDevice: true }, { preferredOutputLocation: 'gpu-buffer' }],
  [
    'some stay',
    'webgpu',
    { keepOnDevice: ['a', 'b'] },
    { preferredOutputLocation: { a: 'gpu-buffer', b: 'gpu-buffer' } },
  ],
  ['results stay where they are anyway', 'cpu', { keepOnDevice: true }, {}],
  ['no other device', 'webgpu', { noFallback: true }, { extra: { session: { disable_cpu_ep_fallback: '1' } } }],
])('%s', async (_, device, options, expected) => {
  expect(await optionsFor(device, options)).toEqual({
    executionProviders: [device],
    logSeverityLevel: 4,
    ...expected,
  });
});

test('what the package needs is kept, and more can be said of the same', async () => {
  const session = { intraOpNumThreads: 3, enableCpuMemArena: false, extra: { session: { a: '1' }, b: '2' } };
  expect(await optionsFor('cpu', {}, session)).toMatchObject(session);
  expect(await optionsFor('cpu', { noFallback: true, training: true }, session)).toMatchObject({
    intraOpNumThreads: 3,
    enableCpuMemArena: true,
    extra: { session: { a: '1', disable_cpu_ep_fallback: '1' }, b: '2' },
  });
});

test('channels come first for a network that the GPU would compute wrongly, on the GPU only', async () => {
  const faulty = writeGraph({
    name: 'test',
    inputs: [{ name: 'x', type: 'float32', shape: [1, 6, 8, 8] }],
    outputs: [{ name: 'y', type: 'float32', shape: [1, 4, 8, 8] }],
    nodes: [{ name: 'c', op: 'Conv', inputs: ['x', 'w'], outputs: ['y'], attributes: {} }],
    initializers: new Map([['w', float32(new Float32Array(24), [4, 6, 1, 1])]]),
  });
  for (const device of ['webgpu', 'wasm'] as const) {
    const { runtime, asked } = noted({ device });
    await runtime.createSession(faulty);
    const first = [{ name: 'webgpu', preferredLayout: 'NCHW' }];
    expect(asked[0]!.executionProviders).toEqual(device === 'webgpu' ? first : ['wasm']);
  }
});

test('sessions are created one after the other, and one that fails does not stop the next', async () => {
  const { runtime, said, next } = noted();
  let go = () => {};
  next.waits = new Promise((resolve) => (go = resolve));
  const first = runtime.createSession(model);
  const second = runtime.createSession(model);
  await until(() => said.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 2));
  expect(said).toEqual(['create 1']);
  go();
  await Promise.all([first, second]);
  expect(said).toEqual(['create 1', 'created 1', 'create 2', 'created 2']);
  next.fails = new Error('std::bad_alloc');
  await expect(runtime.createSession(model)).rejects.toMatchObject({ code: 'out-of-memory' });
  next.fails = undefined;
  await runtime.createSession(model);
});

test('a session is released once, by whoever comes first', async () => {
  let disposed = 0;
  const { runtime, said, next } = noted({ onDispose: () => void (disposed += 1) });
  const sessions = [await runtime.createSession(model), await runtime.createSession(model)];
  await sessions[0]!.release();
  await sessions[0]!.release();
  expect(said.filter((each) => each.startsWith('release'))).toEqual(['release 1']);
  // One that cannot be released is no reason to keep the others.
  next.fails = new Error('gone');
  await runtime.dispose();
  await runtime.dispose();
  expect(said.filter((each) => each.startsWith('release'))).toEqual(['release 1', 'release 2']);
  expect(disposed).toBe(1);
  await expect(runtime.createSession(model)).rejects.toThrow(/disposed/);
});

test('a session that was asked for before is released as well', async () => {
  const { runtime, said, next } = noted();
  let go = () => {};
  next.waits = new Promise((resolve) => (go = resolve));
  const created = runtime.createSession(model);
  await until(() => said.length === 1);
  const disposed = runtime.dispose();
  go();
  await Promise.all([disposed, created]);
  expect(said).toEqual(['create 1', 'created 1', 'release 1']);
});

test('once the device is lost whatever fails fails for that; it is asked for once', async () => {
  let watched = 0;
  let lose = () => {};
  const deviceLost = () => {
    watched += 1;
    return new Promise<void>((resolve) => (lose = resolve));
  };
  const { runtime, next } = noted({ device: 'webgpu', deviceLost });
  expect(watched).toBe(0);
  const session = await runtime.createSession(model);
  await runtime.createSession(model);
  expect(watched).toBe(1);
  expect(await session.run({ a: 1 } as never, ['b'])).toEqual([{ a: 1 }, ['b']]);
  next.fails = new Error('mapAsync failed');
  await expect(session.run({})).rejects.toMatchObject({ code: 'internal' });
  expect(runtime.lost).toBe(false);
  lose();
  await new Promise((resolve) => setTimeout(resolve));
  expect(runtime.lost).toBe(true);
  await expect(session.run({})).rejects.toMatchObject({ code: 'device-lost' });
  await expect(runtime.createSession(model)).rejects.toMatchObject({ code: 'device-lost' });
});

test('a device that cannot be watched is not taken for lost', async () => {
  const { runtime } = noted({ deviceLost: () => Promise.reject(new Error('no device')) });
  await runtime.createSession(model);
  await new Promise((resolve) => setTimeout(resolve));
  expect(runtime.lost).toBe(false);
});

test('it tells what it computes on', () => {
  expect(noted({ device: 'wasm', deviceName: 'A CPU', largestBuffer: 7 }).runtime).toMatchObject({
    device: 'wasm',
    deviceName: 'A CPU',
    largestBuffer: 7,
  });
});
