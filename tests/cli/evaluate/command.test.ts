import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describeWithSharedData, sharedData } from '../../support/shared-data';
import { doubled, drawn, writePng } from '../support/pictures';
import { TestRoot } from '../support/test-root';

let root: TestRoot;
beforeEach(() => (root = new TestRoot()));
afterEach(() => root.remove());

/** Pairs of which hr/ is what the doubling network makes of lr/. */
async function makePairs(count: number): Promise<void> {
  mkdirSync(root.path('pairs', 'lr'), { recursive: true });
  mkdirSync(root.path('pairs', 'hr'));
  for (let i = 0; i < count; i++) {
    const picture = drawn(40 + 3 * i, 36, 3);
    await writePng(root.path('pairs', 'lr', `${i}-low.png`), picture);
    await writePng(root.path('pairs', 'hr', `${i}-high.png`), doubled(picture));
  }
}

type Event = { event: string } & Record<string, unknown>;
const events = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);

describe('lway evaluate', () => {
  test('measures through the engine: a network that gives the ground truth beats bicubic without a fault', async () => {
    await makePairs(4);
    const { code, stdout } = await root.lway('evaluate', '--set', 'pairs', '--json');
    expect(code).toBe(0);
    const rows = events(stdout).filter(({ event }) => event === 'score') as unknown as {
      variant: string;
      number: number;
      scores: Record<string, number | null>;
    }[];
    expect(rows.map(({ number, variant }) => `${number} ${variant}`)).toEqual(
      [1, 2, 3, 4].flatMap((number) => [`${number} bicubic`, `${number} doubling`]),
    );
    for (const { variant, scores } of rows) {
      // Infinity is null in JSON: no difference at all.
      if (variant === 'doubling') expect(scores).toMatchObject({ psnr: null, ssim: 1 });
      else expect(scores['psnr']).toBeGreaterThan(20);
      if (variant === 'bicubic') expect(scores['ssim']).toBeLessThan(1);
    }
  });

  test('writes a table that tells tuning from reporting, and a contact sheet', async () => {
    await makePairs(3);
    const { code, stdout } = await root.lway(
      ...['evaluate', '--set', 'pairs', '--model', 'bicubic', 'lanczos', 'doubling', '--out', 'report'],
    );
    expect(code).toBe(0);
    const text = readFileSync(root.path('report', 'evaluation.md'), 'utf8');
    expect(stdout).toContain(text);
    expect(text).toMatch(/over the 1 pairs with even numbers, for reporting/);
    expect(text).toMatch(/over all 3 pairs/);
    expect(text.match(/\| tuning +\|/g)).toHaveLength(6);
    expect(text.match(/\| reporting +\|/g)).toHaveLength(3);
    expect(text).toMatch(/\| doubling +\| ∞/);
    expect(text).not.toContain(root.folder);
    const { width, height } = await sharp(root.path('report', 'pairs.png')).metadata();
    expect([width, height]).toEqual([8 + 5 * 232, 8 + 3 * 280]);
  });

  test('progress counts what is measured, not what the set holds', async () => {
    await makePairs(4);
    const { stderr } = await root.lway('evaluate', '--set', 'pairs', '--model', 'bicubic', '--pairs', 'reporting');
    const places = [...stderr.matchAll(/^pairs (\d+\/\d+) (\d)-low: bicubic/gm)];
    expect(places.map(([, place, index]) => [place, index])).toEqual([
      ['1/2', '1'],
      ['2/2', '3'],
    ]);
  });

  test('pictures without ground truth: consistency, and NIQE of one’s own fit', async () => {
    mkdirSync(root.path('pristine'));
    mkdirSync(root.path('pictures'));
    for (let i = 0; i < 3; i++) {
      const { data, info } = await sharp({
        create: {
          width: 480,
          height: 480,
          channels: 3,
          background: '#888',
          noise: { type: 'gaussian', mean: 128, sigma: 20 + i },
        },
      })
        .blur(0.6 + i * 0.2)
        .raw()
        .toBuffer({ resolveWithObject: true });
      await sharp(data, { raw: info })
        .png()
        .toFile(root.path('pristine', `${i}.png`));
    }
    await sharp(root.path('pristine', '0.png'))
      .extract({ left: 9, top: 7, width: 110, height: 100 })
      .png()
      .toFile(root.path('pictures', 'a.png'));
    const first = await root.lway(
      ...['evaluate', '--set', 'pictures', '--niqe', 'pristine', '--save-niqe', 'niqe.json', '--out', 'a'],
    );
    expect(first).toMatchObject({ code: 0 });
    const table = (folder: string) => readFileSync(root.path(folder, 'evaluation.md'), 'utf8');
    expect(table('a')).toMatch(/NIQE \(own fit\)/);
    expect(table('a')).not.toMatch(/PSNR|tuning/);
    const second = await root.lway('evaluate', '--set', 'pictures', '--niqe', 'niqe.json', '--out', 'b');
    expect(second).toMatchObject({ code: 0 });
    const means = (text: string) => /\| doubling +\| [\d.]+ \([^)]*\)/.exec(text)![0];
    expect(means(table('b'))).toBe(means(table('a')));
  });

  test.each([
    [[], /no pictures to measure on/, 2],
    [['--set', 'nowhere'], /cannot be read/, 2],
    [['--set', 'empty'], /no pictures/, 2],
    [['--set', 'uneven'], /1 pictures in lr\/ and 0 in hr\//, 2],
    [['--set', 'pairs', '--model', 'unheard-of'], /no network "unheard-of"/, 3],
    [['--set', 'pairs', '--controls'], /--controls test an adaptation/, 2],
    [['--set', 'pairs', '--series', 'set'], /--series is an adaptation/, 2],
    [['--set', 'pairs', '--adapt', 'quick', '--tuned', '--series', 'set'], /--tuned looks at one picture/, 2],
    [['--set', 'pairs', '--limit', '0'], /not a valid value for --limit/, 2],
    [['--set', 'pairs', '--lpips', 'pairs/lr/0-low.png'], /./, 3],
    [['--set', 'pairs', '--niqe', 'broken.json'], /not a NIQE model/, 2],
    [['--set', 'damaged'], /"a.png" cannot be read/, 1],
  ])('%j ends in a sentence', async (args, sentence, expected) => {
    await makePairs(1);
    mkdirSync(root.path('empty'));
    mkdirSync(root.path('damaged'));
    writeFileSync(root.path('damaged', 'a.png'), 'no picture');
    mkdirSync(root.path('uneven', 'lr'), { recursive: true });
    mkdirSync(root.path('uneven', 'hr'));
    await writePng(root.path('uneven', 'lr', 'a.png'), drawn(20, 20, 3));
    writeFileSync(root.path('broken.json'), '{"mean":[1]}');
    const { code, stderr } = await root.lway('evaluate', ...args);
    expect(stderr).toMatch(sentence);
    expect(code).toBe(expected);
    expect(readdirSync(root.work)).not.toContain('evaluation.md');
  });

  test('cancelling stops it', async () => {
    await makePairs(2);
    const controller = new AbortController();
    controller.abort();
    const { code } = await root.lwayIn({ signal: controller.signal }, 'evaluate', '--set', 'pairs');
    expect(code).toBe(130);
  });
});

describeWithSharedData('eval/realsr', 'metrics/lpips_squeeze.onnx')('on camera pairs', () => {
  test('bicubic has the scores that Pillow and PyTorch give on the same files', async () => {
    const set = join(sharedData, 'eval', 'realsr');
    const lpips = join(sharedData, 'metrics', 'lpips_squeeze.onnx');
    const { code, stdout } = await root.lway(
      ...['evaluate', '--set', set, '--model', 'bicubic', '--lpips', lpips, '--limit', '2', '--json'],
    );
    expect(code).toBe(0);
    const scores = events(stdout)
      .filter(({ event }) => event === 'score')
      .map((row) => row['scores'] as Record<string, number>);
    // Image.resize in mode "F", rounded to 8 bits once; LPIPS by training/lway/metrics.py.
    const expected = [
      { psnr: 30.417, lpips: 0.34705 },
      { psnr: 30.75, lpips: 0.28754 },
    ];
    for (const [i, { psnr, lpips: distance }] of expected.entries()) {
      expect(Math.abs(scores[i]!['psnr']! - psnr)).toBeLessThan(0.01);
      expect(Math.abs(scores[i]!['lpips']! - distance)).toBeLessThan(0.001);
    }
  });
});

test('an adapted network is compared with itself unadapted', async () => {
  root.useShippedModels();
  await makePairs(1);
  await sharp(root.path('pairs', 'lr', '0-low.png'))
    .resize(64, 64)
    .png()
    .toFile(root.path('pairs', 'lr', 'x.png'));
  await sharp(root.path('pairs', 'lr', 'x.png'))
    .resize(256, 256)
    .png()
    .toFile(root.path('pairs', 'hr', 'x.png'));
  const { code, stdout } = await root.lway(
    ...['evaluate', '--set', 'pairs', '--model', 'default', '--adapt', 'quick', '--json'],
    ...['--series', 'set,steps=2,trainingBatches=1'],
  );
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('summary') });
  const rows = events(stdout).filter(({ event }) => event === 'score');
  const id = rows[0]!['variant'] as string;
  const each = [
    [id, null],
    [`${id}, adapted`, id],
    [`${id}, adapted, one for the set,steps=2,trainingBatches=1`, `${id}, adapted`],
  ];
  expect(rows.map(({ variant, against }) => [variant, against])).toEqual([...each, ...each]);
  expect(rows[2]!['note']).toMatch(/^(2 pictures\. Matched|Matching did not improve these pictures)/);
});

test('a network that suits itself to the picture is compared with itself as it came', async () => {
  root.useShippedModels();
  await makePairs(1);
  // Out of focus: an irregular pattern, blurred.
  const gray = Uint8Array.from({ length: 32 * 27 }, (_, i) => 40 + ((i * i * 7919) % 180));
  const pattern = sharp(gray, { raw: { width: 32, height: 27, channels: 1 } }).resize(96, 80, { kernel: 'nearest' });
  const low = await sharp(await pattern.toColourspace('srgb').png().toBuffer())
    .blur(1.2)
    .png()
    .toBuffer();
  await sharp(low).toFile(root.path('pairs', 'lr', '0-low.png'));
  await sharp(low)
    .resize(384, 320)
    .png()
    .toFile(root.path('pairs', 'hr', '0-high.png'));
  const { code, stdout } = await root.lway(
    ...['evaluate', '--set', 'pairs', '--model', 'lway-photo-fast-x4', 'bicubic', '--tuned', '--json'],
  );
  expect(code).toBe(0);
  const rows = events(stdout).filter(({ event }) => event === 'score');
  expect(rows.map(({ variant, against }) => [variant, against])).toEqual([
    ['lway-photo-fast-x4', null],
    ['bicubic', 'lway-photo-fast-x4'],
    ['lway-photo-fast-x4, tuned', 'lway-photo-fast-x4'],
  ]);
  expect(rows[2]!['note']).toMatch(/Detail \d+, Noise \d+, Blur [1-9]\d*, drawing \d+\./);
  expect(rows[2]!['scores']).not.toEqual(rows[0]!['scores']);
});
