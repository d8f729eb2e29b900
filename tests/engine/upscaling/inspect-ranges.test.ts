import { inspectNetwork } from '../../../src/engine/upscaling/inspect-network';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import { never } from '../raster/support';
import { bytes, floats, info, model, node as nodeOf } from '../graph/support/onnx-file';

// Networks whose errors are known: which range is believed, at both sides of each threshold.

const runtime = cpuRuntime(1);
afterAll(() => runtime.dispose());

const node = (...[op, inputs, outputs, attributes]: Parameters<typeof nodeOf>) =>
  Object.assign(nodeOf(op, inputs, outputs, attributes), { name: outputs[0] });

/**
 * Pixels repeated, with an error of `c`, of `negative` times what is below zero, and of `positive` times what is above. Of
 * 0..255 it sees white alone.
 */
function network({ scale = 2, c = 0, negative = 0, positive = 0 }): Uint8Array {
  const nodes = [
    node('Clip', ['x', 'least', 'most'], ['kept']),
    node('Neg', ['kept'], ['turned']),
    node('Relu', ['turned'], ['below']),
    node('Relu', ['kept'], ['above']),
    node('Mul', ['below', 'negative'], ['first']),
    node('Mul', ['above', 'positive'], ['second']),
    node('Sum', ['kept', 'first', 'second', 'c'], ['sum']),
    node('Resize', ['sum', '', 'scales'], ['y'], {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    }),
  ];
  const shape = (height: string, width: string) => [1, 3, height, width];
  return bytes(
    model(nodes, {
      input: [info('x', shape('h', 'w'))],
      output: [info('y', shape('H', 'W'))],
      initializer: [
        floats('least', [], [-1]),
        floats('most', [], [1]),
        floats('negative', [], [negative]),
        floats('positive', [], [positive]),
        floats('c', [], [c]),
        floats('scales', [4], [1, 1, scale, scale]),
      ],
    }),
  );
}

const rangeOf = async (options: Parameters<typeof network>[0]) =>
  (await inspectNetwork(never, network(options), runtime, 'made')).input.range;

test.each([
  // In the dark 2.2 times worse, and three times.
  ['-1..1', { c: 0.02, negative: 0.0906 }, [-1, 1]],
  ['0..1', { c: 0.02, negative: 0.1334 }, [0, 1]],
  // Half of the error is believed where it enlarges, and not where it does not; a sixth is.
  ['-1..1', { c: 0.02 }, [-1, 1]],
  ['0..1', { c: 0.02, scale: 1 }, [0, 1]],
  ['-1..1', { positive: 0.1, scale: 1 }, [-1, 1]],
  ['0..1', { negative: 0.1 }, [0, 1]],
  // One to the network: the usual.
  ['0..1', {}, [0, 1]],
] as const)('%s: %j', async (_, options, range) => {
  expect(await rangeOf(options)).toEqual(range);
});

test('what is off by more than eight hundredths is another picture', async () => {
  await expect(rangeOf({ c: 0.079, negative: 3, positive: 0 })).resolves.toEqual([0, 1]);
  await expect(rangeOf({ c: 0.081, negative: 3, positive: 0 })).rejects.toMatchObject({ code: 'bad-model' });
});
