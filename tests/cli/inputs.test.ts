import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import sharp from 'sharp';
import { readSize, sizeFor, sizeSuffix } from '../../src/cli/asked-size';
import { expandInputs } from '../../src/cli/files/inputs';
import { drawn, pipeline, writePng } from './support/pictures';
import type { CliResult } from './support/test-root';
import { TestRoot } from './support/test-root';

let root: TestRoot;
beforeEach(() => (root = new TestRoot()));
afterEach(() => root.remove());

const upscale = (...args: string[]): Promise<CliResult> => root.lway('upscale', ...args, '--device', 'cpu');

describe('sizes as people ask for them', () => {
  test.each([
    ['3000x2000', { width: 3000, height: 2000 }, '3000x2000'],
    ['3000x', { onlyWidth: 3000 }, '3000w'],
    ['x2000', { onlyHeight: 2000 }, '2000h'],
    ['3000', { longEdge: 3000 }, '3000px'],
    ['3000px', { longEdge: 3000 }, '3000px'],
    ['24mp', { megapixels: 24 }, '24mp'],
    ['2.5 MP', { megapixels: 2.5 }, '2.5mp'],
  ])('%s', (text, size, suffix) => {
    expect(readSize(text)).toEqual(size);
    expect(sizeSuffix(readSize(text)!)).toBe(suffix);
  });

  test.each(['', 'x', '0x', '0', '0mp', '3000x2000x1', '-5', 'large'])('"%s" is none', (text) => {
    expect(readSize(text)).toBeNull();
  });

  test.each([
    ['41x', 41, 21],
    ['x21', 42, 21],
    ['39', 39, 20],
    ['0.0008mp', 40, 20],
  ])('%s of 20×10', async (size, width, height) => {
    await writePng(root.path('in.png'), drawn(20, 10, 3));
    expect(await upscale('in.png', '-o', 'out.png', '--size', size)).toMatchObject({ code: 0 });
    expect(await sharp(root.path('out.png')).metadata()).toMatchObject({ width, height });
  });

  test('too small or too large is refused with both numbers', () => {
    expect(() => sizeFor({ onlyWidth: 10 }, 20, 10)).toThrow('20×10 pixels cannot be upscaled to a width of 10');
    expect(() => sizeFor({ megapixels: 1 }, 20, 10)).toThrow('more than 8 times its size');
  });
});

describe('folders', () => {
  beforeEach(async () => {
    mkdirSync(root.path('trip', 'day'), { recursive: true });
    for (const name of ['trip/b10.png', 'trip/b9.png', 'trip/day/c.png', 'trip/.hidden.png'])
      await writePng(root.path(name), drawn(4, 3, 3));
    writeFileSync(root.path('trip', 'notes.txt'), 'no picture');
  });

  test('what lies in one', async () => {
    const skipped = 'Skipped 1 folder in "trip"; --recursive includes the pictures in it.\n';
    expect(await upscale('trip', '-o', 'large', '--scale', '2')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(skipped) as string,
    });
    expect(readdirSync(root.path('large')).sort()).toEqual(['b10.png', 'b9.png']);
    expect((await upscale('trip', '-o', 'quiet', '--scale', '2', '-q')).stderr).toBe('');
    // Numbers in the order of their values.
    const found = await expandInputs(['trip'], root.work, false);
    expect(found.map(({ path }) => basename(path))).toEqual(['b9.png', 'b10.png']);
  });

  test('with --recursive also below, where it lay', async () => {
    expect(await upscale('trip', '-r', '-o', 'large', '--scale', '2')).toMatchObject({
      code: 0,
      stderr: expect.not.stringContaining('Skipped') as string,
    });
    expect(readdirSync(root.path('large'), { recursive: true }).sort()).toEqual([
      'b10.png',
      'b9.png',
      'day',
      'day/c.png',
    ]);
  });

  test('one without pictures is said', async () => {
    mkdirSync(root.path('empty'));
    expect(await upscale('empty')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/There are no pictures in the folder "empty"\. Use --recursive/) as string,
    });
  });
});

test('pictures that differ by their extension only keep it in their results’ names', async () => {
  await writePng(root.path('a.png'), drawn(4, 3, 3));
  await pipeline(drawn(4, 3, 3))
    .jpeg()
    .toFile(root.path('a.jpg'));
  await writePng(root.path('b.png'), drawn(4, 3, 3));
  expect(await upscale('a.png', 'a.jpg', 'b.png', '-o', 'large', '--scale', '2')).toMatchObject({ code: 0 });
  expect(readdirSync(root.path('large')).sort()).toEqual(['a_jpg.png', 'a_png.png', 'b.png']);
});

describe('--in-place', () => {
  test('puts the result where the picture was, with its permissions', async () => {
    await pipeline(drawn(6, 5, 3))
      .tiff()
      .toFile(root.path('a.tif'));
    chmodSync(root.path('a.tif'), 0o640);
    expect((await upscale('a.tif', '-o', 'a.tif', '--scale', '2')).stderr).toContain('or use --in-place');
    expect(await upscale('a.tif', '-o', 'a.tif', '--in-place', '--scale', '2')).toMatchObject({ code: 0 });
    expect(await sharp(root.path('a.tif')).metadata()).toMatchObject({ format: 'tiff', width: 12 });
    expect(statSync(root.path('a.tif')).mode & 0o777).toBe(0o640);
    expect(await upscale('a.tif', '--in-place', '--scale', '2')).toMatchObject({ code: 0 });
    expect((await sharp(root.path('a.tif')).metadata()).width).toBe(24);
    expect(readdirSync(root.work)).toEqual(['a.tif']);
  });

  test('a picture that is not upscaled stays what it was', async () => {
    const bytes = Buffer.from('no picture');
    writeFileSync(root.path('a.png'), bytes);
    expect(await upscale('a.png', '--in-place')).toMatchObject({ code: 1 });
    expect(readFileSync(root.path('a.png'))).toEqual(bytes);
  });

  test('through a link the file that it leads to is replaced, not the link', async () => {
    await writePng(root.path('real.png'), drawn(6, 5, 3));
    symlinkSync('real.png', root.path('link.png'));
    expect(await upscale('link.png', '--in-place', '--scale', '2')).toMatchObject({ code: 0 });
    expect((await sharp(root.path('real.png')).metadata()).width).toBe(12);
  });

  test('of a kind that LWay does not write is refused', async () => {
    await pipeline(drawn(6, 5, 3))
      .gif()
      .toFile(root.path('a.gif'));
    expect(await upscale('a.gif', '--in-place')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot be replaced') as string,
    });
  });
});

describe('standard input and output', () => {
  async function through(input: Buffer, ...args: string[]): Promise<CliResult & { output: Buffer }> {
    const out = new PassThrough();
    const parts: Buffer[] = [];
    out.on('data', (part: Buffer) => parts.push(part));
    const result = await root.lwayIn(
      { streams: { input: Readable.from([input]), output: out } },
      'upscale',
      ...args,
      '--device',
      'cpu',
      '--scale',
      '2',
    );
    return { ...result, output: Buffer.concat(parts) };
  }

  test('from one to the other: nothing but the picture', async () => {
    const png = await pipeline(drawn(6, 5, 3))
      .png()
      .toBuffer();
    const { code, stdout, output } = await through(png, '-', '-o', '-', '--format', 'webp');
    expect(code).toBe(0);
    expect(stdout).toBe('');
    expect(await sharp(output).metadata()).toMatchObject({ format: 'webp', width: 12 });
    expect(readdirSync(root.work)).toEqual([]);
  });

  test('into a file', async () => {
    const png = await pipeline(drawn(6, 5, 3))
      .png()
      .toBuffer();
    expect(await through(png, '-', '-o', 'out.png')).toMatchObject({ code: 0 });
    expect(readdirSync(root.work)).toEqual(['out.png']);
  });

  test.each([
    ['nothing', Buffer.alloc(0), /Nothing came from standard input/],
    ['no picture', Buffer.from('hello, I am text'), /"standard input" is not a picture/],
  ])('%s is said', async (_what, bytes, sentence) => {
    expect(await through(bytes, '-', '-o', 'out.png')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(sentence) as string,
    });
    expect(readdirSync(root.work)).toEqual([]);
  });

  test('asks where to, and takes one picture', async () => {
    expect((await through(Buffer.alloc(1), '-')).stderr).toContain('Name its result');
    expect((await through(Buffer.alloc(1), '-', 'b.png', '-o', '-')).stderr).toContain(
      'takes one picture, but there are 2',
    );
  });
});

describe('one clear sentence', () => {
  beforeEach(() => writePng(root.path('in.png'), drawn(4, 3, 3)));

  test('for a device that --force would replace', async () => {
    expect(await upscale('in.png', '-o', '/dev/null', '--format', 'png', '--force')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"/dev/null" cannot be replaced: it is a folder') as string,
    });
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('for a name that becomes too long', async () => {
    const name = `${'x'.repeat(250)}.png`;
    await writePng(root.path(name), drawn(4, 3, 3));
    const { code, stderr } = await upscale(name, '--scale', '2');
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/x…x+\.png" would have a name of 257 bytes/) as string,
    });
    expect(stderr.length).toBeLessThan(250);
  });

  test('steps that begin with a byte order mark are steps', async () => {
    const steps = {
      format: 'lway-steps',
      version: 1,
      steps: [{ action: 'upscale', size: { scale: 2 }, adapt: 'off' }],
    };
    writeFileSync(root.path('steps.json'), `\uFEFF${JSON.stringify(steps)}`);
    expect(await root.lway('play', 'steps.json', 'in.png', '-o', 'out/', '--device', 'cpu')).toMatchObject({ code: 0 });
  });

  test('a damaged list of own networks is set aside', async () => {
    const folder = join(root.home, 'lway', 'models');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'models.json'), '{"version": 1, "models": [{');
    const { code, stderr } = await upscale('in.png', '--scale', '2');
    expect(code).toBe(0);
    expect(stderr).toContain('Your own networks are left out, their list cannot be read');
    expect(existsSync(join(folder, 'models.json.broken'))).toBe(true);
    expect((await upscale('in.png', '--scale', '2', '-f')).stderr).not.toContain('left out');
  });

  test('damaged facts about kept weights do not hide the others', async () => {
    const folder = join(root.home, 'lway', 'weights');
    mkdirSync(folder, { recursive: true });
    for (const name of ['a', 'b']) writeFileSync(join(folder, `${name}.onnx`), 'weights');
    writeFileSync(join(folder, 'a.json'), '{"model": ');
    writeFileSync(
      join(folder, 'b.json'),
      '{"model": "doubling", "picture": "p.png", "created": "2026-01-01T00:00:00Z"}',
    );
    const { code, stdout } = await root.lway('weights', 'list');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^a\b/m);
    expect(stdout).toMatch(/^b\b.*p\.png/m);
  });
});
