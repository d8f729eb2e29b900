import fc from 'fast-check';
import { createRaster } from '../../../src/engine/raster/planes';
import {
  decodeDisplay,
  decodeValue,
  encodeDisplay,
  encodeValue,
  mergeExcess,
  splitExcess,
} from '../../../src/engine/raster/transfer';
import { largestDifference } from './support';

describe('transfer function', () => {
  test('has the values of IEC 61966-2-1', () => {
    expect(encodeValue(0.0031308)).toBeCloseTo(0.04045, 5);
    expect(encodeValue(0.18)).toBeCloseTo(0.46136, 4);
    expect(encodeValue(1)).toBeCloseTo(1, 12);
    expect(decodeValue(0.5)).toBeCloseTo(0.21404, 5);
  });

  test('is odd, rises and has its inverse, far outside 0..1 too', () => {
    fc.assert(
      fc.property(fc.double({ min: -100, max: 100, noNaN: true }), (value) => {
        expect(Math.abs(decodeValue(encodeValue(value)) - value)).toBeLessThan(1e-9 + Math.abs(value) * 1e-6);
        expect(encodeValue(-value) + encodeValue(value)).toBe(0);
        expect(encodeValue(value + 0.001)).toBeGreaterThan(encodeValue(value));
      }),
    );
  });

  test('leaves alpha alone', () => {
    const raster = createRaster(1, 1, 4, Float32Array.of(0.18, 0.5, 2, 0.25));
    encodeDisplay(raster);
    expect(raster.data[3]).toBe(0.25);
    decodeDisplay(raster);
    expect(largestDifference(raster.data, [0.18, 0.5, 2, 0.25])).toBeLessThan(1e-6);
  });
});

describe('values outside 0..1', () => {
  test('split and merge give the picture back', () => {
    const original = Float32Array.of(-0.25, 0.5, 1, 6, 0.75, 0);
    const raster = createRaster(3, 1, 2, original.slice());
    const excess = splitExcess(raster)!;
    expect([...raster.data]).toEqual([0, 0.5, 1, 6, 0.75, 0]); // alpha (6 here) is none of its business
    expect([...excess.data]).toEqual([-0.25, 0, 0]);
    expect(mergeExcess(raster, excess).data).toEqual(original);
  });

  test('the excess of another picture is refused', () => {
    expect(() => mergeExcess(createRaster(2, 2, 3), createRaster(2, 1, 3))).toThrow(RangeError);
  });

  test('nothing to carry is said so', () => {
    expect(splitExcess(createRaster(2, 2, 3))).toBeNull();
  });
});
