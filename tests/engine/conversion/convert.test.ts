import { convert, kindOf } from '../../../src/engine/conversion';
import { readGraph } from '../../../src/engine/graph';
import { answer, bytesOf, distance, floatsOf, readCases, safetensors, type Encoded, type WeightsCase } from './support';

interface NcnnCase {
  readonly name: string;
  readonly param: string;
  readonly bin: string;
  readonly input: Encoded;
  readonly output: Encoded;
}

const pytorch = readCases<WeightsCase>('pytorch.json');
const ncnn = readCases<NcnnCase>('ncnn.json');
const text = (value: string) => new TextEncoder().encode(value);

describe('weights become the network that they belong to:', () => {
  test.each(pytorch.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const { bytes, architecture } = convert({ name: each.file, bytes: bytesOf(each.bytes) });
    expect(architecture).toBe(each.architecture);
    const { shape, data } = await answer(bytes, each.input);
    expect(shape).toEqual(each.output.shape);
    expect(distance(data, floatsOf(each.output))).toBeLessThan(1e-5);
    // Batch and sizes stay open, and adaptation can read it.
    expect(readGraph(bytes).inputs).toEqual([
      { name: 'image', type: 'float32', shape: ['batch', 3, 'height', 'width'] },
    ]);
  });
});

describe('pairs of ncnn compute what ncnn computes:', () => {
  test.each(ncnn.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const [param, bin] = [
      { name: 'x.param', bytes: text(each.param) },
      { name: 'x.bin', bytes: bytesOf(each.bin) },
    ];
    const { bytes } = convert(param, bin);
    const { shape, data } = await answer(bytes, each.input);
    expect(shape).toEqual(each.output.shape);
    expect(distance(data, floatsOf(each.output))).toBeLessThan(1e-5);
    // Either of the two may come first.
    expect(convert(bin, param).bytes).toEqual(bytes);
  });

  test('weights of another network are noticed', () => {
    const [first, second] = ncnn as [NcnnCase, NcnnCase];
    const longer = new Uint8Array([...bytesOf(first.bin), 1, 2, 3, 4]);
    const param = { name: 'x.param', bytes: text(first.param) };
    expect(() => convert(param, { name: 'x.bin', bytes: longer })).toThrow(/does not belong/);
    expect(() => convert(param, { name: 'x.bin', bytes: bytesOf(second.bin).subarray(0, 400) })).toThrow(/cut short/);
  });

  test('a layer that is not known is named', () => {
    // Damaged in a line: how many values go in and out is not a number.
    for (const line of ['Input in x 1 data', 'Input in 0 x data', 'Input'])
      expect(() =>
        convert(
          { name: 'x.param', bytes: text(`7767517\n1 1\n${line}\n`) },
          { name: 'x.bin', bytes: new Uint8Array(4) },
        ),
      ).toThrow(/\.param file/);
    // Padded as TensorFlow does, which is known for steps of one in both directions only.
    for (const steps of ['3=2', '3=1 13=2', '3=2 13=1']) {
      const line = `Convolution conv 1 1 data out 0=3 1=3 4=-233 6=81 ${steps}`;
      const strided = { name: 'x.param', bytes: text(`7767517\n2 2\nInput in 0 1 data\n${line}\n`) };
      expect(() => convert(strided, { name: 'x.bin', bytes: new Uint8Array(328) })).toThrow(/padded in an unusual way/);
    }
    const param = text('7767517\n2 2\nInput in 0 1 data\nMultiHeadAttention mha_1 1 1 data output 0=8\n');
    const pair = [
      { name: 'x.param', bytes: param },
      { name: 'x.bin', bytes: new Uint8Array(0) },
    ] as const;
    expect(() => convert(...pair)).toThrow(/MultiHeadAttention \("mha_1"\)/);
  });
});

const ofZeros = (shapes: Readonly<Record<string, readonly number[]>>) => ({
  name: 'a.safetensors',
  bytes: safetensors(shapes),
});

/** A pickle that would run a command where it is executed, and a dictionary beside it. */
const harmful = Uint8Array.from(
  Buffer.from('\x80\x02}(X\x06\x00\x00\x00paramscposix\nsystem\nX\x06\x00\x00\x00exit 1\x85Ru.', 'latin1'),
);

describe('what cannot be read says what it is and what to do:', () => {
  test.each([
    [
      'half of an ncnn pair',
      { name: 'a.param', bytes: text('7767517\n1 1\nInput in 0 1 data\n') },
      /half of an ncnn.*\.bin/s,
    ],
    ['weights alone', { name: 'a.bin', bytes: new Uint8Array(64) }, /\.param file of the same name/],
    ['a TensorFlow Lite file', { name: 'a.tflite', bytes: text('TFL3xxxxxxxx') }, /TensorFlow Lite.*tf2onnx/s],
    ['an empty archive', { name: 'a.pth', bytes: text('PK\x05\x06' + '\0'.repeat(18)) }, /not one of PyTorch/],
    ['a file without weights', ofZeros({}), /no weights/],
    ['a file that is no network', { name: 'a.pth', bytes: text('<html>Not found') }, /damaged, or not what/],
    ['a damaged archive', { name: 'a.pth', bytes: text('PK\x03\x04 not an archive at all') }, /damaged/],
    ['another pickle, never executed', { name: 'a.pth', bytes: harmful }, /pickle, but not one of PyTorch/],
    [
      'a network of another kind',
      ofZeros({ 'layers.0.attn.qkv.weight': [4] }),
      /layers\.0\.attn\.qkv\.weight.*ESRGAN.*ONNX/s,
    ],
    [
      'a transformer',
      ofZeros({ 'conv_first.weight': [4], 'layers.0.blocks.0.gamma': [4] }),
      /This is RGT,.*ESRGAN.*\.onnx/s,
    ],
    [
      'a ×4 with a layer lost',
      ofZeros({
        'body.0.weight': [4, 3, 3, 3],
        'body.1.weight': [4],
        'body.2.weight': [48, 4, 3, 3],
        'body.4.weight': [48, 48, 3, 3],
      }),
      /lacks "body\.3\.weight"/,
    ],
  ])('%s', (_, file, words) => {
    let error: unknown;
    try {
      convert(file);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'bad-model' });
    const { message, advice } = error as { message: string; advice: string };
    expect(`${message} ${advice}`).toMatch(words);
  });

  test('cut short at any place: an error, never a crash or another network', () => {
    const { file, bytes } = pytorch.find(({ name }) => name.startsWith('Compact x1'))!;
    const legacy = pytorch.find(({ name }) => name.startsWith('ESRGAN x4, the first'))!;
    for (const [name, whole] of [
      [file, bytesOf(bytes)],
      [legacy.file, bytesOf(legacy.bytes)],
    ] as const) {
      for (let share = 0.02; share < 1; share += 0.07) {
        const part = whole.subarray(0, Math.floor(whole.length * share));
        expect(() => convert({ name, bytes: part })).toThrow(expect.objectContaining({ code: 'bad-model' }));
      }
    }
  });

  test('what goes before all names is none of the names’; what goes before some is', () => {
    const shapes = { 'body.0.weight': [4, 3, 3, 3], 'body.1.weight': [4], 'body.2.weight': [12, 4, 3, 3] };
    const family = (names: Readonly<Record<string, readonly number[]>>) => convert(ofZeros(names)).architecture;
    const wrapped = (prefix: string) =>
      Object.fromEntries(Object.entries(shapes).map(([key, dims]) => [prefix + key, dims]));
    for (const prefix of ['', 'module.', 'netG.', 'module._orig_mod.']) expect(family(wrapped(prefix))).toBe('Compact');
    expect(family({ ...shapes, 'module.mean': [3] })).toBe('Compact');
    expect(() => family({ ...wrapped('module.'), mean: [3] })).toThrow(expect.objectContaining({ code: 'bad-model' }));
  });

  test('ONNX passes as it is', () => {
    const bytes = text('\x08\x07ONNX or not: its own reader says');
    expect(kindOf({ name: 'a.onnx', bytes })).toBe('onnx');
    expect(convert({ name: 'a.onnx', bytes }).bytes).toBe(bytes);
    // Its name need not tell.
    expect(convert({ name: 'network', bytes })).toEqual({ bytes });
  });
});
