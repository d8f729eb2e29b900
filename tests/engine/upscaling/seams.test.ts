import fc from 'fast-check';
import type { OutputSize } from '../../../src/engine/contract';
import { createNodeEngine } from '../../../src/engine/node';
import { crop } from '../../../src/engine/raster/planes';
import type { Channels, PictureInfo, Raster } from '../../../src/engine/raster/raster';
import type { Network } from '../../../src/engine/network/registry';
import { largestDifference, never, noise } from '../raster/support';
import { Collector, sourceOf } from './pictures';
import { tinyModel, tinyRadius } from './tiny-networks';

const engine = createNodeEngine({ threads: 1 });
afterAll(() => engine.dispose());

async function upscale(
  picture: Raster,
  network: Network,
  size: OutputSize,
  tile?: number,
  info: Partial<PictureInfo> = {},
) {
  const sink = new Collector();
  const report = await engine.upscale(never, sourceOf(picture, info), sink, { network, size, device: 'cpu', tile });
  return { report, result: sink.result };
}

describe('tiles and the whole', () => {
  test('give the same for any size, channels, encoding, scale and tile', async () => {
    const network = await tinyModel();
    let tiled = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          width: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 60 })),
          height: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 60 })),
          channels: fc.constantFrom<Channels>(1, 2, 3, 4),
          encoding: fc.constantFrom<PictureInfo['encoding']>('display', 'linear'),
          scale: fc.constantFrom(1, 1.37, 2, 3, 4.5, 8),
          tile: fc.integer({ min: 36, max: 48 }),
          seed: fc.nat(),
          overbright: fc.boolean(),
        }),
        async ({ width, height, channels, encoding, scale, tile, seed, overbright }) => {
          const picture = noise(width, height, channels, seed);
          if (overbright) for (let i = 0; i < width * height; i += 3) picture.data[i] = picture.data[i]! * 4 - 1;
          // Alpha as layers have it: mostly all or nothing.
          if (channels % 2 === 0) {
            const size = width * height;
            for (let i = (channels - 1) * size; i < channels * size; i++)
              picture.data[i] = Math.min(1, Math.max(0, picture.data[i]! * 3 - 1));
          }
          const whole = await upscale(picture, network, { scale }, 200, { encoding });
          const pieces = await upscale(picture, network, { scale }, tile, { encoding });
          expect(whole.report.tiles).toBe(1);
          if (pieces.report.tiles > 1) tiled++;
          expect(largestDifference(pieces.result.data, whole.result.data)).toBeLessThanOrEqual(1e-4);
        },
      ),
      { numRuns: 60, seed: 3 },
    );
    expect(tiled).toBeGreaterThan(20);
  });

  test('give the same for exact sizes that change the proportions', async () => {
    const network = await tinyModel();
    const picture = noise(53, 31, 3, 5);
    const size = { width: 100, height: 90 };
    const whole = await upscale(picture, network, size, 200);
    const pieces = await upscale(picture, network, size, 30);
    expect([whole.result.width, whole.result.height]).toEqual([100, 90]);
    expect(pieces.report.tiles).toBeGreaterThan(4);
    expect(largestDifference(pieces.result.data, whole.result.data)).toBeLessThanOrEqual(1e-4);
  });

  test('give the same for networks that need multiples, a fixed size, or no enlarging', async () => {
    // Of sides that are multiples of 4, so that every network sees the same edges.
    const picture = noise(60, 44, 3, 6);
    for (const options of [
      { kind: 'multiple-of-4' as const },
      { size: { width: 32, height: 24 } },
      { scale: 1 },
      { scale: 3 },
      { type: 'FLOAT16' as const },
    ]) {
      const free = await tinyModel({ scale: options.scale });
      const network = await tinyModel(options);
      const whole = await upscale(picture, free, { scale: 2 }, 200);
      const pieces = await upscale(picture, network, { scale: 2 }, 28);
      expect(pieces.report.tiles).toBeGreaterThan(3);
      const tolerance = options.type ? 2e-3 : 1e-4;
      expect(largestDifference(pieces.result.data, whole.result.data)).toBeLessThanOrEqual(tolerance);
    }
  });

  test('give the same but for the edges that are filled up to a multiple', async () => {
    const picture = noise(61, 45, 3, 6);
    const whole = await upscale(picture, await tinyModel(), { scale: 2 }, 200);
    const { result } = await upscale(picture, await tinyModel({ kind: 'multiple-of-4' }), { scale: 2 }, 28);
    const inside = { x: 0, y: 0, width: 2 * (61 - tinyRadius), height: 2 * (45 - tinyRadius) };
    const [one, other] = [crop(result, inside), crop(whole.result, inside)];
    expect(largestDifference(one.data, other.data)).toBeLessThanOrEqual(1e-4);
    expect(largestDifference(result.data, whole.result.data)).toBeGreaterThan(1e-3);
  });

  test('a network without end in its receptive field is blended: no step at seams', async () => {
    const network = await tinyModel({ kind: 'global' });
    // A gradient: tiles have different means, which the network adds to them.
    const picture = noise(150, 110, 3, 7);
    for (let i = 0; i < picture.data.length; i++) picture.data[i] = ((i % 150) / 150) * 0.9;
    for (const scale of [2, 1.5]) {
      const { report, result } = await upscale(picture, network, { scale }, 104);
      expect(report.tiles).toBeGreaterThan(3);
      const whole = await upscale(picture, network, { scale }, 400);
      expect(whole.report.tiles).toBe(1);
      // Slopes between neighbours differ from those of the whole by no more than the ramp of a blend.
      let largest = 0;
      for (let row = 0; row < result.height; row++) {
        for (let i = row * result.width + 2; i < (row + 1) * result.width; i++) {
          const slope = result.data[i]! - result.data[i - 2]!;
          const expected = whole.result.data[i]! - whole.result.data[i - 2]!;
          largest = Math.max(largest, Math.abs(slope - expected));
        }
      }
      expect(largest).toBeLessThan(0.002);
    }
  });
});
