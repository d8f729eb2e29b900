import { createRaster } from '../../../src/engine/raster/planes';
import type { Raster } from '../../../src/engine/raster/raster';

// The pictures of tests/golden/metrics/make_golden.py, by the same whole-number formulas; values of 0..255.

export type Picture = { width: number; height: number; value: (channel: number, y: number, x: number) => number };

const wave = (t: number) => Math.min(255, Math.abs((t % 512) - 256));

export const reference = (width: number, height: number): Picture => ({
  width,
  height,
  value: (channel, y, x) =>
    Math.min(255, Math.floor((wave(3 * x + 2 * y + 90 * channel) * 3) / 4) + ((x * y + 3 * x) % 41)),
});

export const noisy = (picture: Picture, strength: number): Picture => ({
  ...picture,
  value: (channel, y, x) => {
    const noise = (((x * 7919 + y * 104729 + channel * 1299709 + x * y * 31) % 1009) % (2 * strength + 1)) - strength;
    return Math.min(255, Math.max(0, picture.value(channel, y, x) + noise));
  },
});

export const blurred = (picture: Picture): Picture => ({
  ...picture,
  value: (channel, y, x) => {
    let sum = 0;
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        sum += picture.value(
          channel,
          Math.min(picture.height - 1, Math.max(0, y + dy)),
          Math.min(picture.width - 1, Math.max(0, x + dx)),
        );
      }
    }
    return Math.floor(sum / 9);
  },
});

export const darker = (picture: Picture): Picture => ({
  ...picture,
  value: (channel, y, x) => Math.floor((picture.value(channel, y, x) * 9) / 10),
});

export function draw({ width, height, value }: Picture): Raster {
  const raster = createRaster(width, height, 3);
  for (let channel = 0, i = 0; channel < 3; channel++) {
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) raster.data[i++] = value(channel, y, x) / 255;
  }
  return raster;
}
