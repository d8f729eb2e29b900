import { Global, Made, Persistent, readPickle } from '../../../src/engine/conversion/pickle';

// Python's opcodes one by one, as Lib/pickletools.py describes them, in the bytes that Python's own `pickle` reads.

const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const read = (program: string, from = 0) => readPickle(bytesOf(program), from);
const big = 2n ** 64n + 5n;

const rows: [program: string, value: unknown][] = [
  ['N.', null],
  ['\x88.', true],
  ['\x89.', false],
  ['J\xfe\xff\xff\xff.', -2],
  ['J\x01\x02\x00\x00.', 513],
  ['K\xff.', 255],
  ['M\x01\x02.', 513],
  ['\x8a\x00.', 0],
  ['\x8a\x01\xff.', -1],
  ['\x8a\x01\x7f.', 127],
  ['\x8a\x02\xff\x00.', 255],
  ['\x8a\x02\x00\x80.', -32768],
  ['\x8a\x09\x05\x00\x00\x00\x00\x00\x00\x00\x01.', big],
  ['\x8a\x07\xff\xff\xff\xff\xff\xff\x1f.', 2 ** 53 - 1],
  ['\x8a\x07\x01\x00\x00\x00\x00\x00\x20.', 2n ** 53n + 1n],
  ['\x8b\x02\x00\x00\x00\x01\x02.', 513],
  ['I01\n.', true],
  ['I00\n.', false],
  ['I-42\n.', -42],
  ['L42L\n.', 42],
  ['L7\n.', 7],
  ['F1.5\n.', 1.5],
  ['G\x3f\xf8\x00\x00\x00\x00\x00\x00.', 1.5],
  ["S'ab'\n.", 'ab'],
  ['S"a\'b"\n.', "a'b"],
  ['Vab\n.', 'ab'],
  ['X\x02\x00\x00\x00ab.', 'ab'],
  ['T\x02\x00\x00\x00ab.', 'ab'],
  ['\x8c\x02ab.', 'ab'],
  ['U\x02ab.', 'ab'],
  ['\x8d\x02\x00\x00\x00\x00\x00\x00\x00ab.', 'ab'],
  ['B\x02\x00\x00\x00ab.', bytesOf('ab')],
  ['C\x02ab.', bytesOf('ab')],
  ['\x8e\x02\x00\x00\x00\x00\x00\x00\x00ab.', bytesOf('ab')],
  ['\x96\x02\x00\x00\x00\x00\x00\x00\x00ab.', bytesOf('ab')],
  [').', []],
  ['].', []],
  ['}.', new Map()],
  ['\x8f.', new Set()],
  ['(K\x01K\x02t.', [1, 2]],
  ['(K\x01K\x02l.', [1, 2]],
  [
    '(K\x01K\x02K\x03K\x04d.',
    new Map([
      [1, 2],
      [3, 4],
    ]),
  ],
  ['K\x01\x85.', [1]],
  ['K\x01K\x02\x86.', [1, 2]],
  ['K\x01K\x02K\x03\x87.', [1, 2, 3]],
  [']K\x01a.', [1]],
  ['](K\x01K\x02e.', [1, 2]],
  ['\x8f(K\x01\x90.', new Set()],
  ['}K\x01K\x02s.', new Map([[1, 2]])],
  [
    '}(K\x01K\x02K\x03K\x04u.',
    new Map([
      [1, 2],
      [3, 4],
    ]),
  ],
  // A key without a value is none.
  ['}(K\x01K\x02K\x03u.', new Map([[1, 2]])],
  ['ca\nb\n.', new Global('a b')],
  ['\x8c\x01a\x8c\x01b\x93.', new Global('a b')],
  ['ca\nb\nK\x01\x85R.', new Made(new Global('a b'), [1])],
  ['ca\nb\nK\x01\x85\x81.', new Made(new Global('a b'), [1])],
  ['ca\nb\nK\x01\x85}\x92.', new Made(new Global('a b'), [1])],
  ['ca\nb\nNR.', new Made(new Global('a b'), [])],
  ['(K\x01ia\nb\n.', new Made(new Global('a b'), [1])],
  ['(ca\nb\nK\x01o.', new Made(new Global('a b'), [1])],
  ['ca\nb\n)RK\x07b.', Object.assign(new Made(new Global('a b'), []), { state: 7 })],
  // What has no state keeps none.
  ['NK\x07b.', null],
  // Lists and sets of other classes are not looked into.
  ['ca\nb\n)RK\x01a.', new Made(new Global('a b'), [])],
  ['\x8fK\x01a.', new Set()],
  ['K\x01Q.', new Persistent(1)],
  ['Pab\n.', new Persistent('ab')],
  ['K\x05K\x060.', 5],
  ['K\x05q\x000h\x00.', 5],
  ['K\x05r\x01\x02\x00\x000j\x01\x02\x00\x00.', 5],
  ['K\x05p12\n0g12\n.', 5],
  ['K\x05\x94K\x06\x9400h\x01.', 6],
  ['K\x05(K\x01K\x021.', 5],
  ['K\x052\x86.', [5, 5]],
  ['\x80\x02K\x05.', 5],
  ['\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00K\x05.', 5],
];

test.each(rows)('%j', (program, value) => {
  expect(read(program)).toEqual({ value, end: program.length });
  // Wherever it is cut off it is a damaged file.
  for (let length = 0; length < program.length; length++)
    expect(() => read(program.slice(0, length))).toThrow(expect.objectContaining({ code: 'bad-model' }));
});

test('a dictionary’s items are set on what stands for one', () => {
  const { value } = read('ccollections\nOrderedDict\n)R(K\x01K\x02uK\x03K\x04s.');
  expect((value as Made).items).toEqual(
    new Map([
      [1, 2],
      [3, 4],
    ]),
  );
});

test('what is recalled is the same, and may hold itself', () => {
  const { value } = read(']q\x00h\x00a.') as { value: unknown[] };
  expect(value[0]).toBe(value);
});

test('more values than any weights have are refused before the file ends', () => {
  expect(() => readPickle(new Uint8Array(10_000_001).fill(0x4e))).toThrow(/too many values/);
});

test('it begins where it is told, and ends behind its end', () => {
  expect(read('xxK\x05.rest', 2)).toEqual({ value: 5, end: 5 });
});

test.each([
  '.', // nothing to give
  '0.',
  'K\x01\x86.',
  'K\x01K\x02\x87.',
  't.', // no mark
  'e.',
  'K\x01K\x02u.',
  '1.',
  'K\x01K\x02a.', // no list
  'K\x01(K\x02e.',
  'K\x01K\x02K\x03s.', // no dictionary
  'K\x01(K\x02K\x03u.',
  'h\x00.', // nothing kept
  'j\x00\x00\x00\x00.',
  'g0\n.',
  '\x8a\xff\x00.', // longer than the file
  '\x8d\xff\xff\xff\xff\xff\xff\xff\xff.',
  'zN.',
])('%j is a damaged file', (program) => {
  expect(() => read(program)).toThrow(expect.objectContaining({ code: 'bad-model' }));
});
