import { zipSync } from 'fflate';
import { isPytorch, readPytorch } from '../../../src/engine/conversion/pytorch';

// Files of weights as `torch.save` writes them, put together opcode by opcode: views of a storage, and numbers that no
// PyTorch writes.

const text = (value: string) => Uint8Array.from(Buffer.from(value, 'latin1'));
const word = (value: string) => `X${Buffer.from(Uint32Array.of(value.length).buffer).toString('latin1')}${value}`;
const whole = (value: number) => `J${Buffer.from(Int32Array.of(value).buffer).toString('latin1')}`;
const fraction = (value: number) =>
  `G${Buffer.from(new Float64Array([value]).buffer)
    .reverse()
    .toString('latin1')}`;
const tuple = (...values: string[]) => `(${values.join('')}t`;

interface View {
  readonly kind?: string;
  readonly offset?: string;
  readonly shape?: string;
  readonly steps?: string;
  readonly type?: string;
}

/** A view of six values, 2 × 3 in rows if nothing else is said. */
function tensor({
  kind = 'storage',
  offset = whole(0),
  shape = tuple(whole(2), whole(3)),
  steps,
  type = 'FloatStorage',
}: View): string {
  const storage = tuple(word(kind), `ctorch\n${type}\n`, word('0'), word('cpu'), whole(6));
  const args = tuple(`${storage}Q`, offset, shape, steps ?? tuple(whole(3), whole(1)), '\x89', 'N');
  return `ctorch._utils\n_rebuild_tensor_v2\n${args}R`;
}
const dictionary = (...items: [key: string, value: string][]) => `}(${items.flat().join('')}u`;
const ordered = (...items: [key: string, value: string][]) => `ccollections\nOrderedDict\n)R(${items.flat().join('')}u`;
const file = (root: string) => `\x80\x02${root}.`;
const pickle = (view: View) => file(dictionary([word('w'), tensor(view)]));

const values = Float32Array.of(0.5, -1, 2, 3, 4, 5);
const archived = (pickled: string, data: ArrayBufferView = values) =>
  zipSync({
    'net/data.pkl': text(pickled),
    'net/data/0': new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  });
const archive = (view: View, data?: ArrayBufferView) => archived(pickle(view), data);
const weight = (view: View, data?: ArrayBufferView) => {
  const { dims, data: found } = readPytorch(archive(view, data)).get('w')!;
  return { dims, data: [...found] };
};
const sizes = (...list: number[]) => tuple(...list.map(whole));

test.each<[string, View, number[], number[]]>([
  ['in rows', {}, [2, 3], [0.5, -1, 2, 3, 4, 5]],
  ['turned', { shape: sizes(3, 2), steps: sizes(1, 3) }, [3, 2], [0.5, 3, -1, 4, 2, 5]],
  ['from the third value on', { offset: whole(2), shape: sizes(2, 2), steps: sizes(2, 1) }, [2, 2], [2, 3, 4, 5]],
  ['a column', { offset: whole(1), shape: sizes(2), steps: sizes(3) }, [2], [-1, 4]],
  ['one value repeated', { offset: whole(5), shape: sizes(3), steps: sizes(0) }, [3], [5, 5, 5]],
  ['a single one, whose step means nothing', { shape: sizes(1, 6), steps: sizes(99, 1) }, [1, 6], [...values]],
  ['a number', { offset: whole(3), shape: ')', steps: ')' }, [], [3]],
  ['nothing', { shape: sizes(0, 3) }, [0, 3], []],
  ['nothing, from wherever', { offset: whole(99), shape: sizes(0, 3) }, [0, 3], []],
])('a view of a storage: %s', (_, view, dims, data) => {
  expect(weight(view)).toEqual({ dims, data });
});

test('a storage of half or double precision is read as single, and one of whole numbers is left out', () => {
  expect(weight({ type: 'DoubleStorage' }, Float64Array.from(values)).data).toEqual([...values]);
  const halves = Uint16Array.of(0x3800, 0xbc00, 0x4000, 0x4200, 0x4400, 0x4500);
  expect(weight({ type: 'HalfStorage' }, halves).data).toEqual([...values]);
  expect(readPytorch(archive({ type: 'IntStorage' })).size).toBe(0);
});

test.each<[string, View]>([
  ['begins before its storage', { offset: whole(-1) }],
  ['ends behind it', { offset: whole(1) }],
  ['goes backwards', { offset: whole(5), steps: sizes(-3, -1) }],
  ['has a side below zero', { shape: sizes(-2, -3) }],
  ['has half a row', { shape: tuple(fraction(1.5), whole(2)) }],
  ['begins within a value', { offset: fraction(0.5), shape: sizes(1), steps: sizes(1) }],
  ['has a text as its beginning', { offset: word('0') }],
  ['has more sides than steps', { shape: sizes(1, 2, 3) }],
  ['repeats a value more often than fits', { shape: sizes(2 ** 28 + 1), steps: sizes(0) }],
  ['has no sides at all', { shape: 'N' }],
  ['is of something else than a storage', { kind: 'module' }],
])('a view that %s is a damaged file', (_, view) => {
  expect(() => readPytorch(archive(view))).toThrow(
    expect.objectContaining({ code: 'bad-model', message: expect.stringMatching(/damaged or cut short/) }),
  );
});

describe('an archive', () => {
  /** With the sizes that its table gives for some of its files. */
  function claiming(sizes: Readonly<Record<string, number>>): Uint8Array {
    const files = {
      'net/data.pkl': text(pickle({})),
      'net/data/0': new Uint8Array(values.buffer),
      'net/notes.txt': text('x'),
    };
    const bytes = zipSync(files, { level: 0 });
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + 46 < bytes.length; at++) {
      if (view.getUint32(at, true) !== 0x02014b50) continue;
      const name = Buffer.from(bytes.subarray(at + 46, at + 46 + view.getUint16(at + 28, true))).toString();
      if (sizes[name] !== undefined) view.setUint32(at + 24, sizes[name], true);
    }
    return bytes;
  }

  test.each([
    [{ 'net/data/0': 2 ** 30 + 1 }],
    [{ 'net/data.pkl': 2 ** 29, 'net/data/0': 2 ** 29 + 1 }],
    [{ 'net/data.pkl': 2 ** 30 + 1 }],
  ])('that would unpack to more than 1 GB is refused before it is: %j', (sizes) => {
    expect(() => readPytorch(claiming(sizes))).toThrow(
      expect.objectContaining({ code: 'bad-model', message: expect.stringMatching(/1 GB/) }),
    );
  });

  test('is not unpacked but for what is needed', () => {
    expect(readPytorch(claiming({ 'net/notes.txt': 2 ** 31 })).get('w')!.data).toEqual(values);
  });

  test('of a program, or in big-endian order, is refused', () => {
    const files = { 'net/data.pkl': text(pickle({})), 'net/data/0': new Uint8Array(values.buffer) };
    const big = { 'net/byteorder': text('big\n') };
    for (const more of [{ 'net/constants.pkl': text('N.') }, big])
      expect(() => readPytorch(zipSync({ ...files, ...more }))).toThrow(expect.objectContaining({ code: 'bad-model' }));
    expect(readPytorch(zipSync({ ...files, 'net/byteorder': text('little') })).size).toBe(1);
    // Without a folder.
    expect(readPytorch(zipSync({ 'data.pkl': files['net/data.pkl'], 'data/0': files['net/data/0'] })).size).toBe(1);
  });
});

describe('the form from before PyTorch 1.6', () => {
  const stored = (type: string, key: string, part = 'N') =>
    `${tuple(word('storage'), `ctorch\n${type}\n`, word(key), word('cpu'), whole(2), part)}Q`;
  const view = (storage: string) =>
    `ctorch._utils\n_rebuild_tensor_v2\n${tuple(storage, whole(0), sizes(2), sizes(1), '\x89', 'N')}R`;
  const magic = '\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.';
  const number = (value: bigint) => Buffer.from(BigInt64Array.of(value).buffer).toString('latin1');
  const floats = Buffer.from(Float32Array.of(0.5, -2).buffer).toString('latin1');
  const list = (...keys: string[]) => file(`](${keys.map(word).join('')}e`);
  const legacy = (root: string, keys: string, data: string) =>
    text(`${magic}${file('M\xe9\x03')}${file('}')}${file(root)}${keys}${data}`);
  const two = dictionary(
    [word('steps'), view(stored('LongStorage', 'a'))],
    [word('w'), view(stored('FloatStorage', 'b'))],
  );

  test.each([
    ['LongStorage', 8],
    ['IntStorage', 4],
    ['ShortStorage', 2],
    ['CharStorage', 1],
    ['ByteStorage', 1],
    ['BoolStorage', 1],
    ['DoubleStorage', 8],
    ['HalfStorage', 2],
    ['BFloat16Storage', 2],
  ])('holds what is not needed as well, which is passed over: %s', (type, width) => {
    const root = dictionary([word('n'), view(stored(type, 'a'))], [word('w'), view(stored('FloatStorage', 'b'))]);
    const data = `${number(3n)}${'x'.repeat(3 * width)}${number(2n)}${floats}`;
    expect(readPytorch(legacy(root, list('a', 'b'), data)).get('w')).toEqual({
      dims: [2],
      data: Float32Array.of(0.5, -2),
    });
  });

  test('may hold itself, and a storage of nothing at its end', () => {
    const root = dictionary(
      [word('n'), view(stored('LongStorage', 'a'))],
      [word('self'), ']q\x05h\x05a'],
      [word('w'), view(stored('FloatStorage', 'b'))],
    );
    const bytes = legacy(root, list('b', 'a'), `${number(2n)}${floats}${number(0n)}`);
    expect([...readPytorch(bytes).keys()]).toEqual(['w']);
  });

  test('may hold tensors within lists and objects, whose storages lie between the others', () => {
    const root = dictionary(
      [word('list'), `](${view(stored('IntStorage', 'a'))}e`],
      [word('object'), `cmy\nClass\n)R}(${word('x')}${view(stored('ShortStorage', 'b'))}ub`],
      [word('ordered'), ordered([word('x'), view(stored('CharStorage', 'c'))])],
      [word('w'), view(stored('FloatStorage', 'd'))],
    );
    const data = [4, 2, 1].map((width) => `${number(2n)}${'x'.repeat(2 * width)}`).join('');
    const weights = readPytorch(legacy(root, list('a', 'b', 'c', 'd'), `${data}${number(2n)}${floats}`));
    expect([...weights.keys()]).toEqual(['w']);
  });

  const whole3 = `${number(3n)}${'x'.repeat(24)}`;
  test.each<[string, Uint8Array]>([
    ['a storage that nothing uses', legacy(two, list('a', 'c'), `${whole3}${number(2n)}${floats}`)],
    ['no list of storages', legacy(two, file('N'), `${whole3}${number(2n)}${floats}`)],
    ['a storage of less than nothing', legacy(two, list('b', 'a'), `${number(-1n)}${whole3}`)],
    ['a storage longer than the file', legacy(two, list('a', 'b'), `${whole3}${number(3n)}${floats}`)],
    ['a storage that is missing', legacy(two, list('a'), whole3)],
    ['a view beyond its storage', legacy(two, list('a', 'b'), `${whole3}${number(1n)}${floats}`)],
    ['a number of values that is cut', legacy(two, list('a', 'b'), `${whole3}${number(2n).slice(0, 7)}`)],
    ['another magic number', text(`${file('M\xe9\x03')}${file('}')}`)],
    [
      'storages that are parts of others',
      legacy(
        dictionary([word('w'), view(stored('FloatStorage', 'b', tuple(word('a'), whole(0))))]),
        list('b'),
        `${number(2n)}${floats}`,
      ),
    ],
    [
      'complex numbers',
      legacy(dictionary([word('w'), view(stored('ComplexFloatStorage', 'b'))]), list('b'), `${number(2n)}${floats}`),
    ],
  ])('is refused with %s', (_, bytes) => {
    expect(() => readPytorch(bytes)).toThrow(expect.objectContaining({ code: 'bad-model' }));
  });
});

const row: View = { shape: tuple(whole(1)), steps: tuple(whole(1)) };
const named = (name: string): [string, string] => [word(name), tensor(row)];

test('what has no name, and what is no tensor, is left out', () => {
  const root = dictionary(
    [whole(7), tensor(row)],
    named('w'),
    [word('epoch'), whole(3)],
    [word('none'), 'N'],
    [word('note'), word('hello')],
    [word('list'), '](' + whole(1) + 'e'],
    [word('other'), 'ccollections\nOrderedDict\n)R'],
  );
  expect([...readPytorch(archived(file(root))).keys()]).toEqual(['w']);
});

test('a parameter is the tensor that it wraps', () => {
  const parameter = `ctorch._utils\n_rebuild_parameter\n${tuple(tensor(row), '\x88', 'N')}R`;
  const { dims, data } = readPytorch(archived(file(dictionary([word('w'), parameter])))).get('w')!;
  expect({ dims, data: [...data] }).toEqual({ dims: [1], data: [0.5] });
});

test.each<[string, string, string[]]>([
  ['a plain dictionary', dictionary(named('a')), ['a']],
  ['an ordered one', ordered(named('a')), ['a']],
  [
    'averaged weights before the others',
    dictionary([word('params'), ordered(named('a'))], [word('params_ema'), ordered(named('b'))]),
    ['b'],
  ],
  [
    'a network within a checkpoint',
    dictionary([word('model'), dictionary([word('state_dict'), dictionary(named('a'))])]),
    ['a'],
  ],
  [
    'four deep',
    dictionary([
      word('model'),
      dictionary([word('model'), dictionary([word('model'), dictionary([word('model'), dictionary(named('a'))])])]),
    ]),
    ['a'],
  ],
  [
    'five deep is not looked into',
    dictionary([
      word('model'),
      dictionary([
        word('model'),
        dictionary([word('model'), dictionary([word('model'), dictionary([word('model'), dictionary(named('a'))])])]),
      ]),
    ]),
    [],
  ],
  ['a wrapper that wraps a tensor is a weight', dictionary(named('model')), ['model']],
])('weights are found in %s', (_, root, names) => {
  expect([...readPytorch(archived(file(root))).keys()]).toEqual(names);
});

test('numbers that cannot be used are refused and not left out', () => {
  expect(() => readPytorch(archive({ type: 'ComplexFloatStorage' }))).toThrow(
    expect.objectContaining({ code: 'bad-model', message: expect.stringMatching(/ComplexFloatStorage/) }),
  );
});

test('a whole Python object is not a dictionary of weights', () => {
  expect(() => readPytorch(archived(file(whole(5))))).toThrow(
    expect.objectContaining({ code: 'bad-model', message: expect.stringMatching(/whole Python object/) }),
  );
});

test('a storage that is missing is a damaged file', () => {
  const file = zipSync({ 'net/data.pkl': text(pickle({})) });
  expect(() => readPytorch(file)).toThrow(/damaged or cut short/);
});

test('is told by its first bytes', () => {
  expect(isPytorch(archive({}))).toBe(true);
  for (const protocol of [2, 3, 4, 5]) expect(isPytorch(Uint8Array.of(0x80, protocol, 0x7d))).toBe(true);
  for (const others of [[0x80, 1], [0x80, 1, 0x7d], [0x80, 6], [0x50, 0x4c], [0x51, 0x4b], [0x81, 2], []])
    expect(isPytorch(Uint8Array.from(others))).toBe(false);
});
