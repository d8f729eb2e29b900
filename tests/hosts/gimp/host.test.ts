import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { hostFiles } from '../../../src/cli/files/host-files';
import { addGimp } from '../../../src/entries/gimp-command.node';
import type { LWayError } from '../../../src/engine/errors';
import { toInterleaved } from '../../../src/engine/raster/depth';
import type { Raster, Rect } from '../../../src/engine/raster/raster';
import { sourceOf } from '../../../src/engine/raster/memory-source';
import { GimpHost } from '../../../src/hosts/gimp/gimp-host';
import { quote, readScheme } from '../../../src/hosts/gimp/scheme';
import { ScriptFu } from '../../../src/hosts/gimp/script-fu';
import type { HostUnderTest, TestDocument } from '../contract';
import { describeHostContract, testPixels } from '../contract';
import { TestRoot } from '../../cli/support/test-root';
import { Gimp, gimpProgram } from './gimp';

jest.setTimeout(60_000);

const never = new AbortController().signal;
let gimp: Gimp;
let files = 0;

async function png(raster: Raster, bitDepth: 8 | 16): Promise<string> {
  const path = join(gimp.folder, `${files++}.png`);
  const { width, height, channels } = raster;
  await sharp(toInterleaved(raster, bitDepth), { raw: { width, height, channels } })
    .toColourspace(bitDepth === 8 ? 'srgb' : 'rgb16')
    .png()
    .toFile(path);
  return path;
}

const numbers = async (script: string) => readScheme(await gimp.run(script)) as number[];

/** Documents made before, as files: GIMP opens its own format much faster than it starts its PNG plug-in. */
const made = new Map<string, string>();

async function openDocument(document: TestDocument): Promise<number> {
  const { width, height, bitDepth, background, layer } = document;
  const key = JSON.stringify([
    width,
    height,
    bitDepth,
    background,
    layer.name,
    layer.x,
    layer.y,
    layer.pixels.channels,
  ]);
  const known = made.get(key);
  if (known) return (await numbers(`(gimp-xcf-load 0 ${quote(known)} ${quote(known)})`))[0]!;
  const behind = await png(testPixels(width, height, 3, bitDepth), bitDepth);
  const front = await png(layer.pixels, bitDepth);
  const path = join(gimp.folder, `${files++}.xcf`);
  made.set(key, path);
  const [image] = await numbers(`
    (let* ((image (car (gimp-image-new-with-precision ${width} ${height} RGB PRECISION-U${bitDepth}-GAMMA)))
           (back (car (gimp-file-load-layer RUN-NONINTERACTIVE image ${quote(behind)})))
           (front (car (gimp-file-load-layer RUN-NONINTERACTIVE image ${quote(front)}))))
      (gimp-image-insert-layer image back 0 0)
      (gimp-image-insert-layer image front 0 0)
      (gimp-item-set-name back ${quote(background.name)})
      (gimp-item-set-name front ${quote(layer.name)})
      (gimp-layer-set-offsets front ${layer.x} ${layer.y})
      (gimp-xcf-save 0 image front ${quote(path)} ${quote(path)})
      (list image))`);
  return image!;
}

/** What shows that a layer's pixels are as they were, without a file: a few pixels, and mean and deviation. */
async function traceOf(layer: number): Promise<string> {
  const pixels = ['0 0', '5 3', '11 17'].map((at) => `(gimp-drawable-get-pixel ${layer} ${at})`).join(' ');
  const histograms = ['RED', 'GREEN', 'BLUE'].map((each) => `(gimp-drawable-histogram ${layer} HISTOGRAM-${each} 0 1)`);
  return gimp.run(`(list ${pixels} ${histograms.join(' ')})`);
}

async function createEditor(document: TestDocument): Promise<HostUnderTest & { image: number; host: GimpHost }> {
  const image = await openDocument(document);
  let listeners = 0;
  class WatchedHost extends GimpHost {
    override onChange(listener: () => void): () => void {
      listeners++;
      return super.onChange(listener);
    }
  }
  const active = `(car (gimp-image-get-active-layer (aref (cadr (gimp-image-list)) 0)))`;
  const layerList = async (id: number) => {
    const layers = (await numbers(`(gimp-image-get-layers ${id})`))[1] as unknown as number[];
    return Promise.all(
      layers.map(async (each) => {
        const script = `(append (list (car (gimp-item-get-name ${each})) (car (gimp-drawable-width ${each})) (car (gimp-drawable-height ${each}))) (gimp-drawable-offsets ${each}))`;
        const [name, w, h, x, y] = readScheme(await gimp.run(script)) as unknown as [
          string,
          number,
          number,
          number,
          number,
        ];
        return { id: each, name, bounds: { x, y, width: w, height: h } };
      }),
    );
  };
  return {
    image,
    host: new WatchedHost({ scriptFu: gimp.scriptFu, files: hostFiles, watchInterval: 20 }),
    async select(rect: Rect | null) {
      await gimp.run(
        rect
          ? `(begin (gimp-image-select-rectangle ${image} CHANNEL-OP-REPLACE ${rect.x} ${rect.y} ${rect.width} ${rect.height}) 1)`
          : `(begin (gimp-selection-none ${image}) 1)`,
      );
      if (listeners > 0) await new Promise((resolve) => setTimeout(resolve, 500));
    },
    // GIMP offers no undo to scripts; that the whole is one step is looked at in its history below.
    undo: () => Promise.reject(new Error('not from a script')),
    closeDocument: async () => void (await gimp.run('(begin (gimp-image-delete (aref (cadr (gimp-image-list)) 0)) 1)')),
    removeActiveLayer: async () => void (await gimp.run(`(begin (gimp-image-remove-layer ${image} ${active}) 1)`)),
    layers: async () => (await layerList((await newest())!)).map(({ name, bounds }) => ({ name, bounds })),
    async snapshot() {
      const images = (await numbers('(gimp-image-list)'))[1] as unknown as number[];
      return Promise.all(
        images.map(async (id) => ({
          id,
          size: await gimp.run(`(list (car (gimp-image-width ${id})) (car (gimp-image-height ${id})))`),
          selection: await gimp.run(`(gimp-selection-bounds ${id})`),
          channels: await gimp.run(`(gimp-image-get-channels ${id})`),
          layers: await Promise.all(
            (await layerList(id)).map(async (each) => ({ ...each, pixels: await traceOf(each.id) })),
          ),
        })),
      );
    },
    async dispose() {
      await gimp.run('(let* ((all (cadr (gimp-image-list)))) (for-each gimp-image-delete (vector->list all)) 1)');
      // Nothing of a layer's pixels may stay on the disk.
      expect(readdirSync(tmpdir()).filter((name) => /^lway-gimp-(?!test|profile)/.test(name))).toEqual([]);
    },
  };
}

async function newest(): Promise<number | undefined> {
  return ((await numbers('(gimp-image-list)'))[1] as unknown as number[])[0];
}

async function pixelsOf(image: number, layer: number): Promise<{ data: Buffer; width: number; height: number }> {
  const path = join(gimp.folder, `${files++}.png`);
  await gimp.run(
    `(begin (file-png-save-defaults RUN-NONINTERACTIVE ${image} ${layer} ${quote(path)} ${quote(path)}) 1)`,
  );
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

test.each(['plain', 'a "quoted" \\ text', 'Zwiebel é 画\nline\ttab', ''])('%j survives as a Scheme text', (text) => {
  expect(readScheme(quote(text))).toBe(text);
});

test('Scheme values are read as GIMP prints them', () => {
  expect(readScheme('(3 #(1 2) "a \\"b\\"" (0.5 ()) #t)')).toEqual([3, [1, 2], 'a "b"', [0.5, []], '#t']);
  expect(() => readScheme('(1 2')).toThrow(SyntaxError);
  expect(() => readScheme('')).toThrow(SyntaxError);
});

test('where no GIMP listens, it is said what to do', async () => {
  await expect(new ScriptFu({ port: 9 }).run(never, '1')).rejects.toMatchObject({
    code: 'unsupported',
    advice: expect.stringContaining('Start Server') as string,
  });
});

(gimpProgram ? describe : describe.skip)('a real GIMP', () => {
  beforeAll(async () => {
    gimp = await Gimp.start();
  });
  afterAll(() => gimp.stop());

  describeHostContract('GIMP', async (document) => {
    const editor = await createEditor(document);
    const { host } = editor;
    // Undo cannot be asked for from a script.
    const capabilities = { ...host.capabilities, singleUndo: false };
    return { ...editor, host: Object.create(host, { capabilities: { value: capabilities } }) as GimpHost };
  });

  const standard: TestDocument = {
    width: 40,
    height: 30,
    bitDepth: 8,
    background: { name: 'Background' },
    layer: { name: 'Sub "ject" é', x: 6, y: 4, pixels: testPixels(24, 18, 3, 8) },
  };

  async function upscale(host: GimpHost, target: 'layer' | 'region', scale = 2): Promise<void> {
    const opened = await host.open(never, target);
    const { width, height } = opened.source.info;
    const result = sourceOf(testPixels(width * scale, height * scale, 3, 8), opened.source.info);
    const { info } = result;
    await host.commit(never, {
      target: opened,
      destination: 'layer',
      result: { ...result, info: { ...info, width: width * scale, height: height * scale } },
      layerName: 'Up',
    });
    await opened.close();
  }

  test('a selection that is no plain rectangle becomes the new layer’s mask, and the selection stays', async () => {
    const editor = await createEditor(standard);
    const { image, host } = editor;
    await gimp.run(`(begin (gimp-image-select-ellipse ${image} CHANNEL-OP-REPLACE 8 6 12 10) 1)`);
    await upscale(host, 'region');
    const [layer, mask, channels, empty] = await numbers(`
      (let* ((layer (car (gimp-image-get-active-layer ${image}))))
        (list layer (car (gimp-layer-get-mask layer)) (car (gimp-image-get-channels ${image}))
          (car (gimp-selection-is-empty ${image}))))`);
    expect({ channels, empty }).toEqual({ channels: 0, empty: 0 });
    const { data, width, height } = await pixelsOf(image, mask!);
    expect([width, height]).toEqual([24, 20]);
    const at = (x: number, y: number) => data[(y * width + x) * (data.length / (width * height))];
    expect([at(0, 0), at(23, 0), at(12, 10)]).toEqual([0, 0, 255]);
    expect((await editor.layers())[0]).toEqual({ name: 'Up', bounds: { x: 16, y: 12, width: 24, height: 20 } });
    expect(layer).toBeGreaterThan(0);
    await editor.dispose();
  });

  test('a plain rectangle makes no mask; a layer’s own mask goes along', async () => {
    const editor = await createEditor(standard);
    await editor.select({ x: 8, y: 6, width: 10, height: 8 });
    await upscale(editor.host, 'region');
    const mask = async () =>
      (await numbers(`(gimp-layer-get-mask (car (gimp-image-get-active-layer ${editor.image})))`))[0];
    expect(await mask()).toBe(-1);
    await gimp.run(`
      (let* ((layer (car (gimp-image-get-active-layer ${editor.image}))))
        (gimp-selection-none ${editor.image})
        (gimp-layer-add-mask layer (car (gimp-layer-create-mask layer ADD-MASK-BLACK))) 1)`);
    // The layer, not its mask, is what is upscaled.
    await gimp.run(`(begin (gimp-layer-set-edit-mask (car (gimp-image-get-active-layer ${editor.image})) 0) 1)`);
    await upscale(editor.host, 'layer');
    const { data } = await pixelsOf(editor.image, (await mask())!);
    expect(Math.max(...data)).toBe(0);
    await editor.dispose();
  });

  test('colour profile: numbers stay as they are, in and out', async () => {
    const editor = await createEditor(standard);
    const withProfile = join(gimp.folder, 'p3.png');
    const red = sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } });
    await red.withIccProfile('p3').png().toFile(withProfile);
    const icc = (await sharp(withProfile).metadata()).icc!;
    await gimp.run(`(begin (gimp-image-set-color-profile ${editor.image} ${icc.length} #(${[...icc].join(' ')})) 1)`);
    const before = await pixelsOf(editor.image, (await numbers(`(gimp-image-get-active-layer ${editor.image})`))[0]!);
    const opened = await editor.host.open(never, 'layer');
    const { source } = opened;
    expect(source.info.iccProfile).toBeDefined();
    await editor.host.commit(never, { target: opened, destination: 'layer', result: source, layerName: 'Same' });
    await opened.close();
    const after = await pixelsOf(editor.image, (await numbers(`(gimp-image-get-active-layer ${editor.image})`))[0]!);
    const channels = after.data.length / (24 * 18);
    let most = 0;
    for (let i = 0; i < 24 * 18; i++) {
      for (let c = 0; c < 3; c++)
        most = Math.max(most, Math.abs(after.data[i * channels + c]! - before.data[i * 3 + c]!));
    }
    expect(most).toBe(0);
    await editor.dispose();
  });

  test.each([
    [
      'a palette',
      '(gimp-image-convert-indexed IMAGE CONVERT-DITHER-NONE CONVERT-PALETTE-GENERATE 8 0 0 "")',
      /palette.*Mode/,
    ],
    ['floats', '(gimp-image-convert-precision IMAGE PRECISION-FLOAT-LINEAR)', /32-bit.*Precision/],
    [
      'a group',
      '(let* ((group (car (gimp-layer-group-new IMAGE)))) (gimp-image-insert-layer IMAGE group 0 0) (gimp-image-set-active-layer IMAGE group))',
      /layer group.*Choose a layer in it/,
    ],
    ['no active layer', '(gimp-selection-save IMAGE)', /No layer is active/],
  ])('%s: refused with what to do', async (_what, script, sentence) => {
    const editor = await createEditor(standard);
    await gimp.run(`(begin ${script.replaceAll('IMAGE', String(editor.image))} 1)`);
    const error = (await editor.host.open(never, 'layer').catch((each: unknown) => each)) as LWayError;
    expect(error).toMatchObject({ code: 'unsupported' });
    expect(`${error.message} ${error.advice}`).toMatch(sentence);
    await editor.dispose();
  });

  test('the image can be named where several are open', async () => {
    const first = await createEditor(standard);
    const second = await createEditor({ ...standard, width: 50 });
    const host = new GimpHost({ scriptFu: gimp.scriptFu, files: hostFiles, image: first.image });
    expect(await host.describe(never)).toMatchObject({ id: String(first.image), width: 40 });
    expect(await second.host.describe(never)).toMatchObject({ id: String(second.image), width: 50 });
    await second.dispose();
  });

  test('the command line upscales what is selected, as a new layer and as a new image', async () => {
    const root = new TestRoot();
    const editor = await createEditor(standard);
    await editor.select({ x: 8, y: 6, width: 10, height: 8 });
    const lway = (...args: string[]) =>
      root.lwayWith([addGimp], 'gimp', '--port', String(gimp.port), '--device', 'cpu', '--scale', '2', ...args);
    expect(await lway('--selection')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Computing on') as string,
    });
    expect((await editor.layers())[0]).toEqual({
      name: `${standard.layer.name} ×2`,
      bounds: { x: 16, y: 12, width: 20, height: 16 },
    });
    expect(await lway('--new-image')).toMatchObject({ code: 0 });
    expect(await editor.host.describe(never)).toMatchObject({ width: 40, height: 32 });
    await editor.dispose();
    expect(await lway()).toMatchObject({ code: 1, stderr: expect.stringContaining('No image is open') as string });
    root.remove();
  });

  test('an error of GIMP’s is passed on in a sentence, and the connection goes on', async () => {
    await expect(gimp.run('(gimp-image-width 999999)')).rejects.toMatchObject({ code: 'unsupported' });
    expect(await gimp.run('(+ 1 2)')).toBe('3');
  });
});
