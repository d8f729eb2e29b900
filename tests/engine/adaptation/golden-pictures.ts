import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { randomFrom } from '../../../src/engine/adaptation/random';
import { boxMeans } from '../../../src/engine/raster/box';
import { createRaster, crop } from '../../../src/engine/raster/planes';
import type { Raster, Rect } from '../../../src/engine/raster/raster';
import { drawn } from '../raster/support';

// Small pictures, each of which takes the adaptation down other branches, the same on every machine.

/** Blobs with edges on slopes, one half with fine texture. */
export function clean(width: number, height: number): Raster {
  return drawn(width, height, 3, (c, y, x) => {
    const blob = Math.sin(x / 7 + c) + Math.cos(y / 5) > 0.4 ? 0.7 : 0.25;
    const texture = x > width / 2 ? 0.08 * Math.sin(1.9 * x + c) * Math.sin(2.3 * y) : 0;
    return blob + texture + 0.1 * (y / height) - 0.05 * (x / width);
  });
}

/** The same with white noise, more of it where it is bright, and some of it coarse. */
export function noisy(width: number, height: number, deviation = 0.03): Raster {
  const picture = clean(width, height);
  const random = randomFrom(11);
  const normal = () => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
  const white = picture.data.map(normal);
  const coarse = boxMeans(white, width, height, 1);
  const data = picture.data.map((value, i) => value + deviation * (0.5 + value) * (white[i]! + 0.5 * coarse[i]!));
  return { ...picture, data: data.map((value) => Math.min(1, Math.max(0, value))) };
}

export function soft(width: number, height: number): Raster {
  const picture = clean(width, height);
  return { ...picture, data: boxMeans(boxMeans(picture.data, width, height, 1), width, height, 1) };
}

/** Sharpened far too much: with halos along all edges. */
export function haloed(width: number, height: number): Raster {
  const picture = soft(width, height);
  const means = boxMeans(picture.data, width, height, 2);
  const data = picture.data.map((value, i) => Math.min(1, Math.max(0, value + 1.5 * (value - means[i]!))));
  return { ...picture, data };
}

/** Few colours in blocks, as a code or pixel art has them. */
export function fewColours(width: number, height: number): Raster {
  return drawn(width, height, 3, (c, y, x) => (((x >> 2) * 7 + (y >> 2) * 5 + c) % 3) / 2);
}

/** 168 × 136 pixels that were compressed with a quality of 50 and a colour of half the size, from the file beside. */
export async function compressed(): Promise<Raster> {
  const file = readFileSync(join(__dirname, 'golden-compressed.jpg'));
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  return drawn(info.width, info.height, 3, (c, y, x) => data[3 * (y * info.width + x) + c]! / 255);
}

export function pictureOf(raster: Raster) {
  const { width, height } = raster;
  return { width, height, read: (_: AbortSignal, rect: Rect) => Promise.resolve(crop(raster, rect)) };
}

export function filled(width: number, height: number, value: number): Raster {
  const raster = createRaster(width, height, 3);
  raster.data.fill(value);
  return raster;
}
