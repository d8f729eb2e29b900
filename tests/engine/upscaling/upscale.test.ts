import type { UpscaleOptions } from '../../../src/engine/contract';
import { LocalEngine } from '../../../src/engine/jobs/local-engine';
import { plane } from '../../../src/engine/raster/planes';
import type { PictureInfo, PixelSource, Raster, Rect } from '../../../src/engine/raster/raster';
import { resize } from '../../../src/engine/raster/resample';
import { computedPixels, planUpscaling } from '../../../src/engine/upscaling/upscale';
import { ailingRuntime, type Ailment } from '../../support/ailing-runtime';
import { drawn, largestDifference, never } from '../raster/support';
import { Collector, sourceOf } from './pictures';
import { tinyJob } from './tiny-job';
import { tinyModel } from './tiny-networks';

// What is read and written of a picture, and when, where a job is interrupted, cancelled or given a bad picture.

/** The pieces in the order in which they are written, which a {@link Collector} puts together. */
class Pieces {
  readonly all: { x: number; y: number; piece: Raster }[] = [];
  begin = () => Promise.resolve();
  end = () => Promise.resolve();
  write = (_: AbortSignal, x: number, y: number, piece: Raster) => {
    this.all.push({ x, y, piece: { ...piece, data: piece.data.slice() } });
    return Promise.resolve();
  };
}

/** A source that notes what is read of it, whether or not it was cancelled. */
function noted(picture: Raster, info: Partial<PictureInfo> = {}): { source: PixelSource; reads: Rect[] } {
  const reads: Rect[] = [];
  const source = sourceOf(picture, info);
  const read: PixelSource['read'] = (_, rect) => {
    reads.push(rect);
    return source.read(never, rect);
  };
  return { source: { ...source, read }, reads };
}

function engineOn(ailment: Ailment = {}): LocalEngine {
  const runtime = ailingRuntime(ailment, 'cpu', 'A CPU');
  return new LocalEngine({ runtimes: { fallback: 'cpu', open: () => Promise.resolve({ runtime, notices: [] }) } });
}

const waves = (width: number, height: number, channels: 3 | 4 = 3) =>
  drawn(width, height, channels, (c, y, x) => 0.5 + 0.4 * Math.sin(x / 5 + c) * Math.cos(y / 7));

const options = (more: Partial<UpscaleOptions> = {}) => tinyJob({ device: 'cpu', tile: 30, ...more });

describe('after an interruption', () => {
  const uninterrupted: Record<string, ReturnType<typeof all>> = {};
  async function all(picture: Raster, job: UpscaleOptions) {
    const [engine, whole, { source, reads }] = [engineOn(), new Pieces(), noted(picture)];
    await engine.upscale(never, source, whole, job);
    await engine.dispose();
    return { whole, reads };
  }

  test.each([
    // Without a blend each tile stands for itself; with one, the row above is read once more for what it adds.
    ['in the middle of a row', 'good', 30, 4, 4],
    ['at the beginning of a row', 'good', 30, 3, 3],
    ['of a blended picture, in its second row', 'global', 104, 4, 0],
    ['of a blended picture, in its third row', 'global', 104, 7, 3],
    ['of a blended picture, in its first row', 'global', 104, 1, 0],
  ] as const)('%s, the rest is as it would have been', async (_, kind, tile, from, firstRead) => {
    const engine = engineOn();
    const job = await options({ tile, network: await tinyModel({ kind }) });
    const picture = kind === 'good' ? waves(70, 60) : waves(106, 120);
    const { whole, reads } = await (uninterrupted[kind] ??= all(picture, job));
    const [rest, second] = [new Pieces(), noted(picture)];
    const progress: number[] = [];
    await engine.upscale(
      never,
      second.source,
      rest,
      { ...job, onEvent: (event) => event.type === 'progress' && progress.push(event.done) },
      { resume: { done: from, begun: true } },
    );
    expect(second.reads).toEqual(reads.slice(firstRead));
    expect(progress).toEqual(
      whole.all
        .map((__, i) => i)
        .slice(from)
        .concat(whole.all.length),
    );
    expect(rest.all.map(({ x, y }) => [x, y])).toEqual(whole.all.slice(from).map(({ x, y }) => [x, y]));
    rest.all.forEach(({ piece }, i) =>
      expect(largestDifference(piece.data, whole.all[from + i]!.piece.data)).toBeLessThanOrEqual(1e-5),
    );
    await engine.dispose();
  });
});

describe('cancelled', () => {
  test('between two tiles, no more is read', async () => {
    const abort = new AbortController();
    const { source, reads } = noted(waves(70, 60));
    const engine = engineOn();
    const job = await options({
      onEvent: (event) => {
        if (event.type === 'progress' && event.done === 2) abort.abort(new Error('enough'));
      },
    });
    await expect(engine.upscale(abort.signal, source, new Pieces(), job)).rejects.toThrow('enough');
    expect(reads).toHaveLength(2);
    await engine.dispose();
  });

  test('while a tile is computed, it is not written', async () => {
    const abort = new AbortController();
    let runs = 0;
    const engine = engineOn({ after: () => void (++runs === 2 && abort.abort(new Error('enough'))) });
    const sink = new Pieces();
    await expect(engine.upscale(abort.signal, noted(waves(70, 60)).source, sink, await options())).rejects.toThrow(
      'enough',
    );
    expect(sink.all).toHaveLength(1);
    await engine.dispose();
  });
});

test('a picture of floats with a value that is no number is refused, before its tile is computed', async () => {
  const picture = waves(40, 30);
  picture.data[17] = NaN;
  let runs = 0;
  const engine = engineOn({ before: () => runs++ });
  const job = engine.upscale(never, sourceOf(picture, { bitDepth: 32 }), new Pieces(), await options({ tile: 60 }));
  await expect(job).rejects.toMatchObject({ code: 'bad-image' });
  expect(runs).toBe(0);
  await engine.dispose();
});

test('what a source lends is left as it was', async () => {
  const picture = waves(40, 30, 4);
  const before = picture.data.slice();
  const source: PixelSource = { ...sourceOf(picture, { encoding: 'linear' }), read: () => Promise.resolve(picture) };
  const engine = engineOn();
  await engine.upscale(never, source, new Pieces(), await options({ tile: 60 }));
  expect(picture.data).toEqual(before);
  await engine.dispose();
});

describe('the last step', () => {
  async function result(picture: Raster, more: Partial<UpscaleOptions>, info: Partial<PictureInfo> = {}) {
    const [engine, sink] = [engineOn(), new Collector()];
    await engine.upscale(never, sourceOf(picture, info), sink, await options(more));
    await engine.dispose();
    return sink.result;
  }

  test.each([
    [140, 129],
    [151, 120],
  ])('to %i × %i changes the one side that is not the network’s', async (width, height) => {
    const picture = waves(70, 60);
    const [exact, other] = [await result(picture, {}), await result(picture, { size: { width, height } })];
    const expected = resize(exact, width, height, 'bicubic');
    expect(largestDifference(other.data, expected.data)).toBeLessThan(1e-4);
  });

  test('keeps transparency within 0..1, and colours beyond it', async () => {
    const bright = waves(40, 30);
    bright.data.forEach((value, i) => (bright.data[i] = 2 * value));
    const blue = plane(await result(bright, { size: { scale: 1.5 } }, { bitDepth: 32 }), 2);
    expect(Math.max(...blue)).toBeGreaterThan(1.5);
    const cut = waves(40, 30, 4);
    plane(cut, 3).forEach((_, i, alpha) => (alpha[i] = i % 40 < 20 ? 0 : 1));
    const alpha = plane(await result(cut, { size: { scale: 1.5 } }), 3);
    expect([Math.min(...alpha), Math.max(...alpha)]).toEqual([0, 1]);
  });
});

describe('a plan', () => {
  const info: PictureInfo = { width: 100, height: 70, channels: 3, bitDepth: 8, encoding: 'display' };

  test.each([
    [{ width: 64, height: 4 }, 'unsupported'],
    [{ width: 4, height: 64 }, 'unsupported'],
    [{ width: 64, height: 16 }, null],
  ])('for a network that takes %j only', async (size, code) => {
    const { entry } = await tinyModel({ size });
    const plan = () => planUpscaling(info, entry, { size: { scale: 1.5 }, device: 'cpu' });
    if (code === null) expect(plan().tiles.tileHeight).toBe(16);
    else expect(plan).toThrow(expect.objectContaining({ code }));
  });

  test('says how many pixels the network gets in all', async () => {
    const { entry } = await tinyModel();
    const how = { size: { scale: 2 }, device: 'cpu', tile: 30 } as const;
    const { tiles } = planUpscaling(info, entry, how);
    let pixels = 0;
    for (let index = 0; index < tiles.count; index++) {
      const { width, height } = tiles.tile(index).input;
      pixels += width * height;
    }
    expect(tiles.count).toBeGreaterThan(4);
    expect(computedPixels(info, entry, how)).toBe(tiles.count * tiles.tileWidth * tiles.tileHeight);
    expect(computedPixels(info, entry, how)).toBeGreaterThanOrEqual(pixels);
  });
});
