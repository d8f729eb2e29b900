import { bfloat16ToFloat, fromHalf, fromHalves, toHalf, toHalves } from '../../../src/engine/common/half';

// Values and bit patterns from IEEE 754-2019, table of binary16 extremes.
test.each([
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [65504, 0x7bff],
  [Infinity, 0x7c00],
  [-Infinity, 0xfc00],
  [2 ** -14, 0x0400],
  [2 ** -24, 0x0001],
  [1 / 3, 0x3555],
])('%d is %i', (value, bits) => {
  expect(toHalf(value)).toBe(bits);
  if (value !== 1 / 3) expect(fromHalf(bits)).toBe(value);
});

test('ties go to even, and what is too large becomes infinite', () => {
  expect(toHalf(1 + 2 ** -11)).toBe(0x3c00);
  expect(toHalf(1 + 3 * 2 ** -11)).toBe(0x3c02);
  expect(toHalf(65519)).toBe(0x7bff);
  expect(toHalf(65520)).toBe(0x7c00);
  expect(toHalf(2 ** -25)).toBe(0);
  expect(toHalf(3 * 2 ** -26)).toBe(1);
  expect([0.5, 1.5, 2.5].map((steps) => toHalf(steps * 2 ** -24))).toEqual([0, 2, 2]);
  expect(Number.isNaN(fromHalf(toHalf(NaN)))).toBe(true);
});

test('every finite half comes back as it was', () => {
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00);
  expect(toHalves(fromHalves(all))).toEqual(all);
});

test('bfloat16 is the upper half of a float32', () => {
  expect(bfloat16ToFloat(0x3f80)).toBe(1);
  expect(bfloat16ToFloat(0xc2f7)).toBe(-123.5);
  expect(bfloat16ToFloat(0x7f80)).toBe(Infinity);
});

test('halves are looked up one by one, whatever the first is', () => {
  expect([...fromHalves(Uint16Array.of(0x3c00, 0xc000, 0x0001))]).toEqual([1, -2, 2 ** -24]);
  expect([...fromHalves(new Uint16Array())]).toEqual([]);
});
