import exifr from 'exifr';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { withJpegMetadata } from '../../src/hosts/embedded/export/jpeg-metadata';
import { writePng } from '../../src/hosts/shared/png/write';
import { pictureFormats, wordsLost } from '../../src/hosts/embedded/export/formats';
import { writePsd } from '../../src/hosts/embedded/export/psd';
import { writeTiff } from '../../src/hosts/embedded/export/tiff';
import { withWebpMetadata } from '../../src/hosts/embedded/export/webp-metadata';
import { findMetadata, resolutionOf, uprightMetadata } from '../../src/hosts/embedded/find-metadata';
import { PackedPixels } from '../../src/hosts/shared/pixels';
import { Workspace } from '../../src/hosts/embedded/workspace';
import { writeIptc } from '../../src/pictures/iptc';
import type { PictureMetadata } from '../../src/pictures/picture';
import { readOwn } from '../../src/pictures/read';
import { entryOf, putDirectory } from '../../src/pictures/tiff/entries';
import { exifFor } from '../../src/pictures/tiff/exif';

const never = new AbortController().signal;
const [width, height] = [12, 8];
const picture = () => sharp({ create: { width, height, channels: 3, background: '#4a7' } });
const pixels = () =>
  new PackedPixels(
    { width, height, channels: 3, bitDepth: 8, encoding: 'display' },
    new Uint8Array(width * height * 3).fill(90),
  );

/** What a camera and a person say, as EXIF in the order of bytes that the name tells. */
async function exifIn(order: 'II' | 'MM'): Promise<Uint8Array> {
  if (order === 'MM') return byHand();
  const file = await picture()
    .withExif({
      IFD0: { Make: 'Kodak', Copyright: 'A person' },
      IFD2: { ISOSpeedRatings: '400', ExposureTime: '1/125', LensModel: 'a lens with a long name' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '52/1 30/1 0/1', GPSLongitudeRef: 'E', GPSLongitude: '13/1 24/1 0/1' },
    })
    .jpeg()
    .toBuffer();
  return findMetadata(file)!.exif!;
}

/** The same, most significant bytes first. */
function byHand(): Uint8Array {
  const parts: { at: number; bytes: Buffer }[] = [];
  let end = 8;
  const put = (bytes: Buffer) => {
    const at = end;
    parts.push({ at, bytes });
    end += bytes.length + (bytes.length & 1);
    return at;
  };
  const text = (value: string) => [2, Buffer.from(`${value}\0`, 'utf8')] as const;
  const number = (size: 2 | 4, value: number) => {
    const bytes = Buffer.alloc(size);
    bytes.writeUIntBE(value, 0, size);
    return [size === 2 ? 3 : 4, bytes] as const;
  };
  const fractions = (...values: number[]) => {
    const bytes = Buffer.alloc(values.length * 4);
    values.forEach((value, i) => bytes.writeUInt32BE(value, 4 * i));
    return [5, bytes] as const;
  };
  const sizes: Record<number, number> = { 2: 1, 3: 2, 4: 4, 5: 8 };
  const directory = (entries: readonly (readonly [number, readonly [number, Buffer]])[]) => {
    const table = Buffer.alloc(2 + 12 * entries.length + 4);
    table.writeUInt16BE(entries.length, 0);
    for (const [i, [tag, [type, bytes]]] of entries.entries()) {
      const at = 2 + 12 * i;
      table.writeUInt16BE(tag, at);
      table.writeUInt16BE(type, at + 2);
      table.writeUInt32BE(bytes.length / sizes[type]!, at + 4);
      if (bytes.length <= 4) bytes.copy(table, at + 8);
      else table.writeUInt32BE(put(bytes), at + 8);
    }
    return put(table);
  };
  const camera = directory([
    [0x829a, fractions(1, 125)],
    [0x8827, number(2, 400)],
    [0xa434, text('a lens with a long name')],
  ]);
  const place = directory([
    [1, text('N')],
    [2, fractions(52, 1, 30, 1, 0, 1)],
    [3, text('E')],
    [4, fractions(13, 1, 24, 1, 0, 1)],
  ]);
  const first = directory([
    [0x010f, text('Kodak')],
    [0x8298, text('A person')],
    [0x8769, number(4, camera)],
    [0x8825, number(4, place)],
  ]);
  const out = Buffer.alloc(end);
  out.write('MM\0\x2a', 'latin1');
  out.writeUInt32BE(first, 4);
  for (const { at, bytes } of parts) bytes.copy(out, at);
  return out;
}

const all = {
  Make: 'Kodak',
  Copyright: 'A person',
  ISO: 400,
  ExposureTime: 1 / 125,
  LensModel: 'a lens with a long name',
  latitude: 52.5,
  longitude: 13.4,
};

/** By a reader of its own. */
const said = (file: Uint8Array) => exifr.parse(Buffer.from(file), { gps: true, exif: true, mergeOutput: true });

async function tiffWith(exif: Uint8Array): Promise<Buffer> {
  return Buffer.concat(await writeTiff(never, pixels(), () => undefined, { exif }));
}

describe.each(['II', 'MM'] as const)('EXIF, %s', (order) => {
  test('in a TIFF, out of it again, and what else the file says stays its own', async () => {
    const exif = await exifIn(order);
    expect(await said(exif)).toMatchObject(all);
    const file = await tiffWith(exif);
    expect(await said(file)).toMatchObject({ ...all, ImageWidth: width, ImageHeight: height });
    expect(await sharp(file).metadata()).toMatchObject({ width, height, channels: 3 });
    const read = await readOwn('TIFF', file, 'it');
    expect(await said(exifFor(read.exif!, { width: 24, height: 16 }).exif!)).toMatchObject(all);
    // Only what tells of the picture: not the file's own strips.
    expect(await said(read.exif!)).not.toHaveProperty('StripOffsets');
  });

  test('in a PSD', async () => {
    const exif = await exifIn(order);
    const document = new Workspace().add('it', 'Background', pixels());
    const file = await writePsd(never, document, () => undefined, { exif });
    const read = await readOwn('PSD', file, 'it');
    expect(await said(read.exif!)).toMatchObject(all);
    expect(read).toMatchObject({ width, height });
  });
});

const city = 'Zürich';
const xmp =
  '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
  `<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"><dc:title xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Alt><rdf:li xml:lang="x-default">Grüße</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>`;
const name = Buffer.from(city, 'utf8');
const iptc = Buffer.concat([Buffer.from([0x1c, 2, 90, 0, name.length]), name]);

async function pngWith(metadata: PictureMetadata): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  await writePng(never, pixels(), (part) => parts.push(part), undefined, metadata);
  return Buffer.concat(parts);
}

describe('XMP and IPTC', () => {
  const files = {
    png: () => pngWith({ xmp, iptc }),
    jpeg: async () => Buffer.concat(withJpegMetadata(new Uint8Array(await picture().jpeg().toBuffer()), { xmp, iptc })),
    webp: async () =>
      Buffer.concat(withWebpMetadata(new Uint8Array(await picture().webp().toBuffer()), width, height, { xmp })),
    tiff: async () => Buffer.concat(await writeTiff(never, pixels(), undefined, { xmp, iptc })),
  };

  test.each(['png', 'jpeg', 'webp', 'tiff'] as const)('into a %s and out of it', async (format) => {
    const file = await files[format]();
    const { xmp: packet, iptc: datasets, ...size } = await sharp(file).metadata();
    expect(size).toMatchObject({ width, height });
    expect(packet!.toString('utf8')).toBe(xmp);
    const own = format === 'tiff' ? await readOwn('TIFF', file, 'it') : findMetadata(file)!;
    expect(own.xmp).toBe(xmp);
    const there = format !== 'webp';
    // libvips does not look for it in a PNG.
    expect(datasets !== undefined && datasets.includes(name)).toBe(there && format !== 'png');
    expect(own.iptc && Buffer.from(own.iptc)).toEqual(there ? iptc : undefined);
  });

  test('into a PSD and out of it', async () => {
    const document = new Workspace().add('it', 'Background', pixels());
    const read = await readOwn('PSD', await writePsd(never, document, undefined, { xmp, iptc }), 'it');
    expect(read.xmp).toBe(xmp);
    expect(Buffer.from(read.iptc!)).toEqual(iptc);
  });

  test('hidden in a PNG’s text, packed or not', async () => {
    const file = await pngWith({ xmp });
    const hex = writeIptc(iptc, false).reduce((text, byte) => text + byte.toString(16).padStart(2, '0'), '');
    const profile = Buffer.from(`\niptc\n      ${hex.length / 2}\n${hex}\n`, 'latin1');
    const text = (type: string, data: Buffer) => {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(data.length);
      head.write(type, 4, 'latin1');
      return Buffer.concat([head, data, Buffer.alloc(4)]);
    };
    const keyword = Buffer.from('Raw profile type iptc\0', 'latin1');
    const packed = text('zTXt', Buffer.concat([keyword, Buffer.from([0]), deflateSync(profile)]));
    for (const chunk of [packed, text('tEXt', Buffer.concat([keyword, profile]))]) {
      const found = findMetadata(Buffer.concat([file.subarray(0, 33), chunk, file.subarray(33)]));
      expect(Buffer.from(found!.iptc!)).toEqual(iptc);
    }
    // As libvips writes it.
    expect(findMetadata(await picture().withXmp(xmp).png().toBuffer())).toEqual({ xmp });
    const broken = text('zTXt', Buffer.concat([keyword, Buffer.from([0, 1, 2, 3])]));
    expect(findMetadata(Buffer.concat([file.subarray(0, 33), broken, file.subarray(33)]))).toEqual({ xmp });
  });

  test('XMP does not turn once more what EXIF has turned; alone, it is left as it is', () => {
    expect(uprightMetadata({ xmp }, true)!.xmp).toContain('tiff:Orientation="1"');
    expect(uprightMetadata({ xmp }, false)!.xmp).toBe(xmp);
    expect(uprightMetadata({}, true)).toBeUndefined();
  });
});

test('a TIFF that says nothing has no EXIF', async () => {
  const plain = await readOwn('TIFF', Buffer.concat(await writeTiff(never, pixels())), 'it');
  expect(plain.exif).toBeUndefined();
});

describe('what a PNG says in words', () => {
  const text = [
    { keyword: 'parameters', text: `a tree, ${'very '.repeat(300)}green` },
    { keyword: 'Author', text: 'Jane Döe' },
    { keyword: 'Weather', text: 'rain' },
  ];

  test('comes along into a PNG, thumbnails of what was do not', async () => {
    const file = await pngWith({ text: [...text, { keyword: 'Thumb::URI', text: 'file:///me.png' }] });
    expect(findMetadata(file)).toEqual({ text });
    const { comments } = await sharp(file).metadata();
    expect(comments).toContainEqual(text[0]);
  });

  test('goes into other formats where EXIF has a place, and the rest is said', async () => {
    const { exif, left } = exifFor(undefined, { width, height }, text);
    expect(left).toEqual(['Weather']);
    const { Artist, userComment } = (await exifr.parse(Buffer.from(exif!), { userComment: true })) as {
      Artist: string;
      userComment: Uint8Array;
    };
    expect(Artist).toBe('Jane Döe');
    expect(Buffer.from(userComment.subarray(8)).toString('utf16le')).toBe(text[0]!.text);
    const jpeg = pictureFormats.find(({ id }) => id === 'jpeg')!;
    expect(wordsLost(jpeg, { text })).toContain('under “Weather”');
    expect(wordsLost(pictureFormats[0]!, { text })).toBe('');
  });
});

test('EXIF without thumbnail, maker’s notes and places in the old picture, for its new size', async () => {
  const thumbnail = await sharp({ create: { width: 16, height: 16, channels: 3, background: '#f00' } })
    .jpeg()
    .toBuffer();
  const bytes = (tag: number, value: Uint8Array) => ({ tag, type: 7, count: value.length, value });
  const parts: Uint8Array[] = [Buffer.from('II*\0\0\0\0\0', 'latin1')];
  const add = (part: Uint8Array) => {
    const at = Buffer.concat(parts).length;
    parts.push(part, Buffer.alloc(part.length & 1));
    return at;
  };
  const camera = putDirectory(
    [entryOf(0x9214, 3, [4, 5]), bytes(0x927c, thumbnail), entryOf(0xa002, 4, [4000]), entryOf(0x8827, 3, [400])],
    add,
  );
  const first = putDirectory([entryOf(0x0112, 3, [6]), entryOf(0x8769, 4, [camera])], add);
  const small = putDirectory([entryOf(0x0201, 4, [add(thumbnail)]), entryOf(0x0202, 4, [thumbnail.length])], add);
  const file = Buffer.concat(parts);
  file.writeUInt32LE(first, 4);
  file.writeUInt32LE(small, first + 2 + 2 * 12);
  expect(await exifr.thumbnail(file)).toBeDefined();
  const { exif } = exifFor(file, { width: 24, height: 16, resolution: 300 });
  expect(Buffer.from(exif!).includes(thumbnail.subarray(0, 20))).toBe(false);
  expect(await exifr.parse(Buffer.from(exif!), { makerNote: true, translateValues: false })).toEqual({
    Orientation: 1,
    ISO: 400,
    ExifImageWidth: 24,
    XResolution: 300,
    YResolution: 300,
    ResolutionUnit: 2,
  });
});

test('the resolution of a JPEG and a WebP is what JFIF or EXIF says, where it has a unit', async () => {
  const jfif = (unit: number, density: number) => {
    const file = Buffer.concat(
      withJpegMetadata(new Uint8Array(Buffer.from('ffd8ffda00', 'hex')), { resolution: density }),
    );
    file[13] = unit;
    return file;
  };
  expect(resolutionOf(jfif(1, 240), undefined)).toBe(240);
  expect(resolutionOf(jfif(2, 100), undefined)).toBeCloseTo(254);
  expect(resolutionOf(jfif(0, 240), undefined)).toBeUndefined();
  const { exif } = exifFor(await exifIn('MM'), { width, height, resolution: 300 });
  expect(resolutionOf(jfif(0, 240), exif)).toBe(300);
  const webp = Buffer.concat(
    withWebpMetadata(new Uint8Array(await picture().webp().toBuffer()), width, height, { resolution: 150.5 }),
  );
  expect(resolutionOf(webp, findMetadata(webp)!.exif)).toBe(150.5);
});
