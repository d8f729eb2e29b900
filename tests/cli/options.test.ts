import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { drawn, writePng } from './support/pictures';
import { TestRoot } from './support/test-root';

let root: TestRoot;
beforeEach(async () => {
  root = new TestRoot();
  await writePng(root.path('in.png'), drawn(8, 6, 3));
});
afterEach(() => root.remove());

describe('a command line that cannot be understood ends with 2, before anything is done', () => {
  test.each([
    [['--scale', '0.5'], /"0.5" is not a valid value for --scale.*1 to 8/],
    [['--scale', 'four'], /not a valid value for --scale/],
    [['--scale', '4', '--size', '9x9'], /exclude each other/],
    [['--size', '300x2x1'], /"300x2x1" is not a valid value for --size.*3000x2000/],
    [['--size', '0x9'], /not a valid value for --size/],
    [['--region', '1,2,3'], /not a valid value for --region/],
    [['--region', '1,2,0,4'], /not a valid value for --region/],
    [['--device', 'gpu'], /auto, webgpu, cpu/],
    [['--tile', '7'], /not a valid value for --tile/],
    [['--format', 'bmp'], /png, jpg, webp, tiff, avif/],
    [['--quality', '0'], /not a valid value for --quality/],
    [['--adapt', 'much'], /off, quick, standard, thorough/],
    [['--strength', '2'], /not a valid value for --strength/],
    [['--detail', '101'], /"101" is not a valid value for --detail.*0 \(faithful\) to 100 \(crisp\)/],
    [['--blur', 'much'], /not a valid value for --blur/],
    [['--noise', 'much'], /not a valid value for --noise/],
    [['--detail', '50'], /"doubling" has no weights to mix: --detail means nothing/],
    [['--blur', '50'], /"doubling" has no weights to mix: --blur means nothing/],
    [['--noise', '50'], /"doubling" has no weights to mix: --noise means nothing/],
    [['--crispness', '0.5'], /--crispness has become --detail.*Use --detail 50/s],
    [['--depth', '32'], /not a valid value for --depth/],
    [['-o', 'out.bmp'], /does not say which format/],
    [['-o', 'out.jpg', '--format', 'png'], /has the ending of a JPEG file, but --format is png/],
    [['--weights', 'mine', '--adapt', 'quick'], /exclude each other/],
    [['--save-weights', 'mine', '--adapt', 'off'], /no weights to save/],
    [['--weights', 'mine', '--save-steps', 's.json'], /cannot record --weights/],
    [['--nonsense'], /unknown option '--nonsense'/],
  ])('%j', async (args, sentence) => {
    const result = await root.lway('upscale', 'in.png', ...args);
    expect(result.stderr).toMatch(sentence);
    expect(result.code).toBeGreaterThanOrEqual(2);
    expect(readdirSync(root.work)).toEqual(['in.png']);
  });

  test('no pictures, no command, an unknown one', async () => {
    expect(await root.lway('upscale')).toMatchObject({ code: 2 });
    expect(await root.lway()).toMatchObject({ code: 2, stdout: expect.stringContaining('upscale') as string });
    expect(await root.lway('enlarge', 'in.png')).toMatchObject({ code: 2 });
  });

  test('several pictures into one file', async () => {
    await writePng(root.path('two.png'), drawn(8, 6, 3));
    const result = await root.lway('upscale', 'in.png', 'two.png', '-o', 'out.png');
    expect(result).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('names one file, but there are 2') as string,
    });
  });

  test('as JSON where that was asked for', async () => {
    const { code, stdout, stderr } = await root.lway('upscale', 'in.png', '--json', '--scale', '99');
    expect(code).toBe(2);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      event: 'error',
      code: 'bad-option',
      advice: expect.any(String) as string,
    });
  });
});

describe('where results go', () => {
  test.each([
    [[], 'in-x2.png'],
    [['--format', 'tiff'], 'in-x2.tif'],
    [['-o', 'large.JPEG'], 'large.JPEG'],
    [['-o', 'new/large.webp'], 'new/large.webp'],
    [['-o', 'new/'], 'new/in.png'],
    [['-o', 'new'], 'new/in.png'],
    [['-o', 'there.v2'], 'there.v2/in.png'],
    [['-o', 'odd.name', '--format', 'png'], 'odd.name'],
    [['-o', 'new', '--format', 'jpeg'], 'new/in.jpg'],
  ])('%j → %s', async (args, name) => {
    mkdirSync(root.path('there.v2'));
    expect(await root.lway('upscale', 'in.png', '--scale', '2', '--device', 'cpu', ...args)).toMatchObject({ code: 0 });
    expect(existsSync(root.path(name))).toBe(true);
  });
});

test('--version and --help', async () => {
  expect(await root.lway('--version')).toMatchObject({ code: 0, stdout: '1.2.3\n' });
  const help = await root.lway('upscale', '--help');
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain('$ lway upscale photo.jpg');
  for (const command of ['play', 'models', 'weights', 'doctor']) {
    expect(await root.lway(command, '--help')).toMatchObject({ code: 0 });
  }
});
