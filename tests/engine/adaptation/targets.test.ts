import { withMeansOf } from '../../../src/engine/adaptation/targets';
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
