import { createRaster } from '../raster/planes';
import type { Raster } from '../raster/raster';

/**
 * A smooth coloured picture, 3 channels, 0.05..0.95: soft waves, different in each channel, over the colours that
 * photographs have most (skin, foliage, sky: red, green and blue are not alike). A network that enlarges pictures
 * gives it back unchanged, but for its size.
 */
export function smoothPicture(width: number, height: number): Raster {
  const picture = createRaster(width, height, 3);
  const colours = [
    [0.82, 0.6, 0.48],
    [0.28, 0.42, 0.18],
    [0.35, 0.55, 0.85],
    [0.12, 0.1, 0.09],
  ] as const;
  let at = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [u, v] = [smoothStep(x / Math.max(1, width - 1)), smoothStep(y / Math.max(1, height - 1))];
        const top = colours[0][channel]! * (1 - u) + colours[1][channel]! * u;
        const bottom = colours[2][channel]! * (1 - u) + colours[3][channel]! * u;
        const wave = 0.06 * Math.sin(x / 5 + channel) * Math.cos(y / 6 - channel);
        picture.data[at++] = Math.min(0.95, Math.max(0.05, top * (1 - v) + bottom * v + wave));
      }
    }
  }
  return picture;
}

/** The same in the lowest third of the values: what is negative where 0 is taken for the middle. */
export function darkPicture(width: number, height: number): Raster {
  const picture = smoothPicture(width, height);
  for (let i = 0; i < picture.data.length; i++) picture.data[i]! *= 0.3;
  return picture;
}

function smoothStep(t: number): number {
  return t * t * (3 - 2 * t);
}

/** Noise over the whole range, 3 channels, the same for the same seed: nothing in a network stays at rest. */
export function noisePicture(width: number, height: number, seed: number): Raster {
  const picture = createRaster(width, height, 3);
  let state = seed >>> 0;
  for (let i = 0; i < picture.data.length; i++) {
    // Numerical Recipes' linear congruential generator: reproducible everywhere, which is all that is asked of it.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    picture.data[i] = state / 2 ** 32;
  }
  return picture;
}
