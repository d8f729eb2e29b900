import { isSafetensors, readSafetensors } from '../../../src/engine/conversion/safetensors';

/** A file with this header, and these bytes behind it. */
function file(header: unknown, data: ArrayBufferView | number = 0, text = JSON.stringify(header)): Uint8Array {
  const json = new TextEncoder().encode(text);
  const rest = typeof data === 'number' ? new Uint8Array(data) : new Uint8Array(data.buffer);
  const bytes = new Uint8Array(8 + json.length + rest.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(rest, 8 + json.length);
  return bytes;
}
const entry = (dtype: unknown, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets });
const values = [0.5, -1, 2, 0.25];

test.each([
  ['F32', Float32Array.from(values)],
  ['F64', Float64Array.from(values)],
  ['F16', Uint16Array.of(0x3800, 0xbc00, 0x4000, 0x3400)],
  ['BF16', Uint16Array.of(0x3f00, 0xbf80, 0x4000, 0x3e80)],
])('values of the type %s are read as float32, wherever they lie', (dtype, data) => {
  const bytes = file({ __metadata__: { format: 'pt' }, w: entry(dtype, [2, 2], [0, data.byteLength]) }, data);
  const expected = new Map([['w', { dims: [2, 2], data: Float32Array.from(values) }]]);
  expect(readSafetensors(bytes)).toEqual(expected);
  // As a part of something else, at any place.
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(readSafetensors(shifted.subarray(3))).toEqual(expected);
  expect(isSafetensors(shifted.subarray(3))).toBe(true);
});

test('each weight is where its offsets say; one of no values and a number are weights as well', () => {
  const header = {
    last: entry('F32', [2], [8, 16]),
    first: entry('F32', [1, 2], [0, 8]),
    none: entry('F32', [0, 3], [8, 8]),
    number: entry('F32', [], [12, 16]),
  };
  expect(readSafetensors(file(header, Float32Array.from(values)))).toEqual(
    new Map([
      ['last', { dims: [2], data: Float32Array.of(2, 0.25) }],
      ['first', { dims: [1, 2], data: Float32Array.of(0.5, -1) }],
      ['none', { dims: [0, 3], data: new Float32Array(0) }],
      ['number', { dims: [], data: Float32Array.of(0.25) }],
    ]),
  );
});

test.each(['I64', 'I32', 'I16', 'I8', 'U8', 'U16', 'BOOL'])('values of the type %s are left out', (dtype) => {
  const header = { steps: entry(dtype, [1], [0, 8]), w: entry('F32', [2], [0, 8]) };
  expect([...readSafetensors(file(header, 8)).keys()]).toEqual(['w']);
});

test.each<[string, Uint8Array]>([
  ['ends behind the file', file({ w: entry('F32', [2], [4, 12]) }, 8)],
  ['ends before it begins', file({ w: entry('F32', [0], [8, 4]) }, 8)],
  ['begins below zero', file({ w: entry('F32', [2], [-8, 0]) }, 8)],
  ['begins at half a byte', file({ w: entry('F32', [2], [0.5, 8.5]) }, 16)],
  ['has three offsets', file({ w: entry('F32', [2], [0, 8, 8]) }, 8)],
  ['has one offset', file({ w: entry('F32', [0], [0]) }, 8)],
  ['has no offsets', file({ w: { dtype: 'F32', shape: [2] } }, 8)],
  ['has no shape', file({ w: { dtype: 'F32', data_offsets: [0, 8] } }, 8)],
  ['has a shape below zero', file({ w: entry('F32', [-2, -1], [0, 8]) }, 8)],
  ['has no type', file({ w: entry(undefined, [2], [0, 8]) }, 8)],
  ['has a number as its type', file({ w: entry(32, [2], [0, 8]) }, 8)],
  ['has more values than its shape', file({ w: entry('F32', [1], [0, 8]) }, 8)],
  ['has fewer values than its shape', file({ w: entry('F32', [3], [0, 8]) }, 8)],
  ['is of a type of other values', file({ w: entry('F8_E4M3', [8], [0, 8]) }, 8)],
  ['is called by a type as objects are', file({ w: entry('toString', [2], [0, 8]) }, 8)],
  ['is nothing', file({ w: null }, 8)],
  ['is a number', file({ w: 8 }, 8)],
  ['has a header of other text', file(null, 8, '{"w": oh')],
  ['has a header that is no text', file(null, 8).fill(0xff, 8, 12)],
])('a weight that %s is a bad model', (_, bytes) => {
  expect(() => readSafetensors(bytes)).toThrow(expect.objectContaining({ code: 'bad-model' }));
});

test('a file is told by its header', () => {
  const bytes = file({ w: entry('F32', [2], [0, 8]) }, 8);
  expect(isSafetensors(bytes)).toBe(true);
  expect(isSafetensors(file({}))).toBe(true);
  const changed = (at: number, value: number) => {
    const copy = bytes.slice();
    copy[at] = value;
    return copy;
  };
  // Another beginning, no header, one that is longer than the file, and one that is longer than any.
  expect(isSafetensors(changed(8, 0x5b))).toBe(false);
  expect(isSafetensors(changed(0, 1))).toBe(false);
  expect(isSafetensors(changed(0, bytes.length - 8))).toBe(true);
  expect(isSafetensors(changed(0, bytes.length - 7))).toBe(false);
  expect(isSafetensors(changed(4, 1))).toBe(false);
  for (let length = 0; length < 10; length++) expect(isSafetensors(bytes.subarray(0, length))).toBe(false);
});
