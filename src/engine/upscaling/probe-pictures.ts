import { createRaster } from '../raster/planes';
import type { Raster } from '../raster/raster';
import { resize } from '../raster/resample';

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
  return { ...picture, data: picture.data.map((value) => 0.3 * value) };
}

function smoothStep(t: number): number {
  return t * t * (3 - 2 * t);
}

/** Noise over the whole range, 3 channels, the same for the same seed: nothing in a network stays at rest. */
export function noisePicture(width: number, height: number, seed: number): Raster {
  const picture = createRaster(width, height, 3);
  const random = numbersFrom(seed);
  return { ...picture, data: picture.data.map(random) };
}

/** The picture with noise of that standard deviation added, near enough to a Gaussian's. */
export function noisierPicture(picture: Raster, deviation: number): Raster {
  const random = numbersFrom(1);
  // Twelve of these have a variance of 1.
  const gauss = () => Array.from({ length: 12 }, random).reduce((sum, number) => sum + number, -6);
  return { ...picture, data: picture.data.map((value) => value + deviation * gauss()) };
}

/** Leaves that lie on a square of 64 pixels. */
const leaves = 160;

/**
 * Ellipses of many sizes and colours lying over each other, some striped, 3 channels, the same for the same seed: the "dead
 * leaves" that share their statistics with photographs (Lee, Mumford and Huang, IJCV 2001).
 */
export function leavesPicture(width: number, height: number, seed: number): Raster {
  const random = numbersFrom(seed);
  // Drawn at twice the size: edges are where they are, not where pixels are.
  const large = createRaster(2 * width, 2 * height, 3);
  const size = 4 * width * height;
  const [red, green, blue] = [random(), random(), random()];
  large.data
    .fill(red, 0, size)
    .fill(green, size, 2 * size)
    .fill(blue, 2 * size);
  for (let leaf = 0; leaf < (leaves * width * height) / 64 ** 2; leaf++) {
    const [x, y, angle] = [random() * 2 * width, random() * 2 * height, random() * Math.PI];
    const length = 4 + 45 * random() ** 3;
    const breadth = length * (0.3 + 0.7 * random());
    const brightness = 0.05 + 0.9 * random();
    const colour = [0, 1, 2].map(() => brightness + 0.5 * (random() - 0.5));
    const shade = 0.4 * (random() - 0.5);
    const stripes = random() < 0.4 ? 2 * random() : 0;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const [left, top] = [Math.max(0, Math.ceil(x - length)), Math.max(0, Math.ceil(y - length))];
    const [right, bottom] = [Math.min(2 * width - 1, x + length), Math.min(2 * height - 1, y + length)];
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const along = ((column - x) * cos + (row - y) * sin) / length;
        const across = ((row - y) * cos - (column - x) * sin) / breadth;
        if (along * along + across * across >= 1) continue;
        const stripe = stripes === 0 ? 1 : 1 + 0.12 * Math.sin(along * length * stripes);
        for (let channel = 0; channel < 3; channel++) {
          const value = colour[channel]! * (1 + shade * along) * stripe;
          large.data[channel * size + row * 2 * width + column] = value < 0 ? 0 : value > 1 ? 1 : value;
        }
      }
    }
  }
  return resize(large, width, height, 'area');
}

/** Numbers in 0..1. Numerical Recipes' linear congruential generator: reproducible everywhere, which is all that is asked of it. */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}
