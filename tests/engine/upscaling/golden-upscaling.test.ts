import { planUpscaling, upscaleTiles } from '../../../src/engine/upscaling/upscale';
import { findFault } from '../../../src/engine/upscaling/check-answer';
import { Eta } from '../../../src/engine/upscaling/eta';
import { grayPlaces, takeColourAway } from '../../../src/engine/upscaling/gray';
import { inspectNetwork } from '../../../src/engine/upscaling/inspect-network';
import { darkPicture, noisePicture, smoothPicture } from '../../../src/engine/upscaling/probe-pictures';
import { outputSize } from '../../../src/engine/upscaling/size';
import { enlargeTile } from '../../../src/engine/upscaling/tile-picture';
import { TileRunner } from '../../../src/engine/upscaling/tile-runner';
import type { EngineEvent, OutputSize } from '../../../src/engine/contract';
import { LoadedNetwork } from '../../../src/engine/network/loaded-network';
import type { NetworkEntry } from '../../../src/engine/network/registry';
import type { Channels, PictureInfo, Raster } from '../../../src/engine/raster/raster';
import { resize } from '../../../src/engine/raster/resample';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import { goldenNumbers, tellTale, type Found } from '../golden-numbers';
import { drawn, never, noise } from '../raster/support';
import { Collector, sourceOf } from './pictures';
import { tinyModel, tinyNetwork, type TinyOptions } from './tiny-networks';

// How pictures are cut, enlarged and put together, in numbers. What they mean is tested beside: these say that every
// constant and every branch still is what it was. See golden-numbers.ts for how they are renewed.

const golden = goldenNumbers('upscaling', 1e-5);
const runtime = cpuRuntime(1);
afterAll(() => runtime.dispose());

const info = (width: number, height: number, more: Partial<PictureInfo> = {}): PictureInfo => ({
  width,
  height,
  channels: 3,
  bitDepth: 8,
  encoding: 'display',
  ...more,
});

/** A result, or the code of the error in its place. */
async function orCode(work: () => Found | Promise<Found>): Promise<Found> {
  try {
    return await work();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

test('plans', async () => {
  const { entry } = await tinyModel();
  const entries: Partial<NetworkEntry>[] = [
    {},
    { receptiveField: null },
    { receptiveField: 95 },
    { receptiveField: 96 },
    { receptiveField: 97, multipleOf: 8 },
    { receptiveField: 12, multipleOf: 32, scale: 4 },
    { input: { ...entry.input, size: { width: 64, height: 48 } } },
    { receptiveField: null, input: { ...entry.input, size: { width: 128, height: 128 } }, scale: 4 },
    { receptiveField: 40, input: { ...entry.input, size: { width: 128, height: 160 } } },
    { input: { ...entry.input, size: { width: 16, height: 16 } } },
  ];
  const pictures = [info(100, 70), info(1500, 900), info(1, 1), info(700, 33, { channels: 4 }), info(0, 5)];
  const sizes: OutputSize[] = [{ scale: 2 }, { scale: 4 }, { scale: 1.5 }, { width: 333, height: 250 }];
  const tiles = [undefined, 11, 12, 40, 300];
  for (const [i, changes] of entries.entries()) {
    const found: Found[] = [];
    for (const picture of pictures)
      for (const size of sizes)
        for (const device of ['cpu', 'wasm', 'webgpu'] as const)
          for (const tile of device === 'cpu' ? tiles : [undefined])
            found.push(
              await orCode(() => {
                const plan = planUpscaling(picture, { ...entry, ...changes }, { size, device, tile });
                const { tileWidth, tileHeight, margin, blend, columns, rows } = plan.tiles;
                const { width, height } = plan.info;
                return [tileWidth, tileHeight, margin, blend, columns, rows, plan.networkMargin, width, height].join(
                  ' ',
                );
              }),
            );
    golden(`plans ${i}`, found);
  }
});

test('sizes', async () => {
  const sizes: OutputSize[] = [
    { scale: 0.999 },
    { scale: 1 },
    { scale: 8 },
    { scale: 8.01 },
    { scale: 2.49 },
    { width: 101, height: 71 },
    { width: 99, height: 71 },
    { width: 800, height: 560 },
    { width: 801, height: 560 },
    { width: 800, height: 561 },
    { width: 200.5, height: 300 },
  ];
  const found: Found[] = [];
  for (const size of sizes) found.push(await orCode(() => ({ ...outputSize(100, 70, size) })));
  golden('sizes', found);
});

test('what is left', () => {
  const said = [0, 3].map((done) => {
    let time = 1000;
    const eta = new Eta(7, done, () => (time += 500 + 100 * done));
    return Array.from({ length: 7 - done }, () => eta.step() ?? null);
  });
  golden('left', said);
});

describe('faults', () => {
  const input = drawn(40, 24, 3, (c, y, x) => 0.3 + 0.2 * Math.sin(x / 3 + y / 4 + c));
  const changed = (change: (values: Float32Array, width: number) => void) => {
    const output = resize(input, 80, 48);
    change(output.data, 80);
    return findFault(input, output, 2);
  };
  const fill = (value: number, x: number, y: number, width: number, height: number, channel = 0) =>
    changed((values, stride) => {
      for (let row = y; row < y + height; row++)
        for (let column = x; column < x + width; column++) values[(channel * 48 + row) * stride + column] = value;
    });
  const brighter = (by: number, x: number, y: number, width: number, height: number) =>
    changed((values, stride) => {
      for (let row = y; row < y + height; row++)
        for (let column = x; column < x + width; column++) values[row * stride + column]! += by;
    });

  test('are found by block and channel', () => {
    golden('faults', [
      changed(() => undefined),
      fill(NaN, 79, 47, 1, 1, 2),
      fill(Infinity, 0, 0, 1, 1),
      // Blocks of 16 × 16, and what is left of them at the right and below.
      fill(0.3, 0, 0, 32, 32),
      fill(0.3, 0, 0, 31, 32),
      fill(0.3, 32, 0, 32, 32, 1),
      fill(0.3, 64, 32, 16, 16, 2),
      fill(0.3, 32, 32, 32, 15),
      brighter(0.24, 0, 0, 32, 32),
      brighter(0.26, 0, 0, 32, 32),
      brighter(-0.26, 32, 0, 32, 32),
      brighter(0.26, 64, 32, 16, 16),
    ]);
    const pale = (contrast: number) => {
      const some = drawn(16, 16, 3, (_, y, x) => 0.5 + (x === 15 && y === 15 ? contrast : 0));
      return findFault(
        some,
        drawn(32, 32, 3, () => 0.5),
        2,
      );
    };
    golden('pale', [pale(0.049), pale(0.051), pale(-0.051)]);
    const small = (width: number, height: number) =>
      findFault(
        drawn(width, height, 3, () => 0.2),
        drawn(2 * width, 2 * height, 3, () => 0.9),
        2,
      );
    golden('small', [small(7, 9), small(8, 8), small(63, 1), small(64, 1)]);
  });
});

test('gray places', () => {
  const nearly = drawn(19, 13, 3, (c, y, x) => 0.4 + (c === 1 && (x === 4 || y === 9) ? 1.02 / 255 : 0.9 / 255));
  const places = grayPlaces(nearly)!;
  const answer = noise(57, 39, 3, 5);
  takeColourAway(answer, places, 3);
  golden('gray', { places: Array.from(places).join(''), answer: tellTale(answer.data) });
  golden('no gray', grayPlaces(drawn(4, 4, 3, (c) => (c === 2 ? 0.5 + 1.02 / 255 : 0.5))) === null);
});

describe('a tile', () => {
  /** A network that sharpens and goes outside 0..1. */
  const enlarge = async (image: Raster): Promise<Raster> => {
    const result = resize(image, image.width * 2, image.height * 2, 'lanczos3');
    return { ...result, data: result.data.map((value, i) => 1.3 * value - 0.1 + 0.01 * Math.sin(i)) };
  };
  const edges = { hard: 0.01, soft: 5 } as const;
  const tileOf = (channels: Channels, alpha: keyof typeof edges | number) =>
    drawn(22, 18, channels, (c, y, x) => {
      if (c === channels - 1 && channels % 2 === 0) {
        if (typeof alpha === 'number') return alpha;
        return Math.min(1, Math.max(0, 0.5 - (Math.hypot(x - 8, y - 7) - 5) / edges[alpha]));
      }
      return 0.5 + 0.7 * Math.sin(x / 3 + c * (y > 9 ? 1 : 0)) * Math.cos(y / 4);
    });

  test.each([
    [1, 1],
    [2, 'hard'],
    [2, 'soft'],
    [3, 1],
    [4, 'hard'],
    [4, 'soft'],
    [4, 0],
    [4, 0.5],
    [2, 0.25],
  ] as const)('of %i channels, alpha %p', async (channels, alpha) => {
    const both = [];
    for (const encoding of ['display', 'linear'] as const)
      both.push(tellTale((await enlargeTile(tileOf(channels, alpha), encoding, 2, enlarge)).data));
    golden(`tile ${channels} ${alpha}`, both);
  });
});

test('probes', () => {
  golden('probes', {
    smooth: [tellTale(smoothPicture(37, 38).data), tellTale(smoothPicture(1, 5).data)],
    dark: tellTale(darkPicture(20, 31).data),
    noise: [1, 2, 3, 4].map((seed) => tellTale(noisePicture(9, 8, seed).data)),
  });
});

describe('whole pictures', () => {
  const cases: [string, TinyOptions, Partial<PictureInfo>, OutputSize, number | undefined][] = [
    ['in tiles', {}, {}, { scale: 2 }, 24],
    ['in multiples', { kind: 'multiple-of-8', scale: 3 }, {}, { scale: 3 }, 40],
    ['blended', { kind: 'global' }, { channels: 1 }, { scale: 2 }, 100],
    ['to another size', {}, { channels: 4, bitDepth: 16 }, { width: 150, height: 99 }, 60],
    ['in linear light', {}, { encoding: 'linear', bitDepth: 32 }, { scale: 1.7 }, undefined],
    ['of one size', { size: { width: 32, height: 40 } }, { channels: 2 }, { scale: 2 }, undefined],
  ];
  test.each(cases)('%s', async (name, options, more, size, tile) => {
    const network = await tinyModel(options, options.kind === 'global' ? { receptiveField: null } : {});
    const { channels = 3 } = more;
    const picture = drawn(93, 71, channels, (c, y, x) => {
      if (c === channels - 1 && channels % 2 === 0) return Math.min(1, Math.max(0, (x - 10) / 40));
      return 0.5 + 0.4 * Math.sin(x / 4 + c) * Math.cos(y / 5);
    });
    const source = sourceOf(picture, more);
    const plan = planUpscaling(source.info, network.entry, { size, device: 'cpu', tile });
    const loaded = new LoadedNetwork(runtime, network);
    const events: EngineEvent[] = [];
    const sink = new Collector();
    await sink.begin(never, plan.info);
    const onEvent = (event: EngineEvent) => void events.push(event);
    // Tiles in halves, as where memory is short.
    const runner = new TileRunner({
      network: loaded,
      margin: plan.networkMargin,
      blend: plan.tiles.blend,
      openFallback: null,
      onDeviceLost: 'throw',
      onEvent,
      limit: name === 'in multiples' ? 24 : undefined,
    });
    await upscaleTiles(never, source, sink, plan, runner, onEvent);
    await sink.end();
    await loaded.close();
    golden(name, {
      result: tellTale(sink.result.data),
      progress: events.map((event) => (event.type === 'progress' ? `${event.done} of ${event.total}` : event.type)),
      limit: runner.largest,
    });
  });
});

describe('what is found out of a network', () => {
  const cases: TinyOptions[] = [
    {},
    { layout: 'NHWC', channels: 'BGR' },
    { white: 255, scale: 3 },
    { type: 'FLOAT16' },
    { kind: 'multiple-of-4' },
    { kind: 'multiple-of-8', scale: 1 },
    { kind: 'global' },
    { kind: 'blur' },
    { kind: 'bright' },
    { kind: 'black' },
    { kind: 'nan' },
    { size: { width: 24, height: 32 } },
    { size: { width: 7, height: 32 } },
    { scale: 8 },
    { scale: 9 },
  ];
  test.each(cases.map((options) => [JSON.stringify(options), options] as const))('%s', async (name, options) => {
    golden(
      `found of ${name}`,
      await orCode(async () => {
        const { id, file, scale, input, output, receptiveField, multipleOf, parameters } = await inspectNetwork(
          never,
          tinyNetwork(options),
          runtime,
          'Tïny  Network (2)',
        );
        const { layout, channels, range, type, size } = input;
        const { width = null, height = null } = size ?? {};
        return {
          numbers: [scale, receptiveField ?? -1, multipleOf, parameters, ...range],
          words: [id, file, output, layout, channels, type].join(' '),
          size: [width, height],
        };
      }),
    );
  });
});
