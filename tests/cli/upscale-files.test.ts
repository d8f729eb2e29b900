import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { floatTiff } from './support/float-tiff';
import type { Picture } from './support/pictures';
import { difference, doubled, drawn, pipeline, readPicture, writePng } from './support/pictures';
import { TestRoot } from './support/test-root';

let root: TestRoot;
beforeEach(() => (root = new TestRoot()));
afterEach(() => root.remove());

/** Runs `upscale … --scale 2 --device cpu` and expects it to work; nothing unfinished may stay. */
async function upscale(...args: string[]): Promise<string> {
  const result = await root.lway('upscale', ...args, '--scale', '2', '--device', 'cpu');
  expect(result).toMatchObject({ code: 0 });
  expect(readdirSync(root.work).filter((name) => name.startsWith('.lway'))).toEqual([]);
  return result.stderr;
}

describe('pixels keep their kind', () => {
  const cases: [string, Picture, (from: Sharp) => Sharp][] = [
    ['8 bit RGB PNG', drawn(13, 9, 3), (p) => p.png()],
    ['palette PNG', drawn(13, 9, 3), (p) => p.png({ palette: true, colours: 16, dither: 0 })],
    ['8 bit gray PNG', drawn(13, 9, 1), (p) => p.png()],
    ['16 bit RGB PNG', drawn(13, 9, 3, 16), (p) => p.png()],
    ['16 bit gray PNG', drawn(13, 9, 1, 16), (p) => p.png()],
    ['16 bit RGB TIFF', drawn(13, 9, 3, 16), (p) => p.tiff({ compression: 'lzw' })],
    ['8 bit gray JPEG', drawn(13, 9, 1), (p) => p.jpeg()],
    ['8 bit RGB JPEG', drawn(13, 9, 3), (p) => p.jpeg()],
    ['8 bit WebP', drawn(13, 9, 3), (p) => p.webp({ lossless: true })],
    ['8 bit AVIF', drawn(16, 16, 3), (p) => p.avif({ lossless: true })],
    ['GIF', drawn(13, 9, 3), (p) => p.gif({ dither: 0 })],
  ];
  test.each(cases)('%s → PNG', async (_name, picture, encode) => {
    await encode(pipeline(picture)).toFile(root.path('in.bin'));
    const before = await readPicture(root.path('in.bin'));
    await upscale('in.bin');
    const after = await readPicture(root.path('in-x2.png'));
    expect(after.meta).toMatchObject({ format: 'png', depth: before.meta.depth, space: before.meta.space });
    expect(difference(after, doubled(before))).toBeLessThanOrEqual(before.meta.depth === 'ushort' ? 1 : 0);
  });

  test.each([
    ['png', 16],
    ['tiff', 16],
    ['tiff', 8],
    ['webp', 8],
    ['avif', 8],
    ['jpg', 8],
  ] as const)('written as %s with %d bits', async (format, depth) => {
    const picture = drawn(24, 16, 3, depth);
    await writePng(root.path('in.png'), picture);
    await upscale('in.png', '--format', format, ...(format === 'tiff' || format === 'png' ? [] : ['--quality', '100']));
    const after = await readPicture(root.path(`in-x2.${format === 'tiff' ? 'tif' : format}`));
    expect(after.meta.depth).toBe(depth === 8 ? 'uchar' : 'ushort');
    // WebP halves the resolution of colour.
    const allowed = { png: 1, tiff: 1, webp: 48, avif: 12, jpg: 6 }[format];
    expect(difference(after, doubled(picture))).toBeLessThanOrEqual(allowed);
  });

  test.each([2, 4] as const)('straight alpha with %d channels', async (channels) => {
    const picture = drawn(20, 14, channels);
    for (let i = channels - 1; i < picture.data.length; i += channels) picture.data[i] = 128;
    await writePng(root.path('in.png'), picture);
    await upscale('in.png', '-o', 'out.webp', '--quality', '100');
    await upscale('in.png', '-o', 'out.tif');
    expect((await readPicture(root.path('out.webp'))).meta.hasAlpha).toBe(true);
    expect(difference(await readPicture(root.path('out.tif')), doubled(picture))).toBeLessThanOrEqual(1);
  });

  test('32 bit float TIFF stays float, beyond white and below black', async () => {
    const data = Float32Array.from({ length: 12 * 10 * 3 }, (_, i) => Math.sin(i / 40) * 0.8 + 0.6);
    writeFileSync(root.path('in.tif'), floatTiff(12, 10, 3, data));
    const said = await upscale('in.tif');
    expect(said).toContain('TIFF, not PNG');
    const after = await readPicture(root.path('in-x2.tif'));
    expect(after.meta.depth).toBe('float');
    expect(Math.max(...after.data)).toBeCloseTo(Math.max(...data), 1);
    expect(Math.min(...after.data)).toBeLessThan(0);
    const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(after.data as Float32Array)).toBeCloseTo(mean(data), 2);
  });

  test('32 bit float gray with alpha', async () => {
    const data = Float32Array.from({ length: 8 * 8 * 2 }, (_, i) => (i % 2 ? 1 : i / 128));
    writeFileSync(root.path('in.tif'), floatTiff(8, 8, 2, data));
    await upscale('in.tif', '-o', 'out.tif');
    const after = await readPicture(root.path('out.tif'));
    expect([after.width, after.height, after.channels]).toEqual([16, 16, 2]);
    expect(after.data[1]).toBeCloseTo(1, 5);
  });

  test('--depth writes another depth', async () => {
    const picture = drawn(10, 10, 3, 16);
    await writePng(root.path('in.png'), picture);
    await upscale('in.png', '-o', 'out.jpg', '--depth', '8');
    expect((await readPicture(root.path('out.jpg'))).meta.depth).toBe('uchar');
  });

  test('CMYK becomes sRGB, and that is said', async () => {
    await pipeline(drawn(16, 12, 3))
      .toColourspace('cmyk')
      .jpeg()
      .toFile(root.path('print.jpg'));
    expect(await upscale('print.jpg')).toContain('converted to sRGB');
    const after = await readPicture(root.path('print-x2.png'));
    const before = await sharp(root.path('print.jpg')).toColourspace('srgb').raw().toBuffer();
    expect(difference(after, doubled({ width: 16, height: 12, channels: 3, data: before }))).toBe(0);
  });

  test.each([
    [1, 1],
    [1, 7],
    [9, 1],
  ])('%d×%d pixels', async (width, height) => {
    const picture = drawn(width, height, 3);
    await writePng(root.path('in.png'), picture);
    await upscale('in.png');
    expect(difference(await readPicture(root.path('in-x2.png')), doubled(picture))).toBe(0);
  });
});

describe('what belongs to the picture travels with it', () => {
  const exif = { IFD0: { Artist: 'A. Person' }, IFD2: { LensModel: 'A lens' } };
  const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" xmp:Rating="4"/></x:xmpmeta>';

  test.each(['png', 'jpg', 'webp', 'avif', 'tiff'])('ICC profile, EXIF, XMP and resolution into %s', async (format) => {
    await pipeline(drawn(16, 12, 3))
      .withMetadata({ density: 240 })
      .withExif(exif)
      .withXmp(xmp)
      .withIccProfile('p3')
      .jpeg()
      .toFile(root.path('in.jpg'));
    const before = await sharp(root.path('in.jpg')).metadata();
    await upscale('in.jpg', '--format', format);
    const after = await sharp(root.path(`in-x2.${format === 'tiff' ? 'tif' : format}`)).metadata();
    expect(after.icc!.equals(before.icc!)).toBe(true);
    expect(after.xmpAsString).toContain('xmp:Rating="4"');
    expect(after.xmpAsString).toContain('tiff:Orientation="1"');
    // libvips reads no EXIF out of TIFF.
    const said = after.exif ?? readFileSync(root.path('in-x2.tif'));
    expect(said.toString('latin1')).toContain('A. Person');
    expect(said.toString('latin1')).toContain('A lens');
    // WebP and AVIF say nothing of resolution but in EXIF.
    if (format !== 'avif' && format !== 'webp') expect(after.density).toBe(240);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %d is applied once', async (orientation) => {
    await pipeline(drawn(14, 9, 3))
      .withMetadata({ orientation })
      .jpeg({ quality: 100 })
      .toFile(root.path('in.jpg'));
    const upright = await sharp(root.path('in.jpg')).autoOrient().raw().toBuffer({ resolveWithObject: true });
    await upscale('in.jpg');
    const after = await readPicture(root.path('in-x2.png'));
    const { width, height } = upright.info;
    expect(difference(after, doubled({ width, height, channels: 3, data: upright.data }))).toBe(0);
    expect(after.meta.orientation ?? 1).toBe(1);
  });

  test('no thumbnail of the small picture stays in the EXIF data', async () => {
    await pipeline(drawn(16, 12, 3))
      .withExif({ IFD0: { Artist: 'x' }, IFD1: { ImageDescription: 'thumbnail' } })
      .jpeg()
      .toFile(root.path('in.jpg'));
    await upscale('in.jpg', '--format', 'jpg');
    expect((await sharp(root.path('in-x2.jpg')).metadata()).exif!.toString('latin1')).not.toContain('thumbnail');
  });
});

describe('sizes and regions', () => {
  test('a region of the upright picture', async () => {
    const picture = drawn(20, 16, 3);
    await writePng(root.path('in.png'), picture);
    await upscale('in.png', '--region', '3,2,8,5');
    const region = await sharp(root.path('in.png')).extract({ left: 3, top: 2, width: 8, height: 5 }).raw().toBuffer();
    const expected = doubled({ width: 8, height: 5, channels: 3, data: region });
    expect(difference(await readPicture(root.path('in-x2.png')), expected)).toBe(0);
  });

  test.each([
    [['--scale', '1'], 'in-x1.png', 20, 10],
    [['--scale', '2.5'], 'in-x2.5.png', 50, 25],
    [['--scale', '8'], 'in-x8.png', 160, 80],
    [['--size', '60x60'], 'in-60x60.png', 60, 30],
    [['--size', '1000x33'], 'in-1000x33.png', 66, 33],
    [[], 'in-x4.png', 80, 40],
  ])('%j', async (flags, name, width, height) => {
    await writePng(root.path('in.png'), drawn(20, 10, 3));
    expect(await root.lway('upscale', 'in.png', '--device', 'cpu', ...flags)).toMatchObject({ code: 0 });
    expect(await sharp(root.path(name)).metadata()).toMatchObject({ width, height });
  });

  test('tiles leave no trace: the same picture with small tiles and as one', async () => {
    await writePng(root.path('in.png'), drawn(150, 90, 4, 16));
    await upscale('in.png', '-o', 'whole.png');
    await upscale('in.png', '-o', 'tiled.png', '--tile', '48');
    const [whole, tiled] = [await readPicture(root.path('whole.png')), await readPicture(root.path('tiled.png'))];
    expect(difference(whole, tiled)).toBeLessThanOrEqual(1);
  });
});

describe('several pictures', () => {
  test('go into a folder that is made, under their own names; one that fails does not stop the rest', async () => {
    await writePng(root.path('one.png'), drawn(8, 6, 3));
    await pipeline(drawn(9, 7, 3))
      .jpeg()
      .toFile(root.path('two.jpeg'));
    writeFileSync(root.path('notes.png'), 'not a picture');
    const result = await root.lway('upscale', 'one.png', 'notes.png', 'two.jpeg', '-o', 'a/b', '--device', 'cpu');
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('"notes.png" is not a picture');
    expect(result.stderr).toContain('2 upscaled, 1 failed');
    expect(readdirSync(root.path('a', 'b')).sort()).toEqual(['one.png', 'two.png']);
  });

  test('the same file named twice is done once', async () => {
    await writePng(root.path('one.png'), drawn(8, 6, 3));
    const result = await root.lway('upscale', 'one.png', './one.png', '--device', 'cpu', '--json');
    expect(result.stdout.match(/"event":"done"/g)).toHaveLength(1);
  });

  test('two results with one name are refused before anything is done', async () => {
    for (const folder of ['a', 'b']) {
      mkdirSync(root.path(folder));
      await writePng(root.path(folder, 'one.png'), drawn(4, 4, 3));
    }
    const result = await root.lway('upscale', 'a/one.png', 'b/one.png', '-o', 'out');
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('would both be') as string });
    expect(existsSync(root.path('out'))).toBe(false);
  });

  test('the first frame of an animation, and that is said', async () => {
    const frames = drawn(8, 12, 3);
    await sharp(frames.data, { raw: { width: 8, height: 12, channels: 3, pageHeight: 6 } })
      .webp({ lossless: true })
      .toFile(root.path('moving.webp'));
    expect(await upscale('moving.webp')).toContain('2 frames');
    const first = { ...frames, height: 6, data: frames.data.slice(0, 8 * 6 * 3) };
    expect(difference(await readPicture(root.path('moving-x2.png')), doubled(first))).toBe(0);
  });
});

test('the original is never touched', async () => {
  await writePng(root.path('in.png'), drawn(8, 6, 3));
  const before = readFileSync(root.path('in.png'));
  const onto = await root.lway('upscale', 'in.png', '-o', 'in.png', '--force', '--device', 'cpu');
  expect(onto).toMatchObject({ code: 1, stderr: expect.stringContaining('replace the picture itself') as string });
  await upscale('in.png');
  expect(readFileSync(root.path('in.png')).equals(before)).toBe(true);
});
