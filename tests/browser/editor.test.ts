import { decode, encode } from 'fast-png';
import sharp from 'sharp';
import { tinyNetwork } from '../engine/upscaling/tiny-networks';
import type { Editor } from '../../src/hosts/embedded/ui/editor';
import { useEditor } from './support/editor-fixture';
import type { EditorPage } from './support/editor-page';

// What the built-in editor does beside upscaling: it loses nothing, keeps variants and compares them.

let editor: EditorPage;
useEditor((opened) => (editor = opened));

/** A small picture that the tiny network enlarges in no time. */
function picture(width = 60, height = 40): Buffer {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => 128 + 100 * Math.sin(i / 17));
  return Buffer.from(encode({ width, height, channels: 3, depth: 8, data }));
}

async function openPicture(name = 'photo.png', bytes = picture()): Promise<void> {
  await editor.openFile(name, bytes);
  await editor.page.getByRole('button', { name, exact: true }).waitFor();
}

async function addTinyNetwork(): Promise<void> {
  await editor.openFile('tiny.onnx', Buffer.from(tinyNetwork()), 'Network file to add');
  await editor.page.getByText('Your own network').waitFor();
}

/** Twice as large, by a network that takes no time. */
async function upscale(): Promise<void> {
  if ((await editor.page.getByRole('option', { name: 'tiny' }).count()) === 0) await addTinyNetwork();
  await editor.choose('2 times');
  await editor.button.click();
  expect(await editor.finished()).toBe('done');
}

test('documents survive a reload with their layers, and a result that is in no file is asked about', async () => {
  const { page } = editor;
  const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/">Grüße</x:xmpmeta>';
  await openPicture('photo.png', await sharp(picture()).withXmp(xmp).png().toBuffer());
  const words = () =>
    page.evaluate(() => (document.querySelector('lway-editor') as Editor).workspace.active!.metadata?.xmp);
  expect(await words()).toContain('Grüße');
  await upscale();
  const before = await editor.state();
  const pixels = await editor.pixels(0);
  // What is kept is written soon after.
  await page.waitForFunction(async () => {
    const root = await navigator.storage.getDirectory();
    for await (const [name, folder] of root.entries()) {
      if (!name.startsWith('lway-document-')) continue;
      const file = await (folder as FileSystemDirectoryHandle).getFileHandle('document.json').catch(() => null);
      const text = await (await file?.getFile())?.text();
      if (text && (JSON.parse(text) as { layers: unknown[] }).layers.length === 2) return true;
    }
    return false;
  });
  const asked: string[] = [];
  page.on('dialog', (dialog) => {
    asked.push(dialog.type());
    void dialog.accept();
  });
  await page.reload();
  expect(asked).toEqual(['beforeunload']);
  await page.getByText('Restored from your last visit: “photo.png”').waitFor();
  const after = await editor.state();
  expect(after).toEqual({ ...before, undo: 0 });
  expect(await editor.pixels(0)).toEqual(pixels);
  expect(await words()).toContain('Grüße');
  // A crash asks nobody: the page goes away at once, and comes again.
  const again = await editor.context.newPage();
  await page.close({ runBeforeUnload: false });
  await again.goto(page.url());
  await again.getByText('Restored from your last visit: “photo.png”').waitFor();
  // Exported, it may go.
  await again.getByRole('button', { name: 'Close photo.png' }).click();
  await again.getByRole('button', { name: 'Close without exporting' }).click();
  await again.waitForFunction(async () => {
    const root = await navigator.storage.getDirectory();
    for await (const name of root.keys()) if (name.startsWith('lway-document-')) return false;
    return true;
  });
});

test('a document at work is not closed unasked, and its result becomes a new document', async () => {
  const { page } = editor;
  await openPicture();
  // The network's file is held back, so that the upscale cannot have ended before its document is closed.
  let release!: () => void;
  const held = new Promise<void>((go) => (release = go));
  await editor.context.route('**/*.onnx', async (route) => {
    await held;
    await route.fallback();
  });
  await editor.button.click();
  await page.getByRole('button', { name: 'Cancel', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Close photo.png' }).click();
  await page.getByRole('heading', { name: '“photo.png” is being upscaled.' }).waitFor();
  await page.getByRole('button', { name: 'Close it', exact: true }).click();
  release();
  expect(await editor.finished()).toBe('failed');
  await page.getByRole('button', { name: 'Open the result' }).click();
  await page.getByRole('button', { name: 'photo-x4', exact: true }).waitFor();
  expect(await editor.state()).toMatchObject({ width: 240, height: 160, layers: [{ own: [240, 160] }] });
});

test('the comparison shows the one layer left of the divider and the other right of it', async () => {
  const { page } = editor;
  const flat = (value: number) =>
    Buffer.from(encode({ width: 60, height: 40, channels: 3, depth: 8, data: new Uint8Array(7200).fill(value) }));
  await openPicture('dark.png', flat(40));
  await upscale();
  // The card of an earlier document may say that it is done already.
  for (let i = 0; i < 300 && (await editor.state())!.layers.length < 2; i++) await page.waitForTimeout(100);
  expect((await editor.state())!.layers).toHaveLength(2);
  // A layer of another colour over it, as an upscale would leave it.
  await page.evaluate(async () => {
    const { workspace } = document.querySelector('lway-editor') as Editor;
    const active = workspace.active!;
    const { pixels } = active.state.layers[0]!;
    const { channels } = pixels.info;
    // Of its own: the pixels that it stands for are given back as soon as no layer shows them.
    const light = {
      info: pixels.info,
      read: async (_: AbortSignal, { width, height }: Parameters<typeof pixels.read>[1]) => ({
        width,
        height,
        channels,
        data: new Float32Array(width * height * channels).fill(0.9),
      }),
      dispose: async () => {},
    };
    const layers = active.state.layers.map((layer, i) => (i === 0 ? { ...layer, pixels: light } : layer));
    workspace.adjust(active, { layers });
  });
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  const box = (await page.locator('lway-canvas-view canvas').boundingBox())!;
  /** Brightness on the screen, 0..255, at a share of the canvas's width. */
  const at = async (share: number) => {
    const clip = { x: box.x + box.width * share, y: box.y + box.height / 2 - 60, width: 4, height: 4 };
    return decode(await page.screenshot({ clip })).data[0]!;
  };
  for (let i = 0; i < 200 && (await at(0.7)) < 200; i++) await page.waitForTimeout(100);
  expect(await at(0.7)).toBeGreaterThan(200);
  expect(await at(0.3)).toBeLessThan(60);
  // Comparing goes on with the next document unless it is ended.
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
});

test('two variants stand beside each other, start from the same pixels and are compared on the canvas', async () => {
  const { page } = editor;
  await openPicture();
  await upscale();
  await page.getByRole('button', { name: 'Select “Background” instead' }).click();
  await page.getByText('60 × 40 → 120 × 80 px').waitFor();
  await upscale();
  expect((await editor.state())!.layers.map(({ name, own }) => [name, own])).toEqual([
    ['Background ×2', [120, 80]],
    ['Background ×2', [120, 80]],
    ['Background', [60, 40]],
  ]);
  expect(await editor.pixels(0)).toEqual(await editor.pixels(1));
  // Called the same, they say what they were made with.
  await page.getByRole('button', { name: 'Background ×2 120 × 80 · tiny' }).first().waitFor();

  // Renamed by the keyboard, so that one knows which is which.
  const list = page.getByRole('list', { name: 'Layers' });
  await list.getByRole('button', { name: 'Background ×2 120 × 80' }).first().focus();
  await page.keyboard.press('F2');
  await page.getByRole('textbox', { name: 'Name of the layer' }).fill('Second try');
  await page.keyboard.press('Enter');
  expect((await editor.state())!.layers[0]!.name).toBe('Second try');

  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  const divider = page.getByRole('slider', { name: 'Divider between Background and Second try' });
  await divider.focus();
  await page.keyboard.press('Home');
  expect(await divider.getAttribute('aria-valuenow')).toBe('0');
  await page.getByRole('combobox', { name: 'Layer to compare with' }).selectOption('Background ×2');
  await page.getByRole('slider', { name: 'Divider between Background ×2 and Second try' }).waitFor();
  // Held, the other is seen alone.
  await page.locator('lway-canvas-view canvas').focus();
  await page.keyboard.down('b');
  await page.locator('lway-canvas-view .tag', { hasText: 'Background ×2' }).waitFor();
  await expect(page.locator('lway-canvas-view lway-divider').count()).resolves.toBe(0);
  await page.keyboard.up('b');
  await page.locator('lway-canvas-view lway-divider').waitFor();
  await page.getByRole('button', { name: '200 %' }).first().click();
  await page.getByText('200 %', { exact: true }).first().waitFor();

  // Deleted and brought back.
  await page.getByRole('button', { name: 'Delete layer' }).click();
  expect((await editor.state())!.layers).toHaveLength(2);
  await page.getByRole('button', { name: 'Undo' }).click();
  expect((await editor.state())!.layers).toHaveLength(3);
});

test('a selection makes itself the area, and the button says so', async () => {
  const { page } = editor;
  await openPicture();
  await page.keyboard.press('m');
  const box = (await page.locator('lway-canvas-view canvas').boundingBox())!;
  await page.mouse.move(box.x + box.width / 2 - 40, box.y + box.height / 2 - 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + 40, box.y + box.height / 2 + 40, { steps: 3 });
  await page.mouse.up();
  await page.getByRole('button', { name: 'Upscale selection' }).waitFor();
  expect((await editor.panelState()).settings.target).toBe('region');
  await page.locator('lway-canvas-view canvas').focus();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Upscale with LWay' }).waitFor();
});

test('a number out of range is written back as what holds, and a size that cannot be is the reason', async () => {
  const { page } = editor;
  await openPicture();
  await editor.choose('Another factor');
  const factor = page.getByRole('spinbutton', { name: 'Factor' });
  for (const typed of ['99', '50']) {
    await factor.fill(typed);
    await factor.press('Enter');
    expect(await factor.inputValue()).toBe('8');
  }
  await editor.choose('Fit into a size');
  for (const side of ['Width', 'Height']) {
    await page.getByRole('spinbutton', { name: `${side} in pixels` }).fill('10');
    await page.keyboard.press('Enter');
  }
  await page.locator('#why', { hasText: 'smaller than it is' }).waitFor();
  await expect(page.getByRole('button', { name: 'Upscale with LWay' }).isDisabled()).resolves.toBe(true);
});

test('a piece that is tried tells, beside the button, how long all of it will take', async () => {
  const { page } = editor;
  await openPicture();
  await addTinyNetwork();
  await expect(page.locator('#why').innerText()).resolves.toBe('');
  await page.getByRole('button', { name: 'Preview', exact: true }).click();
  await page.locator('#why', { hasText: /(About \d+ s|Less than a second) on this machine\./ }).waitFor();
});
