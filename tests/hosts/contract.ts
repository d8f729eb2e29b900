import { LWayError } from '../../src/engine/common/errors';
import type { Channels, PictureInfo, PixelSource, Raster, Rect } from '../../src/engine/raster/raster';
import type { EditorHost, OpenedTarget } from '../../src/hosts/host';

/** The document that every host under test has open: a full-size layer, and above it the active one. */
export interface TestDocument {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: 8 | 16;
  readonly background: { readonly name: string };
  /** The active layer: `pixels` lie at `x`,`y`. */
  readonly layer: { readonly name: string; readonly x: number; readonly y: number; readonly pixels: Raster };
}

/** A host with a {@link TestDocument} open, and what a person could do in that editor. */
export interface HostUnderTest {
  readonly host: EditorHost;
  /** The host of the document in front, where `host` stays with the one it was made for. */
  hostInFront?(): Promise<EditorHost>;
  /** False where only a person can undo: that is tested by another road. */
  readonly undoable?: boolean;
  select(rect: Rect | null): Promise<void>;
  undo(): Promise<void>;
  closeDocument(): Promise<void>;
  removeActiveLayer(): Promise<void>;
  /** Layers of the active document, topmost first. */
  layers(): Promise<{ name: string; bounds: Rect }[]>;
  /** All that must not change when a commit fails: open documents, sizes, layers with their pixels, selection. */
  snapshot(): Promise<unknown>;
  dispose(): Promise<void>;
}

const never = () => new AbortController().signal;

/** Values that differ in every pixel and channel, on the grid of the depth, so that nothing is lost in it. */
export function testPixels(width: number, height: number, channels: Channels, bitDepth: 8 | 16): Raster {
  const white = bitDepth === 8 ? 255 : 32768; // Photoshop's 16 bit has 32768 steps
  const data = Float32Array.from(
    { length: width * height * channels },
    (_, i) => Math.round((((i * 37 + Math.floor(i / 11) * 5) % 251) / 250) * white) / white,
  );
  if (channels === 2 || channels === 4) {
    // No pixel is wholly transparent: what colour such a pixel has is nobody's business.
    const alpha = data.subarray((channels - 1) * width * height);
    for (let i = 0; i < alpha.length; i++) alpha[i] = Math.max(alpha[i]!, Math.round(white / 2) / white);
  }
  return { width, height, channels, data };
}

/** A finished result as the engine leaves it; `broken` fails at the second piece. */
function resultOf(pixels: Raster, bitDepth: 8 | 16, onRead: (count: number) => void = () => undefined): PixelSource {
  const info: PictureInfo = {
    width: pixels.width,
    height: pixels.height,
    channels: pixels.channels,
    bitDepth,
    encoding: 'display',
  };
  let count = 0;
  return {
    info,
    async read(signal, rect) {
      signal.throwIfAborted();
      onRead((count += 1));
      return cut(pixels, rect);
    },
  };
}

function cut({ width, height, channels, data }: Raster, rect: Rect): Raster {
  const out = new Float32Array(channels * rect.width * rect.height);
  for (let c = 0, o = 0; c < channels; c++) {
    for (let y = rect.y; y < rect.y + rect.height; y++) {
      const from = (c * height + y) * width + rect.x;
      out.set(data.subarray(from, from + rect.width), o);
      o += rect.width;
    }
  }
  return { width: rect.width, height: rect.height, channels, data: out };
}

function expectPixels(actual: Raster, expected: Raster, bitDepth: 8 | 16): void {
  expect([actual.width, actual.height, actual.channels]).toEqual([expected.width, expected.height, expected.channels]);
  let worst = 0;
  actual.data.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - expected.data[i]!))));
  expect(worst).toBeLessThanOrEqual(bitDepth === 8 ? 0.501 / 255 : 1.01 / 32768);
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('it should have been rejected');
}

async function expectRefusal(work: Promise<unknown>, code: string): Promise<void> {
  const error = await failure(work);
  expect(error).toBeInstanceOf(LWayError);
  const { code: actual, message, advice } = error as LWayError;
  expect(actual).toBe(code);
  expect(message.length).toBeGreaterThan(10);
  expect(advice.length).toBeGreaterThan(10);
}

/** The same tests over every {@link EditorHost}. `create` opens the given document in a fresh editor. */
export function describeHostContract(name: string, create: (document: TestDocument) => Promise<HostUnderTest>): void {
  describe(`${name} keeps the contract of an EditorHost`, () => {
    let editor: HostUnderTest;
    let host: EditorHost;
    const opened: OpenedTarget[] = [];

    const documentOf = (channels: Channels = 3, bitDepth: 8 | 16 = 8): TestDocument => ({
      width: 40,
      height: 30,
      bitDepth,
      background: { name: 'Background' },
      layer: { name: 'Subject', x: 6, y: 4, pixels: testPixels(24, 18, channels, bitDepth) },
    });
    const standard = documentOf();
    const bounds = { x: 6, y: 4, width: 24, height: 18 };

    const use = async (document: TestDocument = standard) => {
      editor = await create(document);
      host = editor.host;
    };
    const open = async (target: 'layer' | 'region') => {
      const result = await host.open(never(), target);
      opened.push(result);
      return result;
    };
    const whole = ({ source: { info } }: OpenedTarget) => ({ x: 0, y: 0, width: info.width, height: info.height });
    const commit = (
      target: OpenedTarget,
      result: PixelSource,
      { signal = never(), destination = 'layer' as 'layer' | 'document' } = {},
    ) => target.commit(signal, { destination, result, layerName: 'Subject ×2' });

    afterEach(async () => {
      for (const target of opened.splice(0)) await target.close();
      await editor.dispose();
    });

    test('describes the document, its active layer and the selection', async () => {
      await use();
      const summary = await host.describe(never());
      expect(summary).toMatchObject({ width: 40, height: 30, bitDepth: 8, selection: null });
      expect(summary!.activeLayer).toMatchObject({ name: 'Subject', bounds });
      await editor.select({ x: 1, y: 2, width: 10, height: 9 });
      expect((await host.describe(never()))!.selection).toEqual({ x: 1, y: 2, width: 10, height: 9 });
    });

    test.each([
      [3, 8],
      [4, 8],
      [3, 16],
      [4, 16],
    ] as const)('reads a layer of %i channels and %i bit, whole and in parts', async (channels, bitDepth) => {
      const document = documentOf(channels, bitDepth);
      await use(document);
      if (!host.capabilities.bitDepths.includes(bitDepth)) return;
      const target = await open('layer');
      expect(target).toMatchObject({ layerName: 'Subject', bounds });
      expect(target.source.info).toMatchObject({ width: 24, height: 18, bitDepth, encoding: 'display' });
      const { pixels } = document.layer;
      const read = await target.source.read(never(), whole(target));
      // A host may add an alpha that is 1 everywhere.
      const expected = read.channels === channels ? pixels : withAlpha(pixels);
      expectPixels(read, expected, bitDepth);
      for (const rect of [
        { x: 0, y: 0, width: 1, height: 1 },
        { x: 23, y: 17, width: 1, height: 1 },
        { x: 5, y: 3, width: 11, height: 13 },
        { x: 5, y: 3, width: 11, height: 13 },
      ]) {
        expectPixels(await target.source.read(never(), rect), cut(expected, rect), bitDepth);
      }
    });

    test('opens the part of the layer that is selected', async () => {
      await use();
      await editor.select({ x: 2, y: 10, width: 14, height: 18 });
      const target = await open('region');
      expect(target.bounds).toEqual({ x: 6, y: 10, width: 10, height: 12 });
      const expected = cut(standard.layer.pixels, { x: 0, y: 6, width: 10, height: 12 });
      const read = await target.source.read(never(), whole(target));
      expectPixels(read, read.channels === 3 ? expected : withAlpha(expected), 8);
    });

    test('says what to do where there is nothing to open', async () => {
      await use();
      await expectRefusal(host.open(never(), 'region'), 'unsupported');
      await editor.select({ x: 0, y: 0, width: 3, height: 3 });
      await expectRefusal(host.open(never(), 'region'), 'unsupported');
      await editor.closeDocument();
      expect(await host.describe(never())).toBeNull();
      await expectRefusal(host.open(never(), 'layer'), 'unsupported');
    });

    test('refuses what is too large before any work', async () => {
      await use();
      const target = await open('layer');
      expect(() => target.check('layer', 48, 36)).not.toThrow();
      const { maxSide } = host.capabilities;
      expect(() => target.check('layer', maxSide + 1, 18)).toThrow(expect.objectContaining({ code: 'too-large' }));
      const before = await editor.snapshot();
      // The layer alone would fit, the document enlarged with it would not.
      expect(() => target.check('layer', maxSide - 1, Math.round((maxSide * 18) / 24))).toThrow(
        expect.objectContaining({ code: 'too-large' }),
      );
      expect(await editor.snapshot()).toEqual(before);
    });

    test.each([8, 16] as const)('commits a layer of %i bit at its place, as one undo step', async (bitDepth) => {
      await use(documentOf(3, bitDepth));
      if (!host.capabilities.bitDepths.includes(bitDepth)) return;
      const before = await editor.snapshot();
      const target = await open('layer');
      const pixels = testPixels(48, 36, 3, bitDepth);
      const progress: number[] = [];
      await target.commit(never(), {
        destination: 'layer',
        result: resultOf(pixels, bitDepth),
        layerName: 'Subject ×2',
        onProgress: (done) => progress.push(done),
      });
      expect(progress.at(-1)).toBe(1);
      expect([...progress].sort((a, b) => a - b)).toEqual(progress);

      expect(await editor.layers()).toEqual([
        { name: 'Subject ×2', bounds: { x: 12, y: 8, width: 48, height: 36 } },
        { name: 'Subject', bounds: { x: 12, y: 8, width: 48, height: 36 } },
        { name: 'Background', bounds: { x: 0, y: 0, width: 80, height: 60 } },
      ]);
      const summary = await host.describe(never());
      expect(summary).toMatchObject({ width: 80, height: 60, bitDepth, activeLayer: { name: 'Subject ×2' } });
      const placed = await open('layer');
      const read = await placed.source.read(never(), whole(placed));
      expectPixels(read, read.channels === 3 ? pixels : withAlpha(pixels), bitDepth);

      if (host.capabilities.singleUndo && editor.undoable !== false) {
        await editor.undo();
        expect(await editor.snapshot()).toEqual(before);
      }
    });

    test.each([
      ['commits a region where it was', 6, [32, 24], { x: 40, y: 32 }, [160, 120]],
      // By 1.5: 7.5 rows were rounded to 8, which by themselves would be 1.6.
      ['enlarges evenly though the sizes of a small region were rounded', 5, [12, 8], { x: 15, y: 12 }, [60, 45]],
    ] as const)('%s', async (_, rows, [width, height], place, [documentWidth, documentHeight]) => {
      await use();
      await editor.select({ x: 10, y: 8, width: 8, height: rows });
      await commit(await open('region'), resultOf(testPixels(width, height, 3, 8), 8));
      expect((await editor.layers())[0]).toEqual({ name: 'Subject ×2', bounds: { ...place, width, height } });
      expect(await host.describe(never())).toMatchObject({ width: documentWidth, height: documentHeight });
    });

    test('keeps the alpha of a result', async () => {
      await use(documentOf(4, 8));
      const pixels = testPixels(48, 36, 4, 8);
      await commit(await open('layer'), resultOf(pixels, 8));
      const placed = await open('layer');
      expectPixels(await placed.source.read(never(), whole(placed)), pixels, 8);
    });

    test('opens a new document for the result where it can', async () => {
      await use();
      if (!host.capabilities.destinations.includes('document')) return;
      const first = await host.describe(never());
      const pixels = testPixels(48, 36, 3, 8);
      await commit(await open('layer'), resultOf(pixels, 8), { destination: 'document' });
      const front = (await editor.hostInFront?.()) ?? host;
      const summary = await front.describe(never());
      expect(summary).toMatchObject({ width: 48, height: 36 });
      expect(summary!.id).not.toBe(first!.id);
      const placed = await front.open(never(), 'layer');
      opened.push(placed);
      const read = await placed.source.read(never(), whole(placed));
      expectPixels(read, read.channels === 3 ? pixels : withAlpha(pixels), 8);
      await editor.closeDocument();
      expect(await host.describe(never())).toEqual(first);
    });

    test('leaves the document as it was when a commit is cancelled before or in the middle', async () => {
      await use();
      const before = await editor.snapshot();
      const target = await open('layer');
      const pixels = testPixels(48, 36, 3, 8);
      const early = new AbortController();
      early.abort(new Error('too late'));
      expect(await failure(commit(target, resultOf(pixels, 8), { signal: early.signal }))).toBe(early.signal.reason);
      expect(await editor.snapshot()).toEqual(before);

      const late = new AbortController();
      const result = resultOf(pixels, 8, () => late.abort(new Error('changed my mind')));
      expect(await failure(commit(target, result, { signal: late.signal }))).toBe(late.signal.reason);
      expect(await editor.snapshot()).toEqual(before);
    });

    test('leaves the document as it was when the result cannot be read', async () => {
      await use();
      const before = await editor.snapshot();
      const trouble = new LWayError('storage', 'The disk is gone.', 'Buy another one.');
      const result = resultOf(testPixels(48, 36, 3, 8), 8, () => {
        throw trouble;
      });
      expect(await failure(commit(await open('layer'), result))).toBe(trouble);
      expect(await editor.snapshot()).toEqual(before);
    });

    test('notices that the document was closed meanwhile', async () => {
      await use();
      const target = await open('layer');
      await editor.closeDocument();
      await expectRefusal(commit(target, resultOf(testPixels(48, 36, 3, 8), 8)), 'document-changed');
    });

    test('notices that the document is closed while it writes', async () => {
      await use();
      const target = await open('layer');
      const result = resultOf(testPixels(48, 36, 3, 8), 8);
      const closing: PixelSource = {
        info: result.info,
        read: async (signal, rect) => {
          await editor.closeDocument();
          return result.read(signal, rect);
        },
      };
      await expectRefusal(commit(target, closing), 'document-changed');
      expect(await host.describe(never())).toBeNull();
    });

    test('notices that the layer was removed meanwhile', async () => {
      await use();
      const target = await open('layer');
      await editor.removeActiveLayer();
      const before = await editor.snapshot();
      await expectRefusal(commit(target, resultOf(testPixels(48, 36, 3, 8), 8)), 'document-changed');
      expect(await editor.snapshot()).toEqual(before);
    });

    test('rejects with the reason when cancelled, and closes twice without harm', async () => {
      await use();
      const cancelled = AbortSignal.abort(new Error('not now'));
      expect(await failure(host.describe(cancelled))).toBe(cancelled.reason);
      expect(await failure(host.open(cancelled, 'layer'))).toBe(cancelled.reason);
      const target = await open('layer');
      expect(await failure(target.source.read(cancelled, { x: 0, y: 0, width: 1, height: 1 }))).toBe(cancelled.reason);
      await target.close();
      await target.close();
    });

    test('tells that something has changed until nobody listens any more', async () => {
      await use();
      let calls = 0;
      const stop = host.onChange(() => (calls += 1));
      // A message takes its time; and who looks now and then has to have looked once before.
      for (let i = 0; calls === 0; i++) {
        await editor.select({ x: 1, y: 1, width: 5, height: 5 + (i % 2) });
        await pause(20);
      }
      stop();
      const then = calls;
      await editor.select(null);
      await pause(100);
      expect(calls).toBe(then);
    });
  });
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function withAlpha({ width, height, channels, data }: Raster): Raster {
  const out = new Float32Array((channels + 1) * width * height).fill(1);
  out.set(data);
  return { width, height, channels: (channels + 1) as Channels, data: out };
}
