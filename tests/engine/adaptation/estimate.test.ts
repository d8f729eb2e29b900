import { estimate } from '../../../src/engine/adaptation/estimate';
import type { NetworkPicture } from '../../../src/engine/adaptation/picture';
import type { Estimators } from '../../../src/engine/network/adaptation-networks';
import type { Network } from '../../../src/engine/network/registry';
import { createRaster, crop } from '../../../src/engine/raster/planes';
import type { Raster } from '../../../src/engine/raster/raster';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import { drawn, never, noise } from '../raster/support';
import { compressed } from './golden-pictures';

// What becomes of what networks say of a picture; they say here what the test wants.

const cpu = cpuRuntime(1);
afterAll(() => cpu.dispose());

type Part = keyof Estimators<Network>;
const parts: readonly Part[] = ['encoder', 'readOut', 'drawing'];
const networkFor = (part: Part) =>
  ({ entry: { input: { name: `for ${part}` } }, bytes: Uint8Array.of(parts.indexOf(part)) }) as unknown as Network;

async function told(picture: Raster, { says = { noise: 9, compression: 20, blur: 0.7 }, drawing = true } = {}) {
  const asked: Record<Part, Record<string, { data: Float32Array; dims: readonly number[] }>[]> = {
    ...{ encoder: [], readOut: [], drawing: [] },
  };
  const one = (value: number) => new cpu.ort.Tensor('float32', Float32Array.of(value), [1, 1]);
  const answers = {
    encoder: () => ({ e: new cpu.ort.Tensor('float32', Float32Array.of(3, 5), [1, 2]) }),
    readOut: () => Object.fromEntries(Object.entries(says).map(([name, value]) => [name, one(value)])),
    drawing: () => ({ p: one(0.25) }),
  };
  const runtime = {
    ort: cpu.ort,
    createSession: async ([index]: Uint8Array) => {
      const part = parts[index!]!;
      const run = async (feeds: (typeof asked)[Part][number]) => {
        asked[part].push(feeds);
        return answers[part]();
      };
      return { run, outputNames: Object.keys(answers[part]()), release: async () => {} };
    },
  } as unknown as Runtime;
  const source: NetworkPicture = {
    width: picture.width,
    height: picture.height,
    read: async (_, rect) => crop(picture, rect),
  };
  const estimators = {
    encoder: networkFor('encoder'),
    readOut: networkFor('readOut'),
    drawing: drawing ? networkFor('drawing') : undefined,
  };
  return { found: await estimate(never, runtime, estimators, source), asked };
}

/** So many values in each channel, no two channels alike, from 0.1 up. */
const few = (values: number, { side = 48, contrast = 0.8 } = {}) =>
  drawn(side, side, 3, (channel, row, column) => {
    const value = (row * 5 + column * 3 + channel) % values;
    return 0.1 + (contrast * value) / (values - 1);
  });

test('a picture that was saved as JPEG has the quality that its blocks show', async () => {
  const { jpeg } = (await told(await compressed())).found!;
  expect(Math.abs(jpeg! - 50)).toBeLessThan(4);
});

test('a picture has what its embedding and its fine detail say', async () => {
  const { found, asked } = await told(noise(100, 96, 3, 1));
  expect(found).toEqual({ noise: 9, compression: 20, blur: expect.closeTo(0.7, 5), jpeg: null, drawn: 0.25 });
  expect(asked.encoder[0]!['for encoder']!.dims).toEqual([1, 3, 96, 100]);
  const [{ 'for readOut': embedding, detail }] = asked.readOut as [
    Record<string, { data: Float32Array; dims: number[] }>,
  ];
  expect([[...embedding!.data], embedding!.dims]).toEqual([
    [3, 5],
    [1, 2],
  ]);
  expect(detail!.dims).toEqual([1, detail!.data.length]);
});

test.each([
  [96, 96, 9],
  [48, 48, 4.5],
  [16, 16, 1.5],
  [144, 64, 9],
  [24, 96, 4.5],
])('of %i×%i pixels noise is believed in proportion to the side: %d of 9', async (width, height, believed) => {
  expect((await told(noise(width, height, 3, 2))).found!.noise).toBeCloseTo(believed, 5);
});

test('nobody is asked whether it is drawn where there is none to ask', async () => {
  const { found } = await told(noise(32, 32, 3, 1), { drawing: false });
  expect(found!.drawn).toBeUndefined();
});

test('few values in each channel are no noise, and drawn, whatever networks say', async () => {
  const { found, asked } = await told(few(15));
  expect(found).toMatchObject({ noise: 0, compression: 20, drawn: 1 });
  expect(asked.drawing).toEqual([]);
  expect((await told(few(16))).found).toMatchObject({ noise: 4.5, drawn: 0.25 });
  // In one channel only.
  const one = few(15);
  one.data.set(noise(48, 48, 1, 4).data, 2 * 48 * 48);
  expect((await told(one)).found).toMatchObject({ noise: 4.5, drawn: 0.25 });
});

test('few values of little contrast may be a dark photograph', async () => {
  expect((await told(few(8, { contrast: 0.24 }))).found).toMatchObject({ noise: 0, drawn: 0.25 });
  expect((await told(few(8, { contrast: 0.26 }))).found).toMatchObject({ noise: 0, drawn: 1 });
  expect((await told(createRaster(48, 48, 3))).found).toMatchObject({ noise: 0, drawn: 0.25 });
});

test('a picture too small to tell, unless it is surely drawn', async () => {
  expect((await told(noise(15, 64, 3, 1))).found).toBeNull();
  expect((await told(noise(64, 15, 3, 1))).found).toBeNull();
  const { found, asked } = await told(few(4, { side: 15 }));
  expect(found).toEqual({ noise: 0, compression: 0, blur: 0, drawn: 1 });
  expect([asked.encoder, asked.readOut, asked.drawing]).toEqual([[], [], []]);
  expect((await told(few(4, { side: 15 }), { drawing: false })).found).toBeNull();
  expect((await told(few(4, { side: 15, contrast: 0.2 }))).found).toBeNull();
});

test.each(['noise', 'compression', 'blur'])('%s that is no number: nothing is told', async (name) => {
  const says = { noise: 9, compression: 20, blur: 0.7, [name]: NaN };
  expect((await told(noise(32, 32, 3, 1), { says })).found).toBeNull();
});
