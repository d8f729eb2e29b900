import { convert } from '../../../src/engine/conversion';
import { Bin } from '../../../src/engine/conversion/ncnn/bin';
import { isParam, readParam, Settings } from '../../../src/engine/conversion/ncnn/param';
import { readGraph } from '../../../src/engine/graph';

// ncnn's two files: how values are written in the one, and what the lines of the other say of the picture.

const badModel = expect.objectContaining({ code: 'bad-model' });
const text = (value: string) => new TextEncoder().encode(value);

describe('values in a .bin file', () => {
  const floats = (...values: number[]) => [...new Uint8Array(Float32Array.from(values).buffer)];
  const mark = (value: number) => [...new Uint8Array(Uint32Array.of(value).buffer)];
  const HALF = mark(0x01306b47);
  const halves = (...values: number[]) => [...new Uint8Array(Uint16Array.from(values).buffer)];
  const table = Array.from({ length: 256 }, (_, i) => i / 4 - 8);

  test.each<[string, number[], number[]]>([
    ['as they are', [...mark(0), ...floats(1, -2, 0.5)], [1, -2, 0.5]],
    ['as they are, and said so', [...mark(0x0002c056), ...floats(1, -2, 0.5)], [1, -2, 0.5]],
    ['in half precision', [...HALF, ...halves(0x3c00, 0xc000, 0x3800), 0, 0], [1, -2, 0.5]],
    ['by their places in a table', [...mark(7), ...floats(...table), 36, 24, 34, 0], [1, -2, 0.5]],
  ])('%s, whatever follows them', (_, written, values) => {
    // At any place in memory.
    const bytes = Uint8Array.from([9, ...written, ...floats(0.25)]).subarray(1);
    const bin = new Bin(bytes);
    expect([...bin.marked(3)]).toEqual(values);
    expect([...bin.plain(1)]).toEqual([0.25]);
    bin.end();
    for (let length = 0; length < bytes.length; length++) {
      const cut = new Bin(bytes.subarray(0, length));
      expect(() => [cut.marked(3), cut.plain(1)]).toThrow(badModel);
    }
  });

  test('which are quantised to integers are refused', () => {
    const bin = new Bin(Uint8Array.from([...mark(0x000d4b38), ...new Array<number>(64).fill(0)]));
    expect(() => bin.marked(3)).toThrow(
      expect.objectContaining({ code: 'bad-model', message: expect.stringMatching(/quantised/) }),
    );
  });

  test('end with the file: up to three bytes may be left, as they fill the last value up', () => {
    for (const left of [0, 1, 2, 3, 4, 9]) {
      const bin = new Bin(Uint8Array.from([...floats(1), ...new Array<number>(left).fill(0)]));
      bin.plain(1);
      if (left < 4) bin.end();
      else expect(() => bin.end()).toThrow(badModel);
    }
    // The last ones need not be filled up.
    const bin = new Bin(Uint8Array.from([...HALF, ...halves(0x3c00)]));
    expect([...bin.marked(1)]).toEqual([1]);
    bin.end();
    expect(() => bin.plain(1)).toThrow(badModel);
  });
});

describe('settings', () => {
  test('are numbers by number, lists by less than -23300', () => {
    const settings = new Settings(['0=3', '1=-0.5', '18=2e1', '-23303=3,1,2,3', '-23300=1,7']);
    expect(settings.int(0, 9)).toBe(7);
    expect(settings.float(1, 9)).toBe(-0.5);
    expect(settings.int(1, 9)).toBe(-0);
    expect(settings.float(18, 9)).toBe(20);
    expect(settings.ints(3)).toEqual([1, 2, 3]);
    expect([settings.has(1), settings.has(2)]).toEqual([true, false]);
    expect([settings.int(2, 9), settings.float(2, 0.5), settings.ints(2)]).toEqual([9, 0.5, []]);
  });

  test('that a layer cannot be without are 1 or more', () => {
    expect(new Settings(['0=1']).count(0)).toBe(1);
    for (const word of ['1=1', '0=0', '0=-1', '0=x']) expect(() => new Settings([word]).count(0)).toThrow(badModel);
  });

  test('of floats may be written as the whole numbers that have their bits', () => {
    const floats = (...words: string[]) => new Settings([`-23300=${words.length},${words.join(',')}`]).floats(0);
    // 0.25, -0.25, and the smallest number that has a float's bits beside the largest that has not.
    expect(floats('1048576000', '-1098907648')).toEqual([0.25, -0.25]);
    expect(floats('8388608', '8388607', '-8388607', '3')).toEqual([2 ** -126, 8388607, -8388607, 3]);
    expect(floats('1048576000.0', '1e9')).toEqual([1048576000, 1e9]);
  });

  test.each(['x=1', '=1', '1', 'a', '1.5=2'])('%s is damage', (word) => {
    expect(() => new Settings([word])).toThrow(badModel);
  });
});

describe('lines', () => {
  test('are told by their number, however they end and are spaced', () => {
    const layers = readParam(
      text('7767517 \r\n  2   3\r\n\r\nInput in 0 1 x 0=4\r\n  Split  s 1 2   x a b  1=2\r\n\r\n'),
    );
    expect(layers.map(({ type, name, inputs, outputs }) => [type, name, inputs, outputs])).toEqual([
      ['Input', 'in', [], ['x']],
      ['Split', 's', ['x'], ['a', 'b']],
    ]);
    expect(layers.map(({ settings }) => [settings.int(0, 9), settings.int(1, 9)])).toEqual([
      [4, 9],
      [9, 2],
    ]);
  });

  test.each([
    '7767517',
    '7767517\n0 0\n',
    '7767517\n1 1\n',
    '7767517\n2 1\nInput in 0 1 x\n',
    '7767517\n1 1\nInput in 0 1 x\nNoop n 1 1 x y\n',
    '7767518\n1 1\nInput in 0 1 x\n',
    '7767517\n1 1\nInput\n',
    '7767517\n1 1\nInput in x 1 y\n',
    '7767517\n1 1\nInput in 0\n',
  ])('%j is damaged', (lines) => {
    expect(() => readParam(text(lines))).toThrow(badModel);
  });

  test('tell the file by the first', () => {
    for (const begin of ['7767517\n', '7767517 \r\n', '7767517'])
      expect(isParam(text(`${begin}and a long line of other things`.slice(0, begin.length + 9)))).toBe(
        begin !== '7767517',
      );
    for (const begin of ['776751\n', '77675170\n', 'x7767517\n', ''])
      expect(isParam(text(`${begin}1 1\nInput`))).toBe(false);
  });
});

describe('a picture has', () => {
  const channelsOf = (lines: string, weights: number) => {
    const all = lines.split('\n');
    const param = { name: 'x.param', bytes: text(`7767517\n${all.length} 9\n${lines}\n`) };
    const { bytes } = convert(param, { name: 'x.bin', bytes: new Uint8Array(4 * weights) });
    return readGraph(bytes).inputs[0]!.shape[1];
  };

  test.each<[string, number, number, string]>([
    ['as many channels as its line says', 1, 0, 'Input in 0 1 x 0=0 1=0 2=1\nSigmoid s 1 1 x y'],
    ['as many as its line says, whatever else', 4, 5, 'Input in 0 1 x 2=4\nConvolution c 1 1 x y 0=1 1=1 6=4'],
    ['three where nothing tells', 3, 0, 'Input in 0 1 x\nSigmoid s 1 1 x y'],
    ['three where its line says nothing', 3, 0, 'Input in 0 1 x 2=0\nSigmoid s 1 1 x y'],
    ['as many as the first convolution takes', 1, 19, 'Input in 0 1 x\nConvolution c 1 1 x y 0=2 1=3 6=18'],
    ['of an oblong kernel too', 4, 25, 'Input in 0 1 x\nConvolution c 1 1 x y 0=2 1=3 11=1 6=24'],
    ['of one in groups', 4, 5, 'Input in 0 1 x\nConvolutionDepthWise c 1 1 x y 0=4 1=1 6=4 7=4'],
    [
      'of one behind a split',
      4,
      5,
      'Input in 0 1 x\nSplit s 1 2 x a b\nConvolution c 1 1 b y 0=1 1=1 6=4\nNoop n 1 1 a z',
    ],
    [
      'not of one that is given something else',
      3,
      9,
      'Input in 0 1 x\nMemoryData m 0 1 d 0=1 1=1 2=4\nConvolution c 1 1 d e 0=1 1=1 6=4\nBinaryOp b 2 1 x e y',
    ],
    [
      'not of one behind another layer',
      3,
      7,
      'Input in 0 1 x\nSplit s 1 2 x a b\nConcat k 2 1 a b c\nConvolution c 1 1 c y 0=1 1=1 6=6',
    ],
  ])('%s: %i', (_, channels, weights, lines) => {
    // Weights have a mark before them.
    expect(channelsOf(lines, weights)).toBe(channels);
  });

  test.each<[string, number, string]>([
    ['two inputs', 0, 'Input a 0 1 x 2=1\nInput b 0 1 y 2=1\nBinaryOp o 2 1 x y z'],
    ['more values than the layer gives', 0, 'Input in 0 1 x\nSigmoid s 1 2 x y z'],
    ['a value that comes from nowhere', 0, 'Input in 0 1 x\nBinaryOp s 2 1 x z y'],
    ['nothing that is not used', 0, 'Input in 0 0'],
    ['a third of a channel', 4, 'Input in 0 1 x\nConvolution c 1 1 x y 0=3 1=1 6=4'],
  ])('or not, with %s', (_, weights, lines) => {
    expect(() => channelsOf(lines, weights)).toThrow(badModel);
  });

  test('the answer is what is called so, else the last value that nothing uses', () => {
    const answerOf = (lines: string) => {
      const all = lines.split('\n');
      const param = { name: 'x.param', bytes: text(`7767517\n${all.length} 9\n${lines}\n`) };
      const { nodes } = readGraph(convert(param, { name: 'x.bin', bytes: new Uint8Array(0) }).bytes);
      return nodes.map(({ op }) => op);
    };
    const first = 'Input in 0 1 x\nSplit s 1 2 x a b\n';
    expect(answerOf(`${first}Sigmoid s 1 1 a out0\nTanH t 1 1 b rest`)).toContain('Sigmoid');
    expect(answerOf(`${first}Sigmoid s 1 1 a out00\nTanH t 1 1 b rest`)).toContain('Tanh');
  });
});
