import { existsSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { encode } from '../../../src/cli/files/encode';
import { formats } from '../../../src/cli/files/formats';
import { nothingCarried } from '../../../src/cli/files/metadata/carry';
import { carryXmp } from '../../../src/pictures/xmp';
import { PictureSink } from '../../../src/cli/files/picture-sink';
import { PictureSource } from '../../../src/cli/files/picture-source';
import { createRaster } from '../../../src/engine/raster/planes';
import type { PictureInfo } from '../../../src/engine/raster/raster';
import { TestRoot } from '../support/test-root';

const { signal } = new AbortController();
const info: PictureInfo = { width: 60, height: 50, channels: 3, bitDepth: 8, encoding: 'display', resolution: 300 };

let root: TestRoot;
beforeEach(() => (root = new TestRoot()));
afterEach(() => root.remove());

async function workFile(): Promise<string> {
  const path = root.path('work.v');
  const sink = new PictureSink(path, { metadata: [], label: 'out' });
  await sink.begin(signal, info);
  // Written in pieces, the later ones first.
  for (const y of [30, 0]) {
    const height = y === 0 ? 30 : 20;
    for (const x of [40, 0]) {
      const piece = createRaster(x === 0 ? 40 : 20, height, 3);
      piece.data.forEach((_, i) => (piece.data[i] = (((x + y + i) * 2654435761) % 1000) / 1000));
      await sink.write(signal, x, y, piece);
    }
  }
  await sink.end(signal);
  return path;
}

test('pieces in any order become one picture, read back piece by piece', async () => {
  const path = await workFile();
  const source = await PictureSource.open(path);
  const whole = await source.read(signal, { x: 0, y: 0, width: 60, height: 50 });
  const part = await source.read(signal, { x: 35, y: 25, width: 10, height: 10 });
  await source.close();
  const { data } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  for (let i = 0; i < 60 * 50; i++) expect(Math.round(whole.data[i]! * 255)).toBe(data[i * 3]);
  expect(part.data[0]).toBe(whole.data[25 * 60 + 35]);
  expect(part.data[199]).toBe(whole.data[3000 + 34 * 60 + 44]);
});

test('a result with a hole is an error of the program, not a picture', async () => {
  const sink = new PictureSink(root.path('x.v'), { metadata: [], label: 'out' });
  await sink.begin(signal, info);
  await sink.write(signal, 0, 0, createRaster(60, 49, 3));
  await expect(sink.end(signal)).rejects.toThrow('do not cover');
  await expect(sink.write(signal, 10, 0, createRaster(60, 1, 3))).rejects.toThrow('does not fit');
  await sink.close();
});

const onLinux = existsSync('/dev/full') ? test : test.skip;

onLinux.each(Object.values(formats))('a disk that fills up while $label is encoded', async (format) => {
  const work = await workFile();
  await expect(
    encode(signal, work, info, '/dev/full', { format, metadata: nothingCarried, label: 'photo-x4' }),
  ).rejects.toMatchObject({
    code: 'storage',
    message: expect.stringContaining('The disk is full: "photo-x4"') as string,
  });
});

test('cancelling does not wait for the encoder', async () => {
  const work = await workFile();
  const controller = new AbortController();
  const done = encode(controller.signal, work, info, root.path('out.avif'), {
    format: formats.avif,
    metadata: nothingCarried,
    label: 'out',
  });
  controller.abort();
  await expect(done).rejects.toBe(controller.signal.reason);
});

test('a large TIFF is written with 64-bit offsets', async () => {
  const work = await workFile();
  // As many pixels as would not fit are claimed, not made: the choice follows from the size alone.
  const large = { ...info, width: 40_000, height: 40_000 };
  await encode(signal, work, large, root.path('large.tif'), {
    format: formats.tiff,
    metadata: nothingCarried,
    label: 'out',
  });
  await encode(signal, work, info, root.path('small.tif'), {
    format: formats.tiff,
    metadata: nothingCarried,
    label: 'out',
  });
  expect(readFileSync(root.path('large.tif')).readUInt16LE(2)).toBe(43);
  expect(readFileSync(root.path('small.tif')).readUInt16LE(2)).toBe(42);
});

test('XMP says the new size and no turn, as attributes and as elements', () => {
  const before =
    '<a tiff:Orientation="6" tiff:ImageWidth = "10" exif:PixelYDimension=\'20\' xmp:Rating="6"><tiff:ImageLength>20</tiff:ImageLength><tiff:Orientation>8</tiff:Orientation></a>';
  expect(carryXmp(before, { width: 40, height: 80, turned: true })).toBe(
    '<a tiff:Orientation="1" tiff:ImageWidth = "40" exif:PixelYDimension=\'80\' xmp:Rating="6"><tiff:ImageLength>80</tiff:ImageLength><tiff:Orientation>1</tiff:Orientation></a>',
  );
});
