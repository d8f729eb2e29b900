import { smoothPicture } from '../../../src/engine/upscaling/probe-pictures';

test('the smooth picture has its colours in the corners, a slight wave over them, and nothing near black or white', () => {
  const [width, height] = [32, 24];
  const { data } = smoothPicture(width, height);
  const at = (channel: number, x: number, y: number) => data[(channel * height + y) * width + x]!;
  const corners = [
    [0, 0, 0.82, 0.6, 0.48],
    [width - 1, 0, 0.28, 0.42, 0.18],
    [0, height - 1, 0.35, 0.55, 0.85],
    [width - 1, height - 1, 0.12, 0.1, 0.09],
  ] as const;
  for (const [x, y, ...colour] of corners)
    colour.forEach((value, channel) => {
      const wave = 0.06 * Math.sin(x / 5 + channel) * Math.cos(y / 6 - channel);
      expect(at(channel, x, y)).toBeCloseTo(Math.min(0.95, Math.max(0.05, value + wave)), 5);
    });
  expect(Math.min(...data)).toBeGreaterThanOrEqual(Math.fround(0.05));
  expect(Math.max(...data)).toBeLessThanOrEqual(Math.fround(0.95));
});
