import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describeWithSharedData, sharedData } from '../support/shared-data';
import { difference, doubled, drawn, readPicture, scene, writePng } from './support/pictures';
import { tinyNetwork } from '../engine/upscaling/tiny-networks';
import { doublingNetwork, TestRoot } from './support/test-root';

let root: TestRoot;
beforeEach(() => (root = new TestRoot()));
afterEach(() => root.remove());

const listed = async () =>
  JSON.parse((await root.lway('models', '--json')).stdout) as {
    id: string;
    scale: number;
    own: boolean;
    default: boolean;
  }[];

test('a network from a file, with nothing said about it', async () => {
  writeFileSync(root.path('mine.onnx'), doublingNetwork());
  await writePng(root.path('in.png'), drawn(20, 16, 3));
  const result = await root.lway('upscale', 'in.png', '--scale', '2', '--model', 'mine.onnx', '--device', 'cpu');
  expect(result).toMatchObject({ code: 0 });
  expect(difference(await readPicture(root.path('in-x2.png')), doubled(await readPicture(root.path('in.png'))))).toBe(
    0,
  );
});

test('the default is used unless another is named, on the CPU as well', async () => {
  const file = join(root.root, 'models', 'models.json');
  const registry = JSON.parse(readFileSync(file, 'utf8')) as { models: object[] };
  const large = { ...registry.models[0], id: 'large', name: 'Large' };
  const models = [large, ...registry.models];
  writeFileSync(file, JSON.stringify({ ...registry, models, default: 'large', defaultWhereSlow: 'doubling' }));
  await writePng(root.path('in.png'), drawn(8, 8, 3));
  const chosen = async (steps: string, ...args: string[]) => {
    const result = await root.lway('upscale', 'in.png', '-f', '--device', 'cpu', '--save-steps', steps, ...args);
    expect(result).toMatchObject({ code: 0 });
    return (JSON.parse(readFileSync(root.path(steps), 'utf8')) as { steps: { model: string }[] }).steps[0]!.model;
  };
  expect(await chosen('default.json')).toBe('large');
  expect(await chosen('named.json', '--model', 'doubling')).toBe('doubling');
  expect((await root.lway('models')).stdout).toMatch(/^large \*/m);
});

test('where the factor is known, the default gives way to the network of its style that suits', async () => {
  const file = join(root.root, 'models', 'models.json');
  const registry = JSON.parse(readFileSync(file, 'utf8')) as { models: object[] };
  const [doubling] = registry.models;
  const models = [
    { ...doubling, id: 'style-x4', name: 'Style ×4', scale: 4 },
    { ...doubling, id: 'style-x2', name: 'Style ×2', scale: 2 },
  ];
  writeFileSync(file, JSON.stringify({ ...registry, models, default: 'style-x4' }));
  await writePng(root.path('in.png'), drawn(8, 8, 3));
  const args = ['in.png', '--scale', '2', '--device', 'cpu', '--save-steps', 'steps.json'];
  expect(await root.lway('upscale', ...args)).toMatchObject({ code: 0 });
  expect(readFileSync(root.path('steps.json'), 'utf8')).toContain('"style-x2"');
});

test('steps remember a network from a file by its place', async () => {
  writeFileSync(root.path('mine.onnx'), doublingNetwork());
  await writePng(root.path('in.png'), drawn(8, 8, 3));
  const args = ['--scale', '2', '--model', 'mine.onnx', '--device', 'cpu', '--save-steps', 'steps.json'];
  expect(await root.lway('upscale', 'in.png', ...args)).toMatchObject({ code: 0 });
  expect(await root.lway('play', 'steps.json', 'in.png', '-o', 'two.png', '--device', 'cpu')).toMatchObject({
    code: 0,
  });
});

test('a network of one’s own is kept, used by its id and removed', async () => {
  writeFileSync(root.path('My net.onnx'), doublingNetwork());
  expect(await root.lway('models', 'add', 'My net.onnx')).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('Added "My-net": ×2') as string,
  });
  expect(await listed()).toMatchObject([
    { id: 'doubling', own: false, default: true },
    { id: 'My-net', own: true, scale: 2 },
  ]);
  expect((await root.lway('models')).stdout).toMatch(/doubling \*.*\n.*My-net.*yours/);
  await writePng(root.path('in.png'), drawn(8, 8, 3));
  expect(await root.lway('upscale', 'in.png', '--scale', '2', '--model', 'My-net', '--device', 'cpu')).toMatchObject({
    code: 0,
  });

  expect(await root.lway('models', 'add', 'My net.onnx')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--id') as string,
  });
  expect(await root.lway('models', 'add', 'My net.onnx', '--id', '../x')).toMatchObject({ code: 2 });
  expect(await root.lway('models', 'remove', 'doubling')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('stays') as string,
  });
  expect(await root.lway('models', 'remove', 'My-net')).toMatchObject({ code: 0 });
  expect(existsSync(join(root.home, 'lway', 'models', 'My-net.onnx'))).toBe(false);
  expect(await listed()).toHaveLength(1);
});

test.each([
  [{ env: {}, platform: 'win32' }, ['AppData', 'Roaming', 'LWay']],
  [{ env: {}, platform: 'darwin' }, ['Library', 'Application Support', 'LWay']],
  [{ env: {}, platform: 'linux' }, ['.local', 'share', 'lway']],
])('is kept where programs keep such things: %j', async (changes, folders) => {
  writeFileSync(root.path('mine.onnx'), doublingNetwork());
  expect(await root.lwayIn(changes, 'models', 'add', 'mine.onnx')).toMatchObject({ code: 0 });
  expect(existsSync(join(root.home, ...folders, 'models', 'mine.onnx'))).toBe(true);
});

test('what is no network is not added', async () => {
  writeFileSync(root.path('mine.onnx'), 'hello');
  expect(await root.lway('models', 'add', 'mine.onnx')).toMatchObject({ code: 3 });
  expect(existsSync(join(root.home, 'lway'))).toBe(false);
});

test('doctor tries every device with a network and says what works', async () => {
  const { code, stdout } = await root.lway('doctor', '--json');
  expect(code).toBe(0);
  const result = JSON.parse(stdout) as { onnxRuntime: string; devices: object[]; networks: object[] };
  expect(result.onnxRuntime).toMatch(/^\d+\.\d+\.\d+/);
  expect(result.networks).toEqual([expect.objectContaining({ name: 'doubling', works: true })]);
  expect(result.devices).toEqual([
    expect.objectContaining({ device: 'cpu', works: true, seconds: expect.any(Number) as number }),
    expect.objectContaining({ device: 'webgpu', works: expect.any(Boolean) as boolean }),
  ]);
  writeFileSync(join(root.root, 'models', 'doubling.onnx'), 'changed');
  expect(await root.lway('doctor')).toMatchObject({ code: 3, stdout: expect.stringMatching(/-- +doubling/) as string });
});

test('adapted weights are kept by name, used again, listed and deleted', async () => {
  root.useShippedModels();
  await writePng(root.path('in.png'), scene(64, 64));
  const first = await root.lway(
    'upscale',
    'in.png',
    '--adapt',
    'quick',
    '--save-weights',
    'holiday',
    '--device',
    'cpu',
    '--json',
  );
  expect(first.code).toBe(0);
  const done = first.stdout.split('\n').find((line) => line.includes('"event":"done"'))!;
  expect(JSON.parse(done)).toMatchObject({ adaptation: { used: true, steps: expect.any(Number) as number } });
  expect(done.length).toBeLessThan(2000); // facts, not megabytes of weights

  const list = JSON.parse((await root.lway('weights', 'list', '--json')).stdout) as object[];
  expect(list).toEqual([
    expect.objectContaining({ name: 'holiday', picture: 'in.png', model: expect.any(String) as string }),
  ]);
  expect(
    await root.lway('upscale', 'in.png', '-o', 'again.png', '--weights', 'holiday', '--device', 'cpu'),
  ).toMatchObject({ code: 0 });
  expect(readFileSync(root.path('again.png')).equals(readFileSync(root.path('in-x4.png')))).toBe(true);
  // Strength mixes kept weights, too: at 0 the network is as it was.
  await root.lway('upscale', 'in.png', '-o', 'zero.png', '--weights', 'holiday', '--strength', '0', '--device', 'cpu');
  await root.lway('upscale', 'in.png', '-o', 'plain.png', '--adapt', 'off', '--device', 'cpu');
  expect(readFileSync(root.path('zero.png')).equals(readFileSync(root.path('plain.png')))).toBe(true);
  expect(readFileSync(root.path('zero.png')).equals(readFileSync(root.path('again.png')))).toBe(false);
  const taken = await root.lway('upscale', 'in.png', '-o', 'b.png', '--adapt', 'quick', '--save-weights', 'holiday');
  expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining('already exists') as string });

  expect(await root.lway('weights', 'delete', 'holiday')).toMatchObject({ code: 0 });
  expect(await root.lway('weights', 'delete', 'holiday')).toMatchObject({ code: 3 });
  expect(await root.lway('upscale', 'in.png', '-o', 'c.png', '--weights', 'holiday')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('no weights named "holiday"') as string,
  });
});

describe('Detail', () => {
  const upscaled = async (output: string, ...args: string[]) => {
    const result = await root.lway('upscale', 'in.png', '-o', output, '--device', 'cpu', '--adapt', 'off', ...args);
    expect(result).toMatchObject({ code: 0 });
    return readPicture(root.path(output));
  };
  const crisp = ['--model', 'lway-crisp-x4'];

  beforeEach(async () => {
    root.useShippedModels();
    await writePng(root.path('in.png'), drawn(20, 16, 3));
  });

  test('goes from the faithful network to the crisp one', async () => {
    const faithful = await upscaled('f.png', '--model', 'lway-faithful-x4');
    const own = await upscaled('c.png', ...crisp);
    expect(difference(await upscaled('0.png', ...crisp, '--detail', '0'), faithful)).toBe(0);
    expect(difference(await upscaled('1.png', ...crisp, '--detail', '100'), own)).toBe(0);
    const half = await upscaled('h.png', ...crisp, '--detail', '50');
    expect(difference(half, faithful)).toBeGreaterThan(0);
    expect(difference(half, own)).toBeGreaterThan(0);
  });

  test('steps remember it', async () => {
    const saved = await upscaled('a.png', ...crisp, '--detail', '25', '--save-steps', 'steps.json');
    const { steps } = JSON.parse(readFileSync(root.path('steps.json'), 'utf8')) as { steps: object[] };
    expect(steps).toEqual([expect.objectContaining({ model: 'lway-crisp-x4', detail: 25 })]);
    const play = await root.lway('play', 'steps.json', 'in.png', '-o', 'b.png', '--device', 'cpu');
    expect(play).toMatchObject({ code: 0 });
    expect(difference(await readPicture(root.path('b.png')), saved)).toBe(0);
  });

  test('kept weights remember it, also those of earlier versions', async () => {
    // As an adaptation would leave them: of the same network, and known by what they were made from.
    const weights = join(root.home, 'lway', 'weights');
    mkdirSync(weights, { recursive: true });
    copyFileSync(join(root.root, 'models', 'lway-crisp-x4.onnx'), join(weights, 'mix.onnx'));
    const facts = { name: 'mix', model: 'lway-faithful-x4', crispness: 0.25, picture: 'a.jpg', created: '2026-01-01' };
    writeFileSync(join(weights, 'mix.json'), JSON.stringify(facts));
    expect((await root.lway('weights')).stdout).toContain('lway-crisp-x4, detail 25');

    // At no strength at all, it is the mix that they were made from.
    const mix = await upscaled('mix.png', ...crisp, '--detail', '25');
    expect(difference(await upscaled('w.png', '--weights', 'mix', '--strength', '0'), mix)).toBe(0);
    const other = ['upscale', 'in.png', '-o', 'no.png', '--weights', 'mix', '--model', 'lway-crisp-x2'];
    expect(await root.lway(...other)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"lway-crisp-x4", not to') as string,
    });
  });
});

describeWithSharedData('peers', 'eval')('a network of others', () => {
  // The engine's own tests try all of them; here it is the way through the command line.
  test('shows the same picture, four times as large', async () => {
    const photo = join(sharedData, 'eval', 'realsr', 'lr', 'Canon_006_LR4.png');
    await sharp(photo).extract({ left: 20, top: 20, width: 40, height: 30 }).toFile(root.path('in.png'));
    const model = join(sharedData, 'peers', 'ClearReality4x.onnx');
    expect(await root.lway('upscale', 'in.png', '--model', model, '--device', 'cpu')).toMatchObject({ code: 0 });
    const after = await sharp(root.path('in-x4.png')).resize(40, 30, { kernel: 'lanczos3' }).raw().toBuffer();
    const before = await sharp(root.path('in.png')).raw().toBuffer();
    const far = after.reduce((sum, value, i) => sum + Math.abs(value - before[i]!), 0) / after.length;
    expect(far).toBeLessThan(6);
  });
});

test('a network that cannot be adapted: every picture comes, unadapted, and it is said', async () => {
  root.useShippedModels();
  writeFileSync(root.path('mine.onnx'), tinyNetwork({ kind: 'unknown' }));
  for (const name of ['a.png', 'b.png']) await writePng(root.path(name), drawn(48, 40, 3));
  const args = [
    'upscale',
    'a.png',
    'b.png',
    '-f',
    '-o',
    'large/',
    '--scale',
    '2',
    '--model',
    'mine.onnx',
    '--device',
    'cpu',
  ];
  for (const mode of [
    ['--adapt', 'quick'],
    ['--adapt', 'quick', '--series'],
  ]) {
    const result = await root.lway(...args, ...mode);
    expect(result).toMatchObject({ code: 0 });
    const said = result.stderr.match(/Matching was not possible, so the original network is used: .*LpPool/g);
    expect(said).toHaveLength(1);
    expect(readdirSync(root.path('large'))).toHaveLength(2);
  }
});
