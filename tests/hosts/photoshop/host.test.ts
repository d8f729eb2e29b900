import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LWayError } from '../../../src/engine/common/errors';
import type { PictureInfo, PixelSource, Raster } from '../../../src/engine/raster/raster';
import type { Destination, OpenedTarget } from '../../../src/hosts/host';
import { abortError } from '../../../src/hosts/photoshop/bridge/bridge';
import { pageProbes } from '../../../src/hosts/photoshop/probe-page';
import { STEP_NAME } from '../../../src/hosts/photoshop/protocol';
import { constants, type Depth } from '../../doubles/photoshop/constants';
import type { FakeDocument } from '../../doubles/photoshop/document';
import type { NewPicture } from '../../doubles/photoshop/photoshop';
import { indexOf, makePlane, type Plane } from '../../doubles/photoshop/plane';
import { layerState } from '../../doubles/photoshop/document';
import { plugin } from './setup';

const never = new AbortController().signal;
let made: ReturnType<typeof plugin>;

beforeEach(() => {
  made = plugin();
});
afterEach(() => {
  made.dispose();
  // Whatever happened: nothing of Photoshop's is held, nothing is left in the plugin's folder.
  expect([...made.ps.imaging.live]).toEqual([]);
  expect([...made.files.content.keys()]).toEqual([]);
  expect(made.ps.isModal).toBe(false);
});

/** A picture in which every pixel tells where it is. */
const where = (x: number, y: number) => [(x % 251) / 255, (y % 251) / 255, ((x + y) % 251) / 255, 1];
const soft = (x: number, y: number) => [...where(x, y).slice(0, 3), ((x + 2 * y) % 256) / 255];

function open(picture: Partial<NewPicture> = {}): FakeDocument {
  return made.ps.openDocument({ width: 30, height: 20, pixel: where, ...picture });
}

async function readAll(target: OpenedTarget): Promise<Raster> {
  const { width, height } = target.source.info;
  return target.source.read(never, { x: 0, y: 0, width, height });
}

/** Each pixel of `raster` `scale` times: a result of which every value is known. */
function enlarged(raster: Raster, info: PictureInfo, scale: number): PixelSource & { info: PictureInfo } {
  const width = raster.width * scale;
  const height = raster.height * scale;
  return {
    info: { ...info, width, height },
    read: async (_signal, rect) => {
      const data = new Float32Array(rect.width * rect.height * raster.channels);
      for (let c = 0, at = 0; c < raster.channels; c++) {
        for (let y = rect.y; y < rect.y + rect.height; y++) {
          for (let x = rect.x; x < rect.x + rect.width; x++) {
            const from = ((y / scale) | 0) * raster.width + ((x / scale) | 0);
            data[at++] = raster.data[c * raster.width * raster.height + from]!;
          }
        }
      }
      return { width: rect.width, height: rect.height, channels: raster.channels, data };
    },
  };
}

async function upscale(target: 'layer' | 'region', destination: Destination, scale = 2, signal = never) {
  const opened = await made.host.open(never, target);
  try {
    const raster = await readAll(opened);
    const result = enlarged(raster, opened.source.info, scale);
    opened.check(destination, result.info.width, result.info.height);
    await opened.commit(signal, { destination, result, layerName: 'Layer 1 ×2' });
  } finally {
    await opened.close();
  }
}

function planeOf(document: FakeDocument, index = 0): Plane {
  return document.state.layers[index]!.plane!;
}

/** Every pixel of the new layer is that of the old layer at half its place. */
function expectEnlarged(plane: Plane, old: Plane, scale: number, left = 0, top = 0) {
  for (const [x, y] of [
    [0, 0],
    [1, 3],
    [7, 11],
    [13, 9],
  ] as const) {
    const at = indexOf(plane, left + x * scale, top + y * scale);
    const from = indexOf(old, left / scale + x, top / scale + y);
    expect([...plane.data.slice(at, at + 4)]).toEqual([...old.data.slice(from, from + 4)]);
  }
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('It should have been refused.');
    },
    (error: LWayError) => error,
  );

describe('reading', () => {
  test.each([8, 16, 32] as const)('%i bit: every value arrives as it is', async (depth) => {
    const values = { 8: [0, 1, 127, 255], 16: [0, 1, 16384, 32768], 32: [-0.5, 0, 1, 7.25] }[depth];
    const white = { 8: 255, 16: 32768, 32: 1 }[depth];
    open({ width: 4, height: 1, depth, pixel: (x) => [values[x]! / white, 0, 1, 1] });
    const target = await made.host.open(never, 'layer');
    expect(target.source.info).toMatchObject({
      bitDepth: depth,
      channels: 4,
      encoding: depth === 32 ? 'linear' : 'display',
    });
    const { data } = await readAll(target);
    for (const [x, value] of values.entries()) expect(data[x]).toBeCloseTo(value / white, 6);
    await target.close();
  });

  test('what Photoshop trims away is transparent, at its right place', async () => {
    const document = open({ pixel: undefined });
    const plane = makePlane({ left: 3, top: 2, right: 23, bottom: 12 }, 4, true, 8);
    plane.data.set([10, 20, 30, 255], indexOf(plane, 5, 4));
    plane.data.set([40, 50, 60, 128], indexOf(plane, 20, 11));
    made.ps.addLayer(document, 'Dots', plane);
    const target = await made.host.open(never, 'layer');
    expect(target.bounds).toEqual({ x: 5, y: 4, width: 16, height: 8 });
    const { data, width, height } = await readAll(target);
    const alpha = data.subarray(3 * width * height);
    expect([...alpha].filter((value) => value > 0)).toHaveLength(2);
    expect(data[0]).toBeCloseTo(10 / 255);
    expect(alpha[0]).toBe(1);
    expect(alpha[width * height - 1]).toBeCloseTo(128 / 255);
    await target.close();
  });

  test.each(['throw', 'empty'] as const)('a block without pixels is transparent (Photoshop: %s)', async (blank) => {
    made.ps.imaging.blank = blank;
    const document = open({ width: 2200, height: 40, pixel: undefined });
    const plane = makePlane({ left: 0, top: 0, right: 2200, bottom: 40 }, 4, true, 8);
    plane.data.set([1, 2, 3, 255], indexOf(plane, 0, 0));
    plane.data.set([4, 5, 6, 255], indexOf(plane, 2199, 39));
    made.ps.addLayer(document, 'Far apart', plane);
    const target = await made.host.open(never, 'layer');
    const middle = await target.source.read(never, { x: 1024, y: 0, width: 1024, height: 40 });
    expect(middle.data.every((value) => value === 0)).toBe(true);
    const last = await target.source.read(never, { x: 2190, y: 30, width: 10, height: 10 });
    expect(last.data[99]).toBeCloseTo(4 / 255);
    await target.close();
  });

  test('opaque layers travel without alpha', async () => {
    open({ width: 300, height: 200 });
    const before = made.webView.traffic.toPage;
    const target = await made.host.open(never, 'layer');
    const raster = await readAll(target);
    expect(made.webView.traffic.toPage - before).toBeLessThan(300 * 200 * 3 * (4 / 3) + 5000);
    expect(raster.channels).toBe(4);
    expect(raster.data.subarray(3 * 300 * 200).every((value) => value === 1)).toBe(true);
    await target.close();
  });

  test('gray, with and without alpha', async () => {
    open({ mode: 'grayscaleMode', pixel: (x, y) => [where(x, y)[0]!, 0.5] });
    const target = await made.host.open(never, 'layer');
    expect(target.source.info.channels).toBe(2);
    expect((await readAll(target)).data[30 * 20]).toBeCloseTo(128 / 255);
    await target.close();
    open({ mode: 'grayscaleMode', background: true });
    const opaque = await made.host.open(never, 'layer');
    expect(opaque.source.info.channels).toBe(1);
    expect((await readAll(opaque)).data[4]).toBeCloseTo(4 / 255);
    await opaque.close();
  });

  test('Lab is read as RGB, and said to be', async () => {
    const document = open({ mode: 'labColorMode' });
    await upscale('layer', 'layer');
    expect(made.notices.join()).toContain('Lab');
    expectEnlarged(planeOf(document), document.history[0]!.state.layers[0]!.plane!, 2);
  });

  test('CMYK is read with consent only', async () => {
    open({ mode: 'CMYKColorMode' });
    expect(await failure(made.host.open(never, 'layer'))).toMatchObject({ code: 'unsupported' });
    expect(made.questions).toHaveLength(1);
    made.person.agrees = true;
    const target = await made.host.open(never, 'layer');
    expect(target.source.info.channels).toBe(4);
    await target.close();
  });

  test('what cannot be read is refused with what to do', async () => {
    const refused = async (message: RegExp, what: 'layer' | 'region' = 'layer') => {
      const error = await failure(made.host.open(never, what));
      expect(error).toMatchObject({ code: 'unsupported', message: expect.stringMatching(message) });
      expect(error.advice.length).toBeGreaterThan(10);
    };
    await refused(/No document/);
    const document = open();
    await refused(/Nothing is selected/, 'region');
    made.ps.select(document, { left: -9, top: -9, right: -2, bottom: -2 });
    await refused(/Nothing is selected|outside/, 'region');
    document.state.active = [];
    await refused(/No layer/);
    const first = document.state.layers[0]!.id;
    made.ps.addLayer(document, 'Nothing', makePlane({ left: 0, top: 0, right: 0, bottom: 0 }, 4, true, 8));
    await refused(/empty/);
    document.state.active.push(first);
    await refused(/2 layers/);
    open({ mode: 'indexedColorMode' });
    await refused(/mode/);
  });

  test('nothing is left of a read that Photoshop is too busy for, or that is cancelled', async () => {
    open();
    made.ps.blocked = true;
    expect(await failure(made.host.open(never, 'layer'))).toMatchObject({ code: 'busy' });
    made.ps.blocked = false;
    const controller = new AbortController();
    const opening = made.host.open(controller.signal, 'layer');
    controller.abort(abortError());
    await expect(opening).rejects.toThrow('Cancelled.');
  });

  test('a document that changes while it is read says so', async () => {
    const document = open({ width: 2100, height: 8 });
    const target = await made.host.open(never, 'layer');
    made.ps.edit(document);
    const read = target.source.read(never, { x: 2050, y: 0, width: 8, height: 8 });
    expect(await failure(read)).toMatchObject({ code: 'document-changed' });
    await target.close();
  });
});

describe('layers of every kind', () => {
  const child = (name: string, left: number, value: number, more = {}) => {
    const plane = makePlane({ left, top: 0, right: left + 10, bottom: 10 }, 4, true, 8);
    for (let i = 0; i < plane.data.length; i += 4) plane.data.set([value, value, value, 255], i);
    return layerState(made.ps.nextId(), name, plane, more);
  };
  const firstPixel = async () => {
    const document = made.ps.active!;
    const before = document.history.length;
    const state = JSON.stringify(document.state.layers);
    const target = await made.host.open(never, 'layer');
    const raster = await readAll(target);
    const { bounds, layerName } = target;
    // Copies that were made for reading are gone, and no history tells of them.
    expect(document.history).toHaveLength(before);
    expect(JSON.stringify(document.state.layers)).toBe(state);
    await target.close();
    return { value: Math.round(raster.data[0]! * 255), bounds, layerName, raster };
  };

  test.each([constants.LayerKind.SMARTOBJECT, constants.LayerKind.TEXT, constants.LayerKind.SOLIDFILL])(
    '%s: by a rasterised copy',
    async (kind) => {
      const document = open();
      const plane = makePlane({ left: 4, top: 5, right: 14, bottom: 15 }, 4, true, 8);
      plane.data.fill(200);
      made.ps.addLayer(document, 'Logo', plane, { kind, allLocked: true });
      expect(await firstPixel()).toMatchObject({
        value: 200,
        layerName: 'Logo',
        bounds: { x: 4, y: 5, width: 10, height: 10 },
      });
    },
  );

  test('groups: by a merged copy, hidden children left out', async () => {
    const document = open();
    const children = [child('hidden', 0, 9, { visible: false }), child('a', 5, 100), child('b', 12, 50)];
    made.ps.addLayer(document, 'Group', null, { kind: constants.LayerKind.GROUP, children, visible: false });
    const { value, bounds } = await firstPixel();
    expect(value).toBe(100);
    expect(bounds).toMatchObject({ x: 5, width: 17 });
  });

  test('adjustment layers: what they and all below look like', async () => {
    const document = open({ pixel: () => [0.2, 0.2, 0.2, 1] });
    const adjust = (value: number) => 255 - value;
    const group = made.ps.addLayer(document, 'Group', null, {
      kind: constants.LayerKind.GROUP,
      children: [
        child('above', 0, 9),
        layerState(made.ps.nextId(), 'Curves', null, { kind: constants.LayerKind.CURVES, adjust }),
      ],
    });
    made.ps.addLayer(document, 'Top', child('x', 0, 77).plane);
    document.state.active = [document.place(group.id).layer.children![1]!.id];
    document.state.layers[1]!.visible = true;
    const { raster } = await firstPixel();
    // Inside its group an adjustment works on what the group holds below it; the picture beneath shows through.
    expect(raster.width).toBe(30);
    expect(Math.round(raster.data[0]! * 255)).toBe(51);
    document.state.layers[1]!.children = [];
    made.ps.addLayer(document, 'Curves', null, { kind: constants.LayerKind.CURVES, adjust, visible: false });
    document.state.layers.splice(1, 1);
    expect((await firstPixel()).value).toBe(204);
  });

  test('the background, and hidden layers', async () => {
    const document = open({ background: true });
    expect((await firstPixel()).raster.channels).toBe(3);
    document.state.layers[0]!.visible = false;
    expect((await firstPixel()).raster.channels).toBe(3);
    await upscale('layer', 'layer');
    expect(document.state.layers.map(({ name, visible }) => [name, visible])).toEqual([
      ['Layer 1 ×2', true],
      ['Background', false],
    ]);
  });

  test('a playing action that owns the history: the copy is removed by hand', async () => {
    const document = open();
    made.ps.actionOwnsHistory = true;
    const plane = makePlane({ left: 0, top: 0, right: 10, bottom: 10 }, 4, true, 8);
    plane.data.fill(200);
    made.ps.addLayer(document, 'Logo', plane, { kind: constants.LayerKind.TEXT });
    const names = () => document.state.layers.map(({ name, kind }) => `${name} ${kind}`);
    const before = names();
    (globalThis as Record<string, unknown>).handler = (context: never) =>
      made.gate.inside(context, async () => {
        const target = await made.host.open(never, 'layer');
        await target.close();
      });
    await made.ps.playStep({ name: '', methodName: 'handler', info: {} });
    expect(names()).toEqual(before);
  });
});

describe('writing', () => {
  test.each([8, 16, 32] as Depth[])(
    '%i bit: a new layer in the enlarged document, as one history state',
    async (depth) => {
      const document = open({ depth, pixel: soft });
      const old = planeOf(document);
      await upscale('layer', 'layer');
      expect(document).toMatchObject({ width: 60, height: 40 });
      expect(document.state.layers.map(({ name }) => name)).toEqual(['Layer 1 ×2', 'Layer 1']);
      expectEnlarged(planeOf(document), old, 2);
      expect(document.history.map(({ name }) => name)).toEqual(['Open', STEP_NAME]);
      made.ps.undo(document);
      expect(document).toMatchObject({ width: 30, height: 20 });
      expect(document.state.layers).toHaveLength(1);
    },
  );

  test('many pieces, the last columns and rows too', async () => {
    const pixel = (x: number, y: number) => [(x % 256) / 255, (y % 256) / 255, (x >> 8) / 255, 1];
    const document = open({ width: 2100, height: 70, depth: 32, pixel });
    const old = planeOf(document);
    let pieces = 0;
    made.ps.onWrite = () => void pieces++;
    await upscale('layer', 'layer', 2);
    expect(pieces).toBe(4);
    const plane = planeOf(document);
    expect(plane).toMatchObject({ left: 0, top: 0, right: 4200, bottom: 140 });
    let wrong = 0;
    for (let y = 0; y < 140; y += 3) {
      for (let x = 0; x < 4200; x++) {
        const at = indexOf(plane, x, y);
        const from = indexOf(old, x >> 1, y >> 1);
        for (let c = 0; c < 4; c++) if (plane.data[at + c] !== old.data[from + c]) wrong++;
      }
    }
    expect(wrong).toBe(0);
  });

  test('a layer that lies beside the corner, beyond the canvas even', async () => {
    const document = open({ pixel: undefined });
    const plane = makePlane({ left: -7, top: 3, right: 13, bottom: 25 }, 4, true, 8);
    plane.data.fill(99);
    made.ps.addLayer(document, 'Moved', plane);
    await upscale('layer', 'layer', 3);
    expect(planeOf(document)).toMatchObject({ left: -21, top: 9, right: 39, bottom: 75 });
    expect(document).toMatchObject({ width: 90, height: 60 });
  });

  test('a new document: mode, depth, profile and resolution kept, the old one untouched', async () => {
    const document = open({ depth: 16, profile: 'Display P3', resolution: 144, pixel: soft });
    await upscale('layer', 'document');
    const result = made.ps.active!;
    expect(result).not.toBe(document);
    expect(result).toMatchObject({ width: 60, height: 40, resolution: 144, bitsPerChannel: 'bitDepth16' });
    expect(result.colorProfileName).toBe('Display P3');
    expect(result.state.layers.map(({ name }) => name)).toEqual(['Layer 1 ×2']);
    expectEnlarged(planeOf(result), planeOf(document), 2);
    expect(document.history).toHaveLength(1);
  });

  test('linear profiles are named without Photoshop’s addition', async () => {
    open({ depth: 32, profile: 'Adobe RGB (1998)' });
    await upscale('layer', 'document');
    expect(made.ps.active!.colorProfileName).toBe('Adobe RGB (1998)');
  });

  test('a soft selection becomes the mask; the selection itself is kept, enlarged', async () => {
    const document = open();
    made.ps.select(document, { left: 4, top: 2, right: 14, bottom: 12 }, (x) => Math.min(255, (x - 3) * 50));
    const target = await made.host.open(never, 'region');
    expect(target.bounds).toEqual({ x: 4, y: 2, width: 10, height: 10 });
    await target.close();
    await upscale('region', 'layer');
    const { plane, mask: written } = document.state.layers[0]!;
    expect(plane).toMatchObject({ left: 8, top: 4, right: 28, bottom: 24 });
    const row = [8, 9, 10, 11, 26].map((x) => written!.data[indexOf(written!, x, 10)]);
    expect(row).toEqual([50, 63, 88, 113, 255]);
    expect(written!.data[indexOf(written!, 7, 10)]).toBe(0);
    expect(document.selection.bounds).toEqual({ left: 8, top: 4, right: 28, bottom: 24 });
    expect(document.state.channels).toEqual([]);
    expect(document.history.map(({ name }) => name)).toEqual(['Open', 'Marquee', STEP_NAME]);
  });

  test('a plain rectangle needs no mask; the region as a new document', async () => {
    const document = open();
    made.ps.select(document, { left: 20, top: 10, right: 40, bottom: 40 });
    await upscale('region', 'document');
    expect(made.ps.active).toMatchObject({ width: 20, height: 20 });
    expect(made.ps.active!.state.layers[0]!.mask).toBeNull();
    const plane = planeOf(made.ps.active!);
    expect([...plane.data.slice(0, 4)]).toEqual([20, 10, 30, 255]);
    expect(document.history.map(({ name }) => name)).toEqual(['Open', 'Marquee']);
  });

  test('a layer mask goes along, with density and feather; one that is switched off does not', async () => {
    const document = open();
    const mask = makePlane({ left: 0, top: 0, right: 15, bottom: 20 }, 1, false, 8);
    Object.assign(document.state.layers[0]!, { mask, maskDensity: 204, maskFeather: 3 });
    await upscale('layer', 'layer');
    const written = document.state.layers[0]!;
    expect(written.mask!.data[indexOf(written.mask!, 3, 3)]).toBe(51);
    expect(written.mask!.data[indexOf(written.mask!, 50, 3)]).toBe(255);
    expect(written.maskFeather).toBe(6);
    document.state.layers[1]!.maskEnabled = false;
    document.state.active = [document.state.layers[1]!.id];
    await upscale('layer', 'layer');
    expect(document.state.layers.find(({ name, mask: own }) => name === 'Layer 1 ×2' && own === null)).toBeDefined();
  });

  test('a vector mask goes along, together with the layer mask', async () => {
    const document = open();
    const cover = (left: number, right: number) => makePlane({ left, top: 0, right, bottom: 20 }, 1, false, 8);
    // Each hides what it covers.
    Object.assign(document.state.layers[0]!, { mask: cover(0, 5), vectorMask: cover(20, 30) });
    await upscale('layer', 'layer');
    const { mask } = document.state.layers[0]!;
    expect([4, 30, 50].map((x) => mask!.data[indexOf(mask!, x, 8)])).toEqual([0, 255, 0]);
  });

  test('a blended layer is replaced, not doubled', async () => {
    const document = open();
    Object.assign(document.state.layers[0]!, { opacity: 40, blendMode: 'multiply' });
    await upscale('layer', 'layer');
    expect(document.state.layers.map(({ opacity, blendMode, visible }) => [opacity, blendMode, visible])).toEqual([
      [40, 'multiply', true],
      [40, 'multiply', false],
    ]);
  });

  test('of a blended layer, only the region that was upscaled gives way', async () => {
    const document = open();
    Object.assign(document.state.layers[0]!, { opacity: 40, blendMode: 'multiply', allLocked: true });
    made.ps.select(document, { left: 4, top: 2, right: 14, bottom: 12 }, (x) => (x < 8 ? 255 : 102));
    await upscale('region', 'layer');
    const [added, original] = document.state.layers;
    expect(document.state.active).toEqual([added!.id]);
    expect(added).toMatchObject({ opacity: 40, blendMode: 'multiply' });
    expect(original).toMatchObject({ visible: true, allLocked: true });
    // Together they cover every pixel once: inside, at the soft part, beside.
    const at = ({ mask }: typeof original & object, x: number) => mask!.data[indexOf(mask!, x, 10)];
    expect([10, 24].map((x) => [at(added!, x), at(original!, x)])).toEqual([
      [255, 0],
      [102, 153],
    ]);
    expect([7, 28].map((x) => at(original!, x))).toEqual([255, 255]);
    expect(document.history.map(({ name }) => name)).toEqual(['Open', 'Marquee', STEP_NAME]);
  });

  test('what the mask of a blended layer hides stays hidden, and one that is switched off stays as it is', async () => {
    const document = open();
    const mask = makePlane({ left: 0, top: 0, right: 6, bottom: 20 }, 1, false, 8);
    Object.assign(document.state.layers[0]!, { opacity: 40, mask });
    made.ps.select(document, { left: 4, top: 2, right: 14, bottom: 12 });
    await upscale('region', 'layer');
    const [, original] = document.state.layers;
    const row = [2, 11, 20, 27, 28].map((x) => original!.mask!.data[indexOf(original!.mask!, x, 10)]);
    expect(row.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(original!.visible).toBe(true);

    const other = open();
    Object.assign(other.state.layers[0]!, { opacity: 40, mask: { ...mask }, maskEnabled: false });
    made.ps.select(other, { left: 4, top: 2, right: 14, bottom: 12 });
    await upscale('region', 'layer');
    expect(other.state.layers[1]).toMatchObject({ visible: true, maskEnabled: false, mask: { right: 12 } });
  });

  test('a transparent piece is left out, whichever it is', async () => {
    const document = open({ pixel: (x, y) => [...where(x, y).slice(0, 3), y < 19 ? 0 : 1] });
    await upscale('layer', 'layer', 4);
    expect(planeOf(document)).toMatchObject({ top: 76, bottom: 80 });
  });

  test('sizes are checked before any work', async () => {
    open({ width: 8000, height: 1, name: 'wide.psd' });
    const target = await made.host.open(never, 'layer');
    const code = (destination: Destination, width: number) => {
      try {
        target.check(destination, width, 4);
        return null;
      } catch (error) {
        return (error as LWayError).code;
      }
    };
    expect(code('layer', 32_000)).toBe('too-large');
    expect(code('document', 32_000)).toBeNull();
    expect(code('document', 300_001)).toBe('too-large');
    await target.close();
    open({ width: 8000, height: 1, name: 'wide.psb' });
    const psb = await made.host.open(never, 'layer');
    expect(() => psb.check('layer', 32_000, 4)).not.toThrow();
    await psb.close();
  });
});

describe('when something comes between', () => {
  const opened = async () => {
    const target = await made.host.open(never, 'layer');
    const result = enlarged(await readAll(target), target.source.info, 2);
    return { target, destination: 'layer' as Destination, result, layerName: 'New' };
  };

  test.each([
    ['closed', (document: FakeDocument) => made.ps.close(document)],
    ['edited', (document: FakeDocument) => made.ps.edit(document)],
    [
      'resized',
      (document: FakeDocument) => {
        document.state.width = 31;
        document.push('Canvas Size');
      },
    ],
    ['lost the layer', (document: FakeDocument) => void document.state.layers.pop()],
  ])('the document has been %s: said, untouched, and the result offered elsewhere', async (what, change) => {
    const document = open();
    const request = await opened();
    change(document);
    const history = document.history.length;
    const error = await failure(request.target.commit(never, request));
    expect(error).toMatchObject({ code: 'document-changed', message: expect.stringContaining(what) });
    expect(document.history).toHaveLength(history);
    expect(made.questions.join()).toContain('new document');
    made.person.agrees = true;
    await request.target.commit(never, request);
    expect(made.ps.active).toMatchObject({ width: 60, height: 40 });
    expect(made.ps.active).not.toBe(document);
    await request.target.close();
  });

  const cancels: [string, (cancel: AbortController) => void][] = [
    ['the panel', (cancel) => cancel.abort(abortError())],
    ['Esc', () => made.ps.cancel()],
  ];
  test.each(cancels)('cancelled by %s while writing: rolled back, whatever the destination', async (_who, act) => {
    const document = open();
    for (const destination of ['layer', 'document'] as const) {
      const request = { ...(await opened()), destination };
      const cancel = new AbortController();
      made.ps.onWrite = async () => {
        act(cancel);
        await new Promise((resolve) => setTimeout(resolve, 250)); // a message takes its time
      };
      await expect(request.target.commit(cancel.signal, request)).rejects.toMatchObject({ name: 'AbortError' });
      made.ps.onWrite = null;
      expect(document).toMatchObject({ width: 30, height: 20 });
      expect(document.state.layers).toHaveLength(1);
      expect(document.history).toHaveLength(1);
      expect(made.ps.documents).toEqual([document]);
      await request.target.close();
    }
  });

  test('an error of Photoshop while writing: rolled back', async () => {
    const document = open();
    const request = await opened();
    made.ps.onWrite = () => {
      throw new Error('The scratch disks are full.');
    };
    await expect(request.target.commit(never, request)).rejects.toThrow('scratch disks');
    expect(document.history).toHaveLength(1);
    expect(document).toMatchObject({ width: 30, height: 20 });
    await request.target.close();
  });

  test('a page that is reloaded while Photoshop writes: rolled back, all it held is freed', async () => {
    const document = open({ width: 300, height: 200 });
    const request = await opened();
    const { Bridge } = await import('../../../src/hosts/photoshop/bridge/bridge');
    let again: InstanceType<typeof Bridge> | undefined;
    made.ps.onWrite = () => {
      made.webView.reload();
      again = new Bridge(made.webView.page(), { role: 'page', hello: 1 });
      made.ps.onWrite = null;
    };
    request.target.commit(never, { ...request, destination: 'document' }).catch(() => undefined);
    while (!again?.connected || made.ps.isModal) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(made.ps.documents).toEqual([document]);
    again.close();
  });

  test('the person looks at another document while the result is made', async () => {
    const document = open();
    const request = await opened();
    open({ name: 'other' });
    await request.target.commit(never, request);
    expect(document.history.map(({ name }) => name)).toEqual(['Open', STEP_NAME]);
    expect(made.ps.active).toBe(document);
    await request.target.close();
  });

  test('the same result can be written twice', async () => {
    const document = open();
    const request = await opened();
    await request.target.commit(never, { ...request, destination: 'document' });
    await request.target.commit(never, request);
    expect(document.history.map(({ name }) => name)).toEqual(['Open', STEP_NAME]);
    await request.target.close();
  });
});

test('describe and onChange follow what the person does', async () => {
  const heard: number[] = [];
  const stop = made.host.onChange(() => heard.push(1));
  expect(await made.host.describe(never)).toBeNull();
  const document = open({ name: 'a.psd' });
  made.ps.select(document, { left: 1, top: 2, right: 50, bottom: 9 });
  expect(await made.host.describe(never)).toMatchObject({
    name: 'a.psd',
    width: 30,
    bitDepth: 8,
    activeLayer: { name: 'Layer 1', bounds: { x: 0, y: 0, width: 30, height: 20 } },
    selection: { x: 1, y: 2, width: 29, height: 7 },
  });
  made.bridge.emit('changed');
  while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  stop();
});

test('recording: only while Photoshop records', async () => {
  await made.host.record({ model: 'default' });
  expect(made.ps.recorded).toEqual([]);
  made.ps.isRecording = true;
  await made.host.record({ model: 'default' });
  expect(made.ps.recorded).toMatchObject([{ name: STEP_NAME, methodName: 'lwayPlayUpscale' }]);
});

test('diagnostics of Photoshop: every line in order on the double, nothing left open', async () => {
  made.pageBridge.handle('ping', () => ({ value: null }));
  const document = open();
  const { value } = await made.pageBridge.request(never, 'probe.photoshop');
  const lines = value as { id: string; ok: boolean; found: string }[];
  expect(lines.filter(({ ok }) => !ok)).toEqual([]);
  expect(lines.length).toBeGreaterThan(12);
  expect(made.ps.documents).toEqual([document]);
  // And every line that the documentation names is one of the report.
  const text = readFileSync(resolve(__dirname, '../../../docs/photoshop.md'), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| \d+ +\|/.test(line));
  const named = rows.flatMap((row) => [...row.split('|')[3]!.matchAll(/`([a-z][\w-]+)`/g)].map(([, id]) => id!));
  expect(named.length).toBeGreaterThan(20);
  const known = [...lines.map(({ id }) => id), ...Object.keys(pageProbes(globalThis as never, made.pageBridge, never))];
  expect(named.filter((id) => !known.includes(id))).toEqual([]);
});
