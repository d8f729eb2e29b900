import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { difference, doubled, drawn, readPicture, writePng } from './support/pictures';
import { TestRoot } from './support/test-root';

let root: TestRoot;
beforeEach(() => (root = new TestRoot()));
afterEach(() => root.remove());

function writeSteps(...steps: object[]): void {
  const content = {
    format: 'lway-steps',
    version: 1,
    steps: steps.map((step) => ({ action: 'upscale', adapt: 'off', ...step })),
  };
  writeFileSync(root.path('steps.json'), JSON.stringify(content));
}

const play = (...args: string[]) => root.lway('play', 'steps.json', ...args, '--device', 'cpu');
const report = (name = 'steps-report.json') =>
  JSON.parse(readFileSync(root.path(name), 'utf8')) as {
    files: { input: string; status: string; error?: { message: string } }[];
  };

test('steps that an upscale has saved do the same again', async () => {
  await writePng(root.path('in.png'), drawn(12, 8, 3));
  await root.lway(
    'upscale',
    'in.png',
    '-o',
    'one.png',
    '--scale',
    '2',
    '--save-steps',
    'steps.json',
    '--device',
    'cpu',
  );
  expect(await play('in.png', '-o', 'two.png')).toMatchObject({ code: 0 });
  expect(readFileSync(root.path('two.png')).equals(readFileSync(root.path('one.png')))).toBe(true);
});

test('several steps work on each other, with depth, profile and metadata kept', async () => {
  writeSteps({ size: { scale: 2 } }, { size: { scale: 2 } });
  const picture = drawn(9, 7, 3, 16);
  await sharp(picture.data, { raw: { width: 9, height: 7, channels: 3 } })
    .toColourspace('rgb16')
    .withMetadata({ density: 150 })
    .withIccProfile('p3')
    .png()
    .toFile(root.path('in.png'));
  const before = await readPicture(root.path('in.png'));
  expect(await play('in.png')).toMatchObject({ code: 0 });
  const after = await readPicture(root.path('in-x4.png'));
  expect(after.meta).toMatchObject({ depth: 'ushort', density: 150 });
  expect(after.meta.icc!.equals(before.meta.icc!)).toBe(true);
  expect(difference(after, doubled(doubled(before)))).toBeLessThanOrEqual(1);
});

test('a run goes on where it stopped, does what failed again, and reports both', async () => {
  writeSteps({ size: { scale: 2 } });
  const names = ['a', 'c', 'd', 'e', 'f', 'g'].map((name) => `${name}.png`);
  for (const [i, name] of names.entries()) await writePng(root.path(name), drawn(8 + i, 6, 3));
  writeFileSync(root.path('b.png'), 'no picture');
  const stop = new AbortController();
  let seen = '';
  const write = (text: string) => {
    seen += text;
    if (seen.includes('"event":"failed"') && seen.includes('"event":"done"')) stop.abort();
  };
  const args = ['play', 'steps.json', '.', '-o', 'out', '--device', 'cpu', '--json'];
  const first = await root.lwayIn({ signal: stop.signal, stdout: { write } }, ...args);
  expect(first.code).toBe(130);
  const failed = report().files.filter(({ status }) => status === 'failed');
  expect(failed.map(({ input }) => input)).toEqual([root.path('b.png')]);
  expect(failed[0]!.error!.message).toContain('is not a picture');
  const there = names.filter((name) => existsSync(root.path('out', name)));
  const done = report().files.filter(({ status }) => status === 'done');
  expect(done.map(({ input }) => input).sort()).toEqual(there.map((name) => root.path(name)));
  // What was in work when it ended is lost, no more than that, and what had not begun has not.
  expect(there.length).toBeGreaterThan(0);
  expect(there).not.toContain('g.png');
  expect(readdirSync(root.path('out')).filter((name) => name.startsWith('.'))).toEqual([]);

  await writePng(root.path('b.png'), drawn(10, 6, 3));
  const second = await root.lway(...args);
  expect(second.code).toBe(0);
  const skipped = there.length;
  expect(JSON.parse(second.stdout.trim().split('\n').at(-1)!)).toMatchObject({
    succeeded: 7 - skipped,
    failed: 0,
    skipped,
  });
  expect(report().files.map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => 'done'));
});

test('what changed is done again: the picture, the steps, the result that is gone', async () => {
  writeSteps({ size: { scale: 2 } });
  await writePng(root.path('a.png'), drawn(8, 6, 3));
  expect(await play('a.png')).toMatchObject({ code: 0 });
  expect((await play('a.png')).stderr).toContain('from an earlier run');
  expect(await play('a.png', '--again', '--force')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('a-x2.png') as string,
  });
  utimesSync(root.path('a.png'), 1, 1);
  expect(await play('a.png')).toMatchObject({ code: 1, stderr: expect.stringContaining('already exists') as string });
  writeSteps({ size: { scale: 3 } });
  expect(await play('a.png')).toMatchObject({ code: 0, stdout: expect.stringContaining('a-x3.png') as string });
});

test.each([
  ['no steps file', null, ['in.png'], 2, /There is no file/],
  ['a broken steps file', '{', ['in.png'], 2, /not valid JSON/],
  ['an unknown network', [{ model: 'gone' }], ['in.png'], 3, /no network "gone"/],
  ['a selection', [{ target: 'region' }], ['in.png'], 2, /a file has none.*--region/],
  ['a second selection', [{}, { target: 'region' }], ['in.png'], 2, /Step 2 works on a selection/],
  ['a region without a selection', [{}], ['in.png', '--region', '0,0,2,2'], 2, /No step works on a selection/],
  ['a foreign report', [{}], ['in.png', '--report', 'in.json'], 2, /not a report of "lway play"/],
] as const)('%s is said before anything is done', async (_what, steps, args, code, sentence) => {
  await writePng(root.path('in.png'), drawn(8, 6, 3));
  writeFileSync(root.path('in.json'), '{}');
  if (typeof steps === 'string') writeFileSync(root.path('steps.json'), steps);
  else if (steps) writeSteps(...steps);
  expect(await play(...args)).toMatchObject({ code, stderr: expect.stringMatching(sentence) as string });
  expect(existsSync(root.path('in-x4.png'))).toBe(false);
});

test('a step recorded on a selection works on --region', async () => {
  writeSteps({ target: 'region', size: { scale: 2 } });
  await writePng(root.path('in.png'), drawn(8, 6, 3));
  expect(await play('in.png', '--region', '1,1,4,3')).toMatchObject({ code: 0 });
  expect(await sharp(root.path('in-x2.png')).metadata()).toMatchObject({ width: 8, height: 6 });
});
