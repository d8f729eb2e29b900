import { TensorProto_DataType as Type } from 'onnx-buf';
import { fitPorts, type FitOptions } from '../../../src/engine/network/fit-ports';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { bytes, floats, info, ints, model, node as nodeOf } from '../graph/support/onnx-file';

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
