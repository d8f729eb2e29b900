import exifr from 'exifr';
import { decode, encode } from 'fast-png';
import sharp from 'sharp';
import { withJpegMetadata } from '../../src/hosts/embedded/export/jpeg-metadata';
import { findMetadata } from '../../src/hosts/embedded/find-metadata';
import { readOwn } from '../../src/pictures/read';
import { tinyNetwork } from '../engine/upscaling/tiny-networks';
import { useEditor } from './support/editor-fixture';
import type { EditorPage } from './support/editor-page';

let editor: EditorPage;
useEditor((opened) => (editor = opened));

const [width, height] = [40, 24];

function gradient(channels: 3 | 4): Uint8Array {
  return Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const [x, c] = [Math.floor(i / channels) % width, i % channels];
    const clear = channels === 4 && x >= width / 2;
    if (c === 3) return clear ? 0 : 255;
    // What is wholly transparent has no colour.
    return clear ? 0 : 40 + 4 * x + 10 * c;
  });
}

/** A picture with a profile, 300 pixels per inch and EXIF with a thumbnail-free maker. */
function photograph(channels: 3 | 4): Promise<Buffer> {
  return sharp(gradient(channels), { raw: { width, height, channels } })
    .withIccProfile('p3')
    .withExif({ IFD0: { Make: 'Kodak' } })
    .withMetadata({ density: 300 })
    .png()
    .toBuffer();
}

async function open(name: string, buffer: Buffer): Promise<void> {
  await editor.openFile(name, buffer);
  await editor.page.getByRole('button', { name, exact: true }).waitFor();
}

async function distance(file: Buffer, wanted: Uint8Array, channels: number): Promise<number> {
  const { data } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  expect(data.length).toBe(wanted.length);
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += Math.abs(data[i]! - wanted[i]!);
  return sum / (data.length / channels) / channels;
}

test('JPEG has the quality, name, profile, resolution and camera data that were chosen', async () => {
  const { page } = editor;
  await open('lake.png', await photograph(3));
  const { name, file } = await editor.exported('JPEG', async () => {
    await page.getByRole('textbox', { name: 'Name' }).fill('my/lake');
    await page.getByRole('spinbutton', { name: 'Resolution' }).fill('254');
    await page.getByRole('slider', { name: 'Quality' }).fill('95');
  });
  expect(name).toBe('my-lake.jpg');
  const about = await sharp(file).metadata();
  expect(about).toMatchObject({ format: 'jpeg', width, height, density: 254 });
  expect(about.icc!.length).toBeGreaterThan(400);
  expect(about.exif!.toString('latin1')).toContain('Kodak');
  expect(await distance(file, gradient(3), 3)).toBeLessThan(2);
  const low = await editor.exported('JPEG', async () => {
    await page.getByRole('slider', { name: 'Quality' }).fill('10');
    await page.getByRole('checkbox', { name: 'Keep camera data, date, place and words' }).uncheck();
  });
  expect(low.name).toBe('lake.jpg');
  expect(low.file.length).toBeLessThan(file.length);
  expect((await sharp(low.file).metadata()).exif).toBeUndefined();
});

test('JPEG lays what is transparent over white; WebP and TIFF keep it, and TIFF and PSD the camera data', async () => {
  await open('cut.png', await photograph(4));
  const jpeg = await editor.export('JPEG');
  const { data } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  expect([...data.subarray(3 * (width - 2), 3 * (width - 1))].every((value) => value > 250)).toBe(true);
  const webp = await editor.export('WebP');
  const about = await sharp(webp).metadata();
  expect(about).toMatchObject({ format: 'webp', width, height, hasAlpha: true });
  expect(about.icc!.length).toBeGreaterThan(400);
  expect(about.exif!.toString('latin1')).toContain('Kodak');
  const tiff = await editor.export('TIFF');
  expect(await sharp(tiff).metadata()).toMatchObject({ format: 'tiff', channels: 4, density: 300 });
  expect(await distance(tiff, gradient(4), 4)).toBeLessThan(0.01);
  expect(await exifr.parse(tiff)).toMatchObject({ Make: 'Kodak' });
  // Opened again, it goes on from there.
  await open('cut.tif', tiff);
  const psd = await readOwn('PSD', await editor.export('PSD'), 'it');
  expect(await exifr.parse(Buffer.from(psd.exif!))).toMatchObject({ Make: 'Kodak' });
});

test('words in XMP and IPTC come along into every format', async () => {
  const city = Buffer.from('Zürich', 'utf8');
  const iptc = Buffer.concat([Buffer.from([0x1c, 2, 90, 0, city.length]), city]);
  const xmp =
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="Grüße"/></rdf:RDF></x:xmpmeta>';
  const jpeg = new Uint8Array(
    await sharp({ create: { width, height, channels: 3, background: '#4a7' } })
      .jpeg()
      .toBuffer(),
  );
  await open('told.jpg', Buffer.concat(withJpegMetadata(jpeg, { xmp, iptc })));
  for (const format of ['PNG', 'JPEG', 'WebP', 'TIFF']) {
    const { file } = await editor.exported(format, async () => {
      const moved = await editor.page.getByText(`${format} has no place for IPTC data`).count();
      expect(moved).toBe(format === 'WebP' ? 1 : 0);
    });
    const about = await sharp(file).metadata();
    const packet = about.xmp!.toString('utf8');
    expect(packet).toContain('Grüße');
    // libvips does not look for it in a PNG.
    if (format === 'PNG') expect(Buffer.from(findMetadata(file)!.iptc!)).toEqual(iptc);
    else if (format !== 'WebP') expect(about.iptc!.includes(city)).toBe(true);
    else expect(packet).toContain('<photoshop:City>Zürich</photoshop:City>');
  }
  const psd = await readOwn('PSD', await editor.export('PSD'), 'it');
  expect(psd.xmp).toContain('Grüße');
  expect(Buffer.from(psd.iptc!)).toEqual(iptc);
});

test('a 16-bit picture stays one as TIFF, to the last bit', async () => {
  const values = Uint16Array.from({ length: width * height * 3 }, (_, i) => (i * 9973) & 65535);
  await open('deep.png', Buffer.from(encode({ width, height, channels: 3, depth: 16, data: values })));
  const tiff = await editor.export('TIFF');
  expect((await sharp(tiff).metadata()).depth).toBe('ushort');
  const { data } = await sharp(tiff)
    .toColourspace('rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  expect(new Uint16Array(data.buffer, data.byteOffset, data.length / 2)).toEqual(values);
});

test('Ctrl+S exports, named by how much larger it is; what is exported is not asked about', async () => {
  const { page } = editor;
  await open('small.png', await photograph(3));
  await editor.openFile('tiny.onnx', Buffer.from(tinyNetwork()), 'Picture to open');
  // A network that is opened like a picture is taken for what it is.
  await page.getByText('Your own network').waitFor();
  await editor.choose('2 times');
  await editor.button.click();
  expect(await editor.finished()).toBe('done');
  await page.keyboard.press('Control+s');
  await expect(page.getByRole('textbox', { name: 'Name' }).inputValue()).resolves.toBe('small-x2');
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  expect(download.suggestedFilename()).toMatch(/^small-x2\./);
  await page.getByRole('button', { name: 'Close small.png' }).click();
  await page.getByRole('button', { name: 'small.png', exact: true }).waitFor({ state: 'detached' });
});

test('a picture that is pasted is opened', async () => {
  const { page } = editor;
  const png = encode({ width: 8, height: 6, channels: 3, depth: 8, data: new Uint8Array(144).fill(90) });
  await page.evaluate(
    (bytes) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], 'image.png', { type: 'image/png' }));
      document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
    },
    [...png],
  );
  await page.getByRole('button', { name: 'Pasted picture.png', exact: true }).waitFor();
  expect(await editor.state()).toMatchObject({ width: 8, height: 6 });
  expect(decode(await editor.export('PNG')).data[0]).toBe(90);
});

test.each([
  [260, 700],
  [390, 700],
  [640, 320],
])('the export dialog is whole in a window of %i × %i pixels', async (wide, high) => {
  await editor.page.setViewportSize({ width: wide, height: high });
  await editor.page.getByRole('button', { name: 'Export…' }).click();
  const box = (await editor.page.getByRole('button', { name: 'Export', exact: true }).boundingBox())!;
  expect(box.x).toBeGreaterThanOrEqual(0);
  expect(box.x + box.width).toBeLessThanOrEqual(wide);
  expect(box.y + box.height).toBeLessThanOrEqual(high);
  const dialog = editor.page.locator('lway-export-dialog dialog');
  await expect(dialog.evaluate((element) => element.scrollWidth - element.clientWidth)).resolves.toBe(0);
});
