import { float32, int64, numbersOf, tensorOf } from '../../../src/engine/graph';

test('whole numbers that int64 cannot hold become the nearest that it can', () => {
  const { data } = int64([2 ** 63, 2 ** 70, Infinity, -(2 ** 63), -(2 ** 70), -Infinity, 2 ** 62, 1000, -1.5]);
  const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n];
  expect([...data]).toEqual([most, most, most, least, least, least, 2n ** 62n, 1000n, -1n]);
});

test('numbers are rounded towards zero, or compared with it', () => {
  const values = [-1.5, -0.5, 0, 0.5, 1.5];
  expect([...tensorOf('int32', values, [5]).data]).toEqual([-1, 0, 0, 0, 1]);
  expect([...tensorOf('bool', values, [5]).data]).toEqual([1, 1, 0, 1, 1]);
  expect([...tensorOf('float32', values, [5]).data]).toEqual(values);
});

test('a number is a scalar, a list has one dimension', () => {
  expect([float32(1).dims, float32([1]).dims, int64(1).dims, int64([1, 2]).dims]).toEqual([[], [1], [], [2]]);
});

test('floats are not copied, neither in nor out: weights are large', () => {
  const data = Float32Array.of(1, 2);
  expect(float32(data).data).toBe(data);
  expect(numbersOf(float32(data))).toBe(data);
});
