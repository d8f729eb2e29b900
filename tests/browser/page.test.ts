import { initializeCanvas, readPsd } from 'ag-psd';
import { decode, encode } from 'fast-png';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Compare } from '../../src/panel/elements/compare';
import type { Panel } from '../../src/panel/elements/panel';
import { resize } from '../../src/engine/raster/resample';
import { tinyNetwork } from '../engine/upscaling/tiny-networks';
import { useEditor } from './support/editor-fixture';
import type { EditorPage } from './support/editor-page';

let editor: EditorPage;
const openWith = useEditor((opened) => (editor = opened));

/** Waits until the focus is on an element of the panel. */
async function panelFocus(selector: string): Promise<void> {
  const focused = (wanted: string) => document.querySelector('lway-panel')!.shadowRoot!.activeElement?.matches(wanted);
  await editor.page.waitForFunction(focused, selector);
}

/** A photo-like gradient with some structure, interleaved. */
function samples(width: number, height: number, channels: number, white: number): number[] {
  return Array.from({ length: width * height * channels }, (_, i) => {
    const x = Math.floor(i / channels) % width;
    const y = Math.floor(i / channels / width);
    const c = i % channels;
    return Math.round(white * (0.5 + 0.3 * Math.sin(x / 7 + c) + 0.19 * Math.cos((y * (c + 1)) / 5)));
  });
}

test('opens with a picture and a panel, and shows them', async () => {
  const { page } = editor;
  expect(await editor.state()).toMatchObject({ width: 320, height: 208, layers: [{ name: 'Background' }] });
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  for (const name of ['Open…', 'Undo', 'Hand', 'Select a region', 'Zoom in', 'Upscale with LWay', 'Add your own…']) {
    await expect(page.getByRole('button', { name, exact: true }).count()).resolves.toBe(1);
  }
  await expect(page.getByRole('combobox', { name: 'Style' }).count()).resolves.toBe(1);
  await expect(page.getByRole('group', { name: 'Match to this picture' }).count()).resolves.toBe(1);
  // The button is in sight without scrolling, however long the form above it.
  const [button, layers] = [await editor.button.boundingBox(), await page.locator('.layers').boundingBox()];
  expect(button!.y + button!.height).toBeLessThanOrEqual(layers!.y);

  const folder = mkdtempSync(join(tmpdir(), 'lway-shot-'));
  try {
    const path = join(folder, 'page.png');
    await page.waitForTimeout(500); // tiles come one after the other
    await page.screenshot({ path });
    const { data, width, channels } = decode(readFileSync(path));
    // The middle of the picture is neither blank nor of one colour.
    const seen = new Set<number>();
    for (let y = 300; y < 500; y++) {
      for (let x = 300; x < 600; x++) seen.add(data[(y * width + x) * channels]! >> 2);
    }
    expect(seen.size).toBeGreaterThan(30);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what is chosen at first: the best network, matched to the picture; without a GPU the quicker one is named', async () => {
  const fresh = await (await editor.page.context().browser()!.newContext()).newPage();
  try {
    await fresh.goto(editor.page.url());
    await fresh.getByRole('button', { name: 'Upscale with LWay' }).and(fresh.locator(':enabled')).waitFor();
    const style = fresh.getByRole('combobox', { name: 'Style' });
    await expect(style.locator('option:checked').textContent()).resolves.toBe('LWay Photo');
    await expect(fresh.getByRole('radio', { name: 'Normal', exact: true }).isChecked()).resolves.toBe(true);
    await expect(fresh.getByText(/LWay Photo Fast ×4 is quicker/).isVisible()).resolves.toBe(true);
  } finally {
    await fresh.context().close();
  }
});

test('a picture that was opened before the sample came is not covered by it', async () => {
  const context = await editor.page.context().browser()!.newContext();
  const fresh = await context.newPage();
  try {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await fresh.route('**/sample.png', async (route) => {
      await held;
      await route.continue();
    });
    const came = fresh.waitForResponse('**/sample.png');
    await fresh.goto(editor.page.url());
    const buffer = await sharp({ create: { width: 24, height: 16, channels: 3, background: '#358' } })
      .png()
      .toBuffer();
    const file = { name: 'mine.png', mimeType: 'image/png', buffer };
    await fresh.getByLabel('Picture to open').setInputFiles(file);
    await fresh.getByRole('button', { name: 'mine.png', exact: true }).waitFor();
    release();
    await (await came).finished();
    await fresh.waitForTimeout(1000); // until it has been read; too short a time only weakens the test
    await expect(fresh.getByText(/\(sample\)/).count()).resolves.toBe(0);
  } finally {
    await context.close();
  }
});

test('upscales a selected region by the keyboard alone, in place; undo takes it back', async () => {
  const { page } = editor;
  const before = await editor.state();
  await page.keyboard.press('m');
  await page.locator('lway-canvas-view canvas').focus();
  await page.keyboard.press('ArrowRight'); // begins a selection in the middle
  for (const [name, value] of [
    ['width', '40'],
    ['height', '28'],
    ['left', '200'],
    ['top', '120'],
  ]) {
    await page.getByRole('spinbutton', { name: `Selection ${name} in pixels` }).fill(value!);
    await page.keyboard.press('Enter');
  }
  expect((await editor.state())!.selection).toEqual({ x: 200, y: 120, width: 40, height: 28 });
  await page.getByRole('radio', { name: 'Whole layer' }).focus();
  await page.keyboard.press('ArrowRight');
  expect((await editor.panelState()).settings.target).toBe('region');
  await editor.button.focus();
  await page.keyboard.press('Enter');
  // The focus goes with what takes the button's place, and comes back to it.
  await panelFocus('lway-job-progress');
  expect(await editor.finished()).toBe('done');
  await panelFocus('.primary');

  expect(await editor.state()).toMatchObject({
    width: 1280,
    height: 832,
    undo: 1,
    layers: [
      { name: 'Background ×4', bounds: { x: 800, y: 480, width: 160, height: 112 }, own: [160, 112] },
      { name: 'Background', bounds: { x: 0, y: 0, width: 1280, height: 832 }, own: [320, 208] },
    ],
  });
  // Taken down again, the result is the region that it was made of.
  const result = { width: 160, height: 112, channels: 3, data: Float32Array.from(await editor.pixels(0)) } as const;
  const original = await editor.pixels(1);
  const small = resize(result, 40, 28, 'area');
  let difference = 0;
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < 28; y++) {
      for (let x = 0; x < 40; x++) {
        const there = original[(c * 208 + 120 + y) * 320 + 200 + x]!;
        difference += Math.abs(small.data[(c * 28 + y) * 40 + x]! - there);
      }
    }
  }
  expect(difference / small.data.length).toBeLessThan(0.03);
  await expect(
    page
      .getByText(/WASM, \d+ thread/)
      .first()
      .isVisible(),
  ).resolves.toBe(true);
  await expect(page.getByRole('slider', { name: 'Divider between before and after' }).count()).resolves.toBe(1);

  await page.locator('lway-canvas-view canvas').focus();
  await page.keyboard.press('Control+z');
  const after = await editor.state();
  expect(after).toMatchObject({ width: before!.width, height: before!.height, layers: before!.layers, undo: 0 });
});

test('compares before and after by the keyboard, up to single pixels', async () => {
  const { page } = editor;
  await editor.openFile(
    'small.onnx.png',
    Buffer.from(
      encode({ width: 24, height: 16, channels: 3, depth: 8, data: Uint8Array.from(samples(24, 16, 3, 255)) }),
    ),
  );
  await page.getByRole('button', { name: 'small.onnx.png', exact: true }).waitFor();
  await editor.choose('2 times');
  await editor.button.click();
  expect(await editor.finished()).toBe('done');
  const divider = page.getByRole('slider', { name: 'Divider between before and after' });
  await divider.focus();
  await page.keyboard.press('Home');
  expect(await divider.getAttribute('aria-valuenow')).toBe('0');
  await page.keyboard.press('Shift+ArrowRight');
  expect(await divider.getAttribute('aria-valuenow')).toBe('10');
  await page.getByRole('button', { name: '100 %', exact: true }).click();
  await expect(page.getByRole('button', { name: '100 %', exact: true }).getAttribute('aria-pressed')).resolves.toBe(
    'true',
  );
  await page.getByRole('button', { name: 'Larger…' }).click();
  await page.getByRole('dialog', { name: 'Before and after' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog', { name: 'Before and after' }).waitFor({ state: 'hidden' });
});

test('a cancelled upscale leaves the document as it was', async () => {
  const { page } = editor;
  const before = await editor.state();
  await editor.button.click();
  await page.locator('lway-job-progress .title', { hasText: 'Upscaling' }).waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  expect(await editor.finished()).toBe('cancelled');
  await page.getByText('The document was not changed.').waitFor();
  expect(await editor.state()).toEqual(before);
});

test('says what is wrong with a file that is no picture, and with one that is cut off', async () => {
  const { page } = editor;
  await editor.openFile('notes.png', Buffer.from('These are notes, not pixels.'));
  await page.getByText('“notes.png” is not a picture that can be opened here.').waitFor();
  const whole = encode({
    width: 40,
    height: 30,
    channels: 3,
    depth: 8,
    data: Uint8Array.from(samples(40, 30, 3, 255)),
  });
  await editor.openFile('half.png', Buffer.from(whole.subarray(0, whole.length / 2)));
  await page.getByText('“half.png” could not be read').waitFor();
  expect(await editor.state()).toMatchObject({ name: 'Lavender by gnokii (sample)' });
});

test('takes a network of the person’s own, and refuses a file that is none', async () => {
  const { page } = editor;
  await editor.openFile('poem.onnx', Buffer.from('Whose woods these are'), 'Network file to add');
  await page.getByText('poem.onnx:').waitFor();
  await editor.openFile('tiny.onnx', Buffer.from(tinyNetwork()), 'Network file to add');
  await page.getByText(/×2 · RGB, 0–1/).waitFor({ state: 'attached' });
  await editor.choose('2 times');
  await editor.button.click();
  expect(await editor.finished()).toBe('done');
  expect(await editor.state()).toMatchObject({ width: 640, height: 416 });

  // It is there again after a reload, as are the other choices; then it can be removed.
  await page.reload();
  await page.getByText(/×2 · RGB, 0–1/).waitFor({ state: 'attached' });
  expect((await editor.panelState()).settings).toMatchObject({ size: { scale: 2 } });
  await page.getByRole('button', { name: 'Remove this network' }).click();
  // The default of the same scale takes its place.
  await page.getByText(/^Your own network/).waitFor({ state: 'detached' });
  expect(await page.getByRole('option', { name: 'tiny' }).count()).toBe(0);
});

test('Detail is automatic until it is moved, by the keyboard as well', async () => {
  const { page } = editor;
  const slider = page.getByRole('slider', { name: 'Detail' });
  const network = page.getByRole('combobox', { name: 'Style' });
  const stands = (text: string) => expect(slider.getAttribute('aria-valuetext')).resolves.toBe(text);

  await editor.choose('2 times');
  await network.selectOption('LWay Crisp');
  await stands('100 %, automatic');
  await slider.focus();
  for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowLeft');
  await stands('40 %');
  expect((await editor.panelState()).settings).toMatchObject({ model: 'lway-crisp-x4', detail: 40 });
  await editor.button.click();
  expect(await editor.finished()).toBe('done');
  await page.getByText('Detail 40 %, noise 0 % cleaned').waitFor();

  // It is there again after a reload, until it is left to LWay.
  await page.reload();
  await slider.waitFor();
  await stands('40 %');
  await page.getByRole('checkbox', { name: 'Automatic detail', exact: true }).check();
  await stands('100 %, automatic');

  // A network that cannot be mixed has nothing to set.
  await editor.openFile('tiny.onnx', Buffer.from(tinyNetwork()), 'Network file to add');
  await page.getByText(/×2 · RGB, 0–1/).waitFor({ state: 'attached' });
  await slider.waitFor({ state: 'detached' });
});

test('16-bit PNG comes out as it went in, profile and alpha with it', async () => {
  const { data: icc } = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#123' } })
    .withIccProfile('p3')
    .png()
    .toBuffer({ resolveWithObject: true });
  const profile = decode(icc).iccEmbeddedProfile!.profile;
  const data = Uint16Array.from(samples(37, 21, 4, 65535));
  const png = await sharp(data, { raw: { width: 37, height: 21, channels: 4 } })
    .withIccProfile('p3')
    .toColourspace('rgb16')
    .png()
    .toBuffer();
  const wanted = decode(png);
  expect(wanted.depth).toBe(16);
  await editor.openFile('deep.png', png);
  await editor.page.getByText('16 bit, colour profile').waitFor();
  const exported = decode(await editor.export('PNG'));
  expect([exported.width, exported.height, exported.depth, exported.channels]).toEqual([37, 21, 16, 4]);
  expect(exported.data).toEqual(wanted.data);
  expect(exported.iccEmbeddedProfile?.profile).toEqual(profile);
});

test.each(['jpeg', 'webp', 'avif'] as const)('opens %s with its orientation and profile', async (format) => {
  const upright = sharp(Uint8Array.from(samples(48, 32, 3, 255)), { raw: { width: 48, height: 32, channels: 3 } });
  const turned = await upright
    .rotate(270)
    .withIccProfile('p3')
    .withMetadata({ orientation: 6 })
    .toFormat(format, { quality: 95, chromaSubsampling: '4:4:4' } as object)
    .toBuffer();
  await editor.openFile(`turned.${format}`, turned);
  await editor.page.getByRole('button', { name: `turned.${format}`, exact: true }).waitFor();
  expect(await editor.state()).toMatchObject({ width: 48, height: 32, layers: [{ channels: 3 }] });
  expect((await editor.state())!.profile).toBeGreaterThan(100);
  const opened = await editor.pixels(0);
  const wanted = samples(48, 32, 3, 1 << 20);
  let difference = 0;
  for (let i = 0; i < 48 * 32; i++) {
    for (let c = 0; c < 3; c++) difference += Math.abs(opened[c * 48 * 32 + i]! - wanted[i * 3 + c]! / (1 << 20));
  }
  expect(difference / opened.length).toBeLessThan(0.03);
});

test('exports the layers as PSD, which names the hidden one as hidden', async () => {
  const { page } = editor;
  await editor.openFile(
    'layers.png',
    Buffer.from(
      encode({ width: 20, height: 14, channels: 3, depth: 8, data: Uint8Array.from(samples(20, 14, 3, 255)) }),
    ),
  );
  await page.getByRole('button', { name: 'layers.png', exact: true }).waitFor();
  await editor.choose('2 times');
  await editor.button.click();
  expect(await editor.finished()).toBe('done');
  await page.getByRole('button', { name: 'Show Background', exact: true }).click();
  const file = await editor.export('PSD');
  // ag-psd asks for a canvas even where only pixels are wanted.
  initializeCanvas(
    () => {
      throw new Error('no canvas is needed');
    },
    (width, height) =>
      ({ width, height, data: new Uint8ClampedArray(width * height * 4), colorSpace: 'srgb' }) as ImageData,
  );
  const psd = readPsd(file, { useImageData: true, skipThumbnail: true });
  expect([psd.width, psd.height]).toEqual([40, 28]);
  expect(psd.children!.map(({ name, hidden, left, top }) => [name, hidden, left, top])).toEqual([
    ['Background', true, 0, 0],
    ['Background ×2', false, 0, 0],
  ]);
  const top = await editor.pixels(0);
  const { data } = psd.children![1]!.imageData!;
  expect(Math.abs(data[4]! / 255 - top[1]!)).toBeLessThan(0.003);
});

test.each([
  [260, 'light'],
  [320, 'dark'],
] as const)('fits a window %i pixels wide, %s', async (width, colorScheme) => {
  await openWith({ viewport: { width, height: 800 }, colorScheme });
  const overflow = await editor.page.evaluate(() => document.scrollingElement!.scrollWidth - window.innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  await editor.button.scrollIntoViewIfNeeded();
  await expect(editor.button.isVisible()).resolves.toBe(true);
});

/** Of the piece that is compared by the unadapted network, in pixels of the result; runs in the page. */
function unadaptedWidth(): number {
  const compare = document
    .querySelector('lway-panel')!
    .shadowRoot!.querySelector('lway-outcome-card')!
    .shadowRoot!.querySelector('lway-compare') as Compare;
  return compare.unadapted!.rect.width;
}

test('the button runs the whole of it: seen while it learns, and compared with the unadapted result', async () => {
  const { page } = editor;
  await editor.choose('Fast');
  await editor.button.click();
  await page.getByText('Learning from your picture').first().waitFor();
  await page.getByText(/^After [246] steps$/).waitFor();
  const pieces = await page.evaluate(() => {
    const panel = document.querySelector('lway-panel')!.shadowRoot!;
    const shown = panel.querySelector('lway-job-progress')!.shadowRoot!.querySelector('lway-learning')!.shadowRoot!;
    return [...shown.querySelectorAll('canvas')].map((canvas) => ({
      width: canvas.width,
      pixels: [...canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data],
    }));
  });
  expect(pieces.map(({ width }) => width)).toEqual([192, 192]);
  expect(new Set(pieces[0]!.pixels).size).toBeGreaterThan(16);
  expect(pieces[1]!.pixels).not.toEqual(pieces[0]!.pixels);
  await page.getByText(/^Matched in \d+ steps/).waitFor();
  expect(await editor.state()).toMatchObject({ layers: [{}, {}] });
  await editor.choose('Before matching');
  await page.locator('lway-compare .tag.first', { hasText: 'Before matching' }).waitFor();
  // Another part comes into view: the unadapted piece is made for it.
  const whole = await page.evaluate(unadaptedWidth);
  await page.getByRole('button', { name: '200 %' }).click();
  await page.waitForFunction((before) => {
    const compare = document
      .querySelector('lway-panel')!
      .shadowRoot!.querySelector('lway-outcome-card')!
      .shadowRoot!.querySelector('lway-compare') as Compare;
    return compare.unadapted !== null && compare.unadapted.rect.width < before;
  }, whole);
  await editor.choose('Before');
  await page.locator('lway-compare .tag.first', { hasText: /^Before$/ }).waitFor();
});

test('“Stop early and keep” ends the learning at the step that is in work, and keeps what was learned', async () => {
  const { page } = editor;
  await editor.openFile('tiny.onnx', Buffer.from(tinyNetwork()), 'Network file to add');
  await page.getByText(/×2 · RGB, 0–1/).waitFor({ state: 'attached' });
  await editor.choose('2 times');
  await editor.choose('Normal');
  const steps = await page.evaluateHandle(() => {
    const { controller } = document.querySelector('lway-panel') as Panel;
    const seen = { done: 0, whenAsked: -1 };
    setInterval(() => {
      const { work } = controller!.state;
      if (work.kind !== 'running') return;
      seen.done = work.job.curve.at(-1)?.step ?? 0;
      if (work.job.stopping && seen.whenAsked < 0) seen.whenAsked = seen.done;
    }, 5);
    return seen;
  });
  await editor.button.click();
  await page.waitForFunction(({ done }) => done > 0, steps);
  await page.getByRole('button', { name: 'Stop early and keep' }).click();
  expect(await editor.finished()).toBe('done');
  const { done, whenAsked } = await steps.jsonValue();
  expect(whenAsked).toBeGreaterThan(0);
  // Two may be on their way: one that has just been done, and the one that was in work.
  expect(done).toBeLessThanOrEqual(whenAsked + 2);
  await page.getByText(/^Matched in \d+ steps?: /).waitFor();
  expect(await editor.state()).toMatchObject({ width: 640, height: 416, layers: [{}, {}] });
});
