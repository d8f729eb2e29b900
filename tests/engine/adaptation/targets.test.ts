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

test('the colours are means over nine pixels, cut off at the borders, and kept within 0..1', () => {
  const side = 7;
  const high = new Random(4).array(3 * (2 * side) ** 2, 0, 1);
  const low = new Random(6).array(3 * side ** 2, 0, 1);
  const right = withMeansOf(low, side, high, 2);
  const area = (c: number, y: number, x: number) =>
    [0, 1, 2 * side, 2 * side + 1].reduce(
      (sum, more) => sum + high[(c * 2 * side + 2 * y) * 2 * side + 2 * x + more]! / 4,
      0,
    );
  right.forEach((value, i) => {
    const [x, y, c] = [i % side, Math.floor(i / side) % side, Math.floor(i / side ** 2)];
    let [sum, count] = [0, 0];
    for (let row = Math.max(0, y - 4); row <= Math.min(side - 1, y + 4); row++) {
      for (let column = Math.max(0, x - 4); column <= Math.min(side - 1, x + 4); column++) {
        sum += area(c, row, column) - low[(c * side + row) * side + column]!;
        count += 1;
      }
    }
    expect(value).toBeCloseTo(Math.min(1, Math.max(0, low[i]! + sum / count)), 5);
  });
  const [dark, light] = [0, 1].map((value) => new Float32Array(3 * (2 * side) ** 2).fill(value));
  expect(Math.min(...withMeansOf(low, side, dark!, 2))).toBe(0);
  expect(Math.max(...withMeansOf(low, side, light!, 2))).toBe(1);
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
    const bright = { ...gray, data: gray.data.map(() => 0.9) };
    expect([
      ...withItsNoise(
        low.map(() => 0.7),
        8,
        bright,
        gray,
      ),
    ]).toEqual([...low.map(() => 1)]);
    expect([...withItsNoise(low, 8, gray, bright)]).toEqual([...low.map(() => 0)]);
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

  test('what is taken off is the share of the fine detail that is missing, border and all', () => {
    const side = 5;
    const target = new Random(2).array(3 * side ** 2, 0, 1);
    const soft = target.map((_, i) => {
      const [x, y, c] = [i % side, Math.floor(i / side) % side, Math.floor(i / side ** 2)];
      const at = (dx: number, dy: number) => {
        const [column, row] = [x + dx, y + dy].map((place) => Math.min(side - 1, Math.max(0, place)));
        return target[(c * side + row!) * side + column!]!;
      };
      const row = (dy: number) => (at(-1, dy) + 2 * at(0, dy) + at(1, dy)) / 4;
      return (row(-1) + 2 * row(0) + row(1)) / 4;
    });
    // A result that lacks half of the fine detail exactly.
    const result = target.map((value, i) => value - 0.5 * (value - soft[i]!));
    const large = Float32Array.from({ length: 4 * target.length }, (_, i) => {
      const [x, line] = [i % (2 * side), Math.floor(i / (2 * side))];
      return result[Math.floor(line / 2) * side + (x >> 1)]!;
    });
    const [without] = withoutHalos([target], [large], side, 2);
    without!.forEach((value, i) => expect(value).toBeCloseTo(result[i]!, 5));
    const flat = new Float32Array(3 * side ** 2).fill(0.5);
    expect(withoutHalos([flat], [new Float32Array(12 * side ** 2).fill(0.5)], side, 2)[0]).toBe(flat);
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
