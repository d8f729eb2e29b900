import exifr from 'exifr';
import { readFileSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { readChunks, writeChunk } from '../../src/cli/files/metadata/png-chunks';
import { bytesOf } from '../../src/cli/files/tiff/directory';
import { rawProfile, readText, writeText } from '../../src/pictures/png-text';
import { takeFixture } from './support/fixtures';
import { drawn, pipeline, readPicture, writePng } from './support/pictures';
import type { CliResult } from './support/test-root';
import { TestRoot } from './support/test-root';

let root: TestRoot;
beforeEach(() => (root = new TestRoot()));
afterEach(() => root.remove());

async function upscale(name: string, ...args: string[]): Promise<CliResult> {
  const result = await root.lway('upscale', name, '--scale', '2', '--device', 'cpu', '--force', ...args);
  expect(result).toMatchObject({ code: 0 });
  return result;
}

interface Said {
  Artist?: string;
  Copyright?: string;
  ImageDescription?: string;
  XPComment?: string;
  userComment?: unknown;
  Make?: string;
  latitude?: number;
  ExifImageWidth?: number;
  thumbnail?: unknown;
}

/** What a reader of its own (exifr) finds in a file's EXIF. */
async function exifOf(name: string): Promise<Said> {
  const file = readFileSync(root.path(name));
  const block = /\.tif$/.test(name) ? file : (await sharp(file).metadata()).exif;
  if (!block) return {};
  const bare = block.toString('latin1', 0, 4) === 'Exif' ? block.subarray(6) : block;
  const options = {
    xmp: false,
    icc: false,
    iptc: false,
    gps: true,
    exif: true,
    ifd1: true,
    userComment: true,
    mergeOutput: true,
  };
  return ((await exifr.parse(bare, options)) ?? {}) as Said;
}

const formats = ['png', 'jpg', 'webp', 'avif', 'tif'];

test.each(formats)('of a region no preview of the whole stays behind: %s', async (format) => {
  takeFixture(root, 'thumb.jpg');
  const thumbnail = (await exifr.thumbnail(readFileSync(root.path('thumb.jpg'))))!;
  // The middle of it, wherever it may lie.
  const piece = Buffer.from(thumbnail).subarray(300, 340);
  expect(readFileSync(root.path('thumb.jpg')).includes(piece)).toBe(true);
  await upscale('thumb.jpg', '-o', `out.${format}`, '--region', '0,0,20,20');
  expect(readFileSync(root.path(`out.${format}`)).includes(piece)).toBe(false);
});

test('thumbnails in XMP, in IPTC and among Photoshop’s resources stay behind, the rest does not', async () => {
  const jpeg = await pipeline(drawn(16, 12, 3))
    .jpeg()
    .toBuffer();
  const base64 = jpeg.toString('base64');
  const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:q="http://ns.adobe.com/xap/1.0/g/img/" xmlns:own="http://example.org/" xmp:Rating="4" own:preview="${base64}"><xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource"><q:image>${base64}</q:image></rdf:li></rdf:Alt></xmp:Thumbnails><own:kept>yes</own:kept></rdf:Description></rdf:RDF></x:xmpmeta>`;
  const resource = (number: number, data: Buffer) => {
    const head = Buffer.alloc(12);
    head.write('8BIM');
    head.writeUInt16BE(number, 4);
    head.writeUInt32BE(data.length, 8);
    return Buffer.concat([head, data, Buffer.alloc(data.length & 1)]);
  };
  const dataset = (number: number, data: Buffer) => {
    const head = Buffer.from([0x1c, 2, number, 0, 0]);
    head.writeUInt16BE(data.length, 3);
    return Buffer.concat([head, data]);
  };
  const iptc = Buffer.concat([dataset(80, Buffer.from('Jane')), dataset(202, jpeg), dataset(120, Buffer.from('Cap'))]);
  const resources = Buffer.concat([Buffer.from('Photoshop 3.0\0'), resource(0x040c, jpeg), resource(0x0404, iptc)]);
  const segment = Buffer.concat([Buffer.from([0xff, 0xed, 0, 0]), resources]);
  segment.writeUInt16BE(resources.length + 2, 2);
  const plain = await pipeline(drawn(16, 12, 3))
    .withXmp(xmp)
    .jpeg()
    .toBuffer();
  writeFileSync(root.path('in.jpg'), Buffer.concat([plain.subarray(0, 2), segment, plain.subarray(2)]));

  await upscale('in.jpg', '-o', 'out.jpg');
  const file = readFileSync(root.path('out.jpg'));
  const { xmpAsString, iptc: block } = await sharp(file).metadata();
  expect(xmpAsString).toContain('Rating="4"');
  expect(xmpAsString).toContain('<own:kept>yes</own:kept>');
  expect(xmpAsString).not.toContain(base64.slice(0, 40));
  expect(block!.toString('latin1')).toMatch(/Jane.*Cap/s);
  // Once, where the picture itself begins.
  expect(file.indexOf(Buffer.from([0xff, 0xd8, 0xff]), 2)).toBe(-1);
});

test.each(formats)('text in EXIF stays to the letter, and IPTC where there is a place for it: %s', async (format) => {
  takeFixture(root, 'exif-text.jpg');
  const { stderr } = await upscale('exif-text.jpg', '-o', `out.${format}`);
  expect(await exifOf(`out.${format}`)).toMatchObject({ Artist: 'Jane Döe', ImageDescription: 'Süßes 日本' });
  const { exif, iptc } = await sharp(root.path(`out.${format}`)).metadata();
  const whole = readFileSync(root.path(`out.${format}`));
  expect((exif ?? whole).includes(Buffer.from('日本\0', 'utf16le'))).toBe(true);
  if (format === 'webp' || format === 'avif') {
    expect(stderr).toMatch(/has IPTC data, which \w+ cannot hold; /);
    const { xmp } = await sharp(root.path(`out.${format}`)).metadata();
    expect(xmp!.toString()).toContain('<dc:creator><rdf:Seq><rdf:li>Jane</rdf:li></rdf:Seq></dc:creator>');
    expect(xmp!.toString()).toContain(
      '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">Cap</rdf:li></rdf:Alt></dc:description>',
    );
  } else if (format === 'png') {
    const { chunks } = await readChunks(bytesOf(whole), /Xt$/);
    const profile = chunks.map(readText).find((each) => each?.keyword === 'Raw profile type iptc');
    expect(Buffer.from(rawProfile(profile!.text)!).toString('latin1')).toMatch(/Jane.*Cap/s);
  } else expect(iptc!.toString('latin1')).toMatch(/Jane.*Cap/s);
});

test('--metadata strip leaves nothing, minimal only whose it is', async () => {
  const gps = { GPSLatitude: '48/1 8/1 0/1', GPSLatitudeRef: 'N', GPSLongitude: '11/1 30/1 0/1', GPSLongitudeRef: 'E' };
  await pipeline(drawn(16, 12, 3))
    .withExif({ IFD0: { Artist: 'A. Person', Copyright: 'hers', Make: 'Maker' }, IFD3: gps })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
    .withIccProfile('p3')
    .jpeg()
    .toFile(root.path('in.jpg'));
  const { icc } = await sharp(root.path('in.jpg')).metadata();
  await upscale('in.jpg', '-o', 'all.jpg');
  expect(await exifOf('all.jpg')).toMatchObject({
    Artist: 'A. Person',
    Make: 'Maker',
    latitude: expect.closeTo(48.13, 1),
  });
  for (const format of formats) {
    await upscale('in.jpg', '-o', `minimal.${format}`, '--metadata', 'minimal');
    const minimal = await exifOf(`minimal.${format}`);
    expect(minimal).toMatchObject({ Artist: 'A. Person', Copyright: 'hers' });
    expect(minimal.Make ?? minimal.latitude).toBeUndefined();
    await upscale('in.jpg', '-o', `strip.${format}`, '--metadata', 'strip');
    const stripped = await exifOf(`strip.${format}`);
    expect(stripped.Artist ?? stripped.Make ?? stripped.latitude).toBeUndefined();
    const { xmp, icc: after } = await sharp(root.path(`strip.${format}`)).metadata();
    expect(xmp).toBeUndefined();
    expect(after!.equals(icc!)).toBe(true);
  }
});

describe('what a PNG says in words', () => {
  const textOf = async (name: string) => {
    const { chunks } = await readChunks(bytesOf(readFileSync(root.path(name))), /Xt$/);
    return chunks.map(readText);
  };

  test('stays in a PNG, whatever letters it has and however long it is', async () => {
    await writePng(root.path('in.png'), drawn(16, 12, 3));
    const long = 'masterpiece, '.repeat(200);
    const texts = [
      { keyword: 'Author', text: 'Jane Döe' },
      { keyword: 'parameters', text: long },
      { keyword: 'workflow', text: '{"名":"木"}' },
      { keyword: 'prompt', text: `木 ${long}` },
    ];
    const png = readFileSync(root.path('in.png'));
    writeFileSync(
      root.path('in.png'),
      Buffer.concat([png.subarray(0, 33), ...texts.map((each) => writeChunk(writeText(each))), png.subarray(33)]),
    );
    await upscale('in.png', '-o', 'out.png');
    expect(await textOf('out.png')).toEqual(texts);
    const { comments } = await sharp(root.path('out.png')).metadata();
    expect(comments).toContainEqual({ keyword: 'Author', text: 'Jane Döe' });
  });

  test('goes into EXIF elsewhere, and what has no place there is said', async () => {
    takeFixture(root, 'text.png');
    await upscale('text.png', '-o', 'out.jpg');
    const said = await exifOf('out.jpg');
    expect(said.Artist).toBe('Jane Doe');
    const { exif } = await sharp(root.path('out.jpg')).metadata();
    expect(exif!.includes(Buffer.from('a tree, Steps: 40', 'utf16le'))).toBe(true);
    const png = readFileSync(root.path('text.png'));
    const more = writeChunk(writeText({ keyword: 'workflow', text: '{}' }));
    writeFileSync(root.path('more.png'), Buffer.concat([png.subarray(0, 33), more, png.subarray(33)]));
    const { stderr } = await upscale('more.png', '-o', 'more.jpg');
    expect(stderr).toContain('"more.png" has text under "workflow", which JPEG cannot hold');
  });
});

test('an orientation in XMP alone turns nothing, and stays for the programs that read it', async () => {
  takeFixture(root, 'xmp-orientation.png');
  await upscale('xmp-orientation.png', '-o', 'out.png');
  expect((await sharp(root.path('out.png')).metadata()).xmpAsString).toContain('tiff:Orientation="3"');
});

test.each([
  ['tif', /^1 1$/],
  ['jpg', /^0 1$/],
])('a resolution without a unit stays without one: %s', async (format, unit) => {
  takeFixture(root, 'no-resolution.tif');
  await upscale('no-resolution.tif', '-o', `out.${format}`);
  const file = readFileSync(root.path(`out.${format}`));
  if (format === 'jpg') expect(`${file[13]} ${file.readUInt16BE(14)}`).toMatch(unit);
  else {
    const { ResolutionUnit, XResolution } = (await exifr.parse(file, { translateValues: false })) as Record<
      string,
      number
    >;
    expect(`${ResolutionUnit} ${XResolution}`).toMatch(unit);
  }
  await upscale('no-resolution.tif', '-o', 'out.png');
  const { chunks } = await readChunks(bytesOf(readFileSync(root.path('out.png'))), /pHYs/);
  expect(chunks).toEqual([]);
});

describe('colour that no profile says', () => {
  /** A pixel as sRGB, by the colour management of a library of its own. */
  const seen = async (name: string) => {
    const { data } = await sharp(root.path(name))
      .extract({ left: 60, top: 50, width: 1, height: 1 })
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return [...data].slice(0, 3);
  };

  test.each(['png', 'jpg', 'webp', 'tif'])('PNG’s gAMA becomes a profile: %s', async (format) => {
    takeFixture(root, 'gama1.png');
    await upscale('gama1.png', '-o', `out.${format}`);
    const { data } = await readPicture(root.path('gama1.png'));
    const [stored] = [data[(25 * 96 + 30) * 3]! / 255];
    // Linear light, as sRGB has it.
    const wanted = 255 * (stored <= 0.0031308 ? 12.92 * stored : 1.055 * stored ** (1 / 2.4) - 0.055);
    expect(Math.abs((await seen(`out.${format}`))[0]! - wanted)).toBeLessThan(
      format === 'png' || format === 'tif' ? 2 : 12,
    );
  });

  test('cHRM becomes a profile with those primaries', async () => {
    await writePng(root.path('in.png'), {
      width: 8,
      height: 8,
      channels: 3,
      data: new Uint8Array(192).map((_, i) => (i % 3 === 0 ? 255 : 0)),
    });
    const png = readFileSync(root.path('in.png'));
    const chunk = (type: string, values: number[]) => {
      const data = Buffer.alloc(values.length * 4);
      values.forEach((value, i) => data.writeUInt32BE(value, i * 4));
      return writeChunk({ type, data });
    };
    // Display P3.
    const colour = [chunk('gAMA', [45455]), chunk('cHRM', [31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000])];
    writeFileSync(root.path('in.png'), Buffer.concat([png.subarray(0, 33), ...colour, png.subarray(33)]));
    await upscale('in.png', '-o', 'out.png');
    const { icc } = await sharp(root.path('out.png')).metadata();
    const place = (tag: string) => icc!.readUInt32BE(icc!.indexOf(tag, 128, 'latin1') + 4) + 8;
    const red = [0, 4, 8].map((i) => icc!.readInt32BE(place('rXYZ') + i) / 65536);
    // Display P3's red under D50, as its usual profile has it.
    [0.51512, 0.2412, -0.00105].forEach((value, i) => expect(red[i]).toBeCloseTo(value, 3));
  });

  test('PQ stays PQ in a PNG, and that is said; elsewhere that it cannot be', async () => {
    takeFixture(root, 'nclx-pq.avif');
    const { stderr } = await upscale('nclx-pq.avif', '-o', 'out.png');
    expect(stderr).toContain('"nclx-pq.avif" is an HDR picture (PQ), and so is the result');
    const { chunks } = await readChunks(bytesOf(readFileSync(root.path('out.png'))), /cICP|iCCP/);
    expect(chunks).toEqual([{ type: 'cICP', data: Buffer.from([9, 16, 0, 1]) }]);
    expect((await upscale('nclx-pq.avif', '-o', 'out.tif')).stderr).toMatch(
      /HDR picture \(PQ\), which LWay cannot record in TIFF/,
    );
  });

  test.each(['png', 'jpg', 'tif', 'webp', 'avif'])('gray with a profile looks the same in %s', async (format) => {
    takeFixture(root, 'gray-linear.png');
    const { data } = await readPicture(root.path('gray-linear.png'));
    const stored = data[25 * 96 + 30]! / 255;
    const wanted = 255 * (1.055 * stored ** (1 / 2.4) - 0.055);
    await upscale('gray-linear.png', '-o', `out.${format}`);
    expect(Math.abs((await seen(`out.${format}`))[0]! - wanted)).toBeLessThan(8);
  });
});
