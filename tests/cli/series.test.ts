import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tinyNetwork } from '../engine/upscaling/tiny-networks';
import { readHeader } from '../../src/cli/files/decode';
import { OneAtATime } from '../../src/cli/files/one-at-a-time';
import { mostTeachers, spread } from '../../src/cli/learn-series';
import { drawn, readPicture, scene, writePng } from './support/pictures';
import { TestRoot } from './support/test-root';

let root: TestRoot;
beforeEach(() => {
  root = new TestRoot();
  root.useShippedModels();
  writeFileSync(root.path('tiny.onnx'), tinyNetwork());
});
afterEach(() => root.remove());

type Event = { event: string } & Record<string, unknown>;
const eventsOf = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);

const common = ['--model', './tiny.onnx', '--scale', '2', '--device', 'cpu', '--adapt', 'quick'];
const series = (...args: string[]) => root.lway('upscale', ...args, ...common, '--series');

/** A PNG with a whole header and half of its pixels. */
async function writeDamaged(name: string): Promise<void> {
  await writePng(root.path('whole.png'), drawn(60, 56, 3));
  const bytes = readFileSync(root.path('whole.png'));
  writeFileSync(root.path(name), bytes.subarray(0, bytes.length / 2));
}

function leftovers(): string[] {
  return readdirSync(root.work).filter((name) => name.startsWith('.lway'));
}

test('one adaptation for all; what cannot be read is left out of it and fails in its turn', async () => {
  await writePng(root.path('a.png'), scene(64, 56));
  writeFileSync(root.path('b.png'), 'not a picture');
  await writeDamaged('c.png');
  await writePng(root.path('d.png'), scene(72, 60));
  const half = ['--strength', '0.5'];
  const { code, stdout } = await series(
    'a.png',
    'b.png',
    'c.png',
    'd.png',
    '--json',
    '--save-weights',
    'camera',
    ...half,
  );
  expect(code).toBe(1);
  const events = eventsOf(stdout);
  const named = (name: string) => events.filter(({ event }) => event === name);
  expect(named('series')).toMatchObject([
    { pictures: 3, inputs: ['a.png', 'c.png', 'd.png'].map((name) => root.path(name)) },
    { pictures: 2, inputs: ['a.png', 'd.png'].map((name) => root.path(name)) },
  ]);
  expect(named('learned')).toHaveLength(1);
  expect(named('learned')[0]).toMatchObject({ used: true, pictures: 2, message: expect.stringContaining('pictures') });
  // All of the learning comes before the first file.
  const first = events.findIndex(({ event }) => event === 'file');
  expect(events.slice(first).some(({ event }) => event === 'adaptation')).toBe(false);
  expect(named('failed').map(({ input }) => input)).toEqual([root.path('b.png'), root.path('c.png')]);
  const done = named('done');
  expect(done.map(({ input }) => input)).toEqual([root.path('a.png'), root.path('d.png')]);
  for (const { adaptation } of done) {
    expect(adaptation).toMatchObject({
      used: true,
      pictures: 2,
      message: 'Used the network adapted to 2 pictures of the series.',
    });
  }
  expect(stdout.length).toBeLessThan(20_000); // facts, not megabytes of weights
  expect(leftovers()).toEqual([]);

  // The kept weights, which are not mixed, are those that all files had.
  expect(JSON.parse((await root.lway('weights', 'list', '--json')).stdout)).toMatchObject([
    { name: 'camera', picture: 'a.png and 1 more' },
  ]);
  const again = ['--model', './tiny.onnx', '--scale', '2', '--device', 'cpu', '--weights', 'camera', ...half];
  expect(await root.lway('upscale', 'a.png', 'd.png', '-o', 'again', ...again)).toMatchObject({ code: 0 });
  for (const name of ['a', 'd']) {
    const [one, two] = [
      await readPicture(root.path(`${name}-x2.png`)),
      await readPicture(root.path('again', `${name}.png`)),
    ];
    expect(two.data).toEqual(one.data);
  }
});

test('says how many pictures it adapts to, for people', async () => {
  await writePng(root.path('a.png'), scene(64, 56));
  await writePng(root.path('b.png'), scene(64, 60));
  const { code, stderr } = await series('a.png', 'b.png', '-o', 'out');
  expect(code).toBe(0);
  expect(stderr).toContain('Matching to 2 pictures together.\n');
  expect(stderr).toMatch(/^2 pictures matching: \d of 4/m);
  expect(stderr.match(/^Matched in \d+ steps.*\.$/gm)).toHaveLength(1);
  expect(stderr.match(/^Used the network adapted to 2 pictures of the series\.$/gm)).toHaveLength(2);
  expect(readdirSync(root.path('out')).sort()).toEqual(['a.png', 'b.png']);
});

test('pictures with nothing to teach: said, upscaled with the original network, no weights kept', async () => {
  for (const name of ['a.png', 'b.png']) {
    await writePng(root.path(name), { width: 48, height: 48, channels: 3, data: new Uint8Array(48 * 48 * 3).fill(90) });
  }
  const { code, stderr } = await series('a.png', 'b.png', '--save-weights', 'flat.onnx');
  expect(code).toBe(1);
  expect(stderr).toContain('no fine detail to learn from');
  expect(stderr).toContain('Used the original network: nothing was learned from the series.');
  expect(stderr).toContain('no weights were saved');
  expect(existsSync(root.path('a-x2.png')) && existsSync(root.path('b-x2.png'))).toBe(true);
  expect(existsSync(root.path('flat.onnx'))).toBe(false);
});

test('Ctrl-C while it learns ends with 130 and leaves nothing', async () => {
  await writePng(root.path('a.png'), scene(64, 56));
  await writePng(root.path('b.png'), scene(64, 60));
  const stop = new AbortController();
  const write = (text: string) => {
    if (text.includes('"event":"adaptation"')) stop.abort();
  };
  const { code } = await root.lwayIn(
    { signal: stop.signal, stdout: { write } },
    ...['upscale', 'a.png', 'b.png', '-o', 'out', ...common, '--series', '--json'],
  );
  expect(code).toBe(130);
  expect(existsSync(root.path('out'))).toBe(false);
  expect(leftovers()).toEqual([]);
});

test('learns nothing where no result can come', async () => {
  await writePng(root.path('a.png'), scene(64, 56));
  await writePng(root.path('b.png'), scene(64, 60));
  writeFileSync(root.path('a-x2.png'), '');
  writeFileSync(root.path('b-x2.png'), '');
  const { code, stdout } = await series('a.png', 'b.png', '--json');
  expect(code).toBe(1);
  const events = eventsOf(stdout).map(({ event }) => event);
  expect(events).not.toContain('series');
  expect(events.filter((event) => event === 'failed')).toHaveLength(2);
});

test('one picture is adapted to as without it', async () => {
  await writePng(root.path('a.png'), scene(64, 56));
  const { code, stdout } = await series('a.png', './a.png', '--json');
  expect(code).toBe(0);
  const events = eventsOf(stdout);
  expect(events.some(({ event }) => event === 'series')).toBe(false);
  expect(events.find(({ event }) => event === 'done')).toMatchObject({
    adaptation: { used: true, pictures: 1, message: expect.stringMatching(/^Matched in .* to your picture\.$/) },
  });
});

describe('what contradicts it ends with 2, before anything is done', () => {
  test.each([
    [['--adapt', 'off'], /with --adapt off nothing is learned/],
    [['--weights', 'mine'], /--series and --weights exclude each other/],
    [['--save-steps', 's.json'], /--save-steps cannot record --series/],
  ])('%j', async (args, sentence) => {
    await writePng(root.path('a.png'), drawn(8, 8, 3));
    await writePng(root.path('b.png'), drawn(8, 8, 3));
    const before = readdirSync(root.work);
    const result = await root.lway('upscale', 'a.png', 'b.png', '--series', ...args);
    expect(result).toMatchObject({ code: 2, stderr: expect.stringMatching(sentence) as string });
    expect(readdirSync(root.work)).toEqual(before);
  });
});

test('teachers come from all over the list', () => {
  const list = Array.from({ length: 100 }, (_, i) => i);
  const chosen = spread(list, mostTeachers);
  expect(chosen).toHaveLength(16);
  expect(new Set(chosen).size).toBe(16);
  expect([chosen[0], chosen.at(-1)]).toEqual([0, 99]);
  const gaps = chosen.slice(1).map((each, i) => each - chosen[i]!);
  expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
  expect(spread(list.slice(0, 16), mostTeachers)).toEqual(list.slice(0, 16));
});

test('one picture at a time is decoded, as its turn comes', async () => {
  const { signal } = new AbortController();
  await writePng(root.path('a.png'), drawn(12, 8, 3));
  await writePng(root.path('b.png'), drawn(10, 9, 1));
  await writeDamaged('c.png');
  const pictures = [];
  for (const name of ['a', 'b', 'c']) {
    const target = { input: root.path(`${name}.png`), output: root.path(`out-${name}`, 'x'), format: null };
    pictures.push({ target, header: await readHeader(signal, target.input) });
  }
  const held = new OneAtATime(pictures, { x: 2, y: 1, width: 5, height: 4 });
  const folders = () => readdirSync(root.work).filter((name) => name.startsWith('out-'));
  const part = { x: 1, y: 0, width: 4, height: 4 };
  expect(held.sources.map(({ info }) => [info.width, info.height, info.channels])).toEqual([
    [5, 4, 3],
    [5, 4, 1],
    [5, 4, 3],
  ]);
  expect(folders()).toEqual([]);
  const { data } = drawn(12, 8, 3);
  const [first] = (await held.sources[0]!.read(signal, part)).data;
  expect(first).toBeCloseTo(data[(1 * 12 + 3) * 3]! / 255, 5);
  expect(folders()).toEqual(['out-a']);
  await held.sources[1]!.read(signal, part);
  expect(folders()).toEqual(['out-b']);
  expect(held.failed).toBeNull();
  await expect(held.sources[2]!.read(signal, part)).rejects.toThrow(/"c\.png" cannot be read/);
  expect(held.failed).toBe(pictures[2]);
  expect(folders()).toEqual([]);
  await held.close();
});
