import { fromHalf, fromHalves, toHalf, toHalves } from '../../../src/engine/common/half';
import { GraphBuilder } from '../../../src/engine/graph';
import { layoutOf } from '../../../src/engine/network/layout';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import { fromTensor, toTensor } from '../../../src/engine/network/tensors';
import { runNative } from '../graph/support/native';
import { largestDifference, noise } from '../raster/support';

const [height, width] = [2, 3];
const size = height * width;
const ranges = [
  [0, 1],
  [0, 255],
  [-1, 1],
  [-0.5, 0.5],
  [0.25, 1.25],
] as const;
const cases = (['NCHW', 'NHWC'] as const).flatMap((layout) =>
  (['RGB', 'BGR'] as const).flatMap((channels) => ranges.map((range) => ({ layout, channels, range }))),
);

test.each(cases)('two pictures as $layout, $channels, $range, and back', async (arrangement) => {
  const { layout, channels, range } = arrangement;
  const [black, white] = range;
  const between = layoutOf(arrangement);
  const data = Float32Array.from([...noise(width, height, 3, 1).data, ...noise(width, height, 3, 2).data]);
  // Where a value belongs, worked out anew.
  const expected = new Float32Array(data.length);
  for (let n = 0; n < 2; n++)
    for (let c = 0; c < 3; c++)
      for (let p = 0; p < size; p++) {
        const channel = channels === 'BGR' ? 2 - c : c;
        const to = layout === 'NHWC' ? (n * size + p) * 3 + channel : (n * 3 + channel) * size + p;
        expected[to] = black + (white - black) * data[(n * 3 + c) * size + p]!;
      }
  const there = between.toNetwork(data, height, width);
  expect(largestDifference(there, expected)).toBeLessThan(1e-4);
  expect(largestDifference(between.fromNetwork(there, height, width), data)).toBeLessThan(1e-5);
  const shape = between.shape(2, height, width);
  expect(shape).toEqual(layout === 'NHWC' ? [2, height, width, 3] : [2, 3, height, width]);

  const b = new GraphBuilder('standard');
  const graph = b.build({ y: between.toStandard(b, b.input('x', shape)) });
  const { y } = await runNative(graph, { x: { data: there, dims: shape } });
  expect(largestDifference(y!, data)).toBeLessThan(1e-5);
});

test.each(['float32', 'float16'] as const)('a tensor of %s, and back', async (type) => {
  const runtime = cpuRuntime(1);
  const convention = { layout: 'NHWC', channels: 'BGR', range: [0, 1], type } as const;
  const picture = noise(width, height, 3, 3);
  const tensor = toTensor(runtime.ort, picture, convention);
  expect(tensor).toMatchObject({ type, dims: [1, height, width, 3] });
  const back = fromTensor(tensor, width, height, convention);
  expect(largestDifference(back.data, picture.data)).toBeLessThan(type === 'float16' ? 2 ** -11 : 1e-7);
  expect(() => fromTensor(tensor, height, width, convention)).toThrow(/instead of/);
  await runtime.dispose();
});

test('every half goes to a float and back; values between go to the nearer, ties to even', () => {
  const halves = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const floats = fromHalves(halves);
  const back = toHalves(floats);
  // Payloads of NaN are not kept.
  const isNaNHalf = (half: number) => (half & 0x7fff) > 0x7c00;
  for (const half of halves) {
    if (isNaNHalf(half)) {
      expect(floats[half]).toBeNaN();
      continue;
    }
    if (back[half] !== half || Math.fround(fromHalf(half)) !== floats[half]) throw new Error(`half ${half}`);
  }
  expect(isNaNHalf(toHalf(NaN))).toBe(true);
  for (const half of [0, 1, 2, 0x3ff, 0x400, 0x401, 0x3bff, 0x3c00, 0x7bfe]) {
    const [low, high] = [fromHalf(half), fromHalf(half + 1)];
    const middle = (low + high) / 2;
    expect(toHalf(middle)).toBe(half % 2 === 0 ? half : half + 1);
    expect(toHalf(low + 0.49 * (high - low))).toBe(half);
    expect(toHalf(low + 0.51 * (high - low))).toBe(half + 1);
    expect(toHalf(-low - 0.51 * (high - low))).toBe(0x8000 | (half + 1));
  }
  expect(toHalf(65519.99)).toBe(0x7bff);
  expect(toHalf(65520)).toBe(0x7c00);
  expect(toHalf(-1e9)).toBe(0xfc00);
});
