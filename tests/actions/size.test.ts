import fc from 'fast-check';
import { resultSize } from '../../src/actions/size';

test('a factor is applied to both sides', () => {
  expect(resultSize({ scale: 2.5 }, 101, 3)).toEqual({ width: 253, height: 8 });
  expect(resultSize({ scale: 1 }, 1, 1)).toEqual({ width: 1, height: 1 });
});

test('a size is fitted into, with the proportions kept and one side touching', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 1, max: 3000 }),
      fc.double({ min: 1, max: 8, noNaN: true }),
      fc.integer({ min: 0, max: 500 }),
      (width, height, scale, extra) => {
        const wanted = { width: Math.ceil(width * scale), height: Math.ceil(height * scale) + extra };
        if (wanted.width > width * 8) return;
        const result = resultSize(wanted, width, height);
        expect(result.width).toBeLessThanOrEqual(wanted.width);
        expect(result.height).toBeLessThanOrEqual(wanted.height);
        expect(result.width === wanted.width || result.height === wanted.height).toBe(true);
        expect(Math.abs(result.width / width - result.height / height) * Math.min(width, height)).toBeLessThanOrEqual(
          1.01,
        );
      },
    ),
  );
});

test.each([
  [{ scale: 9 }, /scale 9 is out of range/],
  [{ scale: 0.5 }, /out of range/],
  [{ width: 50, height: 500 }, /smaller than it is/],
  [{ width: 900, height: 900 }, /more than 8 times/],
])('%j of a picture of 100×100 is refused', (size, sentence) => {
  expect(() => resultSize(size, 100, 100)).toThrow(sentence);
});
