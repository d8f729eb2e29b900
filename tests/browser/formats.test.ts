import { writePsdBuffer } from 'ag-psd';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { useEditor } from './support/editor-fixture';
import type { EditorPage } from './support/editor-page';

let editor: EditorPage;
useEditor((opened) => (editor = opened), 'file');

const fixture = (name: string) => readFileSync(join(__dirname, '../fixtures/files', name));
const said = (part: string) => editor.page.getByRole('status').filter({ hasText: part });

async function open(name: string, file: Buffer) {
  await editor.openFile(name, file);
  await editor.page.getByRole('button', { name, exact: true }).waitFor();
  return { ...(await editor.state())!, pixels: await editor.pixels(0) };
}

/** The largest difference to interleaved samples, in their own steps. */
function difference(pixels: readonly number[], wanted: Uint8Array | Uint16Array, channels: number): number {
  expect(pixels).toHaveLength(wanted.length);
  const plane = wanted.length / channels;
  const white = wanted instanceof Uint16Array ? 65535 : 255;
  let worst = 0;
  for (let i = 0; i < wanted.length; i++)
    worst = Math.max(worst, Math.abs(pixels[(i % channels) * plane + Math.floor(i / channels)]! * white - wanted[i]!));
  return worst;
}

const [width, height] = [40, 24];
const samples = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + Math.floor(i / 120) * 31) % 256);
const picture = () => sharp(samples, { raw: { width, height, channels: 3 } });

test('a TIFF of 16 bits keeps depth and profile', async () => {
  const wide = Uint16Array.from(samples, (value, i) => value * 257 - (i % 3) * (value > 0 ? 5 : 0));
  const file = await sharp(wide, { raw: { width, height, channels: 3 } })
    .toColourspace('rgb16')
    .tiff({ compression: 'lzw', predictor: 'horizontal' })
    .toBuffer();
  const { bitDepth, pixels } = await open('wide.tif', file);
  expect(bitDepth).toBe(16);
  expect(difference(pixels, wide, 3)).toBeLessThan(0.01);
  const profiled = await open('p3.tif', await picture().withIccProfile('p3').tiff({ compression: 'lzw' }).toBuffer());
  expect(profiled.profile).toBeGreaterThan(400);
});

test('the flattened picture of a PSD', async () => {
  const rgba = new Uint8ClampedArray(width * height * 4).map((_, i) =>
    i % 4 === 3 ? 255 : samples[Math.floor(i / 4) * 3 + (i % 4)]!,
  );
  const { pixels } = await open('art.psd', writePsdBuffer({ width, height, imageData: { width, height, data: rgba } }));
  expect(difference(pixels, samples, 3)).toBeLessThan(0.01);
});

test('the first frame of an animated GIF, and that is said', async () => {
  const frames = await sharp(
    await sharp({ create: { width, height: 2 * height, channels: 3, background: '#f00' } })
      .raw()
      .toBuffer(),
    {
      raw: { width, height: 2 * height, channels: 3, pageHeight: height },
    },
  )
    .gif({ delay: [50, 50], keepDuplicateFrames: true })
    .toBuffer();
  expect((await sharp(frames).metadata()).pages).toBe(2);
  const { pixels, layers } = await open('wave.gif', frames);
  expect(layers[0]).toMatchObject({ channels: 3, own: [width, height] });
  expect(pixels.slice(0, 3)).toEqual([1, 1, 1]);
  await said('“wave.gif” is animated; its first frame is taken.').waitFor();
});

test('a BMP, a PPM and an animated AVIF', async () => {
  const ppm = Buffer.concat([Buffer.from(`P6 ${width} ${height} 255\n`), samples]);
  expect(difference((await open('a.ppm', ppm)).pixels, samples, 3)).toBeLessThan(0.01);
  const bmp = Buffer.alloc(54 + samples.length);
  bmp.write('BM');
  [
    [10, 54],
    [14, 40],
    [18, width],
    [22, -height],
  ].forEach(([at, value]) => bmp.writeInt32LE(value!, at));
  bmp.writeUInt16LE(24, 28);
  for (let i = 0; i < samples.length; i++) bmp[54 + i] = samples[i - (i % 3) + 2 - (i % 3)]!;
  expect(difference((await open('a.bmp', bmp)).pixels, samples, 3)).toBeLessThan(0.01);
  expect((await open('anim.avif', fixture('anim.avif'))).width).toBeGreaterThan(0);
  await said('“anim.avif” is animated').waitFor();
});

test('a drawing is drawn large enough, runs nothing and loads nothing', async () => {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50" onload="throw new Error('ran')">
    <image href="https://example.com/beacon.png" width="9" height="9"/>
    <rect width="50" height="50" fill="#00f"/><script>throw new Error('ran');</script></svg>`;
  await editor.openFile('logo.svg', Buffer.from(svg));
  await said('it is drawn at 2048 × 1024').waitFor();
  expect((await editor.state())!.layers[0]).toMatchObject({ channels: 4, own: [2048, 1024] });
});

test('gray stays gray, with its own profile; CMYK becomes sRGB, and that is said', async () => {
  const grayProfile = join(__dirname, '../fixtures/files/gray-linear.png');
  const { icc } = await sharp(grayProfile).metadata();
  const gray = await sharp(samples, { raw: { width, height: height * 3, channels: 1 } })
    .toColourspace('b-w')
    .jpeg({ quality: 100 })
    .toBuffer();
  const plain = await open('gray.jpg', gray);
  expect(plain.layers[0]!.channels).toBe(1);
  // APP2 right behind the start, as ICC.1 B.4 has it.
  const head = Buffer.concat([Buffer.from('ICC_PROFILE\0', 'latin1'), Buffer.from([1, 1])]);
  const segment = Buffer.alloc(4);
  segment.writeUInt16BE(0xffe2, 0);
  segment.writeUInt16BE(2 + head.length + icc!.length, 2);
  const profiled = Buffer.concat([gray.subarray(0, 2), segment, head, icc!, gray.subarray(2)]);
  expect(await open('profiled.jpg', profiled)).toMatchObject({ profile: icc!.length });
  const cmyk = await picture().toColourspace('cmyk').withIccProfile('cmyk').jpeg({ quality: 95 }).toBuffer();
  expect((await sharp(cmyk).metadata()).space).toBe('cmyk');
  expect(await open('print.jpg', cmyk)).toMatchObject({ profile: 0, layers: [{ channels: 3 }] });
  await said('“print.jpg” is a CMYK picture').waitFor();
});

test('colour given by numbers becomes a profile; HDR is said', async () => {
  const linear = await open('linear.png', fixture('gama1.png'));
  expect(linear.profile).toBeGreaterThan(300);
  expect((await open('pq.avif', fixture('nclx-pq.avif'))).width).toBe(96);
  await said('“pq.avif” is an HDR picture (PQ)').waitFor();
});

test('what cannot be read is refused by its name', async () => {
  const alert = editor.page.getByRole('alert');
  await editor.openFile('x.jxl', Buffer.from([0xff, 0x0a, 1, 2, 3]));
  await alert.filter({ hasText: '“x.jxl” is a JPEG XL picture, which LWay does not read.' }).waitFor();
  await editor.openFile('x.tif', fixture('zstd.tif').subarray(0, 9000));
  await alert.filter({ hasText: '“x.tif” cannot be read: the TIFF data is damaged' }).waitFor();
  await editor.openFile('x.png', Buffer.from('what is this'));
  await alert.filter({ hasText: '“x.png” is not a picture that can be opened here.' }).waitFor();
});
