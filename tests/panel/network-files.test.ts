import { networkAmong, withoutNetworkEnding } from '../../src/ui/network-files';

const among = (...names: string[]) => networkAmong(names.map((name) => ({ name }))).map(({ name }) => name);

test.each([
  [['a.png', 'b.jpg'], []],
  [['a.png', 'Net.PTH', 'c.onnx'], ['Net.PTH']],
  [
    ['x.bin', 'y.bin', 'X.param'],
    ['x.bin', 'X.param'],
  ],
  [['x.param', 'y.bin'], ['x.param']],
  [['x.onnx', 'x.bin'], ['x.onnx']],
])('of %j the network is %j', (names, expected) => {
  expect(among(...names)).toEqual(expected);
});

test('a network is called like its file', () => {
  expect(withoutNetworkEnding('4x-UltraSharp.v2.safetensors')).toBe('4x-UltraSharp.v2');
});
