import { resolve } from 'node:path';
import { adaptJob } from '../../../src/engine/jobs/adapt-job';
import type { AblatedOptions } from '../../../src/engine/adaptation';
import type { EngineEvent, UpscaleOptions } from '../../../src/engine/contract';
import { LocalEngine, type Adapt } from '../../../src/engine/jobs/local-engine';
import { loadNetwork, readRegistry } from '../../../src/engine/network/networks.node';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import { ailingRuntime } from '../../support/ailing-runtime';
import { largestDifference, never, noise } from '../raster/support';
import { Collector, sourceOf } from '../upscaling/pictures';
import { tinyModel } from '../upscaling/tiny-networks';

// Whatever stops an adaptation: the picture comes all the same, and the reason is said once.

const folder = resolve(__dirname, '../../../models');
const picture = noise(64, 56, 3, 5);
// Edges under a little noise: something to learn from.
picture.data.forEach((value, i) => {
  const [x, y] = [i % 64, Math.floor(i / 64) % 56];
  picture.data[i] = (Math.sin(x / 4) + Math.cos(y / 3) > 0 ? 0.7 : 0.3) + 0.1 * value;
});
let adapt: AblatedOptions;

beforeAll(async () => {
  const registry = await readRegistry(folder);
  const load = (id: string) => loadNetwork(folder, registry, id);
  const networks = {
    encoder: await load('lway-encoder-x4'),
    reconstructor: await load('lway-reconstructor-x4'),
    features: await load('darknet-features'),
  };
  const ablation = { steps: 1, patch: 24, batch: 1, trainingBatches: 1, heldOutBatches: 1 };
  adapt = { level: 'quick', strength: 1, networks, ablation };
});

type Ail = (inputs: readonly string[], device: Runtime['device']) => void;

/** The native CPU under any name; `ail` may spoil runs, told apart by the names of their inputs. */
function ailing(device: Runtime['device'], ail: Ail): Runtime {
  return ailingRuntime({ before: (feeds) => ail(Object.keys(feeds), device) }, device, `An ailing ${device}`);
}

interface Case {
  ail?: Ail;
  adapt?: Adapt;
  options?: Partial<UpscaleOptions>;
  source?: ReturnType<typeof sourceOf>;
}

async function upscale({ ail = () => undefined, adapt: join = adaptJob, options = {}, source }: Case) {
  const engine = new LocalEngine({
    adapt: join,
    runtimes: {
      fallback: 'cpu',
      open: (device) => Promise.resolve({ runtime: ailing(device === 'auto' ? 'webgpu' : device, ail), notices: [] }),
    },
  });
  const sink = new Collector();
  const events: EngineEvent[] = [];
  try {
    const report = await engine.upscale(never, source ?? sourceOf(picture), sink, {
      network: await tinyModel(),
      size: { scale: 2 },
      device: 'auto',
      onEvent: (event) => events.push(event),
      ...options,
    });
    return { report, sink, events };
  } finally {
    await engine.dispose();
  }
}

const learning = (inputs: readonly string[]) => inputs.includes('weights');

test.each<[string, () => Promise<Case>, string, RegExp]>([
  [
    'an operation without a meaning here',
    async () => ({ options: { network: await tinyModel({ kind: 'unknown' }) } }),
    'bad-graph',
    /LpPool/,
  ],
  [
    'no memory',
    () =>
      Promise.resolve({
        ail: (inputs) => {
          if (learning(inputs)) throw new Error('std::bad_alloc');
        },
      }),
    'out-of-memory',
    /not enough memory for it/,
  ],
  [
    'memory that JavaScript does not get',
    () => Promise.resolve({ adapt: () => Promise.reject(new RangeError('Array buffer allocation failed')) }),
    'out-of-memory',
    /not enough memory for it/,
  ],
  [
    'a device that is lost twice',
    () =>
      Promise.resolve({
        ail: (inputs) => {
          if (learning(inputs)) throw new Error('GPUDevice was lost');
        },
      }),
    'device-lost',
    /stopped while it learned/,
  ],
  [
    'a fault of our own',
    () => Promise.resolve({ adapt: () => Promise.reject(new TypeError('x is not a function')) }),
    'internal',
    /x is not a function/,
  ],
  [
    'an adapted network that gives no picture',
    () =>
      Promise.resolve({
        adapt: async () => ({
          network: await tinyModel({ kind: 'nan' }),
          report: { used: true, steps: 3, improvement: 0.1, message: 'learned', seconds: 1 },
        }),
      }),
    'bad-output',
    /not a number/,
  ],
])('%s', async (_, make, stopped, reason) => {
  const given = await make();
  const began = performance.now();
  const { report, sink } = await upscale({ ...given, options: { adapt, ...given.options } });
  const plain = await upscale({ options: { network: (await make()).options?.network ?? (await tinyModel()) } });
  expect(largestDifference(sink.result.data, plain.sink.result.data)).toBeLessThanOrEqual(1e-5);
  expect(report.adaptation).toMatchObject({ used: false, stopped });
  if (!given.adapt) expect(report.adaptation!.seconds).toBeLessThanOrEqual((performance.now() - began) / 1000);
  const said = report.notices.filter((notice) => notice.startsWith('Matching was not possible'));
  expect(said).toEqual([expect.stringMatching(reason)]);
});

test('a device that is lost once: the fallback learns', async () => {
  const { report, events } = await upscale({
    ail: (inputs, device) => {
      if (learning(inputs) && device === 'webgpu') throw new Error('GPUDevice was lost');
    },
    options: { adapt },
  });
  expect(report.adaptation!.stopped).toBeUndefined();
  expect(report.notices).toContainEqual(expect.stringMatching(/An ailing cpu starts over/));
  // The panel shows which device it is that learns now.
  const said = events.findIndex((event) => event.type === 'notice' && /starts over/.test(event.message));
  expect(events[said + 1]).toMatchObject({ type: 'device', device: 'cpu', name: 'An ailing cpu' });
  expect(events).toContainEqual(expect.objectContaining({ type: 'adaptation', step: 1 }));
});

test('a picture that cannot be read is an error of the picture', async () => {
  const source = { ...sourceOf(picture), read: () => Promise.reject(new Error('damaged')) };
  await expect(upscale({ source, options: { adapt } })).rejects.toThrow('damaged');
});

test('a cancel is a cancel', async () => {
  const abort = new AbortController();
  const join: Adapt = () => {
    abort.abort(new Error('changed my mind'));
    return Promise.reject(new Error('stopped somehow'));
  };
  const engine = new LocalEngine({
    adapt: join,
    runtimes: { fallback: 'cpu', open: () => Promise.resolve({ runtime: cpuRuntime(1), notices: [] }) },
  });
  const job = engine.upscale(abort.signal, sourceOf(picture), new Collector(), {
    network: await tinyModel(),
    size: { scale: 2 },
    device: 'cpu',
    adapt,
  });
  await expect(job).rejects.toThrow('changed my mind');
  await engine.dispose();
});
