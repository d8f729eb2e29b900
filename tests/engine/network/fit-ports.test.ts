import { create, fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataType as Type, TypeProtoSchema } from 'onnx-buf';
import { fitPorts, type FitOptions } from '../../../src/engine/network/fit-ports';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { branch, bytes, floats, info, ints, model, node as nodeOf } from '../graph/support/onnx-file';

// A network is made one with a picture of three float channels in and out; what it computes stays.

let runtime: Runtime;
beforeAll(() => void (runtime = cpuRuntime(1)));
afterAll(() => runtime.dispose());

/** What a fitted file makes of a picture, x in and y out. */
async function answer(file: Uint8Array, data: readonly number[], shape: readonly number[]) {
  const session = await runtime.createSession(file);
  try {
    const x = new runtime.ort.Tensor('float32', Float32Array.from(data), shape);
    const { dims, data: y, type } = (await session.run({ x }))['y']!;
    return { dims: [...dims], data: [...(y as Float32Array)], type };
  } finally {
    await session.release();
  }
}

/** A node that is named after what it makes: ONNX Runtime wants names to differ. */
const node = (...[op, inputs, outputs, attributes]: Parameters<typeof nodeOf>) =>
  Object.assign(nodeOf(op, inputs, outputs, attributes), { name: outputs[0] });
const picture = (type: number, channels: number | string = 3) => info('x', [1, channels, 'h', 'w'], type);
const answerPort = (type: number, channels: number | string = 3) => info('y', [1, channels, 'H', 'W'], type);
const toFloats = (from: string, to: string) => node('Cast', [from], [to], { to: Type.FLOAT });
const doubled = (from: string, to: string) => node('Mul', [from, 'two'], [to]);
const two = floats('two', [], [2]);

describe('whole numbers', () => {
  const port = { input: [picture(Type.UINT8)], output: [answerPort(Type.UINT8)], initializer: [two] };
  const given = [0.4, 0.6, 100.2, 300, -5, 1.5];

  test('that the file makes floats of at once, and of floats at its end, never are any', async () => {
    const nodes = [toFloats('x', 'a'), doubled('a', 'b'), node('Cast', ['b'], ['y'], { to: Type.UINT8 })];
    const { bytes: file, notes } = fitPorts(bytes(model(nodes, port)));
    expect(notes).toEqual(['its whole numbers are floats here']);
    const { data, type } = await answer(file, given, [1, 3, 1, 2]);
    expect(type).toBe('float32');
    data.forEach((value, i) => expect(value).toBeCloseTo(2 * given[i]!, 3));
  });

  test('that the file works with are rounded, and kept within 0..255', async () => {
    const nodes = [
      node('Identity', ['x'], ['kept']),
      toFloats('kept', 'a'),
      node('Cast', ['a'], ['b'], { to: Type.UINT8 }),
      node('Identity', ['b'], ['y']),
    ];
    const { bytes: file } = fitPorts(bytes(model(nodes, port)));
    const { data, type } = await answer(file, given, [1, 3, 1, 2]);
    expect(type).toBe('float32');
    expect(data).toEqual([0, 1, 100, 255, 0, 2]);
  });

  test('in one place only: floats in stay floats, whole numbers out become some', async () => {
    const nodes = [node('Cast', ['x'], ['b'], { to: Type.UINT8 }), node('Identity', ['b'], ['y'])];
    const { bytes: file } = fitPorts(bytes(model(nodes, { ...port, input: [picture(Type.FLOAT)] })));
    expect((await answer(file, [1, 2, 3, 4, 5, 6], [1, 3, 1, 2])).data).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('a further input gets its value', () => {
  const numeric = { FLOAT: 0.25, FLOAT16: 0.25, DOUBLE: 0.25, INT32: 3, INT64: 3 } as const;
  test.each(Object.entries(numeric))('as %s', async (type, level) => {
    const nodes = [toFloats('level', 'l'), node('Mul', ['x', 'l'], ['y'])];
    const input = [picture(Type.FLOAT), info('level', [1], Type[type as keyof typeof numeric])];
    const { bytes: file, notes } = fitPorts(bytes(model(nodes, { input, output: [answerPort(Type.FLOAT)] })), {
      values: { level },
    });
    expect(notes).toEqual([`its input "level" is ${level}`]);
    expect((await answer(file, [1, 2, 3], [1, 3, 1, 1])).data).toEqual([level, 2 * level, 3 * level]);
  });

  test('for each of its numbers', async () => {
    const nodes = [node('ReduceSum', ['levels', 'all'], ['l']), node('Mul', ['x', 'l'], ['y'])];
    const proto = model(nodes, {
      input: [picture(Type.FLOAT), info('levels', ['n', 2, 3])],
      output: [answerPort(Type.FLOAT)],
      initializer: [ints('all', [3], [0, 1, 2])],
    });
    const { bytes: file } = fitPorts(bytes(proto), { values: { levels: 0.5 } });
    expect((await answer(file, [1, 2, 3], [1, 3, 1, 1])).data).toEqual([3, 6, 9]);
  });

  test('for each pixel, in as many channels as it has', async () => {
    const nodes = [node('ReduceSum', ['map', 'one'], ['m']), node('Add', ['x', 'm'], ['y'])];
    const proto = model(nodes, {
      input: [picture(Type.FLOAT), info('map', [1, 2, 'h', 'w'])],
      output: [answerPort(Type.FLOAT)],
      initializer: [ints('one', [1], [1])],
    });
    const { bytes: file, notes } = fitPorts(bytes(proto), { values: { map: 0.5 } });
    expect(notes).toEqual(['its input "map" is 0.5 everywhere']);
    const { dims, data } = await answer(file, [1, 2, 3, 4, 5, 6], [1, 3, 1, 2]);
    expect([dims, data]).toEqual([
      [1, 3, 1, 2],
      [2, 3, 4, 5, 6, 7],
    ]);
  });

  test('and is named where it has none', () => {
    const proto = model([node('Mul', ['x', 'level'], ['y'])], {
      input: [picture(Type.FLOAT), info('level', [1])],
      output: [answerPort(Type.FLOAT)],
    });
    expect(() => fitPorts(bytes(proto), { values: { other: 1 } })).toThrow(
      expect.objectContaining({ code: 'bad-model', advice: expect.stringMatching(/--value level=NUMBER/) }),
    );
  });
});

test('the picture is the one in colour, wherever it stands', async () => {
  const proto = model([node('Add', ['x', 'mask'], ['y'])], {
    input: [info('mask', [1, 1, 'h', 'w']), picture(Type.FLOAT)],
    output: [answerPort(Type.FLOAT)],
  });
  const { bytes: file } = fitPorts(bytes(proto), { values: { mask: 1 } });
  expect((await answer(file, [1, 2, 3], [1, 3, 1, 1])).data).toEqual([2, 3, 4]);
});

test('opacity is full in the range of the network, and dropped again', async () => {
  // What it sees of opacity is added to the colours.
  const nodes = [node('Gather', ['x', 'fourth'], ['opacity'], { axis: 1 }), node('Add', ['x', 'opacity'], ['y'])];
  const proto = model(nodes, {
    input: [picture(Type.FLOAT, 4)],
    output: [answerPort(Type.FLOAT, 4)],
    initializer: [ints('fourth', [1], [3])],
  });
  const run = async (options?: FitOptions) => {
    const { bytes: file, opacity } = fitPorts(bytes(proto), options);
    expect(opacity).toBe(true);
    return answer(file, [1, 2, 3], [1, 3, 1, 1]);
  };
  expect(await run()).toMatchObject({ dims: [1, 3, 1, 1], data: [2, 3, 4] });
  expect(await run({ white: 255 })).toMatchObject({ data: [256, 257, 258] });
});

test('of brightness alone, colours keep what they differ by from it', async () => {
  const luma = [0.299, 0.587, 0.114];
  const colour = [0.2, 0.5, 0.9];
  const proto = model([doubled('x', 'y')], {
    input: [picture(Type.FLOAT, 1)],
    output: [answerPort(Type.FLOAT, 1)],
    initializer: [two],
  });
  const { bytes: file, opacity } = fitPorts(bytes(proto));
  expect(opacity).toBe(false);
  const { data } = await answer(file, colour, [1, 3, 1, 1]);
  const brightness = luma.reduce((sum, factor, i) => sum + factor * colour[i]!, 0);
  data.forEach((value, i) => expect(value).toBeCloseTo(colour[i]! + brightness, 5));
  const old = model([doubled('x', 'y')], { ...{ version: 10, input: [picture(Type.FLOAT, 1)] }, initializer: [two] });
  expect(() => fitPorts(bytes(old))).toThrow(
    expect.objectContaining({ code: 'bad-model', message: expect.stringMatching(/opset 10/) }),
  );
});

test.each([10, 13])('a border that is lost is made up for by the outermost pixels, in opset %i', async (version) => {
  const nodes = [node('AveragePool', ['x'], ['y'], { kernel_shape: [1, 3], strides: [1, 1] })];
  const proto = model(nodes, { version, input: [picture(Type.FLOAT)], output: [answerPort(Type.FLOAT)] });
  const { bytes: file, notes } = fitPorts(bytes(proto), { border: 1 });
  expect(notes).toEqual(['1 pixels that it trims from each side are restored']);
  const { dims, data } = await answer(file, [0, 3, 9, 3, 3, 3, 6, 6, 0], [1, 3, 1, 3]);
  expect(dims).toEqual([1, 3, 3, 3]);
  [1, 4, 7, 1, 4, 7, 1, 4, 7, 3, 3, 3].forEach((value, i) => expect(data[i]).toBeCloseTo(value, 5));
});

/** A file without what its exporter has said of that port's shape. */
function withoutShape(proto: ReturnType<typeof model>, port: 'x' | 'y') {
  const found = [...proto.graph!.input, ...proto.graph!.output].find(({ name }) => name === port)!;
  if (found.type?.value.case === 'tensorType') found.type.value.value.shape = undefined;
  return proto;
}

test.each([1, 4])('half floats of %i channels are floats here, those of three stay', async (channels) => {
  const nodes = [toFloats('x', 'a'), doubled('a', 'b'), node('Cast', ['b'], ['c'], { to: Type.FLOAT16 })];
  const made = (count: number) =>
    bytes(
      model([...nodes, node('Identity', ['c'], ['y'])], {
        input: [picture(Type.FLOAT16, count)],
        output: [answerPort(Type.FLOAT16, count)],
        initializer: [two],
      }),
    );
  const { bytes: file, notes } = fitPorts(made(channels));
  expect(notes[0]).toMatch(/half floats/);
  // Of three alike brightness is all there is.
  expect(await answer(file, [0.5, 0.25, 0.5, 0.25, 0.5, 0.25], [1, 3, 1, 2])).toMatchObject({
    type: 'float32',
    dims: [1, 3, 1, 2],
    data: [1, 0.5, 1, 0.5, 1, 0.5].map((value) => expect.closeTo(value, 2)),
  });
  const three = made(3);
  expect(fitPorts(three).bytes).toBe(three);
});

describe('what a network says of its ports', () => {
  test('no more is changed than has to be: floats out stay what they are', async () => {
    const proto = model([toFloats('x', 'a'), doubled('a', 'y')], {
      input: [picture(Type.UINT8)],
      output: [answerPort(Type.FLOAT)],
      initializer: [two],
    });
    const { bytes: file } = fitPorts(bytes(proto));
    expect((await answer(file, [0.4, 1, 2], [1, 3, 1, 1])).data[0]).toBeCloseTo(0.8, 5);
    expect(fromBinary(ModelProtoSchema, file).graph!.node).toHaveLength(2);
  });

  test('floats in are not rounded where only the answer is whole numbers, beside others that are none', async () => {
    const nodes = [
      node('Mul', ['x', 'two'], ['a']),
      node('Cast', ['a'], ['b'], { to: Type.UINT8 }),
      node('Identity', ['b'], ['y']),
      node('Identity', ['x'], ['z']),
    ];
    const proto = model(nodes, {
      input: [picture(Type.FLOAT)],
      output: [answerPort(Type.UINT8), info('z', [1, 3, 'h', 'w'])],
      initializer: [two],
    });
    const { bytes: file } = fitPorts(bytes(proto));
    expect(await answer(file, [0.5, 1.5, 2.5], [1, 3, 1, 1])).toMatchObject({ type: 'float32', data: [1, 3, 5] });
  });

  test('whole numbers that are not made floats everywhere are whole numbers', async () => {
    const nodes = [
      toFloats('x', 'a'),
      node('Identity', ['x'], ['kept']),
      toFloats('kept', 'b'),
      node('Sub', ['a', 'b'], ['y']),
    ];
    const proto = model(nodes, { input: [picture(Type.UINT8)], output: [answerPort(Type.FLOAT)] });
    expect((await answer(fitPorts(bytes(proto)).bytes, [0.4, 1.6, 2], [1, 3, 1, 1])).data).toEqual([0, 0, 0]);
  });

  test('no input: it passes as it is', () => {
    const proto = model([node('Identity', ['two'], ['y'])], { input: [], initializer: [two] });
    const file = bytes(proto);
    expect(fitPorts(file)).toEqual({ bytes: file, notes: [], opacity: false });
  });

  test.each([
    ['a picture one pixel high', [1, 3, 1, 'w']],
    ['four pixels high', [1, 3, 4, 'w']],
    ['channels last, one pixel high', [1, 1, 'w', 3]],
    ['channels last, four pixels high', [1, 4, 'w', 3]],
    ['of any channels', [1, 'c', 'h', 'w']],
    ['of two channels', [1, 2, 'h', 'w']],
  ])('%s is none of brightness or opacity', (_, shape) => {
    const file = bytes(
      model([doubled('x', 'y')], { input: [info('x', shape)], output: [info('y', shape)], initializer: [two] }),
    );
    expect(fitPorts(file).bytes).toBe(file);
  });

  test.each<[string, (number | string)[], number, Type]>([
    ['numbers that are no picture', [1, 3], 1, Type.FLOAT],
    ['a map of whole numbers', [1, 3, 1, 1], 1, Type.INT64],
    ['a map of brightness', [1, 1, 'h', 'w'], 3, Type.FLOAT],
  ])('%s are not taken for the picture, though first', (_, shape, channels, type) => {
    const proto = model([node('Identity', ['x'], ['y'])], {
      input: [info('level', shape, type), picture(Type.FLOAT, channels)],
      output: [answerPort(Type.FLOAT, channels)],
    });
    const { bytes: file } = fitPorts(bytes(proto), { values: { level: 1 } });
    expect(fromBinary(ModelProtoSchema, file).graph!.input.map(({ name }) => name)).toEqual(['x']);
  });

  test('a picture with its channels last is one in colour', () => {
    const proto = model([node('Identity', ['x'], ['y'])], {
      input: [info('level', [1, 1, 'h', 'w']), info('x', [1, 'h', 'w', 3])],
      output: [info('y', [1, 'h', 'w', 3])],
    });
    const { notes } = fitPorts(bytes(proto), { values: { level: 1 } });
    expect(notes).toEqual(['its input "level" is 1 everywhere']);
  });

  test.each([
    ['of those alike', [1, 1, 'h', 'w']],
    ['where nothing is said of any', null],
  ])('%s the first is the picture', (_, shape) => {
    const proto = model([node('Add', ['x', 'level'], ['y'])], {
      input: [info('x', shape ?? []), info('level', shape ?? [])],
      output: [answerPort(Type.FLOAT, 1)],
    });
    expect(() => fitPorts(bytes(shape ? proto : withoutShape(proto, 'x')))).toThrow(/"level"/);
  });

  test('of several answers the picture is fitted, and what else is made of it stays', async () => {
    const nodes = [doubled('x', 'y'), node('ReduceSum', ['y'], ['sum'], { keepdims: 0 })];
    const proto = model(nodes, {
      input: [picture(Type.FLOAT, 1)],
      output: [info('sum', []), answerPort(Type.FLOAT, 1)],
      initializer: [two],
    });
    const session = await runtime.createSession(fitPorts(bytes(proto)).bytes);
    const x = new runtime.ort.Tensor('float32', Float32Array.from([0.5, 0.5, 0.5]), [1, 3, 1, 1]);
    const { y, sum } = await session.run({ x });
    await session.release();
    expect(y!.dims).toEqual([1, 3, 1, 1]);
    // Of brightness alone, not of three colours.
    expect((sum!.data as Float32Array)[0]).toBeCloseTo(1, 5);
  });

  test('an answer of whose shape nothing is said', async () => {
    const proto = model([doubled('x', 'y')], {
      input: [picture(Type.FLOAT, 1)],
      output: [answerPort(Type.FLOAT, 1)],
      initializer: [two],
    });
    const { bytes: file } = fitPorts(bytes(withoutShape(proto, 'y')));
    expect((await answer(file, [0.5, 0.5, 0.5], [1, 3, 1, 1])).dims).toEqual([1, 3, 1, 1]);
  });

  test('what was said of values inside it no longer is', () => {
    const proto = model([doubled('x', 'a'), doubled('a', 'y')], {
      input: [picture(Type.FLOAT)],
      output: [answerPort(Type.FLOAT)],
      initializer: [two],
    });
    proto.graph!.valueInfo = [info('a', [1, 3, 8, 8])];
    expect(fromBinary(ModelProtoSchema, fitPorts(bytes(proto), { border: 1 }).bytes).graph!.valueInfo).toEqual([]);
  });
});

test('branches see the picture as it is made for them', async () => {
  const fromX = (name: string) => branch([node('Identity', ['x'], [name])], name);
  const choice = node('If', ['yes'], ['y'], { then_branch: fromX('a'), else_branch: fromX('b') });
  const nodes = [node('Cast', ['two'], ['yes'], { to: Type.BOOL }), choice];
  const proto = model(nodes, {
    input: [picture(Type.FLOAT)],
    output: [answerPort(Type.FLOAT)],
    initializer: [two],
  });
  const { bytes: file } = fitPorts(bytes(withoutShape(proto, 'y')), { border: 1 });
  expect((await answer(file, [1, 2, 3], [1, 3, 1, 1])).dims).toEqual([1, 3, 3, 3]);
});

test('an answer that is no tensor is refused, one of which nothing is said is not', () => {
  const proto = model([node('Identity', ['x'], ['y'])], {
    input: [picture(Type.UINT8)],
    output: [answerPort(Type.FLOAT)],
  });
  const [port] = proto.graph!.output;
  port!.type = create(TypeProtoSchema, { value: { case: 'sequenceType', value: {} } });
  expect(() => fitPorts(bytes(proto))).toThrow(expect.objectContaining({ code: 'bad-model' }));
  proto.graph!.output = [info('other', [1]), answerPort(Type.FLOAT)];
  proto.graph!.output[0]!.type = undefined;
  expect(fitPorts(bytes(proto)).notes).toHaveLength(1);
});

describe('a map beside the picture', () => {
  /** The picture, and what of the map is beyond its channels. */
  const joined = (shape: (number | string)[], more: Parameters<typeof model>[1] = {}) =>
    bytes(
      model([node('Concat', ['x', 'map'], ['y'], { axis: 1 })], {
        input: [picture(Type.FLOAT), info('map', shape)],
        output: [answerPort(Type.FLOAT, 'c')],
        ...more,
      }),
    );

  test.each<[(number | string)[], number]>([
    [['n', 'c', 'h', 'w'], 4],
    [['n', 2, 'h', 'w'], 5],
    [[1, 1, 'h', 2], 4],
    [[1, 1, 1, 2], 4],
  ])('of %j has as many pixels and its own channels', async (shape, channels) => {
    const rows = typeof shape[2] === 'string' ? 3 : 1;
    const { bytes: file } = fitPorts(joined(shape), { values: { map: 0.5 } });
    const colours = new Array<number>(3 * rows * 2).fill(1);
    const { dims, data } = await answer(file, colours, [1, 3, rows, 2]);
    expect(dims).toEqual([1, channels, rows, 2]);
    expect(data.slice(colours.length)).toEqual(new Array((channels - 3) * rows * 2).fill(0.5));
  });

  test('grows with the border that is made up for', async () => {
    const { bytes: file, notes } = fitPorts(joined([1, 1, 'h', 'w']), { values: { map: 0.5 }, border: 2 });
    expect(notes).toHaveLength(2);
    expect((await answer(file, [1, 2, 3], [1, 3, 1, 1])).dims).toEqual([1, 4, 5, 5]);
  });

  test('two free axes are numbers, no map', async () => {
    const proto = model([node('Add', ['x', 'level'], ['y'])], {
      input: [picture(Type.FLOAT), info('level', ['n', 'm'])],
      output: [answerPort(Type.FLOAT)],
    });
    const { notes } = fitPorts(bytes(proto), { values: { level: 1 } });
    expect(notes).toEqual(['its input "level" is 1']);
  });
});

describe('a border', () => {
  test.each([11, 13])('is made up for where channels are last, in opset %i', async (version) => {
    const proto = model([node('Identity', ['x'], ['y'])], {
      version,
      input: [info('x', [1, 'h', 'w', 3])],
      output: [info('y', [1, 'H', 'W', 3])],
    });
    const { dims, data } = await answer(fitPorts(bytes(proto), { border: 1 }).bytes, [1, 2, 3], [1, 1, 1, 3]);
    expect(dims).toEqual([1, 3, 3, 3]);
    expect(data).toEqual(Array.from({ length: 27 }, (_, i) => 1 + (i % 3)));
  });

  test('is made up for where channels are first and the picture is three pixels wide', async () => {
    const shape = [1, 3, 'h', 3];
    const proto = model([node('Identity', ['x'], ['y'])], { input: [info('x', shape)], output: [info('y', [])] });
    const file = fitPorts(bytes(withoutShape(proto, 'y')), { border: 1 }).bytes;
    expect((await answer(file, new Array<number>(9).fill(1), [1, 3, 1, 3])).dims).toEqual([1, 3, 3, 5]);
  });

  test('of brightness moves no colour', async () => {
    // The mean of three neighbours in a row, and no answer for the outermost.
    const proto = model([node('AveragePool', ['x'], ['y'], { kernel_shape: [3, 3], strides: [1, 1] })], {
      input: [picture(Type.FLOAT, 1)],
      output: [answerPort(Type.FLOAT, 1)],
    });
    const { bytes: file } = fitPorts(bytes(proto), { border: 1 });
    // Brightness is the same everywhere, colours are not.
    const [red, green] = [1 / 0.299, 1 / 0.587];
    const colours = [...[0, red, 0, 0, red, 0], ...[green, 0, green, green, 0, green], ...[0, 0, 0, 0, 0, 0]];
    const { dims, data } = await answer(file, colours, [1, 3, 1, 6]);
    expect(dims).toEqual([1, 3, 1, 6]);
    data.forEach((value, i) => expect(value).toBeCloseTo(colours[i]!, 4));
  });

  test('of a network with opacity', async () => {
    const proto = model([node('AveragePool', ['x'], ['y'], { kernel_shape: [3, 3], strides: [1, 1] })], {
      input: [picture(Type.FLOAT, 4)],
      output: [answerPort(Type.FLOAT, 4)],
    });
    const { bytes: file } = fitPorts(bytes(proto), { border: 1 });
    const { dims, data } = await answer(file, [1, 1, 2, 2, 3, 3], [1, 3, 2, 1]);
    expect(dims).toEqual([1, 3, 2, 1]);
    [1, 1, 2, 2, 3, 3].forEach((value, i) => expect(data[i]).toBeCloseTo(value, 5));
  });
});

test.each([11, 13])(
  'colours beside brightness are as large as what the network enlarges, in opset %i',
  async (version) => {
    const proto = model(
      [
        node('Resize', ['x', 'none', 'scales'], ['y'], {
          mode: 'nearest',
          coordinate_transformation_mode: 'asymmetric',
          nearest_mode: 'floor',
        }),
      ],
      {
        version,
        input: [picture(Type.FLOAT, 1)],
        output: [answerPort(Type.FLOAT, 1)],
        initializer: [floats('none', [0], []), floats('scales', [4], [1, 1, 2, 3])],
      },
    );
    const { bytes: file } = fitPorts(bytes(proto));
    const colours = [0.2, 0.5, 0.9].flatMap((value) => new Array<number>(6).fill(value));
    const { dims, data } = await answer(file, colours, [1, 3, 2, 3]);
    expect(dims).toEqual([1, 3, 4, 9]);
    data.forEach((value, i) => expect(value).toBeCloseTo(colours[Math.floor(i / 36) * 6]!, 5));
  },
);

test('what fits already passes as it is', () => {
  const file = bytes(
    model([doubled('x', 'y')], { input: [picture(Type.FLOAT)], output: [answerPort(Type.FLOAT)], initializer: [two] }),
  );
  expect(fitPorts(file)).toEqual({ bytes: file, notes: [], opacity: false });
  const last = bytes(
    model([doubled('x', 'y')], {
      input: [info('x', [1, 'h', 'w', 3])],
      output: [info('y', [1, 'h', 'w', 3])],
      initializer: [two],
    }),
  );
  expect(fitPorts(last).bytes).toBe(last);
});
