import type { EngineEvent, UpscaleOptions } from '../../../src/engine/contract';
import { LocalEngine } from '../../../src/engine/jobs/local-engine';
import { createNodeEngine } from '../../../src/engine/node';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import type { Runtimes } from '../../../src/engine/runtime/runtimes';
import { ailingRuntime } from '../../support/ailing-runtime';
import { largestDifference, never, noise } from '../raster/support';
import { Collector, sourceOf } from './pictures';
import { tinyModel, type TinyOptions } from './tiny-networks';

const engine = createNodeEngine({ threads: 1 });
afterAll(() => engine.dispose());

const picture = noise(64, 48, 3, 9);

async function expected() {
  const sink = new Collector();
  await engine.upscale(never, sourceOf(picture), sink, {
    network: await tinyModel(),
    size: { scale: 2 },
    device: 'cpu',
  });
  return sink.result;
}

/** A GPU with something that goes wrong before a run: `act` gets the sides of the picture. */
function ailing(act: (width: number, height: number) => void): Runtime {
  return ailingRuntime({
    before: (feeds) => {
      const { dims } = Object.values(feeds)[0]!;
      act(dims[3]!, dims[2]!);
    },
  });
}

function withDevices(gpu: Runtime): Runtimes {
  return {
    fallback: 'cpu',
    open: (device) => Promise.resolve({ runtime: device === 'cpu' ? cpuRuntime(1) : gpu, notices: [] }),
  };
}

async function run(runtimes: Runtimes, options: Partial<UpscaleOptions> = {}, tiny: TinyOptions = {}) {
  const events: EngineEvent[] = [];
  const local = new LocalEngine({ runtimes });
  const sink = new Collector();
  try {
    const network = await tinyModel(tiny);
    const job = {
      network,
      size: { scale: 2 },
      device: 'auto' as const,
      onEvent: (event: EngineEvent) => events.push(event),
    };
    const report = await local.upscale(never, sourceOf(picture), sink, { ...job, ...options });
    return { report, result: sink.result, events };
  } finally {
    await local.dispose();
  }
}

describe('what a network or a device can do wrong', () => {
  test.each([
    ['nan', /not a number/],
    ['black', /flat area/],
    ['bright', /brightness/],
  ] as const)('%s instead of a picture is an error, and nothing is called finished', async (kind, message) => {
    const sink = new Collector();
    const notices: string[] = [];
    const job = engine.upscale(never, sourceOf(picture), sink, {
      network: await tinyModel({ kind }),
      size: { scale: 2 },
      device: 'cpu',
      onEvent: (event) => event.type === 'notice' && notices.push(event.message),
    });
    await expect(job).rejects.toMatchObject({ code: 'bad-output', message: expect.stringMatching(message) });
    expect(notices).toEqual([expect.stringMatching(/computed again in smaller parts/)]);
    expect(sink.pieces).toBe(0);
    expect(sink.ended).toBe(false);
  });

  test('a network whose scale is not what was said is an error', async () => {
    const network = await tinyModel({ scale: 3 }, { scale: 2 });
    const job = engine.upscale(never, sourceOf(picture), new Collector(), {
      network,
      size: { scale: 2 },
      device: 'cpu',
    });
    await expect(job).rejects.toMatchObject({ code: 'bad-output', message: expect.stringMatching(/instead of/) });
  });

  test('flat areas may stay flat, and a flat picture is no fault', async () => {
    const flat = { ...picture, data: picture.data.map(() => 0) };
    const sink = new Collector();
    const network = await tinyModel();
    await engine.upscale(never, sourceOf(flat), sink, { network, size: { scale: 2 }, device: 'cpu' });
    expect(sink.ended).toBe(true);
  });

  test('out of memory: the tile is halved, said once, and the picture is the same', async () => {
    const gpu = ailing((width, height) => {
      if (Math.max(width, height) > 40) throw new Error('std::bad_alloc');
    });
    const { report, result, events } = await run(withDevices(gpu), { tile: 60 });
    expect(report).toMatchObject({ device: 'webgpu', tilesRedone: 1 });
    expect(report.notices).toEqual([
      expect.stringMatching(/not enough memory for tiles of 48 pixels; continuing with 24/),
    ]);
    expect(events.filter(({ type }) => type === 'device')).toHaveLength(1);
    expect(largestDifference(result.data, (await expected()).data)).toBeLessThanOrEqual(1e-4);
  });

  test('memory too small for anything: the CPU goes on', async () => {
    const gpu = ailing(() => {
      throw new Error('Failed to allocate memory for requested buffer of size 4294967296');
    });
    const { report, result } = await run(withDevices(gpu));
    expect(report.device).toBe('cpu');
    expect(report.notices.at(-1)).toMatch(/An ailing GPU ran out of memory; continuing on CPU, 1 thread/);
    expect(largestDifference(result.data, (await expected()).data)).toBeLessThanOrEqual(1e-4);
  });

  test('a lost device: the CPU goes on, and it is said', async () => {
    let runs = 0;
    const gpu = ailing(() => {
      if (++runs > 2) throw new Error('GPUDevice was lost');
    });
    const { report, result, events } = await run(withDevices(gpu), { tile: 36 });
    expect(report.device).toBe('cpu');
    expect(report.tilesRedone).toBe(1);
    expect(events.filter(({ type }) => type === 'device')).toEqual([
      { type: 'device', device: 'webgpu', name: 'An ailing GPU' },
      { type: 'device', device: 'cpu', name: 'CPU, 1 thread' },
    ]);
    expect(largestDifference(result.data, (await expected()).data)).toBeLessThanOrEqual(1e-4);
  });

  test('a network that the device cannot run: the CPU goes on, and it is said', async () => {
    const gpu = ailing(() => {
      throw new Error('Non-zero status code returned while running Resize node.');
    });
    const { report, result } = await run(withDevices(gpu));
    expect(report.device).toBe('cpu');
    expect(report.notices).toEqual([
      expect.stringMatching(/An ailing GPU cannot run this network.*Resize.*; continuing on/),
    ]);
    expect(largestDifference(result.data, (await expected()).data)).toBeLessThanOrEqual(1e-4);
  });

  test('a faulty device is found out: halves first, then the CPU', async () => {
    const { report, result } = await run(withDevices(ailing(() => undefined)), { tile: 60 }, { kind: 'good' });
    expect(report.tilesRedone).toBe(0);
    const zeroing = ailingRuntime({ after: ({ enlarged }) => (enlarged!.data as Float32Array).fill(0) });
    const healed = await run(withDevices(zeroing), { tile: 60 });
    expect(healed.report.device).toBe('cpu');
    expect(healed.report.notices).toEqual([
      expect.stringMatching(/flat area.*smaller parts/),
      expect.stringMatching(/An ailing GPU gave a flat area.*continuing on CPU, 1 thread/),
    ]);
    expect(largestDifference(healed.result.data, result.data)).toBeLessThanOrEqual(1e-4);
  });
});

describe('cancelling', () => {
  test('ends within one tile, at every tile', async () => {
    const network = await tinyModel();
    for (let at = 0; ; at++) {
      const abort = new AbortController();
      const sink = new Collector();
      let total = 0;
      const job = engine.upscale(abort.signal, sourceOf(picture), sink, {
        network,
        size: { scale: 2 },
        device: 'cpu',
        tile: 30,
        onEvent: (event) => {
          if (event.type !== 'progress') return;
          total = event.total;
          if (event.done === at) abort.abort(new Error('enough of it'));
        },
      });
      if (at > 0 && at === total) {
        await job.catch(() => undefined);
        break;
      }
      await expect(job).rejects.toThrow('enough of it');
      expect(sink.pieces).toBeLessThanOrEqual(at);
      expect(sink.ended).toBe(false);
      if (at === 5) break;
    }
  });

  test('before the start does nothing, and the next job runs', async () => {
    const sink = new Collector();
    const network = await tinyModel();
    const options = { network, size: { scale: 2 }, device: 'cpu' as const };
    await expect(engine.upscale(AbortSignal.abort(), sourceOf(picture), sink, options)).rejects.toThrow(/abort/i);
    expect(sink.info).toBeNull();
    const [first, second] = [new Collector(), new Collector()];
    const failing = engine.upscale(never, sourceOf(picture), first, { ...options, size: { scale: 99 } });
    const good = engine.upscale(never, sourceOf(picture), second, options);
    await expect(failing).rejects.toMatchObject({ code: 'bad-option' });
    await good;
    expect(second.ended).toBe(true);
  });
});

test.each<[string, Partial<UpscaleOptions>, string]>([
  ['scale below 1', { size: { scale: 0.5 } }, 'bad-option'],
  ['scale that is no number', { size: { scale: NaN } }, 'bad-option'],
  ['half a pixel', { size: { width: 128.5, height: 96 } }, 'bad-option'],
  ['a tile without room', { tile: 4 }, 'bad-option'],
  ['a device of browsers', { device: 'wasm' }, 'no-device'],
])('%s is refused', async (_, options, code) => {
  const sink = new Collector();
  const all = { network: await tinyModel(), size: { scale: 2 }, device: 'cpu' as const, ...options };
  await expect(engine.upscale(never, sourceOf(picture), sink, all)).rejects.toMatchObject({ code });
  expect(sink.info).toBeNull();
});

test('adaptation where there is none is refused', async () => {
  const local = new LocalEngine({
    runtimes: { fallback: 'cpu', open: async () => ({ runtime: cpuRuntime(1), notices: [] }) },
  });
  const sink = new Collector();
  const adapt = { level: 'quick', strength: 1, networks: {} as never } as const;
  const all = { network: await tinyModel(), size: { scale: 2 }, device: 'cpu' as const, adapt };
  await expect(local.upscale(never, sourceOf(picture), sink, all)).rejects.toMatchObject({ code: 'unsupported' });
  expect(sink.info).toBeNull();
  await local.dispose();
});

test('the time left settles', async () => {
  const { Eta } = await import('../../../src/engine/upscaling/eta');
  let now = 0;
  const eta = new Eta(12, 0, () => now);
  const told: (number | undefined)[] = [];
  for (let tile = 0; tile < 12; tile++) {
    // The first tile compiles shaders; the others take two seconds, give or take.
    now += tile === 0 ? 30_000 : tile % 2 === 0 ? 1_800 : 2_200;
    told.push(eta.step());
  }
  expect(told[0]).toBeUndefined();
  told.slice(1).forEach((left, i) => expect(Math.abs(left! - 2 * (10 - i))).toBeLessThanOrEqual(2.1));
  expect(told.at(-1)).toBe(0);
});
