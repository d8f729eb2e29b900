import { LoadedNetwork } from '../../../src/engine/network/loaded-network';
import type { ImageInput, NetworkEntry } from '../../../src/engine/network/registry';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import { noise } from '../raster/support';
import { madeNetwork, repeated, type Made } from '../upscaling/made-networks';

const cpu = cpuRuntime(1);
afterAll(() => cpu.dispose());

/** A network that enlarges twice, on a runtime that says it is the GPU unless said otherwise. */
function load({ layout = 'NCHW', ...made }: Partial<Made> & Pick<Partial<ImageInput>, 'layout'> = {}) {
  const answer = ({ data, dims }: Parameters<Made['answer']>[0]) => {
    if (layout === 'NCHW') return { y: repeated({ data, dims }, 2) };
    const [, height, width] = dims;
    return { y: { data: new Float32Array(12 * height! * width!), dims: [1, 2 * height!, 2 * width!, 3] } };
  };
  const { bytes, runtime, counts } = madeNetwork(cpu.ort, { device: 'webgpu', answer, ...made });
  const input: ImageInput = { name: 'x', layout, channels: 'RGB', range: [0, 1], type: 'float32' };
  const entry = { scale: 2, input, output: 'y' } as NetworkEntry;
  return { network: new LoadedNetwork(runtime, { entry, bytes }), counts };
}

const sizes = [
  [12, 8],
  [12, 8],
  [8, 12],
  [8, 8],
] as const;

/** What sessions know of the sizes of these pictures. */
async function dimensionsFor(options: Parameters<typeof load>[0]) {
  const { network, counts } = load(options);
  for (const [width, height] of sizes) {
    const result = await network.run(noise(width, height, 3, width));
    expect([result.width, result.height]).toEqual([2 * width, 2 * height]);
  }
  return counts.sessions.map(({ dimensions }) => dimensions ?? null);
}

test('one session serves images of all sizes on the CPU', async () => {
  expect(await dimensionsFor({ device: 'cpu' })).toEqual([null]);
  expect(await dimensionsFor({ device: 'wasm' })).toEqual([null]);
});

test.each([
  ['NCHW', [1, 3, 'tall', 'wide']],
  ['NHWC', [1, 'tall', 'wide', 3]],
] as const)('on the GPU each size has a session that knows it, %s', async (layout, shape) => {
  expect(await dimensionsFor({ layout, shape })).toEqual([
    { wide: 12, tall: 8 },
    { wide: 8, tall: 12 },
    { wide: 8, tall: 8 },
  ]);
});

test('a side without a name is not told, nor one that is fixed', async () => {
  const tall = [{ tall: 8 }, { tall: 12 }, { tall: 8 }];
  expect(await dimensionsFor({ shape: [1, 3, 'tall', ''] })).toEqual(tall);
  expect(await dimensionsFor({ shape: [1, 3, 'tall', 8] })).toEqual(tall);
  expect(await dimensionsFor({ shape: [1, 3, '', 'wide'] })).toEqual([{ wide: 12 }, { wide: 8 }, { wide: 8 }]);
  expect(await dimensionsFor({ shape: [1, 3, 8, 'wide'] })).toEqual([{ wide: 12 }, { wide: 8 }, { wide: 8 }]);
  expect(await dimensionsFor({ shape: [1, 3, '', ''] })).toEqual([null]);
});

test('one name for both sides is told of squares only', async () => {
  expect(await dimensionsFor({ shape: [1, 3, 'side', 'side'] })).toEqual([null, null, { side: 8 }]);
});

test('answers and sessions are freed, each once', async () => {
  const { network, counts } = load();
  await network.run(noise(12, 8, 3, 1));
  expect(counts).toMatchObject({ disposed: 1, released: 0 });
  await network.run(noise(8, 12, 3, 1));
  expect(counts).toMatchObject({ disposed: 2, released: 1 });
  await network.close();
  await network.close();
  expect(counts).toMatchObject({ disposed: 2, released: 2 });
  await network.run(noise(8, 12, 3, 1));
  expect(counts.sessions).toHaveLength(3);
});

test('an answer of another size is an error, and freed as well', async () => {
  const { network, counts } = load({ answer: (x) => ({ y: repeated(x, 3) }) });
  await expect(network.run(noise(12, 8, 3, 1))).rejects.toMatchObject({ code: 'bad-output' });
  expect(counts.disposed).toBe(1);
});
