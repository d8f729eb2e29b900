import { targetOf, withItsNoise, withMeansOf, withoutHalos } from '../../../src/engine/adaptation/targets';
import { createRaster } from '../../../src/engine/raster/planes';
import { Random } from '../graph/support/random';

const SIDE = 16;
const SCALE = 2;

test('a reduced piece gets the colours of the piece that it was made of, and keeps its detail', () => {
  const random = new Random(3);
  const high = new Float32Array(3 * (SIDE * SCALE) ** 2);
  const truth = Float32Array.from({ length: 3 * SIDE ** 2 }, () => 0.5 + 0.2 * random.array(1, -1, 1)[0]!);
  high.forEach((_, i) => {
    const [x, y, c] = [
      i % (SIDE * SCALE),
      Math.floor(i / (SIDE * SCALE)) % (SIDE * SCALE),
      Math.floor(i / (SIDE * SCALE) ** 2),
    ];
    high[i] = truth[(c * SIDE + (y >> 1)) * SIDE + (x >> 1)]!;
  });
  // The reconstructor's: darker in red, brighter in blue, and with a checker that is its own.
  const checker = (i: number) => ((i + Math.floor(i / SIDE)) % 2 === 0 ? 0.01 : -0.01);
  const low = truth.map((value, i) => value + [-0.03, 0, 0.02][Math.floor(i / SIDE ** 2)]! + checker(i));
  const right = withMeansOf(low, SIDE, high, SCALE);
  right.forEach((value, i) => expect(Math.abs(value - truth[i]! - checker(i))).toBeLessThan(0.004));
});

describe('noise', () => {
  /** A gray piece with noise of a deviation of about 0.03, and what is known of it. */
  const random = new Random(11);
  const gray = createRaster(SIDE, SIDE, 3);
  gray.data.fill(0.5);
  const noisy = { ...gray, data: gray.data.map((value) => value + random.array(1, -0.05, 0.05)[0]!) };
  const noise = {
    levels: [{ brightness: 0.5, deviations: new Float32Array(3 * 64).fill(0.03) }],
    quality: null,
    errors: new Float32Array(3 * 64),
  };
  const deviation = (values: Float32Array, from: number) =>
    Math.sqrt(values.reduce((sum, value) => sum + (value - from) ** 2, 0) / values.length);

  test('what the result is compared with has the colour of the picture, and none of its noise', () => {
    const patch = { pixels: noisy, map: createRaster(SIDE, SIDE, 1), noise };
    const darker = new Float32Array(3 * (SIDE * SCALE) ** 2).fill(0.4);
    expect(deviation(targetOf(patch, darker, SCALE), 0.5)).toBeLessThan(0.25 * deviation(noisy.data, 0.5));
    expect(targetOf({ ...patch, noise: undefined }, darker, SCALE)).toBe(noisy.data);
  });

  test('a result that kept the noise is not asked to change it', () => {
    const kept = Float32Array.from({ length: 3 * (SIDE * SCALE) ** 2 }, (_, i) => {
      const [x, y, c] = [
        i % (SIDE * SCALE),
        Math.floor(i / (SIDE * SCALE)) % (SIDE * SCALE),
        Math.floor(i / (SIDE * SCALE) ** 2),
      ];
      return noisy.data[(c * SIDE + (y >> 1)) * SIDE + (x >> 1)]!;
    });
    const target = targetOf({ pixels: noisy, map: createRaster(SIDE, SIDE, 1), noise }, kept, SCALE);
    target.forEach((value, i) => expect(value).toBeCloseTo(noisy.data[i]!, 5));
  });

  test('a reduced piece gets the noise of the picture, where there is some', () => {
    const low = new Float32Array(3 * 8 * 8).fill(0.3);
    const noised = withItsNoise(low, 8, noisy, gray);
    const middle = (i: number) => {
      const [x, y, c] = [i % 8, Math.floor(i / 8) % 8, Math.floor(i / 64)];
      return noisy.data[(c * SIDE + y + 4) * SIDE + x + 4]! - 0.5;
    };
    noised.forEach((value, i) => expect(value).toBeCloseTo(0.3 + middle(i), 5));
    expect(withItsNoise(low, 8, gray, gray)).toBe(low);
  });
});

describe('halos', () => {
  /** Bars of some width, and the same enlarged: taken down by areas it is the bars again. */
  const bars = Float32Array.from({ length: 3 * SIDE ** 2 }, (_, i) => ((i % SIDE) % 6 < 3 ? 0.3 : 0.7));
  const before = Float32Array.from({ length: 3 * (SIDE * SCALE) ** 2 }, (_, i) => {
    const [x, y] = [i % (SIDE * SCALE), Math.floor(i / (SIDE * SCALE))];
    return bars[(y >> 1) * SIDE + (x >> 1)]!;
  });
  /** Sharpened or, with a negative amount, softened along the rows. */
  const sharpened = (amount: number) =>
    bars.map((value, i) => {
      const [left, right] = [bars[i % SIDE > 0 ? i - 1 : i]!, bars[i % SIDE < SIDE - 1 ? i + 1 : i]!];
      return value + amount * (value - (left + 2 * value + right) / 4);
    });
  const miss = (values: Float32Array) => Math.sqrt(values.reduce((sum, value, i) => sum + (value - bars[i]!) ** 2, 0));

  test('what was sharpened is not learned', () => {
    const target = sharpened(0.8);
    const [without] = withoutHalos([target], [before], SIDE, SCALE);
    expect(miss(without!)).toBeLessThan(0.4 * miss(target));
  });

  test('nor is it where a lively network makes up as much of the difference', () => {
    const random = new Random(7);
    const lively = before.map((value) => value + random.array(1, -0.2, 0.2)[0]!);
    const target = sharpened(0.4);
    const [without] = withoutHalos([target], [lively], SIDE, SCALE);
    expect(miss(without!)).toBeLessThan(0.6 * miss(target));
  });

  test('a picture that is softer than the result, or differs in something else, is as it is', () => {
    const noise = new Random(5).array(bars.length, -0.05, 0.05);
    for (const target of [sharpened(-0.8), bars.map((value) => value + 0.05), bars.map((v, i) => v + noise[i]!)]) {
      expect(withoutHalos([target], [before], SIDE, SCALE)[0]).toBe(target);
    }
  });
});
