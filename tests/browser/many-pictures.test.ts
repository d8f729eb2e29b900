import sharp from 'sharp';
import yauzl from 'yauzl';
import { formatSteps } from '../../src/actions/steps';
import { defaultSettings } from '../../src/actions/settings';
import { tinyNetwork } from '../engine/upscaling/tiny-networks';
import { useEditor } from './support/editor-fixture';
import type { EditorPage } from './support/editor-page';

let editor: EditorPage;
useEditor((opened) => (editor = opened));

/** A photograph's worth of a file: JPEG, with camera data, lying on its side. */
function photograph(i: number): Promise<Buffer> {
  const [width, height] = [48 + 4 * i, 36];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, k) => 128 + 90 * Math.sin(k / (11 + i)));
  return sharp(data, { raw: { width, height, channels: 3 } })
    .withExif({ IFD0: { Make: 'Kodak', Orientation: '6' } })
    .withMetadata({ orientation: 6, density: 240 })
    .jpeg({ quality: 95 })
    .toBuffer();
}

async function choosePictures(files: { name: string; buffer: Buffer }[]): Promise<void> {
  const mimeType = 'application/octet-stream';
  await editor.page.getByLabel('Picture to open').setInputFiles(files.map((file) => ({ ...file, mimeType })));
}

async function useTinyNetwork(): Promise<void> {
  await editor.openFile('tiny.onnx', Buffer.from(tinyNetwork()), 'Network file to add');
  await editor.page.getByText('Your own network').waitFor();
  await editor.choose('2 times');
}

/** The files of a ZIP. */
function unzip(bytes: Buffer): Promise<Map<string, Buffer>> {
  return new Promise((resolve, reject) => {
    const files = new Map<string, Buffer>();
    yauzl.fromBuffer(bytes, { lazyEntries: true }, (error, zip) => {
      if (error) return reject(error);
      zip.on('end', () => resolve(files));
      zip.on('entry', (entry: yauzl.Entry) => {
        zip.openReadStream(entry, (wrong, stream) => {
          if (wrong) return reject(wrong);
          const parts: Buffer[] = [];
          stream.on('data', (part: Buffer) => parts.push(part));
          stream.on('end', () => {
            files.set(entry.fileName, Buffer.concat(parts));
            zip.readEntry();
          });
        });
      });
      zip.readEntry();
    });
  });
}

async function savedZip(): Promise<Map<string, Buffer>> {
  const [download] = await Promise.all([
    editor.page.waitForEvent('download'),
    editor.page.getByRole('button', { name: 'Save as ZIP' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('lway-pictures.zip');
  const parts: Buffer[] = [];
  for await (const part of await download.createReadStream()) parts.push(part as Buffer);
  return unzip(Buffer.concat(parts));
}

/** Presses *Pause* in the page as soon as so many are done: who asks from outside, twice a second, misses small pictures. */
async function pauseOnceDone(least: number): Promise<void> {
  await editor.page.locator('lway-queue-view').evaluate((view, enough) => {
    const root = view.shadowRoot!;
    const pause = () => {
      const done = /(\d+) done/.exec(root.querySelector('h2')!.textContent)?.[1];
      if (Number(done ?? 0) < enough) return;
      observer.disconnect();
      [...root.querySelectorAll('button')].find(({ textContent }) => textContent.includes('Pause'))!.click();
    };
    const observer = new MutationObserver(pause);
    observer.observe(root, { subtree: true, childList: true, characterData: true });
  }, least);
}

const heading = (text: string | RegExp) => editor.page.getByRole('heading', { name: text }).waitFor();

test('ten photographs become ten files with sensible names, over a reload in the middle and one that is broken', async () => {
  const { page } = editor;
  await useTinyNetwork();
  const names = Array.from({ length: 10 }, (_, i) => `photo ${i + 1}.jpg`);
  const files = await Promise.all(names.map(async (name, i) => ({ name, buffer: await photograph(i) })));
  files[6] = { name: files[6]!.name, buffer: files[6]!.buffer.subarray(0, 60) };
  await choosePictures(files);
  await heading('10 pictures');
  await pauseOnceDone(3);
  await page.getByRole('button', { name: 'Upscale all' }).click();
  await page.getByRole('button', { name: 'Continue' }).waitFor();
  await page.reload();
  await page.getByText('a queue of 10').waitFor();
  await heading(/^10 pictures · [3-6] done/);
  await page.getByText('Your own network').waitFor();
  await page.getByRole('button', { name: 'Continue' }).click();
  await heading('10 pictures · 9 done · 1 failed');
  await page.getByText('“photo 7.jpg” could not be read: the file is damaged').waitFor();
  const saved = await savedZip();
  expect([...saved.keys()].sort()).toEqual(
    names
      .filter((name) => name !== 'photo 7.jpg')
      .map((name) => name.replace('.jpg', '-x2.jpg'))
      .sort(),
  );
  const about = await sharp(saved.get('photo 1-x2.jpg')).metadata();
  // Upright, twice as large, and it knows its camera and resolution still.
  expect(about).toMatchObject({ format: 'jpeg', width: 72, height: 96, density: 240, orientation: 1 });
  expect(about.exif!.toString('latin1')).toContain('Kodak');

  // Opened in the editor, it is a document like any other.
  await page.getByRole('button', { name: 'Open photo 2.jpg in the editor' }).click();
  await page.getByRole('button', { name: 'photo 2.jpg', exact: true }).waitFor();
  // Saved, the list may be cleared; what failed is gone with it.
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByRole('heading', { name: /pictures/ }).waitFor({ state: 'detached' });
});

test('two pictures of one name do not overwrite each other, and take the format that is chosen', async () => {
  const { page } = editor;
  await useTinyNetwork();
  const buffer = await photograph(0);
  await choosePictures([
    { name: 'same.jpg', buffer },
    { name: 'same.jpg', buffer },
  ]);
  await page.getByLabel('Format of the results').selectOption('TIFF');
  await page.getByRole('button', { name: 'Upscale all' }).click();
  await heading('2 pictures · 2 done');
  const saved = await savedZip();
  expect([...saved.keys()]).toEqual(['same-x2.tif', 'same-x2 (2).tif']);
  expect(await sharp(saved.get('same-x2.tif')).metadata()).toMatchObject({ format: 'tiff', width: 72, height: 96 });
});

test('recorded steps are carried out one after the other; a file that holds none is refused', async () => {
  const { page } = editor;
  await useTinyNetwork();
  const { id } = await page.evaluate(() => {
    const { state } = (
      document.querySelector('lway-panel') as unknown as { controller: { state: { settings: { model: string } } } }
    ).controller;
    return { id: state.settings.model };
  });
  await choosePictures([
    {
      name: 'a.png',
      buffer: await sharp(await photograph(0))
        .png()
        .toBuffer(),
    },
    {
      name: 'b.png',
      buffer: await sharp(await photograph(1))
        .png()
        .toBuffer(),
    },
  ]);
  const steps = (text: string) =>
    page.getByLabel('File of recorded steps').setInputFiles({
      name: 'twice.json',
      mimeType: 'application/json',
      buffer: Buffer.from(text),
    });
  await steps('no steps');
  await page.getByText('This is not a file of LWay steps').waitFor();
  const step = { ...defaultSettings, model: id, size: { scale: 2 }, adapt: 'off' as const };
  await steps(JSON.stringify(formatSteps([step, step])));
  await page.getByRole('button', { name: 'Upscale all' }).click();
  await heading('2 pictures · 2 done');
  expect([...(await savedZip()).keys()]).toEqual(['a-x4.png', 'b-x4.png']);
});
