import fc from 'fast-check';
import { SeamBlender } from '../../../src/engine/raster/blend';
import { sourceOf } from '../../../src/engine/raster/memory-source';
import { copyRect, createRaster, crop } from '../../../src/engine/raster/planes';
import { gatherReflected, readReflected, reflect, reflectedSource } from '../../../src/engine/raster/pad';
import type { Channels, Raster } from '../../../src/engine/raster/raster';
import { contains, grow, intersect } from '../../../src/engine/raster/rect';
import { planTiles, type TilePlan } from '../../../src/engine/raster/tiles';
import { drawn, largestDifference, never, noise } from './support';

/** A network stand-in with radius 3 and scale 2 that is neither linear nor symmetric; zero-padded as convs are. */
function sevenBySeven(input: Raster): Raster {
  const { width, height, channels, data } = input;
  const result = createRaster(width * 2, height * 2, channels);
  for (let channel = 0; channel < channels; channel++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        let sum = 0;
        let peak = 0;
        for (let y = -3; y <= 3; y++) {
          for (let x = -3; x <= 3; x++) {
            const inside = row + y >= 0 && row + y < height && column + x >= 0 && column + x < width;
            const value = inside ? data[(channel * height + row + y) * width + column + x]! : 0;
            sum += value * Math.sin(1 + 7 * y + x);
            peak = Math.max(peak, value * (4 + x - y));
          }
        }
        for (let k = 0; k < 4; k++) {
          result.data[(channel * height * 2 + row * 2 + (k >> 1)) * width * 2 + column * 2 + (k & 1)] =
            Math.tanh(sum + k * 0.1) + peak * peak * 0.01;
        }
      }
    }
  }
  return result;
}

async function runTiled(
  picture: Raster,
  plan: TilePlan,
  network: (input: Raster) => Raster,
  scale: number,
): Promise<Raster> {
  const result = createRaster(picture.width * scale, picture.height * scale, picture.channels);
  const written = new Uint8Array(result.width * result.height);
  const blender = new SeamBlender(plan, scale, picture.channels);
  const source = sourceOf(picture);
  for (let i = 0; i < plan.count; i++) {
    const tile = plan.tile(i);
    const input = await readReflected(never, source, tile.input);
    const { x, y, piece } = blender.add(tile, network(input));
    copyRect(piece, { x: 0, y: 0, width: piece.width, height: piece.height }, result, x, y);
    for (let row = y; row < y + piece.height; row++) {
      for (let column = x; column < x + piece.width; column++) written[row * result.width + column]!++;
    }
  }
  expect(written.every((times) => times === 1)).toBe(true);
  return result;
}

/** What one tile large enough for the whole picture gives: its own edges where a side is long enough, else reflected ones. */
function runWhole(
  picture: Raster,
  margin: number,
  network: (input: Raster) => Raster,
  scale: number,
  multipleOf = 1,
): Raster {
  const { width, height } = picture;
  const [left, top] = [width, height].map((side) => (side < 32 ? margin : 0)) as [number, number];
  const side = (length: number, more: number) =>
    more ? length + 2 * more : Math.ceil(length / multipleOf) * multipleOf;
  const seen = { x: -left, y: -top, width: side(width, left), height: side(height, top) };
  const all = { x: 0, y: 0, width, height };
  const output = network(gatherReflected(picture, all, seen, width, height));
  return crop(output, { x: left * scale, y: top * scale, width: width * scale, height: height * scale });
}

describe('reflection', () => {
  test('repeats without the edge pixel', () => {
    expect([-4, -3, -2, -1, 0, 1, 2, 3, 4, 5].map((i) => reflect(i, 3))).toEqual([0, 1, 2, 1, 0, 1, 2, 1, 0, 1]);
    expect([-2, 0, 5].map((i) => reflect(i, 1))).toEqual([0, 0, 0]);
    expect([-3, -2, -1, 0, 1, 2].map((i) => reflect(i, 2))).toEqual([1, 0, 1, 0, 1, 0]);
  });

  test('asks for no more than it uses, and for all of it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: -40, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        (size, x, width) => {
          const used = Array.from({ length: width }, (_, i) => reflect(x + i, size));
          const { x: first, width: count } = reflectedSource({ x, y: 0, width, height: 1 }, size, 1);
          expect([first, first + count - 1]).toEqual([Math.min(...used), Math.max(...used)]);
        },
      ),
    );
  });
});

describe('tile plan', () => {
  const side = fc.integer({ min: 1, max: 200 });

  test('cores partition the picture, tiles have one shape, the margin is kept', () => {
    fc.assert(
      fc.property(
        side,
        side,
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 8 }),
        fc.boolean(),
        (width, height, margin, room, multipleOf, fixed) => {
          const tile = Math.ceil((room + 2 * margin + 2 * multipleOf) / multipleOf + 2) * multipleOf;
          const plan = planTiles({ width, height, tile, margin, multipleOf, fixed });
          const times = new Uint8Array(width * height);
          for (let i = 0; i < plan.count; i++) {
            const { input, core, covered } = plan.tile(i);
            expect(covered).toEqual(core);
            expect([input.width, input.height]).toEqual([plan.tileWidth, plan.tileHeight]);
            const seen = grow(core, margin);
            // Nothing is seen beyond the edges of a side that is long enough, but for what makes it a multiple.
            const [beyondX, beyondY] = [width, height].map((side) => (side < 32 ? margin : 0)) as [number, number];
            const picture = { x: -beyondX, y: -beyondY, width: width + 2 * beyondX, height: height + 2 * beyondY };
            expect(contains(input, intersect(seen, picture)!)).toBe(true);
            if (!fixed && width >= 32) {
              expect(input.x).toBeGreaterThanOrEqual(0);
              expect(input.x + input.width).toBeLessThan(width + multipleOf);
            }
            if (!fixed && height >= 32) {
              expect(input.y).toBeGreaterThanOrEqual(0);
              expect(input.y + input.height).toBeLessThan(height + multipleOf);
            }
            expect([input.x, input.y, input.width, input.height].every((n) => n % multipleOf === 0)).toBe(true);
            expect(Math.max(input.width, input.height)).toBeLessThanOrEqual(tile);
            if (fixed) expect([input.width, input.height]).toEqual([tile, tile]);
            for (let y = core.y; y < core.y + core.height; y++) {
              for (let x = core.x; x < core.x + core.width; x++) times[y * width + x]!++;
            }
          }
          expect(times.every((n) => n === 1)).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('a small picture is not padded to a large tile', () => {
    expect(planTiles({ width: 40, height: 30, tile: 512, margin: 8 })).toMatchObject({
      tileWidth: 40,
      tileHeight: 46,
      count: 1,
    });
  });

  test('a tile without room is refused, one with the least has as many as pixels', () => {
    expect(() => planTiles({ width: 100, height: 100, tile: 32, margin: 16 })).toThrow(RangeError);
    expect(planTiles({ width: 100, height: 40, tile: 33, margin: 16 })).toMatchObject({ columns: 100, rows: 40 });
    const multiple = { width: 100, height: 100, margin: 8, multipleOf: 4 };
    expect(planTiles({ ...multiple, tile: 20 })).toMatchObject({ columns: 25, rows: 25 });
    expect(() => planTiles({ ...multiple, tile: 19 })).toThrow(RangeError);
    // Bands of blending need room of their own where there are seams.
    const blended = { width: 100, height: 100, margin: 5, blend: 5 };
    expect(planTiles({ ...blended, tile: 20 })).toMatchObject({ columns: 10, rows: 10 });
    expect(() => planTiles({ ...blended, tile: 19 })).toThrow(RangeError);
    expect(planTiles({ ...blended, width: 9, height: 9, tile: 19 })).toMatchObject({ count: 1, tileWidth: 19 });
  });

  test('a tile is never larger than allowed, and of a fixed size only a multiple', () => {
    const options = { width: 100, height: 100, margin: 4, multipleOf: 8 };
    expect(planTiles({ ...options, tile: 47 })).toMatchObject({ tileWidth: 40, tileHeight: 40 });
    expect(() => planTiles({ ...options, tile: 47, fixed: true })).toThrow(RangeError);
    expect(planTiles({ ...options, tile: 48, fixed: true })).toMatchObject({ tileWidth: 48, tileHeight: 48 });
  });

  test('a picture as large as a tile is one tile, and one that is a pixel larger is two', () => {
    const one = planTiles({ width: 40, height: 40, tile: 40, margin: 4 });
    expect(one).toMatchObject({ count: 1, tileWidth: 40, tileHeight: 40 });
    expect(one.tile(0)).toMatchObject({ core: { x: 0, y: 0, width: 40, height: 40 } });
    expect(planTiles({ width: 41, height: 40, tile: 40, margin: 4 })).toMatchObject({ columns: 2, rows: 1 });
    for (const index of [-1, 1, 0.5 + 1, NaN]) expect(() => one.tile(index)).toThrow(RangeError);
  });

  test('cores are as wide as both bands of blending where there are several', () => {
    fc.assert(
      fc.property(side, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 30 }), (length, blend, room) => {
        const plan = planTiles({ width: length, height: 40, tile: 4 * blend + room, margin: blend, blend });
        const first = plan.tile(0);
        if (plan.columns > 1) expect(first.core.width).toBeGreaterThanOrEqual(2 * blend);
        else expect(first.core.width).toBe(length);
      }),
    );
  });
});

describe('seams', () => {
  test('what does not fit a plan is no tile of it', () => {
    const plan = planTiles({ width: 40, height: 40, tile: 24, margin: 4, blend: 2 });
    expect(plan.columns).toBeGreaterThan(1);
    expect(() => new SeamBlender(plan, 1, 1, 1)).toThrow(RangeError);
    const blender = new SeamBlender(plan, 2, 1);
    const { width, height } = plan.tile(0).input;
    for (const [w, h] of [
      [2 * width, height],
      [width, 2 * height],
      [2 * width + 1, 2 * height],
      [2 * width, 2 * height - 1],
    ] as const)
      expect(() => blender.add(plan.tile(0), noise(w, h, 1))).toThrow(RangeError);
    expect(() => blender.add(plan.tile(1), noise(2 * width, 2 * height, 1))).toThrow(RangeError);
    blender.add(plan.tile(0), noise(2 * width, 2 * height, 1));
    expect(() => blender.add(plan.tile(0), noise(2 * width, 2 * height, 1))).toThrow(RangeError);
  });

  test('a network with a finite radius gives the same tiled as in one piece', async () => {
    const shape = fc.record({
      width: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70 })),
      height: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70 })),
      margin: fc.integer({ min: 3, max: 7 }),
      room: fc.integer({ min: 1, max: 50 }),
      multipleOf: fc.integer({ min: 1, max: 4 }),
      channels: fc.constantFrom<Channels>(1, 3),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ width, height, margin, room, multipleOf, channels, seed }) => {
        const picture = noise(width, height, channels, seed);
        const plan = planTiles({ width, height, tile: room + 2 * margin + 4 * multipleOf, margin, multipleOf });
        const tiled = await runTiled(picture, plan, sevenBySeven, 2);
        const whole = runWhole(picture, 3, sevenBySeven, 2, multipleOf);
        expect(largestDifference(tiled.data, whole.data)).toBeLessThan(1e-6);
      }),
      { numRuns: 40 },
    );
  });

  test('large and thin pictures too', async () => {
    for (const [width, height] of [
      [200, 1],
      [1, 200],
      [131, 200],
      [1, 1],
    ] as const) {
      const picture = noise(width, height, 1, width);
      const plan = planTiles({ width, height, tile: 48, margin: 3 });
      const tiled = await runTiled(picture, plan, sevenBySeven, 2);
      expect(largestDifference(tiled.data, runWhole(picture, 3, sevenBySeven, 2).data)).toBeLessThan(1e-6);
    }
  });

  test('a margin below the radius shows: the comparison can fail', async () => {
    const picture = noise(60, 60, 1);
    const tiled = await runTiled(picture, planTiles({ width: 60, height: 60, tile: 24, margin: 1 }), sevenBySeven, 2);
    expect(largestDifference(tiled.data, runWhole(picture, 3, sevenBySeven, 2).data)).toBeGreaterThan(0.01);
  });

  test('blend weights sum to 1 at every pixel, whatever the tiles', async () => {
    const ones = (input: Raster) => drawn(input.width * 3, input.height * 3, input.channels, () => 1);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 40 }),
        async (width, height, blend, room) => {
          const plan = planTiles({ width, height, tile: 4 * blend + 1 + room, margin: blend, blend });
          const result = await runTiled(createRaster(width, height, 1), plan, ones, 3);
          expect(largestDifference(result.data, new Float32Array(result.data.length).fill(1))).toBeLessThan(1e-5);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a global network whose tiles differ by a constant leaves no step across blended seams', async () => {
    let tile = 0;
    const drifting = (input: Raster) => {
      const level = (tile++ * 0.37) % 1;
      return drawn(input.width, input.height, 1, () => level);
    };
    const steps = async (blend: number) => {
      tile = 0;
      const plan = planTiles({ width: 96, height: 96, tile: 48, margin: 8, blend });
      const { data } = await runTiled(createRaster(96, 96, 1), plan, drifting, 1);
      let largest = 0;
      for (let i = 1; i < data.length; i++) if (i % 96) largest = Math.max(largest, Math.abs(data[i]! - data[i - 1]!));
      return largest;
    };
    expect(await steps(0)).toBeGreaterThan(0.3);
    expect(await steps(8)).toBeLessThan(0.06);
  });
});
