import sharp from 'sharp';
import { jpegQuality } from '../../../src/engine/adaptation/compression';
import { isSeen, limitedBy, noiseOf, strengthOf, withoutNoise } from '../../../src/engine/adaptation/noise';
import { randomFrom } from '../../../src/engine/adaptation/random';
import { addInverseDct, forwardDct } from '../../../src/engine/raster/dct';
import { createRaster, plane } from '../../../src/engine/raster/planes';
import type { Raster } from '../../../src/engine/raster/raster';
import { fromYCbCr, toYCbCr } from '../../../src/engine/raster/ycbcr';

const SIDE = 96;

/** Half of it flat in three shades, half of it stripes and blobs. */
function scene(): Raster {
  const raster = createRaster(SIDE, SIDE, 3);
  raster.data.forEach((_, i) => {
    const [x, y, c] = [i % SIDE, Math.floor(i / SIDE) % SIDE, Math.floor(i / SIDE ** 2)];
    const shade = 0.25 + 0.2 * Math.floor(y / 32) + 0.05 * c;
    raster.data[i] = x < SIDE / 2 ? shade : shade + (Math.sin(x * 0.9) * Math.cos(y * 0.35) > 0.2 ? 0.18 : -0.12);
  });
  return raster;
}

function noisy(raster: Raster, deviation: number, seed = 3): Raster {
  const random = randomFrom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
  return { ...raster, data: raster.data.map((value) => value + deviation * normal()) };
}

async function compressed({ width, height, data }: Raster, quality: number): Promise<Raster> {
  const bytes = Buffer.alloc(data.length);
  const size = width * height;
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) bytes[3 * i + c] = Math.round(255 * Math.min(1, Math.max(0, data[c * size + i]!)));
  }
  const file = await sharp(bytes, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
  const back = await sharp(file).raw().toBuffer();
  const result = createRaster(width, height, 3);
  for (let i = 0; i < size; i++) for (let c = 0; c < 3; c++) result.data[c * size + i] = back[3 * i + c]! / 255;
  return result;
}

const rect = { x: 0, y: 0, width: SIDE, height: SIDE };
const measured = (pixels: Raster) => noiseOf([{ rect, pixels }]);
const rms = (a: Raster, b: Raster) =>
  Math.sqrt(a.data.reduce((sum, v, i) => sum + (v - b.data[i]!) ** 2, 0) / a.data.length);

test('the DCT keeps lengths and comes back', () => {
  const block = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * i));
  const [out, back] = [new Float32Array(64), new Float32Array(64)];
  forwardDct(block, 0, 8, out);
  addInverseDct(out, back, 0, 8);
  block.forEach((value, i) => expect(back[i]).toBeCloseTo(value, 5));
  const energy = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
  expect(energy(out)).toBeCloseTo(energy(block), 3);
});

test('luma and colour differences come back as RGB', () => {
  expect(rms(fromYCbCr(toYCbCr(scene())), scene())).toBeLessThan(1e-5);
});

test.each([0, 0.01, 0.03])('noise of %p is measured within a quarter', (deviation) => {
  const strength = strengthOf(measured(noisy(scene(), deviation)));
  // Luma of three channels with noise of their own.
  const wanted = deviation * Math.hypot(0.299, 0.587, 0.114);
  expect(Math.abs(strength - wanted)).toBeLessThan(Math.max(0.001, 0.25 * wanted));
});

test('only what is seen counts', () => {
  expect(isSeen(measured(noisy(scene(), 0.004)))).toBe(false);
  expect(isSeen(measured(noisy(scene(), 0.02)))).toBe(true);
});

test('what the embedding calls clean is texture; noise that it knows stays', () => {
  const noise = measured(noisy(scene(), 0.03));
  const strength = strengthOf(noise);
  expect(isSeen(limitedBy(noise, 0.0004))).toBe(false);
  expect(strengthOf(limitedBy(noise, 0.003))).toBeCloseTo(1.5 * 0.003 + 0.5 / 255, 5);
  expect(limitedBy(noise, strength)).toBe(noise);
});

test('the noise goes and the picture stays', () => {
  const picture = noisy(scene(), 0.03);
  const clean = withoutNoise(picture, picture, measured(picture));
  expect(rms(clean, scene())).toBeLessThan(0.6 * rms(picture, scene()));
});

test('a wrong colour is told from noise, which is left out of a difference', () => {
  const picture = noisy(scene(), 0.03);
  const noise = measured(picture);
  const result = { ...scene(), data: scene().data.map((value) => value - 0.02) };
  const difference = { ...picture, data: picture.data.map((value, i) => value - result.data[i]!) };
  const kept = withoutNoise(difference, picture, noise);
  const wrong = { ...picture, data: picture.data.map(() => 0.02) };
  expect(rms(kept, wrong)).toBeLessThan(0.3 * rms(difference, wrong));
});

describe('compression', () => {
  const quality = (pixels: Raster, at = rect) =>
    jpegQuality([{ rect: at, luma: createRaster(pixels.width, pixels.height, 1, plane(toYCbCr(pixels), 0)) }]);

  test.each([36, 51, 75])('quality %p shows', async (wanted) => {
    const found = quality(await compressed(noisy(scene(), 0.02), wanted));
    expect(Math.abs(found! - wanted)).toBeLessThanOrEqual(6);
  });

  test('also in a piece from anywhere; not in a picture that never was compressed', async () => {
    const whole = await compressed(noisy(scene(), 0.02), 51);
    const piece = { x: 5, y: 3, width: 88, height: 88 };
    const cut = createRaster(88, 88, 3);
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < 88; y++) {
        for (let x = 0; x < 88; x++) {
          cut.data[(c * 88 + y) * 88 + x] = whole.data[(c * SIDE + y + 3) * SIDE + x + 5]!;
        }
      }
    }
    expect(Math.abs(quality(cut, piece)! - 51)).toBeLessThanOrEqual(6);
    expect(quality(cut, { ...piece, x: 0, y: 0 })).not.toBeNull();
    expect(quality(noisy(scene(), 0.02))).toBeNull();
    expect(quality(scene())).toBeNull();
  });

  test('its errors are taken out of a difference', async () => {
    const picture = await compressed(noisy(scene(), 0.01), 45);
    const noise = measured(picture);
    expect(noise.quality).not.toBeNull();
    const truth = scene();
    const difference = { ...picture, data: picture.data.map((value, i) => value - truth.data[i]!) };
    const kept = withoutNoise(difference, picture, noise);
    const none = { ...picture, data: picture.data.map(() => 0) };
    expect(rms(kept, none)).toBeLessThan(0.5 * rms(difference, none));
  });
});
