import { styleName, suitingFactor } from '../../src/actions/network-style';

test('a style is the name without the scale', () => {
  expect(styleName({ name: 'LWay Photo ×4', scale: 4 })).toBe('LWay Photo');
  expect(styleName({ name: 'Nomos 4x', scale: 4 })).toBe('Nomos 4x');
});

test.each([
  [1, 2],
  [2, 2],
  [2.0000001, 2],
  [3, 4],
  [8, 4],
])('a factor of %d takes the network that enlarges %d times', (factor, scale) => {
  expect(suitingFactor([4, 2], factor, (own) => own)).toBe(scale);
});
