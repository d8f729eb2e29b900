import type { EngineEvent } from '../../../src/engine/contract';
import { LWayError, type ErrorCode } from '../../../src/engine/common/errors';
import type { LoadedNetwork } from '../../../src/engine/network/loaded-network';
import type { Raster } from '../../../src/engine/raster/raster';
import { resize } from '../../../src/engine/raster/resample';
import type { Device } from '../../../src/engine/runtime/runtime';
import { TileRunner, type TileRunnerOptions } from '../../../src/engine/upscaling/tile-runner';
import { largestDifference, never, noise } from '../raster/support';

// One tile on devices that fail in all ways, with a network that repeats pixels: what it must give is known exactly.

const image = noise(40, 30, 3, 3);
const doubled = (picture: Raster) => resize(picture, 2 * picture.width, 2 * picture.height, 'area');
const failed = (code: ErrorCode) => new LWayError(code, `${code} it is`, '');

interface Behaviour {
  device?: Device;
  multipleOf?: number;
  size?: { width: number; height: number };
  /** May throw, or spoil the answer; `runs` were made before. */
  ail?: (picture: Raster, answer: Raster, runs: number) => void;
  /** Freeing it fails as well. */
  stuck?: boolean;
}

function network({ device = 'webgpu', multipleOf = 1, size, ail, stuck = false }: Behaviour = {}) {
  const ran: string[] = [];
  const loaded = {
    ...{ scale: 2, closed: 0, ran },
    runtime: { device, deviceName: `The ${device}` },
    entry: { multipleOf, input: { size } },
    run: async (picture: Raster) => {
      const answer = doubled(picture);
      ran.push(`${picture.width}×${picture.height}`);
      ail?.(picture, answer, ran.length - 1);
      return answer;
    },
    close: async () => {
      loaded.closed += 1;
      if (stuck) throw new Error('stuck');
    },
  };
  return loaded;
}

function runner(first: ReturnType<typeof network>, more: Partial<TileRunnerOptions> & { second?: typeof first } = {}) {
  const { second, ...options } = more;
  const events: EngineEvent[] = [];
  const of = new TileRunner({
    ...{ network: first as unknown as LoadedNetwork, margin: 2, blend: 0, onDeviceLost: 'fallback' },
    openFallback: second ? async () => second as unknown as LoadedNetwork : null,
    onEvent: (event) => void events.push(event),
    ...options,
  });
  const right = async (picture = image) => {
    const result = await of.run(never, picture);
    expect(largestDifference(result.data, doubled(picture).data)).toBeLessThan(1e-6);
  };
  return { of, events, right };
}

test('a tile is run as a whole where it may be, else in parts', async () => {
  const whole = network();
  await runner(whole, { limit: 40 }).right();
  expect(whole.ran).toEqual(['40×30']);
  const parts = network();
  const { of, right, events } = runner(parts, { limit: 39 });
  await right();
  expect(parts.ran.length).toBeGreaterThan(1);
  expect([of.redone, events]).toEqual([0, []]);
});

test.each([
  [{ margin: 3, blend: 0 }, 4, 16],
  [{ margin: 3, blend: 5 }, 4, 28],
  [{ margin: 9, blend: 1 }, 1, 26],
  [{ margin: 2, blend: 4 }, 1, 16],
  [{ margin: 2, blend: 5 }, 1, 20],
])('with %j and multiples of %i, no part is smaller than %i', (options, multipleOf, least) => {
  expect(runner(network({ multipleOf }), { ...options, limit: 1 }).of.largest).toBe(least);
  expect(runner(network({ multipleOf }), { ...options, limit: least + 1 }).of.largest).toBe(least + 1);
});

test('a network of one size has no smaller tiles', async () => {
  const size = { width: 40, height: 30 };
  expect(runner(network({ size }), { limit: 8 }).of.largest).toBe(Infinity);
  const poor = network({
    size,
    ail: () => {
      throw failed('out-of-memory');
    },
  });
  await expect(runner(poor).of.run(never, image)).rejects.toMatchObject({ code: 'out-of-memory' });
  expect(poor.ran).toHaveLength(1);
});

describe('out of memory', () => {
  const above =
    (side: number) =>
    ({ width, height }: Raster) => {
      if (Math.max(width, height) > side) throw failed('out-of-memory');
    };

  test('goes on in halves, which are remembered', async () => {
    const gpu = network({ ail: above(20) });
    const { of, right, events } = runner(gpu);
    await right();
    expect([of.redone, of.largest, gpu.closed, events.length]).toEqual([1, 20, 1, 1]);
    await right();
    expect([of.redone, gpu.closed, events.length]).toEqual([1, 1, 1]);
  });

  test('in quarters as well, and said each time, but counted once', async () => {
    const gpu = network({ ail: above(16) });
    const { of, right, events } = runner(gpu, { margin: 1 });
    await right(noise(64, 50, 3, 4));
    expect([of.redone, of.largest, gpu.closed, events.length]).toEqual([1, 16, 2, 2]);
  });

  test('halves are multiples of what the network needs', async () => {
    const gpu = network({ multipleOf: 8, ail: above(39) });
    const { of, right } = runner(gpu, { margin: 1 });
    await right(noise(56, 40, 3, 4));
    expect(of.largest).toBe(24);
  });

  test('halves of what is there, not of what could be', async () => {
    const gpu = network({ ail: above(20) });
    const { of, right } = runner(gpu, { limit: 1000 });
    await right();
    expect(of.largest).toBe(20);
  });

  test.each<[Device, number | undefined, number]>([
    ['wasm', undefined, 256],
    ['cpu', undefined, 384],
    ['cpu', 100, 100],
    ['cpu', 5, 12],
  ])('however small: %s goes on, in tiles of %p: %i', async (device, limit, largest) => {
    const gpu = network({ ail: above(0), stuck: false });
    const second = network({ device });
    const { of, right, events } = runner(gpu, { second, limit });
    await right();
    expect([of.largest, of.redone, of.runtime.device]).toEqual([largest, 1, device]);
    expect(events.at(-1)).toEqual({ type: 'device', device, name: `The ${device}` });
  });
});

describe('an answer that is not right', () => {
  const spoilt = (times: number) => (_: Raster, answer: Raster, runs: number) => {
    if (runs < times) answer.data[0] = NaN;
  };

  test('is asked for again in halves, and those stay no limit', async () => {
    const gpu = network({ ail: spoilt(1) });
    const { of, right, events } = runner(gpu);
    await right();
    expect([of.redone, events.length, of.largest]).toEqual([1, 1, Infinity]);
    expect(gpu.ran[0]).toBe('40×30');
  });

  test('twice: from the other device, and there once only', async () => {
    const [gpu, cpu] = [network({ ail: spoilt(99), stuck: true }), network({ device: 'cpu' })];
    const { of, right } = runner(gpu, { second: cpu });
    await right();
    expect([of.redone, cpu.ran, gpu.closed]).toEqual([1, ['40×30'], 1]);
    const bad = network({ device: 'cpu', ail: spoilt(99) });
    await expect(runner(network({ ail: spoilt(99) }), { second: bad }).of.run(never, image)).rejects.toMatchObject({
      code: 'bad-output',
    });
    expect(bad.ran).toEqual(['40×30']);
  });

  test('twice without another: an error', async () => {
    const gpu = network({ ail: spoilt(99) });
    await expect(runner(gpu).of.run(never, image)).rejects.toMatchObject({ code: 'bad-output' });
    // As a whole, and in halves once.
    expect(gpu.ran.filter((size) => size === '40×30')).toHaveLength(1);
    const halves = network();
    await runner(halves, { limit: 20 }).right();
    expect(gpu.ran.slice(1)).toEqual(halves.ran);
  });

  test('of a device that took over is not asked for in halves', async () => {
    const gpu = network({
      ail: () => {
        throw failed('device-lost');
      },
    });
    const bad = network({ device: 'cpu', ail: spoilt(99) });
    await expect(runner(gpu, { second: bad }).of.run(never, image)).rejects.toMatchObject({ code: 'bad-output' });
    expect(bad.ran).toEqual(['40×30']);
  });
});

describe('a device that fails', () => {
  const failing = (error: Error) =>
    network({
      ail: () => {
        throw error;
      },
    });

  test.each<ErrorCode>(['device-lost', 'bad-model', 'internal'])('with %s is replaced, once', async (code) => {
    const { of, right, events } = runner(failing(failed(code)), { second: network({ device: 'cpu' }) });
    await right();
    expect(of.redone).toBe(1);
    expect(events.map(({ type }) => type)).toEqual(['notice', 'device']);
    const second = failing(failed(code));
    await expect(runner(failing(failed(code)), { second }).of.run(never, image)).rejects.toMatchObject({ code });
    expect(second.ran).toHaveLength(1);
  });

  test.each<[string, Error, Partial<TileRunnerOptions>]>([
    ['in any other way', failed('storage'), {}],
    ['in a way of our own', new TypeError('x'), {}],
    ['where a new worker begins', failed('device-lost'), { onDeviceLost: 'throw' }],
  ])('%s is not', async (_, error, options) => {
    const second = network({ device: 'cpu' });
    await expect(runner(failing(error), { second, ...options }).of.run(never, image)).rejects.toBe(error);
    expect(second.ran).toEqual([]);
  });

  test('is not asked after a cancel', async () => {
    const gpu = network();
    await expect(runner(gpu).of.run(AbortSignal.abort(), image)).rejects.toMatchObject({ name: 'AbortError' });
    expect(gpu.ran).toEqual([]);
    const abort = new AbortController();
    const slow = network({ ail: () => abort.abort() });
    await expect(runner(slow, { limit: 24 }).of.run(abort.signal, image)).rejects.toMatchObject({ name: 'AbortError' });
    expect(slow.ran).toHaveLength(1);
  });
});
