import fc from 'fast-check';
import { decode, encode } from 'fast-png';
import { deflateSync, inflateSync } from 'node:zlib';
import { initializeCanvas, readPsd } from 'ag-psd';
import sharp from 'sharp';
import { toInterleaved } from '../../src/engine/raster/depth';
import type { Channels, Raster } from '../../src/engine/raster/raster';
import { checkSize } from '../../src/hosts/shared/limits';
import { decodePng } from '../../src/hosts/shared/png/decode';
import { composite } from '../../src/hosts/embedded/export/composite';
import { writePng } from '../../src/hosts/shared/png/write';
import { checkPsd, writePsd } from '../../src/hosts/embedded/export/psd';
import { embeddedProfile } from '../../src/hosts/embedded/icc';
import { PackedPixels } from '../../src/hosts/shared/pixels';
import { newId, Workspace } from '../../src/hosts/embedded/workspace';
import { kindOf } from '../../src/pictures/kinds';
import { readOrientation, takeOrientation, turnUpright, type Orientation } from '../../src/pictures/orientation';

const never = new AbortController().signal;
const whole = (pixels: { info: { width: number; height: number } }) => ({
  x: 0,
  y: 0,
  width: pixels.info.width,
  height: pixels.info.height,
});

async function png(source: PackedPixels): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  await writePng(never, source, (bytes) => parts.push(bytes));
  return Buffer.concat(parts);
}

describe('PNG', () => {
  test('what was written is read back by ourselves and by others, in every form', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) }),
        fc.constantFrom<Channels>(1, 2, 3, 4),
        fc.constantFrom<8 | 16>(8, 16),
        fc.infiniteStream(fc.nat(65535)),
        async ({ width, height }, channels, bitDepth, random) => {
          const count = width * height * channels;
          const values = Array.from({ length: count }, () => random.next().value as number);
          const samples = bitDepth === 8 ? Uint8Array.from(values) : Uint16Array.from(values);
          const file = await png(new PackedPixels({ width, height, channels, bitDepth, encoding: 'display' }, samples));
          const other = decode(file, { checkCrc: true });
          expect([other.width, other.height, other.channels, other.depth]).toEqual([width, height, channels, bitDepth]);
          expect([...other.data]).toEqual([...samples]);
          const own = decodePng('own.png', file);
          const read = await own.read(never, whole(own));
          expect([...toInterleaved(read, bitDepth)]).toEqual([...samples]);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('profile and resolution travel along', async () => {
    const iccProfile = Uint8Array.from({ length: 700 }, (_, i) => i % 256);
    const info = {
      width: 2,
      height: 2,
      channels: 3,
      bitDepth: 8,
      encoding: 'display',
      iccProfile,
      resolution: 300,
    } as const;
    const { info: read } = decodePng('p.png', await png(new PackedPixels(info, new Uint8Array(12))));
    expect(read.iccProfile).toEqual(iccProfile);
    expect(read.resolution).toBeCloseTo(300, 1);
  });

  test('a cancelled export ends with the reason', async () => {
    const source = new PackedPixels(
      { width: 4, height: 4, channels: 1, bitDepth: 8, encoding: 'display' },
      new Uint8Array(16),
    );
    const reason = new Error('no more');
    await expect(writePng(AbortSignal.abort(reason), source, () => {})).rejects.toBe(reason);
  });

  test.each([1, 2, 4, 8] as const)('gray of %i bits is spread to 8', async (depth) => {
    const stride = Math.ceil((5 * depth) / 8);
    const rows = Buffer.alloc(3 * (stride + 1));
    for (let y = 0; y < 3; y++) rows.fill(0b10110100, y * (stride + 1) + 1, (y + 1) * (stride + 1));
    const file = rawPng({ width: 5, height: 3, depth, type: 0 }, rows);
    const own = decodePng('gray.png', file);
    const expected = await sharp(file).toColourspace('b-w').raw().toBuffer();
    expect([...toInterleaved(await own.read(never, whole(own)), 8)]).toEqual([...expected]);
  });

  test('palettes, and colours that stand for transparent, become alpha', async () => {
    const indexed = await sharp({
      create: { width: 6, height: 4, channels: 4, background: { r: 200, g: 20, b: 90, alpha: 0.5 } },
    })
      .png({ palette: true })
      .toBuffer();
    const own = decodePng('palette.png', indexed);
    expect(own.info.channels).toBe(4);
    const pixel = await own.read(never, { x: 3, y: 2, width: 1, height: 1 });
    expect([...toInterleaved(pixel, 8)].map((v) => Math.round(v / 8))).toEqual([25, 3, 11, 16]);

    const rows = Buffer.from([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 1, 2, 3]);
    const keyed = rawPng({ width: 4, height: 1, depth: 8, type: 2 }, rows, [
      ['tRNS', Buffer.from([0, 40, 0, 50, 0, 60])],
    ]);
    const read = decodePng('keyed.png', keyed);
    expect([...toInterleaved(await read.read(never, whole(read)), 8)]).toEqual([
      10, 20, 30, 255, 40, 50, 60, 0, 70, 80, 90, 255, 1, 2, 3, 255,
    ]);
  });

  test.each([
    ['cut off', (file: Buffer) => file.subarray(0, file.length - 30)],
    ['with a flipped bit', (file: Buffer) => flip(file, file.length - 25)],
    ['of which only the beginning is there', (file: Buffer) => file.subarray(0, 20)],
  ])('a file %s is refused', (_, damage) => {
    const file = Buffer.from(
      encode({ width: 30, height: 30, channels: 3, depth: 8, data: new Uint8Array(2700).fill(7) }),
    );
    expect(() => decodePng('bad.png', damage(file))).toThrow(expect.objectContaining({ code: 'bad-image' }));
  });

  test('a picture of a hundred thousand pixels a side is refused by its header', () => {
    const file = rawPng({ width: 100_000, height: 100_000, depth: 8, type: 2 }, Buffer.alloc(1));
    expect(() => decodePng('huge.png', file)).toThrow(expect.objectContaining({ code: 'too-large' }));
    expect(() => checkSize('empty.png', 0, 10)).toThrow(expect.objectContaining({ code: 'bad-image' }));
  });
});

describe('other formats', () => {
  const picture = () => sharp({ create: { width: 40, height: 24, channels: 3, background: '#4a7' } });

  test.each(['PNG', 'JPEG', 'WebP', 'AVIF', 'TIFF', 'GIF'] as const)('%s is known by its content', async (kind) => {
    expect(
      kindOf(
        await picture()
          .toFormat(kind.toLowerCase() as 'png')
          .toBuffer(),
      ),
    ).toBe(kind);
  });

  test('a text and an empty file are not', () => {
    expect(kindOf(Buffer.from('hello there, this is text'))).toBeNull();
    expect(kindOf(new Uint8Array())).toBeNull();
  });

  test.each(['jpeg', 'webp', 'avif'] as const)('the profile is found in a %s', async (format) => {
    const file = await picture().withIccProfile('p3').toFormat(format).toBuffer();
    const { icc } = await sharp(file).metadata();
    expect(Buffer.from(embeddedProfile(file, format)!)).toEqual(icc);
    expect(embeddedProfile(await picture().toFormat(format).toBuffer(), format)).toBeUndefined();
    // A damaged file has no profile rather than a half one, and does not stop anybody.
    for (let end = 0; end < file.length; end += 37)
      expect(() => embeddedProfile(file.subarray(0, end), format)).not.toThrow();
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8] as const)(
    'orientation %i in a WebP is taken out and applied',
    async (orientation) => {
      const samples = Uint8Array.from({ length: 5 * 3 * 3 }, (_, i) => i * 5);
      const stored = await sharp(samples, { raw: { width: 5, height: 3, channels: 3 } })
        .withMetadata({ orientation })
        .webp({ lossless: true })
        .toBuffer();
      const taken = takeOrientation(stored);
      expect(taken.orientation).toBe(orientation);
      expect((await sharp(taken.bytes).metadata()).orientation).toBeUndefined();
      const upright = turnUpright(samples, 5, 3, 3, taken.orientation);
      const expected = await sharp(stored).autoOrient().raw().toBuffer({ resolveWithObject: true });
      expect([upright.width, upright.height]).toEqual([expected.info.width, expected.info.height]);
      expect(Buffer.from(upright.samples)).toEqual(expected.data);
    },
  );

  test('EXIF that is cut off counts as upright', () => {
    expect(readOrientation(new Uint8Array([0x49, 0x49, 0x2a]))).toBe<Orientation>(1);
    expect(takeOrientation(new Uint8Array(20)).orientation).toBe(1);
  });
});

describe('documents with layers', () => {
  const solid = (width: number, height: number, values: number[], iccProfile?: Uint8Array) =>
    new PackedPixels(
      {
        width,
        height,
        channels: values.length as Channels,
        bitDepth: 8,
        encoding: 'display',
        iccProfile,
        resolution: 144,
      },
      Uint8Array.from({ length: width * height * values.length }, (_, i) => values[i % values.length]!),
    );

  function twoLayers(top: number[], profile?: Uint8Array) {
    const workspace = new Workspace();
    const document = workspace.add('two.png', 'Below', solid(8, 6, [100, 50, 0], profile));
    const layer = {
      id: newId('layer'),
      name: 'Above é',
      visible: true,
      bounds: { x: 2, y: 1, width: 4, height: 4 },
      pixels: solid(2, 2, top),
    };
    workspace.adjust(document, { layers: [layer, ...document.state.layers] });
    return { workspace, document };
  }

  const at = ({ data, width, height, channels }: Raster, x: number, y: number) =>
    Array.from({ length: channels }, (_, c) => Math.round(data[c * width * height + y * width + x]! * 255));

  test('the composite lays layers over each other, stretched as the document shows them', async () => {
    const { workspace, document } = twoLayers([200, 200, 200, 128]);
    const source = composite(document);
    expect(source.info).toMatchObject({ width: 8, height: 6, channels: 3, bitDepth: 8 });
    const shown = await source.read(never, { x: 0, y: 0, width: 8, height: 6 });
    expect(at(shown, 1, 1)).toEqual([100, 50, 0]);
    expect(at(shown, 2, 1)).toEqual([150, 125, 100]);
    expect(at(shown, 5, 4)).toEqual([150, 125, 100]);
    expect(at(shown, 6, 4)).toEqual([100, 50, 0]);

    const [above, below] = document.state.layers;
    workspace.adjust(document, { layers: [above!, { ...below!, visible: false }] });
    const alone = await composite(document).read(never, { x: 1, y: 1, width: 2, height: 1 });
    expect(alone.channels).toBe(4);
    expect(at(alone, 0, 0)[3]).toBe(0);
    expect(at(alone, 1, 0)).toEqual([200, 200, 200, 128]);
  });

  test('a PSD holds the layers, their names, places and the profile', async () => {
    initializeCanvas(
      () => {
        throw new Error('no canvas is needed');
      },
      (width, height) => ({ width, height, data: new Uint8ClampedArray(width * height * 4) }) as unknown as ImageData,
    );
    const profile = Uint8Array.from({ length: 333 }, (_, i) => i % 251);
    const { document } = twoLayers([200, 190, 180, 128], profile);
    const file = await writePsd(never, document);
    const psd = readPsd(file, { useImageData: true });
    expect([psd.width, psd.height]).toEqual([8, 6]);
    expect(psd.children!.map(({ name, left, top }) => [name, left, top])).toEqual([
      ['Below', 0, 0],
      ['Above é', 2, 1],
    ]);
    const { data, width } = psd.children![1]!.imageData!;
    expect(width).toBe(4);
    expect([...data.slice(0, 4)]).toEqual([200, 190, 180, 128]);
    expect(psd.imageResources!.resolutionInfo!.horizontalResolution).toBe(144);
    expect(Buffer.from(file).includes(Buffer.from(profile))).toBe(true);
    const { icc } = await sharp(Buffer.from(file))
      .metadata()
      .catch(() => ({ icc: undefined }));
    if (icc) expect(icc).toEqual(Buffer.from(profile));
  });

  test('a PSD that cannot be is refused before any work', () => {
    const { document } = twoLayers([1, 2, 3]);
    document.state = { ...document.state, width: 30_001 };
    expect(() => checkPsd(document)).toThrow(expect.objectContaining({ code: 'too-large' }));
    document.state = { ...document.state, width: 20_000, height: 20_000 };
    expect(() => checkPsd(document)).toThrow(expect.objectContaining({ code: 'too-large' }));
  });
});

/** A PNG put together by hand, for forms that encoders do not write. */
function rawPng(
  { width, height, depth, type }: { width: number; height: number; depth: number; type: number },
  rows: Buffer,
  extra: [string, Buffer][] = [],
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = depth;
  header[9] = type;
  const chunks: [string, Buffer][] = [
    ['IHDR', header],
    ...extra,
    ['IDAT', deflateSync(rows)],
    ['IEND', Buffer.alloc(0)],
  ];
  expect(inflateSync(chunks.at(-2)![1])).toEqual(rows);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    ...chunks.flatMap(([name, data]) => {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(data.length, 0);
      head.write(name, 4, 'latin1');
      const tail = Buffer.alloc(4);
      tail.writeUInt32BE(crc32(Buffer.concat([head.subarray(4), data])), 0);
      return [head, data, tail];
    }),
  ]);
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  }
  return ~crc >>> 0;
}

function flip(file: Buffer, at: number): Buffer {
  const copy = Buffer.from(file);
  copy[at]! ^= 0x10;
  return copy;
}
