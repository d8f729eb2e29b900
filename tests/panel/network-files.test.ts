import { networksAmong, withoutNetworkEnding } from '../../src/ui/network-files';

const among = (...names: string[]) =>
  networksAmong(names.map((name) => ({ name }))).map((files) => files.map(({ name }) => name));

test.each([
  [['a.png', 'b.jpg'], []],
  [
    ['a.png', 'Net.PTH', 'c.onnx'],
    [['Net.PTH'], ['c.onnx']],
  ],
  [
    ['x.bin', 'y.bin', 'X.param'],
    [['x.bin', 'X.param'], ['y.bin']],
  ],
  [
    ['x.param', 'y.bin'],
    [['x.param'], ['y.bin']],
  ],
  [
    ['x.onnx', 'x.bin'],
    [['x.onnx'], ['x.bin']],
  ],
])('of %j the networks are %j', (names, expected) => {
  expect(among(...names)).toEqual(expected);
});

test('a network is called like its file', () => {
  expect(withoutNetworkEnding('4x-UltraSharp.v2.safetensors')).toBe('4x-UltraSharp.v2');
});
