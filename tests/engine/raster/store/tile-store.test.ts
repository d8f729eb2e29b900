import fc from 'fast-check';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crop, createRaster } from '../../../../src/engine/raster/planes';
import type { Channels, PictureInfo } from '../../../../src/engine/raster/raster';
import { storageError } from '../../../../src/engine/raster/store/errors';
import { openFileSpill } from '../../../../src/engine/raster/store/file-spill.node';
import type { Spill } from '../../../../src/engine/raster/store/spill';
import { SpillingTileStore } from '../../../../src/engine/raster/store/tile-store';
import { createTileStore } from '../../../../src/engine/raster/store/tile-store.node';
import { planTiles } from '../../../../src/engine/raster/tiles';
import { largestDifference, never, noise } from '../support';

const info = (width: number, height: number, channels: Channels, bitDepth: 8 | 16 | 32): PictureInfo => ({
  width,
  height,
  channels,
  bitDepth,
  encoding: 'display',
});

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'tile-store-test-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a program that ends in the middle leaves no temporary files, on Windows as well', async () => {
  // There an open file keeps its name.
  const platform = Object.getOwnPropertyDescriptor(process, 'platform')!;
  Object.defineProperty(process, 'platform', { ...platform, value: 'win32' });
  const ends: (() => void)[] = [];
  const once = jest.spyOn(process, 'once').mockImplementation((event, run) => {
    if (event === 'exit') ends.push(run);
    return process;
  });
  const place = await mkdtemp(join(folder, 'ended-'));
  await jest.isolateModulesAsync(async () => {
    const { openFileSpill: open } = await import('../../../../src/engine/raster/store/file-spill.node');
    await Promise.all([open(place), open(place)]);
  });
  once.mockRestore();
  Object.defineProperty(process, 'platform', platform);
  const names = readdirSync(place);
  expect(names).toHaveLength(2);
  // One listener for all of them.
  expect(ends).toHaveLength(1);
  // One is gone already.
  await rm(join(place, names[0]!), { recursive: true });
  ends[0]!();
  expect(readdirSync(place)).toEqual([]);
  await rm(place, { recursive: true });
});

test('where open files keep their names they go with the store, and what was lost of them is an error', async () => {
  const platform = Object.getOwnPropertyDescriptor(process, 'platform')!;
  Object.defineProperty(process, 'platform', { ...platform, value: 'win32' });
  const place = await mkdtemp(join(folder, 'named-'));
  try {
    const spill = await openFileSpill(place);
    const block = await spill.put(Uint8Array.of(1, 2, 3, 4));
    expect(await spill.get(block, 1, 2)).toEqual(Uint8Array.of(2, 3));
    const [name] = readdirSync(place);
    await truncate(join(place, name!, 'tiles'), 2);
    await expect(spill.get(block, 0, 4)).rejects.toMatchObject({ code: 'storage' });
    await spill.dispose();
    expect(readdirSync(place)).toEqual([]);
  } finally {
    Object.defineProperty(process, 'platform', platform);
    await rm(place, { recursive: true });
  }
});

describe('tile store', () => {
  test('gives back any part of what was written, from memory and from a file', async () => {
    const shape = fc.record({
      channels: fc.constantFrom<Channels>(1, 2, 3, 4),
      bitDepth: fc.constantFrom<8 | 16 | 32>(8, 16, 32),
      width: fc.integer({ min: 1, max: 50 }),
      height: fc.integer({ min: 1, max: 50 }),
      tile: fc.integer({ min: 3, max: 20 }),
      memory: fc.constantFrom(0, 1000, 1_000_000),
      rect: fc.tuple(
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        fc.nat(49),
        fc.nat(49),
      ),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ channels, bitDepth, width, height, tile, memory, rect: [fx, fy, w, h] }) => {
        const picture = noise(width, height, channels, width * height);
        const store = createTileStore(memory, folder);
        try {
          await store.begin(never, info(width, height, channels, bitDepth));
          const plan = planTiles({ width, height, tile, margin: 0 });
          for (let i = 0; i < plan.count; i++) {
            const { core } = plan.tile(i);
            await store.write(never, core.x, core.y, crop(picture, core));
          }
          await store.end(never);
          expect(store.memoryUsed).toBeLessThanOrEqual(memory);
          const [x, y] = [Math.floor(fx * width), Math.floor(fy * height)];
          const rect = { x, y, width: Math.min(w + 1, width - x), height: Math.min(h + 1, height - y) };
          const error = largestDifference((await store.read(never, rect)).data, crop(picture, rect).data);
          expect(error).toBeLessThanOrEqual({ 8: 0.5 / 255 + 1e-6, 16: 0.5 / 65535 + 1e-6, 32: 0 }[bitDepth]);
        } finally {
          await store.dispose();
        }
      }),
      { numRuns: 60 },
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test('knows what is there, so that a job can go on', async () => {
    const store = createTileStore();
    await store.begin(never, info(8, 4, 1, 8));
    await store.write(never, 0, 0, createRaster(5, 4, 1));
    expect(store.covers({ x: 0, y: 0, width: 5, height: 4 })).toBe(true);
    expect(store.covers({ x: 4, y: 0, width: 2, height: 1 })).toBe(false);
    await expect(store.read(never, { x: 4, y: 0, width: 2, height: 1 })).rejects.toThrow(/not there/);
    await expect(store.end(never)).rejects.toThrow(/do not cover/);
    await expect(store.write(never, 4, 0, createRaster(4, 4, 1))).rejects.toThrow(/overlap/);
    await expect(store.write(never, 5, 0, createRaster(4, 4, 1))).rejects.toThrow(/outside/);
    await store.write(never, 5, 0, createRaster(3, 4, 1));
    await store.end(never);
    await store.dispose();
    await store.dispose();
    await expect(store.read(never, { x: 0, y: 0, width: 1, height: 1 })).rejects.toThrow(/disposed/);
  });

  test('a budget without a spill ends in a sentence', async () => {
    const store = new SpillingTileStore({ memory: 10 });
    await store.begin(never, info(4, 4, 3, 8));
    await expect(store.write(never, 0, 0, createRaster(4, 4, 3))).rejects.toMatchObject({ code: 'out-of-memory' });
  });

  test('an unusable folder is a storage error', async () => {
    const store = createTileStore(0, join(folder, 'missing'));
    await store.begin(never, info(4, 4, 3, 8));
    await expect(store.write(never, 0, 0, createRaster(4, 4, 3))).rejects.toMatchObject({ code: 'storage' });
    await store.dispose();
  });

  test('what is asked of it in the wrong order or size is refused', async () => {
    const store = new SpillingTileStore({ memory: 1000 });
    expect(() => store.info).toThrow(RangeError);
    await expect(store.write(never, 0, 0, createRaster(2, 2, 1))).rejects.toThrow(RangeError);
    await store.begin(never, info(4, 4, 1, 8));
    await expect(store.begin(never, info(4, 4, 1, 8))).rejects.toThrow(RangeError);
    await expect(store.write(never, 0, 0, createRaster(2, 2, 2))).rejects.toThrow(RangeError);
    expect(store.memoryUsed).toBe(0);
    await store.write(never, 0, 0, createRaster(4, 4, 1));
    expect(store.memoryUsed).toBe(16);
  });

  test('once it is disposed of nothing is kept and nothing done', async () => {
    const store = createTileStore(16, folder);
    await store.begin(never, info(8, 4, 1, 8));
    await store.write(never, 0, 0, createRaster(4, 4, 1));
    await store.write(never, 4, 0, createRaster(4, 4, 1));
    await store.dispose();
    expect(store.memoryUsed).toBe(0);
    expect(store.covers({ x: 0, y: 0, width: 1, height: 1 })).toBe(false);
    await expect(store.end(never)).rejects.toThrow('disposed');
    await expect(createTileStore().begin(AbortSignal.abort(new Error('enough')), info(1, 1, 1, 8))).rejects.toThrow(
      'enough',
    );
    const unused = createTileStore();
    await unused.dispose();
    await expect(unused.begin(never, info(1, 1, 1, 8))).rejects.toThrow('disposed');
  });

  test('what is cancelled while the disk is written or read ends there, and the spill is given back once', async () => {
    let during = () => {};
    let disposed = 0;
    const bytes = new Uint8Array(16);
    const spill: Spill = {
      put: async () => (during(), 0),
      get: async () => (during(), bytes),
      dispose: async () => void (disposed += 1),
    };
    const store = new SpillingTileStore({ memory: 0, openSpill: async () => spill });
    await store.begin(never, info(8, 4, 1, 8));
    const cancelling = () => {
      const cancel = new AbortController();
      during = () => cancel.abort(new Error('enough'));
      return cancel.signal;
    };
    await expect(store.write(cancelling(), 0, 0, createRaster(4, 4, 1))).rejects.toThrow('enough');
    expect(store.covers({ x: 0, y: 0, width: 4, height: 4 })).toBe(false);
    during = () => {};
    await store.write(never, 0, 0, createRaster(4, 4, 1));
    const all = { x: 0, y: 0, width: 4, height: 4 };
    await expect(store.read(cancelling(), all)).rejects.toThrow('enough');
    await Promise.all([store.dispose(), store.dispose()]);
    expect(disposed).toBe(1);
  });

  test.each([
    ['disk', { code: 'ENOSPC' }, true],
    ['disk', { code: 'EDQUOT' }, true],
    ['disk', { code: 'EFBIG' }, true],
    ['disk', { code: 'EACCES' }, false],
    ['disk', null, false],
    ['browser', { name: 'QuotaExceededError' }, true],
    ['browser', { name: 'InvalidStateError' }, false],
    ['browser', undefined, false],
  ] as const)('of a %s that says %p: is it full?', (place, cause, full) => {
    const error = storageError(place, cause);
    expect(error).toMatchObject({ code: 'storage', cause });
    expect(/ full/.test(error.message)).toBe(full);
    expect(/browser/.test(error.message)).toBe(place === 'browser');
    // What it is that is not right.
    if (place === 'disk' && !full) expect(error.message).toContain(String(cause?.code ?? null));
  });

  test('a full disk is a storage error that says so', async () => {
    // Linux has a device that is always full; its own error goes through the store's translation.
    const cause = existsSync('/dev/full')
      ? await writeFile('/dev/full', 'x').catch((error: unknown) => error)
      : Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    expect(storageError('disk', cause)).toMatchObject({ code: 'storage', message: expect.stringMatching(/full/) });
  });

  test('a spill that fails later fails the write and leaves what was there readable', async () => {
    const broken: Spill = {
      put: () => Promise.reject(new Error('gone')),
      get: () => Promise.reject(new Error('gone')),
      dispose: () => Promise.resolve(),
    };
    const store = new SpillingTileStore({ memory: 16, openSpill: () => Promise.resolve(broken) });
    await store.begin(never, info(8, 4, 1, 8));
    await store.write(never, 0, 0, createRaster(4, 4, 1));
    await expect(store.write(never, 4, 0, createRaster(4, 4, 1))).rejects.toThrow('gone');
    expect(store.covers({ x: 4, y: 0, width: 4, height: 4 })).toBe(false);
    expect((await store.read(never, { x: 0, y: 0, width: 4, height: 4 })).data).toHaveLength(16);
  });

  test('cancelling rejects with the reason', async () => {
    const controller = new AbortController();
    const store = createTileStore();
    await store.begin(never, info(4, 4, 3, 8));
    controller.abort(new Error('enough'));
    await expect(store.write(controller.signal, 0, 0, createRaster(4, 4, 3))).rejects.toThrow('enough');
    await store.dispose();
  });
});

describe('file spill', () => {
  test('blocks written at once do not meet, and nothing stays behind', async () => {
    const spill = await openFileSpill(folder);
    const blocks = Array.from({ length: 20 }, (_, i) => new Uint8Array(1000 + i * 37).fill(i));
    const numbers = await Promise.all(blocks.map((block) => spill.put(block)));
    for (const [i, block] of blocks.entries()) {
      expect(await spill.get(numbers[i]!, 10, block.length - 10)).toEqual(block.subarray(10));
    }
    // Nothing has a name that could stay behind.
    if (process.platform !== 'win32') expect(readdirSync(folder)).toEqual([]);
    await spill.dispose();
    await spill.dispose();
    expect(readdirSync(folder)).toEqual([]);
    await expect(spill.get(numbers[0]!, 0, 1)).rejects.toMatchObject({ code: 'storage' });
  });
});
