import type { LWayError } from '../../../src/engine/common/errors';
import { toInterleaved } from '../../../src/engine/raster/depth';
import { sourceOf } from '../../../src/engine/raster/memory-source';
import type { Raster, Rect } from '../../../src/engine/raster/raster';
import { PhotopeaHost } from '../../../src/hosts/photopea/photopea-host';
import { parentPort } from '../../../src/hosts/photopea/port';
import { ScriptChannel } from '../../../src/hosts/photopea/script-channel';
import type { FakePhotopeaOptions } from '../../doubles/photopea/photopea';
import { FakePhotopea } from '../../doubles/photopea/photopea';
import type { HostUnderTest, TestDocument } from '../contract';
import { describeHostContract, testPixels } from '../contract';

const never = new AbortController().signal;

function rgba(raster: Raster): Uint8Array {
  const { width, height, channels } = raster;
  const data = toInterleaved(raster, 8);
  const out = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < channels; c++) out[4 * i + c] = data[i * channels + c]!;
  }
  return out;
}

function createEditor(
  document: TestDocument,
  options?: FakePhotopeaOptions,
): HostUnderTest & { photopea: FakePhotopea; host: PhotopeaHost } {
  const photopea = new FakePhotopea(options);
  const { width, height, layer, background } = document;
  const { pixels, ...place } = layer;
  const behind = testPixels(width, height, 3, 8);
  photopea.add({
    name: 'Photo',
    width,
    height,
    layers: [
      { id: photopea.newId(), ...place, width: pixels.width, height: pixels.height, data: rgba(pixels) },
      { id: photopea.newId(), name: background.name, x: 0, y: 0, width, height, data: rgba(behind) },
    ],
  });
  return {
    photopea,
    host: new PhotopeaHost(new ScriptChannel(photopea.port), { watchInterval: 10, openTimeout: 2000 }),
    async select(rect: Rect | null) {
      photopea.change({ selection: rect && [rect.x, rect.y, rect.x + rect.width, rect.y + rect.height] });
    },
    undo: () => Promise.reject(new Error('several steps')),
    closeDocument: async () => photopea.close(),
    async removeActiveLayer() {
      const { layers, active } = photopea.state();
      const rest = layers.filter(({ id }) => id !== active);
      photopea.change({ layers: rest, active: rest[0]!.id });
    },
    layers: async () =>
      photopea
        .state()
        .layers.map(({ name, x, y, width: w, height: h }) => ({ name, bounds: { x, y, width: w, height: h } })),
    snapshot: async () => structuredClone(photopea.states()),
    dispose: async () => undefined,
  };
}

describeHostContract('Photopea', async (document) => createEditor(document));
describeHostContract('Photopea with stray messages', async (document) => createEditor(document, { chaos: true }));

const standard: TestDocument = {
  width: 40,
  height: 30,
  bitDepth: 8,
  background: { name: 'Background' },
  layer: { name: 'It\'s "one" \\ 画\u2028', x: 6, y: 4, pixels: testPixels(24, 18, 4, 8) },
};

const commit = async (host: PhotopeaHost) => {
  const target = await host.open(never, 'layer');
  const result = sourceOf(testPixels(48, 36, 4, 8));
  await target.commit(never, { destination: 'layer', result, layerName: 'Up' });
};

test('names with anything in them', async () => {
  const { host, layers } = createEditor(standard);
  expect((await host.describe(never))!.activeLayer!.name).toBe(standard.layer.name);
  await commit(host);
  expect((await layers())[0]).toEqual({ name: 'Up', bounds: { x: 12, y: 8, width: 48, height: 36 } });
});

test.each(['duplicate', 'resizeImage', 'close'] as const)(
  '%s fails in the middle: all is as it was',
  async (failAt) => {
    const { host, photopea, snapshot } = createEditor(standard);
    const target = await host.open(never, 'layer');
    const before = (await snapshot()) as unknown[];
    photopea.options.failAt = failAt;
    const result = sourceOf(testPixels(48, 36, 4, 8));
    const commit = target.commit(never, { destination: 'layer', result, layerName: 'Up' });
    await expect(commit).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining(failAt) as string,
    });
    // A result that cannot be closed stays open; the person's document is as it was.
    expect(((await snapshot()) as unknown[])[0]).toEqual(before[0]);
  },
);

test('the document changes its size while the result is on its way: nothing is inserted, nothing left open', async () => {
  const { host, photopea, snapshot } = createEditor(standard);
  const target = await host.open(never, 'layer');
  const result = sourceOf(testPixels(48, 36, 4, 8));
  let read = false;
  const changing = {
    info: result.info,
    read: async (signal: AbortSignal, rect: Rect) => {
      if (!read) photopea.change({ width: 41 });
      read = true;
      return result.read(signal, rect);
    },
  };
  const request = { target, destination: 'layer', result: changing, layerName: 'Up' } as const;
  await expect(request.target.commit(never, request)).rejects.toMatchObject({ code: 'document-changed' });
  expect((await snapshot()) as unknown[]).toHaveLength(1);
});

test('an empty layer and a folder are refused with what to do', async () => {
  const { host, photopea } = createEditor(standard);
  const [layer, background] = photopea.state().layers;
  photopea.change({ layers: [{ ...layer!, data: new Uint8Array(layer!.data.length) }, background!] });
  await expect(host.open(never, 'layer')).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('empty') as string,
  });
  photopea.change({ layers: [{ ...layer!, layers: [] }, background!] });
  await expect(host.open(never, 'layer')).rejects.toMatchObject({ advice: 'Choose a layer in it.' });
});

test('scripts wait for each other, and a silent Photopea is given up', async () => {
  const photopea = new FakePhotopea();
  const channel = new ScriptChannel(photopea.port);
  const answers = await Promise.all([1, 2, 3].map((value) => channel.run(never, `out.push(${value});`)));
  expect(answers.map(({ values }) => values[0])).toEqual(['1', '2', '3']);
  const failed = (await channel.run(never, 'nothing();').catch((error: unknown) => error)) as LWayError;
  expect(failed).toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('nothing is not defined') as string,
  });
  const silent = new ScriptChannel({ post: () => undefined, listen: () => () => undefined });
  await expect(silent.run(never, '', { timeout: 20 })).rejects.toMatchObject({ code: 'timeout' });
});

test('only Photopea itself is listened to and spoken to', () => {
  const posted: unknown[][] = [];
  const handlers: ((event: unknown) => void)[] = [];
  const parent = { postMessage: (...args: unknown[]) => posted.push(args) };
  const page = {
    parent,
    addEventListener: (_type: string, handler: (event: unknown) => void) => handlers.push(handler),
    removeEventListener: () => handlers.pop(),
  };
  const heard: unknown[] = [];
  const port = parentPort(page as unknown as Window);
  const stop = port.listen((data) => heard.push(data));
  port.post('1');
  expect(posted).toEqual([['1', 'https://www.photopea.com']]);
  handlers[0]!({ source: parent, origin: 'https://www.photopea.com', data: 'yes' });
  handlers[0]!({ source: parent, origin: 'https://elsewhere.example', data: 'no' });
  handlers[0]!({ source: page, origin: 'https://www.photopea.com', data: 'no' });
  expect(heard).toEqual(['yes']);
  stop();
  expect(handlers).toEqual([]);
});
