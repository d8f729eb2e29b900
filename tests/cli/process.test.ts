import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { drawn, writePng } from './support/pictures';
import { TestRoot } from './support/test-root';

// The built command line as people start it, with the shipped networks.
const program = join(__dirname, '..', '..', 'bin', 'lway.mjs');

let root: TestRoot;

beforeEach(() => (root = new TestRoot()));
afterEach(() => root.remove());

const environment = () => ({ ...process.env, XDG_DATA_HOME: root.home });

function lway(...args: string[]) {
  return spawnSync(process.execPath, [program, ...args], { cwd: root.work, env: environment(), encoding: 'utf8' });
}

test('a photo from file to file', async () => {
  await writePng(root.path('in.png'), drawn(64, 48, 3));
  const { status, stdout, stderr } = lway('upscale', 'in.png', '--device', 'cpu', '--adapt', 'off');
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(stdout).toMatch(/in-x4\.png {2}256×192, .* on CPU/);
  expect(await sharp(root.path('in-x4.png')).metadata()).toMatchObject({ width: 256, height: 192, depth: 'uchar' });
});

test('programs get one JSON object per line, from begin to end', async () => {
  await writePng(root.path('in.png'), drawn(64, 48, 3));
  const { status, stdout } = lway('upscale', 'in.png', '--device', 'cpu', '--adapt', 'off', '--json');
  expect(status).toBe(0);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string });
  expect(events[0]).toMatchObject({ event: 'begin', schema: 1, files: 1 });
  expect(events.map(({ event }) => event)).toEqual(
    expect.arrayContaining(['file', 'opened', 'device', 'phase', 'progress']),
  );
  expect(events.at(-2)).toMatchObject({ event: 'done', width: 256, height: 192, device: 'cpu' });
  expect(events.at(-1)).toMatchObject({ event: 'end', succeeded: 1, failed: 0 });
});

// The shell's limit on the size of files stands for a disk that fills up in the middle of a write.
test.each([
  ['the decoded picture', 20],
  ['the result', 200],
])('a disk that is full at %s: said, and nothing left behind', async (_what, kilobytes) => {
  const noise = Buffer.alloc(200 * 150 * 3);
  for (let i = 0, state = 1; i < noise.length; i++) noise[i] = (state = (state * 16807) % 2147483647) & 255;
  await sharp(noise, { raw: { width: 200, height: 150, channels: 3 } })
    .png()
    .toFile(root.path('in.png'));
  const args = ['upscale', 'in.png', '-o', 'out/', '--scale', '2', '--device', 'cpu', '--adapt', 'off'];
  const command = `ulimit -f ${kilobytes} && exec "$0" "$@"`;
  const limited = [
    '-c',
    command,
    process.execPath,
    program,
    ...args,
    ...(kilobytes === 600 ? ['--format', 'tiff'] : []),
  ];
  const { status, stderr } = spawnSync('bash', limited, { cwd: root.work, env: environment(), encoding: 'utf8' });
  expect(stderr).toContain('The disk is full');
  expect(status).toBe(1);
  expect(existsSync(root.path('out'))).toBe(false);
});

function output(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout!.on('data', (data: Buffer) => data.toString().includes(text) && resolve());
    child.on('exit', () => reject(new Error(`ended before "${text}"`)));
  });
}

// Ctrl-C does not exist as a signal on Windows.
const onPosix = process.platform === 'win32' ? test.skip : test;

onPosix.each(['SIGINT', 'SIGTERM'] as const)('%s ends with 130 and leaves nothing', async (signal) => {
  await writePng(root.path('in.png'), drawn(500, 400, 3));
  const args = ['upscale', 'in.png', '-o', 'out/', '--device', 'cpu', '--adapt', 'off', '--tile', '96', '--json'];
  const child = spawn(process.execPath, [program, ...args], { cwd: root.work, env: environment() });
  const exit = new Promise<number | null>((resolve) => child.on('exit', resolve));
  await output(child, '"event":"progress","done":1');
  child.kill(signal);
  expect(await exit).toBe(130);
  expect(existsSync(root.path('out'))).toBe(false);
});
