import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { drawn, writePng } from '../cli/support/pictures';
import { TestRoot } from '../cli/support/test-root';
import { queueAddress } from '../../src/cli/queue/address';
import { connect } from '../../src/cli/queue/connection';
import { pictureId, type Picture, type Work } from '../../src/cli/queue/job';
import { SharedFolder } from '../../src/cli/queue/shared-folder';
import { defaultSettings } from '../../src/actions/settings';
import { writeSteps } from './support/programs';

let root: TestRoot;
beforeEach(() => (root = new TestRoot()));
afterEach(() => root.remove());

test('parts share the pictures among them, with a report each', async () => {
  writeSteps(root);
  mkdirSync(root.path('in'));
  for (let i = 0; i < 5; i++) await writePng(root.path('in', `${i}.png`), drawn(8 + i, 6, 3));
  const part = (text: string) => root.lway('play', 'steps.json', 'in', '-o', 'out', '--device', 'cpu', '--part', text);
  expect(await part('1/2')).toMatchObject({ code: 0 });
  expect(readdirSync(root.path('out')).sort()).toEqual(['0.png', '2.png', '4.png']);
  expect(await part('2/2')).toMatchObject({ code: 0 });
  expect(readdirSync(root.path('out'))).toHaveLength(5);
  expect((await part('1/2')).stderr).toContain('3 done before');
  expect(readdirSync(root.work)).toEqual(
    expect.arrayContaining(['steps-report-1-of-2.json', 'steps-report-2-of-2.json']),
  );
  expect(await part('7/9')).toMatchObject({ code: 0, stdout: '' });
});

test.each([
  [['--part', '3/2'], /which part of how many/],
  [['--part', '0/2'], /which part of how many/],
  [['--part', '1/2', '--queue', 'redis://h'], /exclude each other/],
  [['--queue', 'redis://h', '--device', 'cpu'], /workers choose/],
  [['--queue'], /No queue address is given/],
  [['--queue', 'http://user:hush@h'], /"…@h" is not the address/],
  [['--root', '.'], /only work with a queue/],
  [['--series'], /"adapt": "off"/],
])('%j is refused', async (args, sentence) => {
  writeSteps(root);
  await writePng(root.path('a.png'), drawn(8, 6, 3));
  const result = await root.lway('play', 'steps.json', 'a.png', ...args);
  expect(result).toMatchObject({ code: 2, stderr: expect.stringMatching(sentence) as string });
  expect(result.stderr).not.toContain('hush');
});

test('a queue that is not there is said, with exit code 3', async () => {
  // Port 1 is nobody's.
  const result = await root.lway('queue', 'status', '--queue', 'redis://me:hush@127.0.0.1:1/3');
  expect(result).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('redis://127.0.0.1:1/3 cannot be reached') as string,
  });
  expect(result.stderr).not.toContain('hush');
});

test('one that may be starting is given its time', async () => {
  const began = performance.now();
  const connecting = connect(new AbortController().signal, queueAddress({ env: {} }, 'redis://127.0.0.1:1'), 400);
  await expect(connecting).rejects.toMatchObject({ code: 'no-queue' });
  // Timers may fire a little early.
  expect(performance.now() - began).toBeGreaterThan(390);
});

test.each([
  ['redis://h', { host: 'h', port: 6379, database: 0, tls: false, shown: 'redis://h:6379/0' }],
  [
    'rediss://n:p%40@h:1/2',
    { host: 'h', port: 1, database: 2, tls: true, username: 'n', password: 'p@', shown: 'rediss://h:1/2' },
  ],
  ['valkey://[::1]:7', { host: '::1', port: 7, shown: 'redis://[::1]:7/0' }],
])('the address %s', (text, parts) => {
  expect(queueAddress({ env: {} }, text)).toMatchObject(parts);
});

test('a password may come by itself', () => {
  const env = { LWAY_QUEUE: 'redis://h', LWAY_QUEUE_PASSWORD: 'x' };
  expect(queueAddress({ env }, true)).toMatchObject({ password: 'x' });
});

test('nothing outside the shared folder has a place, nor a path', async () => {
  mkdirSync(root.path('shared', 'in'), { recursive: true });
  symlinkSync(root.home, root.path('shared', 'out-of-it'));
  const folder = await SharedFolder.open(root.work, 'shared');
  expect(await folder.placeOf(root.path('shared', 'in', 'a.png'))).toBe('in/a.png');
  expect(await folder.pathOf('in/new/a.png')).toBe(root.path('shared', 'in', 'new', 'a.png'));
  for (const place of ['../a.png', 'in/../../a.png', '/etc/passwd', 'out-of-it/a.png', '']) {
    const outside = folder
      .pathOf(place)
      .then((path) => path.startsWith(root.path('shared')) && !place.includes('out-of'));
    // A leading slash is the folder's own.
    if (place === '/etc/passwd') await expect(outside).resolves.toBe(true);
    else await expect(outside).rejects.toMatchObject({ code: 'bad-option' });
  }
  await expect(folder.placeOf(root.path('a.png'))).rejects.toMatchObject({ code: 'bad-option' });
  await expect(SharedFolder.open(root.work, 'none')).rejects.toMatchObject({ code: 'bad-option' });
});

test('a job is another one where its result would be, and the same one where not', () => {
  const step = { ...defaultSettings, model: 'm' };
  const base: Work = { steps: [step], networks: [{ sha256: 'n' } as never], brought: [], force: false };
  const picture: Picture = { input: 'a.png', sha256: 'p', output: 'out/a', format: null };
  const id = pictureId(base, picture);
  expect(id).toMatch(/^p[0-9a-f]{64}$/);
  expect(pictureId({ ...base, force: true }, { ...picture, input: 'moved.png' })).toBe(id);
  const others = [
    pictureId({ ...base, steps: [{ ...step, strength: 0.5 }] }, picture),
    pictureId({ ...base, networks: [{ sha256: 'o' } as never] }, picture),
    pictureId({ ...base, quality: 80 }, picture),
    pictureId({ ...base, depth: 16 }, picture),
    pictureId({ ...base, metadata: 'strip' }, picture),
    pictureId({ ...base, region: { x: 0, y: 0, width: 1, height: 1 } }, picture),
    pictureId(base, { ...picture, sha256: 'q' }),
    pictureId(base, { ...picture, output: 'out/b' }),
    pictureId(base, { ...picture, format: 'jpg' }),
    pictureId(base, picture, 'series'),
  ];
  expect(new Set([id, ...others]).size).toBe(others.length + 1);
});
