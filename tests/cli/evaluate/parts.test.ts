import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AdaptOptions, Engine } from '../../../src/engine/contract';
import { luma } from '../../../src/cli/evaluate/metrics/luma';
import { psnr } from '../../../src/cli/evaluate/metrics/psnr';
import { resize } from '../../../src/engine/raster/resample';
import type { Network } from '../../../src/engine/network/registry';
import { cropToShow } from '../../../src/cli/evaluate/contact-sheet';
import { controls } from '../../../src/cli/evaluate/controls';
import { scoredBorder } from '../../../src/cli/evaluate/measure';
import { partOf, readSet } from '../../../src/cli/evaluate/picture-set';
import { asSaved } from '../../../src/cli/evaluate/pixels';
import { series, seriesOf } from '../../../src/cli/evaluate/series';
import { parseAblation } from '../../../src/cli/evaluate/ablation';
import { summarise, type Row } from '../../../src/cli/evaluate/summary';
import type { Task } from '../../../src/cli/evaluate/variants';
import { verdictOf } from '../../../src/cli/evaluate/verdict';
import { drawn, noise } from '../../engine/raster/support';
import { draw, reference } from '../metrics/pictures';

test('a set is matched by sorted names, counted from 1 and limited', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lway-set-'));
  try {
    for (const part of ['lr', 'hr']) mkdirSync(join(folder, part));
    for (const name of ['b', 'a', 'c']) {
      writeFileSync(join(folder, 'lr', `${name}_low.png`), '');
      writeFileSync(join(folder, 'hr', `${name}_high.JPG`), '');
    }
    writeFileSync(join(folder, 'lr', 'notes.txt'), '');
    const { paired, testPictures } = await readSet(folder, 2);
    expect(paired).toBe(true);
    expect(testPictures.map(({ number, name, truth }) => [number, name, truth])).toEqual([
      [1, 'a_low', join(folder, 'hr', 'a_high.JPG')],
      [2, 'b_low', join(folder, 'hr', 'b_high.JPG')],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('differences are paired: a constant gain has no uncertainty however the pictures differ', () => {
  const row = (number: number, variant: string, psnrY: number): Row => ({
    set: 's',
    number,
    picture: `p${number}`,
    variant,
    against: variant === 'a' ? null : 'a',
    seconds: 1,
    scores: { psnr: psnrY, consistency: 40 },
  });
  const rows = [20, 25, 31, 38].flatMap((value, i) => [row(i + 1, 'a', value), row(i + 1, 'b', value + 0.5)]);
  const [a, b] = summarise(rows);
  expect(a!.differences).toBeNull();
  expect(a!.all.psnr).toBe(28.5);
  expect(a!.even.psnr).toBe(31.5);
  expect(b!.differences!.all.psnr).toEqual({ mean: 0.5, margin: 0 });
  expect(b!.differences!.even.psnr!.mean).toBe(0.5);
  expect(b!.all.lpips).toBeUndefined();
});

test('the contact sheet shows where the detail is', () => {
  const picture = drawn(160, 160, 3, (_, row, column) => (row > 90 && column > 90 ? ((row + column) % 2) * 0.8 : 0.3));
  const { x, y, width, height } = cropToShow(picture, 640, 640);
  expect([width, height]).toEqual([224, 224]);
  expect(x).toBeGreaterThanOrEqual(340);
  expect(y).toBeGreaterThanOrEqual(340);
  expect(
    cropToShow(
      drawn(3, 2, 3, () => 0),
      12,
      8,
    ),
  ).toEqual({ x: 0, y: 0, width: 12, height: 8 });
});

describe('controls without training', () => {
  const truth = draw(reference(96, 96));
  const picture = asSaved(resize(truth, 24, 24, 'area'));
  const bicubic = resize(picture, 96, 96, 'bicubic');
  // A network that invents: bicubic with noise on it and too bright.
  const grain = noise(96, 96, 3, 5);
  const base = asSaved({ ...bicubic, data: bicubic.data.map((value, i) => value + 0.2 * (grain.data[i]! - 0.4)) });
  const score = (raster: typeof truth) => psnr(luma(raster), luma(truth), { border: scoredBorder });
  const testPicture = { number: 1, name: 'drawn', picture: 'drawn.png' };
  const task = (adapted: typeof truth): Task => ({
    picture,
    truth,
    width: 96,
    height: 96,
    testPicture,
    set: [testPicture],
    other: picture,
    done: new Map([
      ['net', base],
      ['net, adapted', adapted],
    ]),
  });
  const options = { level: 'quick', strength: 1, networks: {} } as unknown as AdaptOptions;
  const adapted = {
    name: 'net, adapted',
    against: 'net',
    engine: {} as Engine,
    network: {} as Network,
    device: 'cpu',
    options,
  };
  const all = controls('net', { ...adapted, device: 'cpu' }, []);
  const find = (part: string) => all.find(({ name }) => name.includes(part))!;
  const never = new AbortController().signal;

  test('a series says by what, and with which changes', () => {
    const variant = { ...adapted, device: 'cpu' } as const;
    expect(series(variant, 'name,steps=2').name).toBe('net, adapted, one for each series,steps=2');
    expect(() => series(variant, 'all')).toThrow(/not a valid value for --series/);
    expect(() => series(variant, 'set,colour=red')).toThrow(/does not change a recipe/);
  });

  test('what a gain must beat is all there', () => {
    expect(all).toHaveLength(10);
    expect(all.every(({ against }) => against === 'net, adapted')).toBe(true);
  });

  test('back-projection brings the result into agreement with the picture', async () => {
    const { result } = await find('back-projected').run(never, task(base));
    const disagreement = (raster: typeof truth) => {
      const down = resize(raster, 24, 24, 'area');
      return Math.max(...down.data.map((value, i) => Math.abs(value - picture.data[i]!)));
    };
    expect(disagreement(result)).toBeLessThan(disagreement(base) / 2);
  });

  test('putting the colours right mends what is wrong on the whole, and leaves detail alone', async () => {
    const mean = ({ data }: typeof truth) => data.reduce((sum, value) => sum + value, 0) / data.length;
    const yellow = asSaved({ ...base, data: base.data.map((value, i) => (i < 96 * 96 ? value * 0.8 : value)) });
    const { result } = await find('colours put right').run(never, task(yellow));
    expect(Math.abs(mean(result) - mean(picture))).toBeLessThan(Math.abs(mean(yellow) - mean(picture)) / 4);
    const step = (raster: typeof truth) => raster.data[50 * 96 + 51]! - raster.data[50 * 96 + 50]!;
    expect(step(result)).toBeCloseTo(step(yellow), 1);
  });

  test('the frontier meets the adapted PSNR where a blend can', async () => {
    const halfway = asSaved({ ...base, data: base.data.map((value, i) => (value + bicubic.data[i]!) / 2) });
    expect(score(halfway)).toBeGreaterThan(score(base) + 0.2);
    const { result } = await find('same PSNR').run(never, task(halfway));
    expect(Math.abs(score(result) - score(halfway))).toBeLessThan(0.05);
  });

  test('the frontier stays at the unadapted result where adapting lost dB, and at its best where it cannot follow', async () => {
    const worse = asSaved({ ...base, data: base.data.map((value) => value * 0.8) });
    expect((await find('same PSNR').run(never, task(worse))).result.data).toEqual(base.data);
    const { result } = await find('same PSNR').run(never, task(truth));
    expect(score(result)).toBeGreaterThanOrEqual(score(asSaved(bicubic)) - 0.01);
  });
});

describe('verdicts', () => {
  const scores = (psnrOf: number, lpips: number) => ({ psnr: psnrOf, lpips, consistency: 40 });
  const before = scores(28, 0.2);

  test.each([
    [28.2, 0.2, 'helped'],
    [28, 0.19, 'helped'],
    [27.95, 0.203, 'alike'],
    [27.85, 0.203, 'alike'],
    [27.85, 0.205, 'harmed'],
    [27.4, 0.15, 'harmed'],
    [29, 0.211, 'harmed'],
  ])('%f dB and LPIPS %f after 28 dB and 0.2: %s', (after, lpips, verdict) => {
    expect(verdictOf(scores(after, lpips), before)).toBe(verdict);
  });

  test('without ground truth there is none', () => {
    expect(verdictOf({ consistency: 40 }, before)).toBeNull();
  });
});

test('studies: changes of a recipe by name', () => {
  expect(parseAblation('steps=24, learningRate=5e-5,cycle=reconstructor,map=false')).toEqual({
    steps: 24,
    learningRate: 5e-5,
    cycle: 'reconstructor',
    map: false,
  });
  expect(parseAblation('trainable=last:4,choice=uniform')).toEqual({ trainable: { last: 4 }, choice: 'uniform' });
  expect(parseAblation('trainable=biases-and-norms')).toEqual({ trainable: 'biases-and-norms' });
  const unknown = ['', 'steps', 'steps=many', 'map=1', 'colour=red', 'toString=1', 'cycle=round', 'trainable=last:0'];
  for (const wrong of unknown) expect(() => parseAblation(wrong)).toThrow(/does not change a recipe/);
});

test('a series: the whole set, or the names that begin with the same letters', () => {
  const set = ['Canon_006', 'Canon_018', 'Nikon_004', '12', '34'].map((name, i) => ({
    number: i,
    name,
    picture: name,
  }));
  const names = (index: number, by: 'set' | 'name') =>
    seriesOf({ set, testPicture: set[index]! }, by).map(({ name }) => name);
  expect(names(1, 'set')).toEqual(set.map(({ name }) => name));
  expect(names(1, 'name')).toEqual(['Canon_006', 'Canon_018']);
  expect(names(2, 'name')).toEqual(['Nikon_004']);
  expect(names(3, 'name')).toEqual(['12', '34']);
});

test('a part of a set keeps the numbers of its pictures', () => {
  const set = { name: 's', paired: true, testPictures: [1, 2, 3].map((number) => ({ number, name: '', picture: '' })) };
  expect(partOf(set, 'reporting').testPictures.map(({ number }) => number)).toEqual([2]);
  expect(partOf(set, 'tuning').testPictures.map(({ number }) => number)).toEqual([1, 3]);
  expect(partOf(set, 'all')).toBe(set);
});
