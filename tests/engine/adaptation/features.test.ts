import { featureDistance } from '../../../src/engine/adaptation/features';
import { GraphBuilder, type Graph } from '../../../src/engine/graph';
import { runNative } from '../graph/support/native';
import { drawn } from '../raster/support';

// The perceptual distance, against the sums of its definition.

const [WIDTH, HEIGHT] = [4, 5];
const dims = [1, 3, HEIGHT, WIDTH] as const;

/** Two maps: the picture itself, and its double plus a little, at half the size. */
function features() {
  const b = new GraphBuilder('features');
  const x = b.input('x', dims);
  return b.build({ fine: x, coarse: b.add(b.mul(b.averagePool(x, [1, 2]), 2), 0.1) });
}

const first = drawn(WIDTH, HEIGHT, 3, (c, y, x) => 0.5 + 0.4 * Math.sin(x + 2 * y + 3 * c)).data;
const second = drawn(WIDTH, HEIGHT, 3, (c, y, x) => 0.5 + 0.4 * Math.cos(2 * x - y + c)).data;

function distanceBy(weights?: Record<string, number>): Graph {
  const b = new GraphBuilder('distance');
  const [left, right] = [b.input('left', dims), b.input('right', dims)];
  return b.build({ y: b.reshape(featureDistance(features(), weights)(b, left, right), [1]) });
}

async function found(weights?: Record<string, number>): Promise<number> {
  const { y } = await runNative(distanceBy(weights), { left: { data: first, dims }, right: { data: second, dims } });
  return y![0]!;
}

/** Mean over the places of the squared distance of the unit vectors over the channels. */
function mapDistance(left: Float32Array, right: Float32Array): number {
  const size = left.length / 3;
  const unit = (map: Float32Array, at: number) => {
    const vector = [0, 1, 2].map((c) => map[c * size + at]!);
    return vector.map((value) => value / Math.hypot(...vector));
  };
  let sum = 0;
  for (let at = 0; at < size; at++) {
    const [a, b] = [unit(left, at), unit(right, at)];
    a.forEach((value, c) => (sum += (value - b[c]!) ** 2));
  }
  return sum / size;
}

const coarse = (data: Float32Array) =>
  Float32Array.from({ length: data.length / 2 }, (_, i) => data[2 * i]! + data[2 * i + 1]! + 0.1);
const [fine, rough] = [mapDistance(first, second), mapDistance(coarse(first), coarse(second))];

test.each<[string, Record<string, number> | undefined, number]>([
  ['all maps the same where no weights are given', undefined, (fine + rough) / 2],
  ['maps by their weights, of which only the proportion counts', { fine: 1, coarse: 3 }, (fine + 3 * rough) / 4],
  ['no map without a weight', { coarse: 5 }, rough],
])('has %s', async (_, weights, distance) => {
  expect(Math.abs(fine - rough)).toBeGreaterThan(0.01);
  expect(Math.abs((await found(weights)) - distance)).toBeLessThan(1e-5);
});

test('a map without a weight costs nothing', () => {
  expect(distanceBy({ fine: 1, coarse: 0 }).nodes.length).toBeLessThan(distanceBy().nodes.length);
});
