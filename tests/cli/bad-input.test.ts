import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { TensorProto_DataType } from 'onnx-buf';
import sharp, { type Sharp } from 'sharp';
import { deflateSync } from 'node:zlib';
import { floatTiff } from './support/float-tiff';
import { drawn, pipeline, writePng } from './support/pictures';
import type { CliResult } from './support/test-root';
import { doublingNetwork, TestRoot } from './support/test-root';

let root: TestRoot;
beforeEach(() => (root = new TestRoot()));
afterEach(() => root.remove());

/** Runs `upscale` and expects a refusal in plain words; nothing may have been written. */
async function refused(args: string[], code: number, sentence: RegExp): Promise<CliResult> {
  const before = readdirSync(root.work).sort();
  const result = await root.lway('upscale', ...args, '--scale', '2', '--device', 'cpu');
  expect(result.stderr).toMatch(sentence);
  expect(result.stderr).not.toMatch(/\n\s+at |undefined|internal/);
  expect(result.code).toBe(code);
  expect(readdirSync(root.work).sort()).toEqual(before);
  return result;
}

/** A PNG that claims to be `side`×`side` and holds one row of it. */
function headerOnlyPng(side: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  const row = deflateSync(Buffer.alloc(1 + side * 3));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', row),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** PNG's checksum (ISO 3309), bit by bit: the data is small. */
function crc32(data: Buffer): number {
  let sum = ~0;
  for (const byte of data) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

describe('pictures', () => {
  test('no such file', () => refused(['none.png'], 1, /There is no file ".*none\.png"/));

  test('a folder', async () => {
    mkdirSync(root.path('holiday'));
    await refused(['holiday'], 2, /There are no pictures in the folder "holiday"/);
  });

  test.each([
    ['an empty file', Buffer.alloc(0), /it is empty/],
    ['a text named .png', Buffer.from('hello, I am no picture at all'), /is not a picture/],
    [
      'a broken SVG drawing',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'),
      /cannot be drawn/,
    ],

    ['a PNG of 0×0 pixels', headerOnlyPng(0), /cannot be read/],
  ])('%s', async (_what, bytes, sentence) => {
    writeFileSync(root.path('in.png'), bytes);
    await refused(['in.png'], 1, sentence);
  });

  const formats = {
    png: (p: Sharp) => p.png(),
    jpg: (p: Sharp) => p.jpeg(),
    webp: (p: Sharp) => p.webp(),
    tiff: (p: Sharp) => p.tiff(),
    avif: (p: Sharp) => p.avif(),
    gif: (p: Sharp) => p.gif(),
  };
  describe.each(Object.entries(formats))('%s', (name, encode) => {
    test.each([0.9, 0.5, 0.1])('truncated to %d of its length', async (share) => {
      const whole = await encode(pipeline(drawn(150, 100, 3))).toBuffer();
      writeFileSync(root.path(`in.${name}`), whole.subarray(0, Math.floor(whole.length * share)));
      await refused([`in.${name}`], 1, /cannot be read: the \w+ data is damaged/);
    });
  });

  test('a JPEG with a damaged middle', async () => {
    const bytes = await pipeline(drawn(300, 200, 3))
      .jpeg()
      .toBuffer();
    // End of image, in the middle of the data of a scan.
    bytes.fill(Buffer.from([0xff, 0xd9]), bytes.length >> 1, (bytes.length >> 1) + 100);
    writeFileSync(root.path('in.jpg'), bytes);
    await refused(['in.jpg'], 1, /cannot be read: the JPEG data is damaged/);
  });

  test('stray bytes before a marker, as some cameras write them, do no harm', async () => {
    const bytes = await pipeline(drawn(40, 30, 3))
      .jpeg()
      .toBuffer();
    writeFileSync(
      root.path('in.jpg'),
      Buffer.concat([bytes.subarray(0, -2), Buffer.from([0, 0, 0]), bytes.subarray(-2)]),
    );
    expect(await root.lway('upscale', 'in.jpg', '--device', 'cpu')).toMatchObject({ code: 0 });
  });

  test('folders made for a result that does not come are gone again', async () => {
    writeFileSync(root.path('in.png'), headerOnlyPng(300));
    await refused(['in.png', '-o', 'new/deep/'], 1, /cannot be read/);
  });

  test('a header of 100 megapixels over nothing costs no memory', async () => {
    writeFileSync(root.path('in.png'), headerOnlyPng(10000));
    const before = process.memoryUsage().rss;
    await refused(['in.png'], 1, /cannot be read: the PNG data is damaged/);
    expect(process.memoryUsage().rss - before).toBeLessThan(150e6);
  });

  test('a header of more pixels than LWay takes', async () => {
    writeFileSync(root.path('in.png'), headerOnlyPng(100_000));
    await refused(['in.png'], 1, /100000×100000 pixels; LWay takes pictures up to 268 megapixels/);
  });

  test.each([
    ['NaN', NaN],
    ['infinity', Infinity],
  ])('%s in a float TIFF', async (_what, value) => {
    const data = new Float32Array(20 * 20 * 3).fill(0.5);
    data[700] = value;
    writeFileSync(root.path('in.tif'), floatTiff(20, 20, 3, data));
    await refused(['in.tif'], 1, /"in\.tif" has a value that is not a number or infinite/);
  });

  test('a region outside the picture', async () => {
    await writePng(root.path('in.png'), drawn(20, 10, 3));
    await refused(['in.png', '--region', '15,0,10,5'], 1, /reaches outside "in\.png", which has 20×10 pixels/);
  });
});

describe('what a format cannot hold is refused before the work, naming one that can', () => {
  test.each([
    ['webp', drawn(8192, 1, 3), /at most 16383 pixels wide or high, and the result would have 16384.*--format png/],
    ['avif', drawn(8193, 1, 3), /at most 16384 pixels/],
    ['jpg', drawn(32768, 1, 3), /at most 65500 pixels wide or high, and the result would have 65536.*--format png/],
    ['jpg', drawn(8, 8, 4), /JPEG has no transparency.*--format png or --format webp/],
    ['jpg', drawn(8, 8, 3, 16), /16\. Use --format png or --format tiff, or --depth 8/],
    ['webp', drawn(8, 8, 3, 16), /16\. Use --format png or --format tiff, or --depth 8/],
    ['avif', drawn(8, 8, 3, 16), /16\. Use --format png or --format tiff/],
  ] as const)('%s', async (format, picture, sentence) => {
    await writePng(root.path('in.png'), picture);
    await refused(['in.png', '-o', `out.${format}`], 1, sentence);
  });

  test('32 bit in PNG', async () => {
    writeFileSync(root.path('in.tif'), floatTiff(8, 8, 3, new Float32Array(192).fill(0.5)));
    await refused(['in.tif', '--format', 'png'], 1, /hold 8 or 16 bits.*Use --format tiff/);
  });
});

describe('networks', () => {
  beforeEach(() => writePng(root.path('in.png'), drawn(16, 12, 3)));

  test('an unknown id', () => refused(['in.png', '--model', 'nothing'], 3, /no network "nothing".*doubling/));

  test('no such file', () => refused(['in.png', '--model', './none.onnx'], 3, /There is no file/));

  test.each([
    ['a text', Buffer.from('I am no network')],
    ['an empty file', Buffer.alloc(0)],
    ['half a network', Buffer.from(doublingNetwork()).subarray(0, 100)],
  ])('%s named .onnx', async (_what, bytes) => {
    writeFileSync(root.path('bad.onnx'), bytes);
    await refused(['in.png', '--model', 'bad.onnx'], 3, /"bad\.onnx": /);
  });

  test('an int8 input', async () => {
    writeFileSync(root.path('int8.onnx'), doublingNetwork(TensorProto_DataType.INT8));
    await refused(['in.png', '--model', 'int8.onnx'], 3, /"int8\.onnx": .*(int8|INT8)/);
  });

  test('a shipped network that was changed', async () => {
    const file = `${root.root}/models/doubling.onnx`;
    const bytes = readFileSync(file);
    bytes[bytes.length - 60]! ^= 1;
    writeFileSync(file, bytes);
    await refused(['in.png'], 3, /damaged or was changed/);
  });

  test('no networks at all', async () => {
    writeFileSync(`${root.root}/models/models.json`, '{');
    await refused(['in.png'], 3, /models\.json/);
  });
});

describe('the place of the result', () => {
  beforeEach(() => writePng(root.path('in.png'), drawn(16, 12, 3)));

  test('an existing file stays unless --force is given', async () => {
    writeFileSync(root.path('out.png'), 'mine');
    await refused(['in.png', '-o', 'out.png'], 1, /out\.png" already exists.*--force/);
    expect(readFileSync(root.path('out.png'), 'utf8')).toBe('mine');
    expect(await root.lway('upscale', 'in.png', '-o', 'out.png', '--force', '--device', 'cpu')).toMatchObject({
      code: 0,
    });
    expect(await sharp(root.path('out.png')).metadata()).toMatchObject({ width: 64 });
  });

  test('a file where a folder is needed', async () => {
    writeFileSync(root.path('file'), '');
    await refused(['in.png', '-o', 'file/out.png'], 1, /no folder for|could not be written/);
  });

  test('a full disk: said, and nothing left behind', async () => {
    const disk = root.path('disk');
    mkdirSync(disk);
    // 1 MB holds the decoded picture, not the result: the space is checked first, and the write itself again.
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).status === 0;
    if (!mounted) return expect(process.getuid?.()).not.toBe(0);
    try {
      await writePng(root.path('large.png'), drawn(400, 300, 3));
      const early = await root.lway('upscale', 'large.png', '-o', 'disk/out.png', '--device', 'cpu');
      expect(early).toMatchObject({ code: 1, stderr: expect.stringMatching(/needs about .* on its disk/) as string });
      expect(readdirSync(disk)).toEqual([]);
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

test('existing work of the person beside the result is left alone on failure', async () => {
  writeFileSync(root.path('in.png'), 'no picture');
  writeFileSync(root.path('.lway-mine'), 'mine');
  await refused(['in.png'], 1, /not a picture/);
  expect(existsSync(root.path('.lway-mine'))).toBe(true);
});
