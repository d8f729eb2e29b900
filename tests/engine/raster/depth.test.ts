import fc from 'fast-check';
import { LWayError } from '../../../src/engine/common/errors';
import { ensureFinite, fromInterleaved, toInterleaved } from '../../../src/engine/raster/depth';
import { createRaster } from '../../../src/engine/raster/planes';
import type { Channels } from '../../../src/engine/raster/raster';

const channelCounts = fc.constantFrom<Channels>(1, 2, 3, 4);
const sizes = fc.integer({ min: 1, max: 17 });

describe('bit depths', () => {
  test('8 bit comes back unchanged for every channel count', () => {
    fc.assert(
      fc.property(channelCounts, sizes, sizes, fc.infiniteStream(fc.nat(255)), (channels, width, height, values) => {
        const data = Uint8Array.from(values.take(width * height * channels));
        expect(toInterleaved(fromInterleaved(data, width, height, channels), 8)).toEqual(data);
      }),
      { numRuns: 60 },
    );
  });

  test.each([65535, 32768])('16 bit with white at %d comes back unchanged for every value', (white) => {
    const data = Uint16Array.from({ length: white + 1 }, (_, i) => i);
    const raster = fromInterleaved(data, data.length, 1, 1, { white });
    expect(raster.data[0]).toBe(0);
    expect(raster.data[white]).toBeCloseTo(1, 7);
    expect(toInterleaved(raster, 16, { white })).toEqual(data);
  });

  test('32 bit is kept to the bit, outside 0..1 and alpha too', () => {
    fc.assert(
      fc.property(
        channelCounts,
        sizes,
        fc.infiniteStream(fc.float({ noNaN: true, noDefaultInfinity: true })),
        (channels, width, values) => {
          const data = Float32Array.from(values.take(width * channels));
          expect(toInterleaved(fromInterleaved(data, width, 1, channels), 32)).toEqual(data);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('channels go to planes in order', () => {
    const raster = fromInterleaved(Uint8Array.of(255, 0, 51, 0, 255, 102), 2, 1, 3);
    expect([...raster.data].map((value) => Math.round(value * 255))).toEqual([255, 0, 0, 255, 51, 102]);
  });

  test('rounds to nearest and clamps', () => {
    const raster = createRaster(6, 1, 1, Float32Array.of(-0.5, 0.49 / 255, 0.51 / 255, 254.5 / 255 + 1e-5, 1, 7));
    expect([...toInterleaved(raster, 8)]).toEqual([0, 0, 1, 255, 255, 255]);
    expect([...toInterleaved(raster, 16, { white: 32768 })]).toEqual([0, 63, 66, 32704, 32768, 32768]);
  });

  test('8 bit to 16 bit and back is exact', () => {
    const data = Uint8Array.from({ length: 256 }, (_, i) => i);
    const wide = toInterleaved(fromInterleaved(data, 256, 1, 1), 16);
    expect([...wide]).toEqual([...data].map((value) => value * 257));
    expect(toInterleaved(fromInterleaved(wide, 256, 1, 1), 8)).toEqual(data);
  });

  test('NaN and infinity are refused with a reason', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      const read = () => fromInterleaved(Float32Array.of(0, value), 2, 1, 1);
      expect(read).toThrow(LWayError);
      expect(read).toThrow(/not a number or infinite/);
    }
  });

  test('repair puts finite values in their place', () => {
    const values = Float32Array.of(NaN, Infinity, -Infinity, 4, -2, 0.5);
    ensureFinite(values, 'repair');
    expect([...values]).toEqual([0, 4, -2, 4, -2, 0.5]);
    // At least black and white.
    const dark = Float32Array.of(0.5, Infinity, -Infinity, 0.25);
    ensureFinite(dark, 'repair');
    expect([...dark]).toEqual([0.5, 1, 0, 0.25]);
  });

  test('a target of another length is refused', () => {
    for (const length of [11, 13])
      for (const [bits, target] of [
        [8, new Uint8Array(length)],
        [32, new Float32Array(length)],
      ] as const)
        expect(() => toInterleaved(createRaster(2, 2, 3), bits, { target } as never)).toThrow(RangeError);
  });

  test('truncated and empty pictures are refused', () => {
    expect(() => fromInterleaved(new Uint8Array(11), 2, 2, 3)).toThrow(/11 values/);
    expect(() => fromInterleaved(new Uint8Array(0), 0, 2, 3)).toThrow(/no pixels/);
  });
});
