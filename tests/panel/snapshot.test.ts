import fc from 'fast-check';
import { crop, createRaster } from '../../src/engine/raster/planes';
import type { PixelSource, Rect } from '../../src/engine/raster/raster';
import { SpillingTileStore } from '../../src/engine/raster/store/tile-store';
import { Snapshot } from '../../src/panel/snapshot';
import { never } from './support';

const picture = createRaster(700, 530, 1);
picture.data.forEach((_, i) => (picture.data[i] = (i % 256) / 255));
const info = { width: 700, height: 530, channels: 1, bitDepth: 8, encoding: 'display' } as const;

function watched(onRead: (rect: Rect) => void = () => {}): PixelSource {
  return {
    info,
    read: async (signal, rect) => {
      signal.throwIfAborted();
      onRead(rect);
      return crop(picture, rect);
    },
  };
}

test('gives what the editor would have given, and asks it for each pixel once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ x: fc.nat(699), y: fc.nat(529), w: fc.nat(300), h: fc.nat(300) }), {
        minLength: 1,
        maxLength: 6,
      }),
      async (asked) => {
        let pixels = 0;
        const store = new SpillingTileStore({ memory: 1 << 24 });
        const snapshot = new Snapshot(
          watched(({ width, height }) => (pixels += width * height)),
          store,
        );
        await Promise.all(
          asked.map(async ({ x, y, w, h }) => {
            const rect = { x, y, width: Math.min(w + 1, 700 - x), height: Math.min(h + 1, 530 - y) };
            expect(await snapshot.read(never, rect)).toEqual(crop(picture, rect));
          }),
        );
        expect(pixels).toBeLessThanOrEqual(700 * 530);
        await snapshot.dispose();
      },
    ),
    { numRuns: 15 },
  );
});

test('a read that failed may be tried again', async () => {
  let fail = true;
  const snapshot = new Snapshot(
    watched(() => {
      if (fail) throw new Error('the editor is busy');
    }),
    new SpillingTileStore({ memory: 1 << 24 }),
  );
  const rect = { x: 0, y: 0, width: 10, height: 10 };
  await expect(snapshot.read(never, rect)).rejects.toThrow('busy');
  fail = false;
  await expect(snapshot.read(never, rect)).resolves.toEqual(crop(picture, rect));
});
