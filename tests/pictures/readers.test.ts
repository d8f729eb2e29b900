import { writePsdBuffer } from 'ag-psd';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type TiffOptions } from 'sharp';
import { foreign, isSvg, kindOf } from '../../src/pictures/kinds';
import { ownFormat, readOwn } from '../../src/pictures/read';
import { readTiff } from '../../src/pictures/tiff/read';

const fixture = (name: string) => readFileSync(join(__dirname, '../fixtures/files', name));

/** A picture of waves in which every channel and every row differs. */
function waves(width: number, height: number, channels: 1 | 3 | 4) {
  const data = Buffer.from(
    Array.from({ length: width * height * channels }, (_, i) => {
      const [x, y, c] = [Math.floor(i / channels) % width, Math.floor(i / channels / width), i % channels];
      return Math.round(127.5 + 127.5 * Math.sin(x / (2 + c) + y / 5 + c));
    }),
  );
  const picture = sharp(data, { raw: { width, height, channels } });
  return channels === 1 ? picture.toColourspace('b-w') : picture;
}

describe('TIFF', () => {
  const cases: [string, 1 | 3 | 4, TiffOptions][] = [
    ['as it is', 3, { compression: 'none' }],
    ['LZW', 3, { compression: 'lzw', predictor: 'none' }],
    ['LZW of differences', 4, { compression: 'lzw', predictor: 'horizontal' }],
    ['deflate in tiles', 3, { compression: 'deflate', tile: true, tileWidth: 32, tileHeight: 16 }],
    ['PackBits', 1, { compression: 'packbits' }],
    [
      'gray in tiles, differences',
      1,
      { compression: 'lzw', predictor: 'horizontal', tile: true, tileWidth: 16, tileHeight: 16 },
    ],
    ['64-bit offsets', 3, { compression: 'deflate', bigtiff: true }],
    ['white is zero', 1, { compression: 'none', miniswhite: true }],
  ];
  test.each(cases)('%s: the very samples', async (_, channels, options) => {
    const picture = waves(75, 53, channels);
    const read = await readTiff(await picture.clone().tiff(options).toBuffer());
    expect(read).toMatchObject({ width: 75, height: 53, channels });
    expect(Buffer.from(read.data).equals(await picture.raw().toBuffer())).toBe(true);
  });

  test.each([1, 2, 4] as const)('gray of %i bits', async (bitdepth) => {
    const file = await waves(37, 20, 1).tiff({ bitdepth, compression: 'none' }).toBuffer();
    const read = await readTiff(file);
    expect(Buffer.from(read.data)).toEqual(await sharp(file).toColourspace('b-w').raw().toBuffer());
  });

  test('16 bits, profile, resolution', async () => {
    const file = await waves(40, 30, 3)
      .toColourspace('rgb16')
      .withIccProfile('p3')
      .withMetadata({ density: 240 })
      .tiff({ compression: 'lzw', predictor: 'horizontal' })
      .toBuffer();
    const read = await readTiff(file);
    const { icc } = await sharp(file).metadata();
    const expected = await sharp(file).keepIccProfile().toColourspace('rgb16').raw({ depth: 'ushort' }).toBuffer();
    expect(Buffer.from(read.data.buffer, read.data.byteOffset, read.data.byteLength).equals(expected)).toBe(true);
    expect(read.resolution).toBeCloseTo(240, 3);
    expect(Buffer.from(read.iccProfile!)).toEqual(icc);
  });

  test('floats of differences', async () => {
    const file = await waves(21, 17, 3)
      .toColourspace('scrgb')
      .tiff({ compression: 'deflate', predictor: 'float' })
      .toBuffer();
    const read = await readTiff(file);
    expect((await sharp(file).metadata()).depth).toBe('float');
    const expected = await sharp(file).toColourspace('scrgb').raw({ depth: 'float' }).toBuffer();
    expect(Buffer.from(read.data.buffer, read.data.byteOffset, read.data.byteLength).equals(expected)).toBe(true);
  });

  test('big-endian LZW of 16-bit differences', async () => {
    const read = await readTiff(fixture('big-endian-lzw.tif'));
    const expected = await sharp(fixture('big-endian-lzw.tif'))
      .toColourspace('rgb16')
      .raw({ depth: 'ushort' })
      .toBuffer();
    expect(Buffer.from(read.data.buffer, read.data.byteOffset, read.data.byteLength).equals(expected)).toBe(true);
  });

  test('Zstandard, which libvips here does not read', async () => {
    const read = await readTiff(fixture('zstd.tif'));
    const expected = await sharp(fixture('text.png')).removeAlpha().raw().toBuffer();
    expect(Buffer.from(read.data).equals(expected)).toBe(true);
  });

  test.each([2, 3, 6, 8])('orientation %i is turned upright', async (orientation) => {
    const file = await waves(30, 20, 3).withMetadata({ orientation }).tiff({ compression: 'none' }).toBuffer();
    const { data, info } = await sharp(file).autoOrient().raw().toBuffer({ resolveWithObject: true });
    const read = await readTiff(file);
    expect([read.width, read.height]).toEqual([info.width, info.height]);
    expect(Buffer.from(read.data).equals(data)).toBe(true);
    expect(read.turned).toBe(true);
  });

  test('of several pictures the largest, and that is said', async () => {
    const read = await readTiff(fixture('preview-first.tif'));
    expect(read).toMatchObject({ width: 96, height: 72, notice: expect.stringContaining('number 2') as string });
  });

  test('JPEG and CMYK inside are refused by name', async () => {
    const jpeg = await waves(30, 20, 3).tiff({ compression: 'jpeg' }).toBuffer();
    await expect(readOwn('TIFF', jpeg, '“a.tif”')).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('“a.tif” is a TIFF') as string,
    });
    const cmyk = await waves(30, 20, 3).toColourspace('cmyk').tiff({ compression: 'lzw' }).toBuffer();
    await expect(readOwn('TIFF', cmyk, '“a.tif”')).rejects.toMatchObject({
      message: expect.stringContaining('CMYK') as string,
    });
  });

  test('cut off or changed anywhere, it is read or refused, and never anything else', async () => {
    const files = await Promise.all([
      waves(23, 19, 3).tiff({ compression: 'lzw', predictor: 'horizontal' }).toBuffer(),
      waves(23, 19, 4).tiff({ compression: 'deflate', tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
      waves(23, 19, 1).tiff({ compression: 'packbits' }).toBuffer(),
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files, fixture('zstd.tif')),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
        async (file, end, changes) => {
          const bytes = Buffer.from(file.subarray(0, end < 0.5 ? undefined : Math.ceil(file.length * end)));
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          const outcome = await readOwn('TIFF', bytes, 'x').catch((error: { code?: string }) => error);
          if ('data' in outcome) expect(outcome.data).toHaveLength(outcome.width * outcome.height * outcome.channels);
          else expect(['bad-image', 'unsupported', 'too-large']).toContain(outcome.code);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('PSD', () => {
  const imageData = { width: 5, height: 4, data: new Uint8ClampedArray(80).map((_, i) => (i % 4 === 3 ? 255 : i * 3)) };

  test('the flattened picture with its resolution', async () => {
    const file = writePsdBuffer({
      width: 5,
      height: 4,
      imageData,
      imageResources: {
        resolutionInfo: {
          horizontalResolution: 300,
          horizontalResolutionUnit: 'PPI',
          widthUnit: 'Inches',
          verticalResolution: 300,
          verticalResolutionUnit: 'PPI',
          heightUnit: 'Inches',
        },
      },
    });
    const read = await readOwn('PSD', file, 'x');
    expect(read).toMatchObject({ width: 5, height: 4, channels: 3, resolution: 300 });
    expect([...read.data]).toEqual([...imageData.data].filter((_, i) => i % 4 !== 3));
  });
});

describe('kinds', () => {
  test('a drawing is known behind declarations and comments', () => {
    expect(
      isSvg(Buffer.from('<?xml version="1.0"?>\n<!-- made by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"/>')),
    ).toBe(true);
    expect(isSvg(Buffer.from('\ufeff<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x">\n<svg width="3">'))).toBe(true);
    expect(isSvg(Buffer.from('<html><svg></svg></html>'))).toBe(false);
    expect(isSvg(Buffer.from('hello'))).toBe(false);
  });

  test.each([
    ['a JPEG XL picture', Buffer.from([0xff, 0x0a, 0, 0])],
    ['a HEIC picture', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1')],
    ['a video', Buffer.from('\0\0\0\x18ftypisom\0\0\0\0', 'latin1')],
    ['an OpenEXR picture', Buffer.from([0x76, 0x2f, 0x31, 1])],
  ])('%s is refused by its name', (what, bytes) => {
    expect(foreign(kindOf(bytes), 'it')?.message).toBe(`it is ${what}, which LWay does not read.`);
  });

  test('an AVIF that begins as any HEIF does', () => {
    expect(kindOf(Buffer.from('\0\0\0\x1cftypmif1\0\0\0\0avifmif1', 'latin1'))).toBe('AVIF');
  });

  test('TGA, which has no signature, is known by its name', () => {
    const head = Buffer.alloc(18);
    head[2] = 2;
    expect(ownFormat(head, 'a.tga')).toBe('TGA');
    expect(ownFormat(head, 'a.png')).toBeNull();
  });
});
