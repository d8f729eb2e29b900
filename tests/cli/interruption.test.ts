import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawn, writePng } from './support/pictures';
import { TestRoot } from './support/test-root';

// The built command line, interrupted while it cannot listen: in a tile that takes many seconds, and at a pipe into which
// nobody writes.
const program = join(__dirname, '..', '..', 'bin', 'lway.mjs');
jest.setTimeout(90_000);

/** Two seconds are promised; a busy machine gets some more. */
const soon = 6000;

// Windows has no such signals, nor pipes with names.
const onPosix = process.platform === 'win32' ? describe.skip : describe;

let root: TestRoot;
beforeEach(() => (root = new TestRoot()));
afterEach(() => root.remove());

interface Running {
  child: ChildProcess;
  ended: Promise<number | null>;
  text: () => string;
}

function start(...args: string[]): Running {
  const options = { cwd: root.work, env: { ...process.env, XDG_DATA_HOME: root.home } };
  const child = spawn(process.execPath, [program, 'upscale', ...args, '--device', 'cpu', '--adapt', 'off'], options);
  let text = '';
  child.stderr.on('data', (part) => (text += String(part)));
  const ended = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  return { child, ended, text: () => text };
}

async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; !what(); tries++) {
    if (tries > 1500) throw new Error('That never came.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A picture in one tile: seconds in which nothing else runs in the process that computes. */
async function inOneTile(): Promise<Running> {
  await writePng(root.path('in.png'), drawn(900, 700, 3));
  const running = start('in.png', '-o', 'new/deep/out.png', '--tile', '1024');
  const folder = root.path('new/deep');
  await until(
    () => existsSync(folder) && readdirSync(folder).some((name) => existsSync(join(folder, name, 'result-1.v'))),
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  return running;
}

onPosix('while one tile computes', () => {
  test.each(['SIGINT', 'SIGHUP'] as const)('%s ends it at once and leaves nothing', async (signal) => {
    const { child, ended, text } = await inOneTile();
    const asked = performance.now();
    child.kill(signal);
    expect(await ended).toBe(130);
    expect(performance.now() - asked).toBeLessThan(soon);
    expect(readdirSync(root.work)).toEqual(['in.png']);
    expect(text().match(/Cancelled; nothing was left behind\./g)).toHaveLength(1);
  });

  test('killed itself, its other half ends and clears away', async () => {
    const { child } = await inOneTile();
    child.kill('SIGKILL');
    await until(() => !existsSync(root.path('new')));
  });
});

onPosix('a pipe into which nobody writes', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s is heard', async (signal) => {
    spawnSync('mkfifo', [root.path('pipe.png')]);
    const { child, ended, text } = start('pipe.png', '-o', 'out/');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const asked = performance.now();
    child.kill(signal);
    expect(await ended).toBe(130);
    expect(performance.now() - asked).toBeLessThan(soon);
    expect(readdirSync(root.work)).toEqual(['pipe.png']);
    expect(text()).toContain('Cancelled');
  });
});

onPosix('what a run that was killed has left', () => {
  test('goes at the next run into the same folder; what lives, or is somebody else’s, stays', async () => {
    await writePng(root.path('in.png'), drawn(20, 16, 3));
    const { child, ended } = await inOneTile();
    // Both halves at once, as when the machine goes down.
    const [other] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
    const left = () => readdirSync(root.path('new/deep')).filter((name) => name.startsWith('.lway-'));
    const [folder] = left();
    process.kill(child.pid!, 'SIGSTOP');
    process.kill(Number(other), 'SIGKILL');
    process.kill(child.pid!, 'SIGKILL');
    await ended;
    expect(left()).toEqual([folder]);
    // Not of a process that is there (this one), and not of another machine.
    const place = folder!.split('-')[1]!;
    const living = `.lway-${place}-${process.pid}-abcdef`;
    const elsewhere = `.lway-00000000-${other}-abcdef`;
    for (const name of [living, elsewhere, '.lway-mine']) {
      mkdirSync(root.path('new/deep', name));
      writeFileSync(root.path('new/deep', name, 'x'), '');
    }
    await writePng(root.path('small.png'), drawn(20, 16, 3));
    const { code } = await root.lway(
      'upscale',
      'small.png',
      '-o',
      'new/deep/small.png',
      '--scale',
      '2',
      '--device',
      'cpu',
    );
    expect(code).toBe(0);
    expect(left().sort()).toEqual([living, elsewhere, '.lway-mine'].sort());
  });
});
