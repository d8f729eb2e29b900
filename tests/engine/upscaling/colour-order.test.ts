import { plane } from '../../../src/engine/raster/planes';
import type { Raster } from '../../../src/engine/raster/raster';
import { resize } from '../../../src/engine/raster/resample';
import { toYCbCr } from '../../../src/engine/raster/ycbcr';
import { orderOf, probeSide } from '../../../src/engine/upscaling/colour-order';
import { leavesPicture } from '../../../src/engine/upscaling/probe-pictures';
import { largestDifference } from '../raster/support';

// Networks whose errors are known to the last digit: what is believed of each, and what they are asked.

const [width, height] = [6, 4];
/** Every picture is asked for in both orders, as it is and with red and blue exchanged. */
const perProbe = 4;

interface Asked {
  readonly order: 'RGB' | 'BGR';
  readonly damaged: Raster;
  readonly picture: Raster;
}

function swapped(picture: Raster): Raster {
  const [red, green, blue] = [0, 1, 2].map((channel) => plane(picture, channel));
  return { ...picture, data: Float32Array.from([...blue!, ...green!, ...red!]) };
}

/**
 * What is said of a network whose error is, with blue first, by the factor e^`of(probe, exchanged)` of what it is with red
 * first: probes are counted from 0.
 */
async function orderFor(of: (probe: number, exchanged: boolean) => number, { scale = 1, side = [width, height] } = {}) {
  const asked: Asked[] = [];
  const order = await orderOf(
    async (damaged, order) => {
      const probe = Math.floor(asked.length / perProbe);
      const exchanged = asked.length % perProbe >= 2;
      const original = leavesPicture(side[0]!, side[1]!, probe + 1);
      const picture = exchanged ? swapped(original) : original;
      asked.push({ order, damaged, picture });
      const error = 0.1 * (order === 'BGR' ? Math.exp(of(probe, exchanged)) : 1);
      const answer = { ...picture, data: picture.data.map((value) => value + error) };
      return resize(answer, side[0]! * scale, side[1]! * scale, 'area');
    },
    side[0]!,
    side[1]!,
  );
  return { order, asked };
}

test('red first where it is as good, after a few probes', async () => {
  for (const favour of [0, 1e-4, 1]) {
    const { order, asked } = await orderFor(() => favour);
    expect([order, asked.length]).toEqual(['RGB', 3 * perProbe]);
  }
});

test.each([1, 3])('blue first where that is always better by a fifth of a per cent, at ×%i', async (scale) => {
  // Both of a pair count.
  const found = async (favour: number) => {
    const { order, asked } = await orderFor(() => favour / 2, { scale });
    expect(asked).toHaveLength(16 * perProbe);
    return order;
  };
  expect(await found(-0.0021)).toBe('BGR');
  expect(await found(-0.0019)).toBe('RGB');
  expect(await found(-0.5)).toBe('BGR');
});

test('what the colours of a picture favour cancels', async () => {
  const found = async (favour: number) => (await orderFor((_, exchanged) => (exchanged ? 0.2 : -0.2) + favour)).order;
  expect(await found(-0.01)).toBe('BGR');
  expect(await found(0.01)).toBe('RGB');
  expect(await found(-0.0005)).toBe('RGB');
});

test('blue first is believed where it is better by three times its standard error, no sooner', async () => {
  // Half of the probes 0.1 above and half below the mean: the standard error of 16 is a quarter of that.
  const found = async (mean: number) => (await orderFor((probe) => (mean + (probe % 2 === 0 ? -0.1 : 0.1)) / 2)).order;
  expect(await found(-0.0755)).toBe('BGR');
  expect(await found(-0.0745)).toBe('RGB');
});

test('a network that is behind after a few probes is given all of them', async () => {
  const { order, asked } = await orderFor((probe) => (probe < 3 ? -0.01 : 0.01));
  expect([order, asked.length]).toEqual(['RGB', 16 * perProbe]);
});

test('each probe is damaged as JPEG files are: luma is kept, colour has half the size', async () => {
  const { asked } = await orderFor(() => 0, { side: [probeSide, probeSide] });
  for (const { damaged, picture } of asked.slice(0, perProbe)) {
    const [now, before] = [toYCbCr(damaged), toYCbCr(picture)];
    const size = probeSide ** 2;
    let seen = 0;
    for (let y = 0; y < probeSide; y += 2) {
      for (let x = 0; x < probeSide; x += 2) {
        const four = [0, 1, probeSide, probeSide + 1].map((more) => y * probeSide + x + more);
        // Black and white end what colour can be.
        if (four.some((i) => [0, 1, 2].some((c) => [0, 1].includes(damaged.data[c * size + i]!)))) continue;
        seen += 4;
        for (const i of four) {
          expect(Math.abs(now.data[i]! - before.data[i]!)).toBeLessThan(1e-5);
          for (const at of [size, 2 * size]) {
            const mean = four.reduce((sum, each) => sum + before.data[at + each]!, 0) / 4;
            expect(Math.abs(now.data[at + i]! - mean)).toBeLessThan(1e-5);
          }
        }
      }
    }
    expect(seen).toBeGreaterThan(0.4 * size);
    expect(Math.min(...damaged.data)).toBe(0);
    expect(Math.max(...damaged.data)).toBe(1);
    expect(largestDifference(damaged.data, picture.data)).toBeGreaterThan(0.1);
  }
});
