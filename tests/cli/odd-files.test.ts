import { writePsdBuffer } from 'ag-psd';
import { writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { deflateSync } from 'node:zlib';
import { takeFixture } from './support/fixtures';
import { floatTiff } from './support/float-tiff';
import { difference, doubled, drawn, pipeline, readPicture, type Picture } from './support/pictures';
import type { CliResult } from './support/test-root';
import { TestRoot } from './support/test-root';

let root: TestRoot;
beforeEach(() => (root = new TestRoot()));
afterEach(() => root.remove());

const upscale = (name: string, ...args: string[]): Promise<CliResult> =>
  root.lway('upscale', name, '-o', 'out.png', '--scale', '2', '--device', 'cpu', ...args);

/** A little-endian TIFF of one uncompressed strip. */
function plainTiff(
  width: number,
  height: number,
  bits: number,
  samples: number,
  photometric: number,
  data: Buffer,
): Buffer {
  const entries: [number, number, number][] = [
    [256, 4, width],
    [257, 4, height],
    [258, 3, bits],
    [259, 3, 1],
    [262, 3, photometric],
    [273, 4, 8],
    [277, 3, samples],
    [278, 4, height],
    [279, 4, data.length],
    ...(bits > 16 ? ([[339, 3, 3]] as [number, number, number][]) : []),
  ];
  const at = 8 + data.length;
  const directory = Buffer.alloc(2 + entries.length * 12 + 4);
  directory.writeUInt16LE(entries.length, 0);
  entries.forEach(([tag, type, value], i) => {
    directory.writeUInt16LE(tag, 2 + 12 * i);
    directory.writeUInt16LE(type, 4 + 12 * i);
    directory.writeUInt32LE(1, 6 + 12 * i);
    directory.writeUInt32LE(value, 10 + 12 * i);
  });
  const head = Buffer.from('II*\0\0\0\0\0', 'latin1');
  head.writeUInt32LE(at, 4);
  return Buffer.concat([head, data, directory]);
}

/** The pattern that all fixtures hold, as it is in the one without colour of its own. */
async function pattern(): Promise<Picture> {
  takeFixture(root, 'text.png');
  return readPicture(root.path('text.png'));
}

describe('sound files whose decoders warn', () => {
  test.each(['datetime-no-null.tif', 'no-bytecounts.tif'])('%s is read, and that is said', async (name) => {
    const { code, stderr } = await upscale(takeFixture(root, name));
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('was read anyway') as string,
    });
    expect(difference(await readPicture(root.path('out.png')), doubled(await pattern()))).toBe(0);
  });

  test('a fourth channel that nothing is said of', async () => {
    expect(await upscale(takeFixture(root, 'no-extrasamples.tif'))).toMatchObject({ code: 0 });
    expect((await sharp(root.path('out.png')).metadata()).channels).toBe(4);
  });

  test('the odd scan header of some phones', async () => {
    expect(await upscale(takeFixture(root, 'samsung-sos.jpg'))).toMatchObject({ code: 0 });
    expect(await sharp(root.path('out.png')).metadata()).toMatchObject({ width: 192, height: 144 });
  });

  test('stray bytes do not hide that there is more behind them', async () => {
    const bytes = await pipeline(drawn(300, 200, 3))
      .jpeg()
      .toBuffer();
    const at = bytes.indexOf(Buffer.from([0xff, 0xda]));
    const stray = Buffer.concat([bytes.subarray(0, at), Buffer.from([0, 0, 0]), bytes.subarray(at)]);
    // End of image, in the middle of the data of a scan.
    stray.fill(Buffer.from([0xff, 0xd9]), stray.length >> 1, (stray.length >> 1) + 100);
    writeFileSync(root.path('in.jpg'), stray);
    expect((await upscale('in.jpg')).stderr).toContain('"in.jpg" has several faults in its data');
  });
});

describe('TIFFs that libvips does not read', () => {
  test.each(['tiled-planar.tif'])('%s', async (name) => {
    expect(await upscale(takeFixture(root, name))).toMatchObject({ code: 0 });
    expect(difference(await readPicture(root.path('out.png')), doubled(await pattern()))).toBe(0);
  });

  test('Lab in 8 bits becomes sRGB, and that is said', async () => {
    const { code, stderr } = await upscale(takeFixture(root, 'lab8.tif'));
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('"lab8.tif" is a Lab picture') as string,
    });
    // sRGB's red, green and blue, and white, in Lab under D50.
    const lab = [54.29, 80.81, 69.89, 87.82, -79.28, 80.99, 29.57, 68.3, -112.03, 100, 0, 0];
    const bytes = lab.map((value, i) => (i % 3 === 0 ? Math.round(value * 2.55) : Math.round(value) & 255));
    writeFileSync(root.path('four.tif'), plainTiff(2, 2, 8, 3, 8, Buffer.from(bytes)));
    expect(await upscale('four.tif', '--depth', '8', '-f')).toMatchObject({ code: 0 });
    const { data } = await readPicture(root.path('out.png'));
    const corner = (x: number, y: number) => [0, 1, 2].map((c) => data[(y * 4 + x) * 3 + c]!);
    const wanted = [corner(0, 0), corner(3, 0), corner(0, 3), corner(3, 3)].flat();
    [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255].forEach((value, i) =>
      expect(Math.abs(wanted[i]! - value)).toBeLessThan(30),
    );
  });

  test('64-bit floats', async () => {
    const light = Float64Array.from({ length: 12 }, (_, i) => i / 8);
    writeFileSync(root.path('in.tif'), plainTiff(4, 3, 64, 1, 1, Buffer.from(light.buffer)));
    writeFileSync(root.path('same.tif'), floatTiff(4, 3, 1, Float32Array.from(light)));
    const results = await Promise.all(
      ['in', 'same'].map(async (name) => {
        const args = [`${name}.tif`, '-o', `${name}-out.tif`, '--scale', '2', '--device', 'cpu'];
        expect(await root.lway('upscale', ...args)).toMatchObject({ code: 0 });
        return readPicture(root.path(`${name}-out.tif`));
      }),
    );
    expect(results[0]!.meta.depth).toBe('float');
    expect(difference(results[0]!, results[1]!)).toBe(0);
  });
});

test('of several pages the largest is taken, and said', async () => {
  const { code, stderr } = await upscale(takeFixture(root, 'preview-first.tif'));
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('has 2 pages; the largest one, number 2, is upscaled') as string,
  });
  expect(difference(await readPicture(root.path('out.png')), doubled(await pattern()))).toBe(0);
});

describe('what cannot be read is refused by its name, with what to do', () => {
  const start = (text: string) => Buffer.concat([Buffer.from(text, 'latin1'), Buffer.alloc(64)]);
  const dng = () => {
    const file = Buffer.alloc(64);
    file.write('II*\0', 'latin1');
    file.writeUInt32LE(8, 4);
    file.writeUInt16LE(1, 8);
    file.writeUInt16LE(0xc612, 10);
    file.writeUInt16LE(1, 12);
    file.writeUInt32LE(4, 14);
    return file;
  };
  test.each([
    ['a.dng', dng(), /is a camera raw file, .* Develop it/],
    ['a.raf', start('FUJIFILMCCD-RAW '), /is a camera raw file/],
    ['a.cr3', start('\0\0\0\x18ftypcrx '), /is a camera raw file/],
    ['a.jpg', start('\0\0\0\x0cJXL \r\n'), /is a JPEG XL picture, .* Export it/],
    ['a.jp2', start('\0\0\0\x0cjP  \r\n'), /is a JPEG 2000 picture/],
    ['a.heic', start('\0\0\0\x18ftypheic'), /is a HEIC picture/],
    ['a.exr', start('\x76\x2f\x31\x01'), /is an OpenEXR picture/],
    ['a.pdf', start('%PDF-1.7'), /is a PDF document/],
    ['a.xcf', start('gimp xcf v011'), /is a GIMP file/],
  ])('%s', async (name, bytes, sentence) => {
    writeFileSync(root.path(name), bytes);
    expect(await upscale(name)).toMatchObject({ code: 1, stderr: expect.stringMatching(sentence) as string });
  });

  test.each([['jpeg12.jpg', /is a JPEG of 12 bits per channel/]])('%s', async (name, sentence) => {
    expect(await upscale(takeFixture(root, name))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(sentence) as string,
    });
  });
});

test('the still picture of an animated AVIF', async () => {
  const { code, stderr } = await upscale(takeFixture(root, 'anim.avif'));
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('is an animated AVIF') as string });
  expect(difference(await readPicture(root.path('out.png')), doubled(await pattern()))).toBeLessThan(40);
});

test('a TIFF packed by Zstandard', async () => {
  expect(await upscale(takeFixture(root, 'zstd.tif'))).toMatchObject({ code: 0 });
  expect(difference(await readPicture(root.path('out.png')), doubled(await pattern()))).toBe(0);
});

describe('a drawing', () => {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="40" height="20">
    <image xlink:href="picture.png" width="20" height="20"/><rect x="20" width="20" height="20" fill="#00f"/></svg>`;
  const colours = async (name: string, x: number, y: number) => {
    const { data, info } = await sharp(root.path(name)).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    return [...data.subarray((y * info.width + x) * 4, (y * info.width + x) * 4 + 4)];
  };
  beforeEach(async () => {
    writeFileSync(root.path('in.svg'), svg);
    await sharp({ create: { width: 20, height: 20, channels: 3, background: '#f00' } })
      .png()
      .toFile(root.path('picture.png'));
  });

  test('is drawn anew at the wanted size, with nothing that it links to', async () => {
    const { code, stderr } = await root.lway('upscale', 'in.svg', '-o', 'out.png', '--size', '1000x');
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('without a network') as string });
    expect(await sharp(root.path('out.png')).metadata()).toMatchObject({ width: 1000, height: 500, channels: 4 });
    // An edge as sharp as one drawn at this size.
    expect(await colours('out.png', 500, 250)).toEqual([0, 0, 255, 255]);
    expect(await colours('out.png', 499, 250)).toEqual([0, 0, 0, 0]);
    expect(await colours('out.png', 100, 250)).toEqual([0, 0, 0, 0]);
  });

  test('or a region of it', async () => {
    expect(
      await root.lway('upscale', 'in.svg', '-o', 'out.png', '--scale', '3', '--region', '15,0,10,20'),
    ).toMatchObject({ code: 0 });
    expect(await sharp(root.path('out.png')).metadata()).toMatchObject({ width: 30, height: 60 });
    expect(await colours('out.png', 15, 5)).toEqual([0, 0, 255, 255]);
    expect(await colours('out.png', 14, 5)).toEqual([0, 0, 0, 0]);
  });
});

describe('formats that LWay reads itself', () => {
  const picture = drawn(7, 5, 3);
  const at = (x: number, y: number, c: number) => picture.data[(y * 7 + x) * 3 + c]!;

  const bmp = () => {
    const stride = 24;
    const file = Buffer.alloc(54 + stride * 5);
    file.write('BM');
    file.writeUInt32LE(54, 10);
    file.writeUInt32LE(40, 14);
    file.writeInt32LE(7, 18);
    file.writeInt32LE(5, 22);
    file.writeUInt16LE(1, 26);
    file.writeUInt16LE(24, 28);
    for (let y = 0; y < 5; y++)
      for (let x = 0; x < 7; x++) for (let c = 0; c < 3; c++) file[54 + (4 - y) * stride + 3 * x + 2 - c] = at(x, y, c);
    return file;
  };
  const ppm = () => Buffer.concat([Buffer.from('P6\n# a comment\n7 5\n255\n'), Buffer.from(picture.data.buffer)]);
  const plainPpm = () => Buffer.from(`P3 7 5 255 ${[...picture.data].join(' ')}`);
  const tga = (runs: boolean) => {
    const head = Buffer.alloc(18);
    head[2] = runs ? 10 : 2;
    head.writeUInt16LE(7, 12);
    head.writeUInt16LE(5, 14);
    head[16] = 24;
    head[17] = 0x20;
    const parts: Buffer[] = [head];
    for (let y = 0; y < 5; y++) {
      if (runs) parts.push(Buffer.from([6]));
      for (let x = 0; x < 7; x++) parts.push(Buffer.from([at(x, y, 2), at(x, y, 1), at(x, y, 0)]));
    }
    return Buffer.concat(parts);
  };
  const psd = () => {
    const rgba = new Uint8ClampedArray(7 * 5 * 4).fill(255);
    for (let i = 0; i < 35; i++) for (let c = 0; c < 3; c++) rgba[4 * i + c] = picture.data[3 * i + c]!;
    return writePsdBuffer({ width: 7, height: 5, imageData: { width: 7, height: 5, data: rgba } });
  };

  test.each([
    ['in.bmp', bmp],
    ['in.ppm', ppm],
    ['plain.ppm', plainPpm],
    ['in.tga', () => tga(false)],
    ['runs.tga', () => tga(true)],
    ['in.psd', psd],
  ])('%s', async (name, make) => {
    writeFileSync(root.path(name), make());
    expect(await upscale(name)).toMatchObject({ code: 0 });
    expect(difference(await readPicture(root.path('out.png')), doubled(picture))).toBe(0);
  });

  test.each([
    ['in.bmp', bmp],
    ['in.ppm', ppm],
    ['in.tga', () => tga(false)],
    ['in.psd', psd],
  ])('%s cut off is refused', async (name, make) => {
    const whole = make();
    writeFileSync(root.path(name), whole.subarray(0, Math.floor(whole.length * 0.7)));
    expect(await upscale(name)).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be read') as string });
  });

  test('a bomb of a deflated TIFF is no more than it says', async () => {
    const packed = deflateSync(Buffer.alloc(50_000_000));
    expect(packed.length).toBeLessThan(100_000);
    const entries: [number, number, number][] = [
      [256, 4, 8],
      [257, 4, 8],
      [258, 3, 8],
      [259, 3, 8],
      [262, 3, 8],
      [273, 4, 8],
      [277, 3, 3],
      [278, 4, 8],
      [279, 4, packed.length],
    ];
    const at = 8 + packed.length + (packed.length & 1);
    const file = Buffer.alloc(at + 2 + entries.length * 12 + 4);
    file.write('II*\0', 'latin1');
    file.writeUInt32LE(at, 4);
    packed.copy(file, 8);
    file.writeUInt16LE(entries.length, at);
    entries.forEach(([tag, type, value], i) => {
      file.writeUInt16LE(tag, at + 2 + 12 * i);
      file.writeUInt16LE(type, at + 4 + 12 * i);
      file.writeUInt32LE(1, at + 6 + 12 * i);
      file.writeUInt32LE(value, at + 10 + 12 * i);
    });
    writeFileSync(root.path('in.tif'), file);
    expect(await upscale('in.tif')).toMatchObject({ code: 0 });
    expect(await sharp(root.path('out.png')).metadata()).toMatchObject({ width: 16, height: 16 });
  });
});
