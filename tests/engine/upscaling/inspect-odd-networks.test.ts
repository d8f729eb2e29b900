import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType as Kind, ModelProtoSchema, TensorProto_DataType as Type } from 'onnx-buf';
import { BorderLost, inspectNetwork, type SaidOfNetwork } from '../../../src/engine/upscaling/inspect-network';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { never } from '../raster/support';

// What a network says of itself, in what it declares and in single pixels: the plainest networks, each with one oddity.

let runtime: Runtime;
beforeAll(() => void (runtime = cpuRuntime(1)));
afterAll(() => runtime.dispose());

type Dim = number | string;
interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly ints?: Readonly<Record<string, readonly number[] | number>>;
  readonly texts?: Readonly<Record<string, string>>;
}
interface Plain {
  readonly shape?: readonly Dim[] | null;
  readonly type?: Type;
  readonly inputs?: readonly string[];
  readonly nodes: readonly Node[];
  readonly weights?: Readonly<Record<string, { dims: readonly number[]; data: readonly number[] }>>;
  readonly whole?: Readonly<Record<string, readonly number[]>>;
}

/** A network from "x" to "y". */
function network({ shape = [1, 3, 'h', 'w'], type = Type.FLOAT, inputs = ['x'], nodes, weights, whole }: Plain) {
  const dim = shape?.map((side) => ({
    value:
      typeof side === 'number'
        ? { case: 'dimValue' as const, value: BigInt(side) }
        : { case: 'dimParam' as const, value: side },
  }));
  const port = (name: string, own?: typeof dim) => ({
    name,
    type: { value: { case: 'tensorType' as const, value: { elemType: type, shape: own && { dim: own } } } },
  });
  const graph = {
    name: 'plain',
    input: inputs.map((name) => port(name, dim)),
    output: [port('y')],
    initializer: [
      ...Object.entries(weights ?? {}).map(([name, { dims, data }]) => ({
        name,
        dataType: Type.FLOAT,
        dims: dims.map(BigInt),
        floatData: [...data],
      })),
      ...Object.entries(whole ?? {}).map(([name, values]) => ({
        name,
        dataType: Type.INT64,
        dims: [BigInt(values.length)],
        int64Data: values.map(BigInt),
      })),
    ],
    node: nodes.map(({ op, inputs: from, output, ints = {}, texts = {} }) => ({
      opType: op,
      input: [...from],
      output: [output],
      attribute: [
        ...Object.entries(ints).map(([name, value]) =>
          typeof value === 'number'
            ? { name, type: Kind.INT, i: BigInt(value) }
            : { name, type: Kind.INTS, ints: value.map(BigInt) },
        ),
        ...Object.entries(texts).map(([name, value]) => ({ name, type: Kind.STRING, s: Buffer.from(value) })),
      ],
    })),
  };
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion: 8n, opsetImport: [{ domain: '', version: 17n }], graph }),
  );
}

const nearest = (from: string, output: string): Node => ({
  op: 'Resize',
  inputs: [from, '', 'scales'],
  output,
  texts: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
});
const by = (height: number, width = height) => ({ scales: { dims: [4], data: [1, 1, height, width] } });
/** Of one size: others are not tried. */
const small = [1, 3, 16, 24] as const;
/** Enlarges by repeating pixels. */
const repeating = (scale = 2, more: Partial<Plain> = {}): Uint8Array =>
  network({ nodes: [nearest('x', 'y')], weights: by(scale), ...more });

const inspect = (bytes: Uint8Array, name = 'x', said?: SaidOfNetwork) =>
  inspectNetwork(never, bytes, runtime, name, said);

describe('what a network declares', () => {
  const refused = (bytes: Uint8Array, message: RegExp) =>
    expect(inspect(bytes)).rejects.toMatchObject({ code: 'bad-model', message: expect.stringMatching(message) });
  const only = (op: string, more: Partial<Plain> = {}) =>
    network({ nodes: [{ op, inputs: ['x'], output: 'y' }], ...more });

  test.each<[string, Uint8Array, RegExp]>([
    ['no input', only('Relu', { inputs: [] }), /has no input/],
    ['two inputs', only('Relu', { inputs: ['x', 'z'] }), /has 2 inputs \(x, z\)/],
    ['values of double precision', only('Relu', { type: Type.DOUBLE }), /takes double values/],
    ['a loop', only('Loop'), /contains a loop \(Loop\)/],
    ['a scan', only('Scan'), /contains a loop \(Scan\)/],
    ['chance', only('RandomNormalLike'), /different result each time \(RandomNormalLike\)/],
    ['throws of dice', only('Multinomial'), /different result each time/],
    ['three dimensions', only('Relu', { shape: [3, 'h', 'w'] }), /has 3 dimensions/],
    ['five dimensions', only('Relu', { shape: [1, 1, 3, 'h', 'w'] }), /has 5 dimensions/],
    ['two pictures at once', only('Relu', { shape: [2, 3, 'h', 'w'] }), /takes 2 pictures at once/],
    ['four channels', only('Relu', { shape: [1, 4, 'h', 2] }), /is 1×4×h×2: it has no 3 colour channels/],
    ['one fixed side', only('Relu', { shape: [1, 3, 64, 'w'] }), /fixes one side/],
    ['the other fixed side', only('Relu', { shape: [1, 3, 'h', 64] }), /fixes one side/],
    ['pictures too narrow', only('Relu', { shape: [1, 3, 64, 7] }), /7×64 pixels only/],
    ['pictures too low', only('Relu', { shape: [1, 3, 7, 64] }), /64×7 pixels only/],
    ['pictures too wide', only('Relu', { shape: [1, 3, 64, 4097] }), /4097×64 pixels only/],
    ['pictures too high', only('Relu', { shape: [1, 3, 4097, 64] }), /64×4097 pixels only/],
  ])('%s: refused', async (_, bytes, message) => refused(bytes, message));

  test.each<[string, Partial<Plain>]>([
    ['nothing of its shape', { shape: null }],
    ['names only', { shape: ['n', 'c', 'h', 'w'] }],
    ['any number of pictures', { shape: ['n', 3, 'h', 'w'] }],
    ['one picture of any channels', { shape: [1, '', '', ''] }],
  ])('%s: it is found out', async (_, more) => {
    expect((await inspect(repeating(2, more))).input).toMatchObject({ layout: 'NCHW', channels: 'RGB' });
  });

  test('fixed sides are 8 to 4096 pixels, and may differ', async () => {
    const entry = await inspect(repeating(2, { shape: [1, 3, 8, 12] }));
    expect(entry).toMatchObject({ scale: 2, multipleOf: 1, receptiveField: 0 });
    expect(entry.input.size).toEqual({ width: 12, height: 8 });
    const long = await inspect(repeating(1, { shape: [1, 3, 4096, 8] }), 'x', { channels: 'RGB', range: [0, 1] });
    expect(long.input.size).toEqual({ width: 8, height: 4096 });
    const wide = await inspect(repeating(1, { shape: [1, 3, 8, 4096] }), 'x', { channels: 'RGB', range: [0, 1] });
    expect(wide.input.size).toEqual({ width: 4096, height: 8 });
  });

  test('channels last, where no axis tells it', async () => {
    const nodes: Node[] = [
      { op: 'Transpose', inputs: ['x'], output: 'planes', ints: { perm: [0, 3, 1, 2] } },
      { op: 'Mul', inputs: ['planes', 'ones'], output: 'same' },
      nearest('same', 'large'),
      { op: 'Transpose', inputs: ['large'], output: 'y', ints: { perm: [0, 2, 3, 1] } },
    ];
    const weights = { ...by(2), ones: { dims: [1, 3, 1, 1], data: [1, 1, 1] } };
    expect(await inspect(network({ shape: [1, 16, 24, 'd'], nodes, weights }))).toMatchObject({
      scale: 2,
      input: { layout: 'NHWC', size: { width: 24, height: 16 } },
    });
  });
});

test('a scale of eight is possible', async () => {
  expect(await inspect(repeating(8, { shape: small }))).toMatchObject({ scale: 8, receptiveField: 0 });
});

test('no picture comes out where the two sides grow otherwise', async () => {
  await expect(inspect(repeating(2, { shape: small, weights: by(2, 3) }))).rejects.toMatchObject({
    code: 'bad-model',
    message: expect.stringMatching(/gave no enlarged picture/),
  });
  await expect(inspect(repeating(2, { shape: small, weights: by(0.5) }))).rejects.toMatchObject({
    code: 'bad-model',
  });
});

describe('of several outputs', () => {
  /** Beside the enlarged picture a first output of another form. */
  const beside = (node: Node) => network({ nodes: [node, nearest('x', 'large')], weights: by(2) });
  test.each<[string, Node]>([
    ['rows of numbers', { op: 'Flatten', inputs: ['x'], output: 'y' }],
    ['one channel', { op: 'ReduceMean', inputs: ['x'], output: 'y', ints: { axes: [1], keepdims: 1 } }],
    ['whole numbers', { op: 'Cast', inputs: ['x'], output: 'y', ints: { to: Type.UINT8 } }],
  ])('%s are not the picture', async (_, node) => {
    const model = fromBinary(ModelProtoSchema, beside(node));
    model.graph!.output.push({ ...model.graph!.output[0]!, name: 'large' });
    model.graph!.output.forEach((port) => (port.type = undefined));
    expect(await inspect(toBinary(ModelProtoSchema, model))).toMatchObject({ output: 'large', scale: 2 });
  });
});

describe('a border that is lost', () => {
  const cropped = (begin: readonly number[], end: readonly number[], shape?: readonly Dim[]) =>
    network({
      shape,
      nodes: [nearest('x', 'large'), { op: 'Slice', inputs: ['large', 'begin', 'end', 'axes'], output: 'y' }],
      weights: by(2),
      whole: { begin, end: end.map((value) => -value), axes: [2, 3] },
    });

  test.each([1, 3, 7])('of %i pixels', async (border) => {
    const bytes = cropped([2 * border, 2 * border], [2 * border, 2 * border]);
    const lost = inspect(bytes);
    await expect(lost).rejects.toBeInstanceOf(BorderLost);
    await expect(lost).rejects.toMatchObject({ border });
  });

  test.each([
    ['of half a pixel', [1, 1], [1, 1]],
    ['at one side more than at the other by a half', [2, 2], [3, 3]],
    ['in height only', [4, 0], [4, 4]],
  ])('%s: no picture', async (_, begin, end) => {
    await expect(inspect(cropped(begin, end, small))).rejects.toMatchObject({ code: 'bad-model' });
  });
});

describe('how far its pixels see', () => {
  /** Each channel by itself: nine tenths of the pixel, the rest from all around it. */
  const seeing = (down: number, across: number, shape?: readonly Dim[]) => {
    const [rows, columns] = [2 * down + 1, 2 * across + 1];
    const kernel = new Array<number>(rows * columns).fill(0.1 / (rows * columns));
    kernel[down * columns + across]! += 0.9;
    return network({
      shape,
      nodes: [
        { op: 'Conv', inputs: ['x', 'w'], output: 'z', ints: { pads: [down, across, down, across], group: 3 } },
        nearest('z', 'y'),
      ],
      weights: { ...by(2), w: { dims: [3, 1, rows, columns], data: [...kernel, ...kernel, ...kernel] } },
    });
  };

  test.each([
    [0, 0, 0],
    [1, 0, 1],
    [0, 3, 3],
    [4, 2, 4],
    [15, 0, 15],
    [0, 16, 16],
    [0, 31, 31],
    [33, 0, 33],
  ])('%i down and %i across: %i', async (down, across, radius) => {
    expect((await inspect(seeing(down, across))).receptiveField).toBe(radius);
  });

  test('to the end of all that is looked at: without end', async () => {
    expect((await inspect(seeing(64, 0))).receptiveField).toBeNull();
  });

  test('within pictures of one size', async () => {
    expect((await inspect(seeing(5, 2, [1, 3, 24, 30]))).receptiveField).toBe(5);
    expect((await inspect(seeing(12, 0, [1, 3, 24, 30]))).receptiveField).toBeNull();
    expect((await inspect(seeing(11, 0, [1, 3, 25, 30]))).receptiveField).toBe(11);
  });
});

test.each([
  ['My Network', 'my-network'],
  ['  4x_Foo (v1.2)  ', '4x_foo-v1.2'],
  ['Üben!', 'u-ben'],
  ['...', 'network'],
  ['名前', 'network'],
  ['.hidden-', 'hidden'],
])('%j becomes the id %s', async (name, id) => {
  expect(await inspect(repeating(), name)).toMatchObject({ id, file: `${id}.onnx`, name, licence: 'unknown' });
});
