import { convert } from '../../../src/engine/conversion';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import type { Runtime } from '../../../src/engine/runtime/runtime';

// What ncnn's layers do with a picture of three channels, each told in numbers.
// https://github.com/Tencent/ncnn/blob/master/docs/developer-guide/operators.md

const [CHANNELS, HEIGHT, WIDTH] = [3, 2, 4];
const picture = Float32Array.from({ length: CHANNELS * HEIGHT * WIDTH }, (_, i) => ((i * 7) % 11) / 4 - 1);
const at = (channel: number, y: number, x: number) => picture[(channel * HEIGHT + y) * WIDTH + x]!;

let runtime: Runtime;
beforeAll(() => void (runtime = cpuRuntime(1)));
afterAll(() => runtime.dispose());

/** Runs lines of a .param file whose input is "x"; the answer is "output". */
async function answer(lines: string, weights: readonly number[] = []): Promise<{ shape: number[]; data: number[] }> {
  const all = `Input in 0 1 x\n${lines}`.split('\n');
  const param = `7767517\n${all.length} 99\n${all.join('\n')}\n`;
  const bin = new Uint8Array(Float32Array.from(weights).buffer);
  const { bytes } = convert({ name: 'x.param', bytes: new TextEncoder().encode(param) }, { name: 'x.bin', bytes: bin });
  const session = await runtime.createSession(bytes);
  try {
    const x = new runtime.ort.Tensor('float32', picture, [1, CHANNELS, HEIGHT, WIDTH]);
    const { dims, data } = (await session.run({ [session.inputNames[0]!]: x }))[session.outputNames[0]!]!;
    return { shape: [...dims], data: [...(data as Float32Array)] };
  } finally {
    await session.release();
  }
}

/** The numbers that a rule gives for each place of an answer. */
function each(shape: readonly [number, number, number], rule: (channel: number, y: number, x: number) => number) {
  const [channels, height, width] = shape;
  const data: number[] = [];
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.push(rule(c, y, x));
  return { shape: [1, ...shape], data };
}
const same = [CHANNELS, HEIGHT, WIDTH] as const;
const inside = (c: number, y: number, x: number, otherwise: number) =>
  y >= 0 && y < HEIGHT && x >= 0 && x < WIDTH ? at(c, y, x) : otherwise;
const within = (place: number, size: number) => Math.min(Math.max(place, 0), size - 1);
const mirrored = (place: number, size: number) => (place < 0 ? -place : place >= size ? 2 * (size - 1) - place : place);
/** By the integral of the normal distribution, in small steps. */
const gelu = (value: number) => {
  const steps = 2000;
  let sum = 0.5;
  for (let i = 0; i < steps; i++) {
    const place = ((i + 0.5) / steps) * value;
    sum += (Math.exp((-place * place) / 2) / Math.sqrt(2 * Math.PI)) * (value / steps);
  }
  return value * sum;
};
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

interface Row {
  readonly title: string;
  readonly lines: string;
  readonly weights?: readonly number[];
  readonly is: ReturnType<typeof each>;
}

const rows: Row[] = [
  {
    title: 'Padding by a number',
    lines: 'Padding p 1 1 x output 0=1 1=0 2=2 3=1 5=0.25',
    is: each([3, 3, 7], (c, y, x) => inside(c, y - 1, x - 2, 0.25)),
  },
  {
    title: 'Padding by zeros where no number is given',
    lines: 'Padding p 1 1 x output 0=0 1=2 2=0 3=0',
    is: each([3, 4, 4], (c, y, x) => inside(c, y, x, 0)),
  },
  {
    title: 'Padding at its left only',
    lines: 'Padding p 1 1 x output 2=1',
    is: each([3, 2, 5], (c, y, x) => inside(c, y, x - 1, 0)),
  },
  {
    title: 'Padding by the edge',
    lines: 'Padding p 1 1 x output 0=1 1=2 2=3 3=0 4=1',
    is: each([3, 5, 7], (c, y, x) => at(c, within(y - 1, HEIGHT), within(x - 3, WIDTH))),
  },
  {
    title: 'Padding by a mirror',
    lines: 'Padding p 1 1 x output 0=1 1=0 2=1 3=2 4=2',
    is: each([3, 3, 7], (c, y, x) => at(c, mirrored(y - 1, HEIGHT), mirrored(x - 1, WIDTH))),
  },
  {
    title: 'Crop between starts and ends, along height and width',
    lines: 'Crop c 1 1 x output -23309=2,1,1 -23310=2,2,3 -23311=2,1,2',
    is: each([3, 1, 2], (c, y, x) => at(c, y + 1, x + 1)),
  },
  {
    title: 'Crop along an axis counted from behind',
    lines: 'Crop c 1 1 x output -23309=1,2 -23310=1,4 -23311=1,-1',
    is: each([3, 2, 2], (c, y, x) => at(c, y, x + 2)),
  },
  {
    title: 'Crop to the size of another value',
    lines:
      'Split s 1 3 x a b d\nCrop small 1 1 a c -23309=2,1,1 -23310=2,2,3 -23311=2,1,2\nCrop c 2 1 b c output 0=1 1=1\nNoop n 1 1 d e',
    is: each([3, 1, 2], (c, y, x) => at(c, y + 1, x + 1)),
  },
  {
    title: 'Crop to the size of another value, from the first pixel if nothing is said',
    lines:
      'Split s 1 3 x a b d\nCrop small 1 1 a c -23309=2,1,1 -23310=2,2,3 -23311=2,1,2\nCrop c 2 1 b c output\nNoop n 1 1 d e',
    is: each([3, 1, 2], (c, y, x) => at(c, y, x)),
  },
  {
    title: 'Slice in given parts, the rest in the last',
    lines: 'Slice s 1 2 x a output -23300=2,1,-233\nNoop n 1 1 a b',
    is: each([2, 2, 4], (c, y, x) => at(c + 1, y, x)),
  },
  {
    title: 'Slice in equal parts',
    lines: 'Slice s 1 3 x a b output -23300=3,-233,-233,-233\nNoop n 2 2 a b c d',
    is: each([1, 2, 4], (_, y, x) => at(2, y, x)),
  },
  {
    title: 'Pooling to the largest if nothing is said',
    lines: 'Pooling p 1 1 x output 4=1',
    is: each([3, 1, 1], (c) => Math.max(...picture.slice(c * 8, c * 8 + 8))),
  },
  {
    title: 'Pooling to the largest',
    lines: 'Pooling p 1 1 x output 0=0 4=1',
    is: each([3, 1, 1], (c) => Math.max(...picture.slice(c * 8, c * 8 + 8))),
  },
  {
    title: 'Pooling to the mean',
    lines: 'Pooling p 1 1 x output 0=1 4=1',
    is: each([3, 1, 1], (c) => picture.slice(c * 8, c * 8 + 8).reduce((sum, value) => sum + value / 8, 0)),
  },
  {
    title: 'InnerProduct of a mean, with bias and activation',
    lines: 'Pooling p 1 1 x m 0=1 4=1\nInnerProduct i 1 1 m output 0=2 1=1 2=6 9=2 -23310=1,0.5',
    weights: [0, 1, 0, -1, 0.5, 2, 0, 0.25, -3],
    is: each([2, 1, 1], (o) => {
      const mean = (c: number) => picture.slice(c * 8, c * 8 + 8).reduce((sum, value) => sum + value / 8, 0);
      const value = o === 0 ? mean(0) - mean(2) + 0.25 : 0.5 * mean(0) + 2 * mean(1) - 3;
      return value < 0 ? 0.5 * value : value;
    }),
  },
  {
    title: 'Scale by channel, with bias',
    lines: 'Scale s 1 1 x output 0=3 1=1',
    weights: [2, 0.5, -1, 1, 0, 0.25],
    is: each(same, (c, y, x) => [2, 0.5, -1][c]! * at(c, y, x) + [1, 0, 0.25][c]!),
  },
  {
    title: 'Scale by channel, without bias',
    lines: 'Scale s 1 1 x output 0=3',
    weights: [2, 0.5, -1],
    is: each(same, (c, y, x) => [2, 0.5, -1][c]! * at(c, y, x)),
  },
  {
    title: 'Scale by another value',
    lines: 'Split s 1 2 x a b\nPooling p 1 1 b m 0=1 4=1\nScale t 2 1 a m output 0=-233',
    is: each(same, (c, y, x) => (at(c, y, x) * picture.slice(c * 8, c * 8 + 8).reduce((sum, v) => sum + v, 0)) / 8),
  },
  {
    title: 'PReLU by channel',
    lines: 'PReLU p 1 1 x output 0=3',
    weights: [0.5, 0, -1],
    is: each(same, (c, y, x) => (at(c, y, x) < 0 ? [0.5, 0, -1][c]! * at(c, y, x) : at(c, y, x))),
  },
  {
    title: 'MemoryData of a colour',
    lines: 'MemoryData m 0 1 colour 0=1 1=1 2=3\nBinaryOp b 2 1 x colour output 0=1',
    weights: [0.5, 0.25, -1],
    is: each(same, (c, y, x) => at(c, y, x) - [0.5, 0.25, -1][c]!),
  },
  ...(
    [
      ['Add', '0=0 1=1 2=0.5', (v) => v + 0.5],
      ['Add, of nothing if none is given', '1=1', (v) => v],
      ['Sub', '0=1 1=1 2=0.5', (v) => v - 0.5],
      ['Mul', '0=2 1=1 2=0.5', (v) => v * 0.5],
      ['Div', '0=3 1=1 2=0.5', (v) => v / 0.5],
      ['Max', '0=4 1=1 2=0.5', (v) => Math.max(v, 0.5)],
      ['Min', '0=5 1=1 2=0.5', (v) => Math.min(v, 0.5)],
      ['Pow', '0=6 1=1 2=2.0', (v) => v ** 2],
      ['the number less it', '0=7 1=1 2=0.5', (v) => 0.5 - v],
      ['a float written as the whole number of its bits', '0=0 1=1 2=1056964608', (v) => v + 0.5],
    ] as [string, string, (value: number) => number][]
  ).map(([title, settings, rule]): Row => ({
    title: `BinaryOp with a number: ${title}`,
    lines: `BinaryOp b 1 1 x output ${settings}`,
    is: each(same, (c, y, x) => rule(at(c, y, x))),
  })),
  ...(
    [
      ['root', '0=5', Math.sqrt],
      ['logarithm', '0=8', Math.log],
    ] as [string, string, (value: number) => number][]
  ).map(([title, settings, rule]): Row => ({
    title: `UnaryOp: ${title}`,
    lines: `BinaryOp far 1 1 x y 0=0 1=1 2=4.0\nUnaryOp u 1 1 y output ${settings}`,
    is: each(same, (c, y, x) => rule(at(c, y, x) + 4)),
  })),
  {
    title: 'GELU',
    lines: 'GELU g 1 1 x output',
    is: each(same, (c, y, x) => gelu(at(c, y, x))),
  },
  {
    title: 'MemoryData of a single value',
    lines: 'MemoryData m 0 1 number\nBinaryOp b 2 1 x number output 0=1',
    weights: [0.5],
    is: each(same, (c, y, x) => at(c, y, x) - 0.5),
  },
  {
    title: 'MemoryData of one axis, each a channel',
    lines: 'MemoryData m 0 1 colour 0=3\nBinaryOp b 2 1 x colour output 0=1',
    weights: [0.5, 0.25, -1],
    is: each(same, (c, y, x) => at(c, y, x) - [0.5, 0.25, -1][c]!),
  },
  {
    title: 'MemoryData of a picture, whose values have a mark before them',
    lines: 'MemoryData m 0 1 other 0=4 1=2 2=1 21=0\nBinaryOp b 2 1 x other output',
    weights: [0, 1, 2, 3, 4, 5, 6, 7, 8],
    is: each(same, (c, y, x) => at(c, y, x) + 4 * y + x + 1),
  },
  {
    title: 'Eltwise of four values, the last ones as they are',
    lines: 'Split s 1 3 x a b c\nEltwise e 3 1 a b c output 0=1 -23301=1,0.5',
    is: each(same, (c, y, x) => 2.5 * at(c, y, x)),
  },
  {
    title: 'Slice into one part is the whole',
    lines: 'Slice s 1 1 x output -23300=1,3',
    is: each(same, at),
  },
  {
    title: 'Slice in parts that are not told is in equal ones, the rest in the last',
    lines: 'Slice s 1 2 x output b\nNoop n 1 1 b c',
    is: each([1, 2, 4], (c, y, x) => at(c, y, x)),
  },
  {
    title: 'A value for each channel and a picture, either way round: as many channels as the picture',
    lines:
      'Split s 1 2 x a b\nPooling p 1 1 a m 0=0 4=1\nBinaryOp o 2 1 m b y 0=1\nConvolution c 1 1 y output 0=1 1=1 5=0 6=3',
    weights: [0, 1, 2, -1],
    is: each([1, 2, 4], (_, y, x) =>
      [1, 2, -1].reduce((sum, w, c) => sum + w * (Math.max(...picture.slice(c * 8, c * 8 + 8)) - at(c, y, x)), 0),
    ),
  },
  {
    title: 'What is computed from two values without sides has none, and may be multiplied by a matrix',
    lines:
      'Split s 1 2 x a b\nPooling p 1 1 a m 0=0 4=1\nPooling q 1 1 b n 0=1 4=1\nBinaryOp o 2 1 m n y 0=1\nInnerProduct i 1 1 y output 0=1 2=3',
    weights: [0, 1, 2, -1],
    is: each([1, 1, 1], () =>
      [1, 2, -1].reduce((sum, w, c) => {
        const own = [...picture.slice(c * 8, c * 8 + 8)];
        return sum + w * (Math.max(...own) - own.reduce((all, value) => all + value / 8, 0));
      }, 0),
    ),
  },
  {
    title: 'BinaryOp with a number: divided by it',
    lines: 'BinaryOp far 1 1 x y 0=0 1=1 2=4.0\nBinaryOp b 1 1 y output 0=8 1=1 2=0.5',
    is: each(same, (c, y, x) => 0.5 / (at(c, y, x) + 4)),
  },
  {
    title: 'BinaryOp of two values, in their order',
    lines: 'Split s 1 2 x a b\nSigmoid g 1 1 b c\nBinaryOp o 2 1 a c output 0=1',
    is: each(same, (c, y, x) => at(c, y, x) - sigmoid(at(c, y, x))),
  },
  {
    title: 'Eltwise: weighed sum',
    lines: 'Split s 1 2 x a b\nSigmoid g 1 1 b c\nEltwise e 2 1 a c output 0=1 -23301=2,1.0,-0.5',
    is: each(same, (c, y, x) => at(c, y, x) - 0.5 * sigmoid(at(c, y, x))),
  },
  {
    title: 'Eltwise: product, whose factors count for nothing',
    lines: 'Split s 1 2 x a b\nEltwise e 2 1 a b output 0=0 -23301=2,1.0,-0.5',
    is: each(same, (c, y, x) => at(c, y, x) ** 2),
  },
  {
    title: 'Eltwise: twice the one less the other',
    lines: 'Split s 1 2 x a b\nSigmoid g 1 1 b c\nEltwise e 2 1 a c output 0=1 -23301=2,2.0,-1.0',
    is: each(same, (c, y, x) => 2 * at(c, y, x) - sigmoid(at(c, y, x))),
  },
  {
    title: 'Eltwise: product',
    lines: 'Split s 1 2 x a b\nEltwise e 2 1 a b output 0=0',
    is: each(same, (c, y, x) => at(c, y, x) ** 2),
  },
  {
    title: 'Eltwise: product if nothing is said',
    lines: 'Split s 1 2 x a b\nEltwise e 2 1 a b output',
    is: each(same, (c, y, x) => at(c, y, x) ** 2),
  },
  {
    title: 'Eltwise: the larger',
    lines: 'Split s 1 2 x a b\nSigmoid g 1 1 b c\nEltwise e 2 1 a c output 0=2',
    is: each(same, (c, y, x) => Math.max(at(c, y, x), sigmoid(at(c, y, x)))),
  },
  ...(
    [
      ['UnaryOp', '0=0', Math.abs],
      ['UnaryOp', '0=1', (v) => -v],
      ['UnaryOp', '0=2', Math.floor],
      ['UnaryOp', '0=3', Math.ceil],
      ['UnaryOp', '', Math.abs],
      ['UnaryOp', '0=7', Math.exp],
      ['UnaryOp', '0=9', Math.sin],
      ['UnaryOp', '0=10', Math.cos],
      ['UnaryOp', '0=16', Math.tanh],
      ['ReLU', '', (v) => Math.max(v, 0)],
      ['ReLU', '0=0.25', (v) => (v < 0 ? 0.25 * v : v)],
      ['Clip', '0=-0.25 1=0.5', (v) => Math.min(Math.max(v, -0.25), 0.5)],
      ['Clip', '0=0.0', (v) => Math.max(v, 0)],
      ['Clip', '1=0.5', (v) => Math.min(v, 0.5)],
      ['Swish', '', (v) => v * sigmoid(v)],
      ['HardSigmoid', '', (v) => Math.min(Math.max(0.2 * v + 0.5, 0), 1)],
      ['HardSigmoid', '0=1.0 1=0.25', (v) => Math.min(Math.max(v + 0.25, 0), 1)],
      ['TanH', '', Math.tanh],
      ['Mish', '', (v) => v * Math.tanh(Math.log(1 + Math.exp(v)))],
      ['UnaryOp', '0=11', Math.tan],
      ['UnaryOp', '0=15', (v) => 1 / v],
      ['Sigmoid', '', sigmoid],
      ['HardSigmoid', '0=0.5', (v) => Math.min(Math.max(0.5 * v + 0.5, 0), 1)],
      ['Dropout', '', (v) => v],
    ] as [string, string, (value: number) => number][]
  ).map(([op, settings, rule]): Row => ({
    title: `${op} ${settings}`,
    lines: `${op} u 1 1 x output ${settings}`,
    is: each(same, (c, y, x) => rule(at(c, y, x))),
  })),
  {
    title: 'Interp to the nearest pixel, higher than wide',
    lines: 'Interp i 1 1 x output 0=1 1=3.0 2=2.0',
    is: each([3, 6, 8], (c, y, x) => at(c, Math.floor(y / 3), x >> 1)),
  },
  {
    title: 'Interp between pixels',
    lines: 'Interp i 1 1 x output 0=2 1=1.0 2=2.0',
    is: each([3, 2, 8], (c, y, x) => {
      const place = within((x + 0.5) / 2 - 0.5, WIDTH);
      const [left, share] = [Math.floor(place), place % 1];
      return (1 - share) * at(c, y, left) + share * at(c, y, within(left + 1, WIDTH));
    }),
  },
  {
    title: 'Interp between pixels, corner on corner',
    lines: 'Interp i 1 1 x output 0=2 1=1.0 2=2.0 6=1',
    is: each([3, 2, 8], (c, y, x) => {
      const place = (x * 3) / 7;
      const [left, share] = [Math.floor(place), place % 1];
      return (1 - share) * at(c, y, left) + share * at(c, y, within(left + 1, WIDTH));
    }),
  },
  {
    title: 'Interp by cubic curves',
    lines: 'Interp i 1 1 x output 0=3 1=1.0 2=2.0',
    // Keys' curve with a = -0.75, as in ncnn, beyond the edge as at it.
    is: each([3, 2, 8], (c, y, x) => {
      const place = (x + 0.5) / 2 - 0.5;
      const left = Math.floor(place);
      const curve = (d: number) =>
        d <= 1 ? 1.25 * d ** 3 - 2.25 * d ** 2 + 1 : -0.75 * (d ** 3 - 5 * d ** 2 + 8 * d - 4);
      return [-1, 0, 1, 2].reduce(
        (sum, i) => sum + curve(Math.abs(place - left - i)) * at(c, y, within(left + i, WIDTH)),
        0,
      );
    }),
  },
  {
    title: 'Interp without factors changes nothing',
    lines: 'Interp i 1 1 x output 0=2',
    is: each(same, at),
  },
  {
    title: 'Concat of channels, then PixelShuffle',
    lines: 'Split s 1 5 x a b c d e\nConcat k 4 1 a b c d m 0=0\nPixelShuffle p 1 1 m output 0=2\nNoop n 1 1 e f',
    is: each([3, 4, 8], (c, y, x) => at((4 * c + 2 * (y % 2) + (x % 2)) % 3, y >> 1, x >> 1)),
  },
  {
    title: 'PixelShuffle, then a convolution of the channels that are left',
    lines:
      'Split s 1 5 x a b c d e\nConcat k 4 1 a b c d m 0=0\nPixelShuffle p 1 1 m q 0=2\nNoop n 1 1 e f\nConvolution l 1 1 q output 0=1 1=1 6=3',
    weights: [0, 1, 2, -1],
    is: each([1, 4, 8], (_, y, x) =>
      [1, 2, -1].reduce((sum, w, c) => sum + w * at((4 * c + 2 * (y % 2) + (x % 2)) % 3, y >> 1, x >> 1), 0),
    ),
  },
  {
    title: 'PixelShuffle in the other order',
    lines: 'Split s 1 5 x a b c d e\nConcat k 4 1 a b c d m 0=0\nPixelShuffle p 1 1 m output 0=2 1=1\nNoop n 1 1 e f',
    is: each([3, 4, 8], (c, y, x) => at(((2 * (y % 2) + (x % 2)) * 3 + c) % 3, y >> 1, x >> 1)),
  },
  {
    title: 'Convolution one pixel high and three wide, padded at its left and right only',
    lines: 'Convolution c 1 1 x output 0=1 1=3 11=1 4=1 14=0 5=1 6=9',
    weights: [0, ...[1, 0, 0], ...[0, 1, 0], ...[0, 0, 1], 0.25],
    is: each([1, 2, 4], (_, y, x) => inside(0, y, x - 1, 0) + at(1, y, x) + inside(2, y, x + 1, 0) + 0.25),
  },
  {
    title: 'Convolution padded more at the right and bottom, in steps',
    lines: 'Convolution c 1 1 x output 0=1 1=2 3=2 13=1 4=0 14=0 15=1 16=1 5=0 6=12',
    weights: [0, ...[1, 0, 0, 1], ...[0, 0, 0, 0], ...[0, 0, 0, 0]],
    is: each([1, 2, 2], (_, y, x) => at(0, y, 2 * x) + inside(0, y + 1, 2 * x + 1, 0)),
  },
  {
    title: 'Convolution with a wider mesh',
    lines: 'Convolution c 1 1 x output 0=1 1=2 11=1 2=2 5=0 6=6',
    weights: [0, ...[1, -1], ...[0, 0], ...[0, 0]],
    is: each([1, 2, 2], (_, y, x) => at(0, y, x) - at(0, y, x + 2)),
  },
  {
    title: 'Convolution with a mesh that is wider across only',
    lines: 'Convolution c 1 1 x output 0=1 1=2 2=2 12=1 5=0 6=12',
    weights: [0, ...[1, -1, 2, 0], ...[0, 0, 0, 0], ...[0, 0, 0, 0]],
    is: each([1, 1, 2], (_, y, x) => at(0, y, x) - at(0, y, x + 2) + 2 * at(0, y + 1, x)),
  },
  {
    title: 'Convolution padded at its right only',
    lines: 'Convolution c 1 1 x output 0=1 1=2 4=0 14=0 15=1 16=0 11=1 5=0 6=6',
    weights: [0, ...[1, 2], ...[0, 0], ...[0, 0]],
    is: each([1, 2, 4], (_, y, x) => at(0, y, x) + 2 * inside(0, y, x + 1, 0)),
  },
  {
    title: 'Convolution that keeps the size, with a kernel of four',
    lines: 'Convolution c 1 1 x output 0=1 1=4 11=1 4=-233 5=0 6=12',
    weights: [0, ...[1, 2, 3, 4], ...[0, 0, 0, 0], ...[0, 0, 0, 0]],
    is: each([1, 2, 4], (_, y, x) => [-1, 0, 1, 2].reduce((sum, d) => sum + (d + 2) * inside(0, y, x + d, 0), 0)),
  },
  {
    title: 'Convolution that keeps the size, with a wide mesh',
    lines: 'Convolution c 1 1 x output 0=1 1=2 11=1 2=3 12=1 4=-233 5=0 6=6',
    weights: [0, ...[1, 2], ...[0, 0], ...[0, 0]],
    is: each([1, 2, 4], (_, y, x) => inside(0, y, x - 1, 0) + 2 * inside(0, y, x + 2, 0)),
  },
  {
    title: 'Convolution that keeps the size, with an even kernel',
    lines: 'Convolution c 1 1 x output 0=1 1=2 4=-233 5=0 6=12',
    weights: [0, ...[1, 0, 0, 2], ...[0, 0, 0, 0], ...[0, 0, 0, 0]],
    is: each([1, 2, 4], (_, y, x) => at(0, y, x) + 2 * inside(0, y + 1, x + 1, 0)),
  },
  ...(
    [
      ['9=0', (v) => v],
      ['9=1', (v) => Math.max(v, 0)],
      ['9=2 -23310=1,0.25', (v) => (v < 0 ? 0.25 * v : v)],
      ['9=2', (v) => Math.max(v, 0)],
      ['9=3 -23310=2,-0.25,0.5', (v) => Math.min(Math.max(v, -0.25), 0.5)],
      ['9=4', sigmoid],
      ['9=5', (v) => v * Math.tanh(Math.log(1 + Math.exp(v)))],
      ['9=6 -23310=1,0.5', (v) => Math.min(Math.max(0.5 * v, 0), 1)],
      ['9=6 -23310=2,0.5,0.25', (v) => Math.min(Math.max(0.5 * v + 0.25, 0), 1)],
    ] as [string, (value: number) => number][]
  ).map(([settings, rule]): Row => ({
    title: `Convolution of each channel by itself, with activation ${settings}`,
    lines: `ConvolutionDepthWise c 1 1 x output 0=3 1=1 5=0 6=3 7=3 ${settings}`,
    weights: [0, 1, -2, 0.5],
    is: each(same, (c, y, x) => rule([1, -2, 0.5][c]! * at(c, y, x))),
  })),
  {
    title: 'Deconvolution to twice the size',
    lines: 'Deconvolution d 1 1 x output 0=2 1=2 3=2 5=1 6=24',
    weights: [0, ...Array.from({ length: 24 }, (_, i) => i / 8), 0.5, -0.5],
    is: each([2, 4, 8], (o, y, x) => {
      let sum = [0.5, -0.5][o]!;
      for (let c = 0; c < 3; c++) sum += (((o * 3 + c) * 4 + 2 * (y % 2) + (x % 2)) / 8) * at(c, y >> 1, x >> 1);
      return sum;
    }),
  },
];

test.each(rows)('$title', async ({ lines, weights, is }) => {
  const { shape, data } = await answer(lines, weights);
  expect(shape).toEqual(is.shape);
  data.forEach((value, i) => expect(value).toBeCloseTo(is.data[i]!, 5));
});

test.each([
  'Padding p 1 1 x output 0=1 4=3',
  'Padding p 1 1 x output 0=1 7=1',
  'Padding p 1 1 x output 0=1 8=1',
  'Crop c 1 1 x output -23309=1,1 -23310=1,2',
  'Crop c 1 1 x output -23309=1,1 -23310=2,2,3 -23311=1,1',
  'Crop c 1 1 x output 0=1',
  'Crop c 1 1 x output -23309=2,0,0 -23310=2,1,1 -23311=2,0,1',
  'Split s 1 2 x a b\nCrop c 2 1 a b output 2=1',
  'Split s 1 2 x a b\nCrop c 2 1 a b output -23309=1,1',
  'Crop c 1 1 x output -23309=1,1 -23310=1,2 -23311=1,3',
  'Slice s 1 2 x a output -23300=2,1,-233 1=1',
  'Slice s 1 2 x a output -23300=2,1,1',
  'Pooling p 1 1 x output 0=0 1=2 2=2',
  'InnerProduct i 1 1 x output 0=2 2=6',
  'Pooling p 1 1 x m 0=1 4=1\nInnerProduct i 1 1 m output 0=2 2=5',
  'Pooling p 1 1 x output 0=1',
  'Split s 1 2 x a b\nPooling p 1 1 a m 0=0 4=1\nBinaryOp o 2 1 m b y 0=1\nInnerProduct i 1 1 y output 0=1 2=3',
  'Interp i 1 1 x output 0=1 3=9 4=9',
  'Interp i 1 1 x output 0=1 3=9',
  'Interp i 1 1 x output 0=1 4=9',
  'Interp i 1 1 x output',
  'Split s 1 2 x a b\nInterp i 2 1 a b output 0=1',
  'Interp i 1 1 x output 0=4 1=2.0 2=2.0',
  'BinaryOp b 1 1 x output 0=9 1=1 2=0.5',
  'Eltwise e 1 1 x output 0=3',
  'UnaryOp u 1 1 x output 0=4',
  'UnaryOp u 1 1 x output 0=6',
  'UnaryOp u 1 1 x output 0=12',
  'UnaryOp u 1 1 x output 0=13',
  'UnaryOp u 1 1 x output 0=14',
  'MemoryData m 0 1 output 0=1 1=3',
  'UnaryOp u 1 1 x output 0=99',
  'Concat c 1 1 x output 0=1',
  'MemoryData m 0 1 output 0=1 1=1 2=3 11=1',
  'Convolution c 1 1 x output 0=1 1=1 6=3 9=7',
  'Convolution c 1 1 x output 0=1 1=1 6=3 4=-1',
  'Convolution c 1 1 x output 0=1 1=1 6=3 19=1',
  'Convolution c 1 1 x output 0=1 1=1 6=3 18=0.5',
  'Convolution c 1 1 x output 0=1 1=1 3=2 6=3 4=-233',
  'Convolution c 1 1 x output 0=1 1=1 3=1 13=2 6=3 4=-233',
  'Deconvolution d 1 1 x output 0=1 1=1 6=3 18=1',
  'Deconvolution d 1 1 x output 0=3 1=1 6=3 7=3',
  'Deconvolution d 1 1 x output 0=1 1=1 6=3 20=1',
])('is not guessed at: %s', async (lines) => {
  await expect(answer(lines, [0, 1, 1, 1])).rejects.toMatchObject({
    code: 'bad-model',
    message: expect.stringMatching(/cannot be read yet/),
  });
});
