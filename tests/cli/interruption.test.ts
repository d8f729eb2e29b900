import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawn, writePng } from './support/pictures';
import { TestRoot } from './support/test-root';

// The built command line, interrupted while it cannot listen: in a tile, and at a pipe into which nobody writes.
const program = join(__dirname, '..', '..', 'bin', 'lway.mjs');
jest.setTimeout(400_000);

/** Two seconds are promised; a busy machine gets some more. */
const soon = 6000;

// Windows has no such signals, nor pipes with names.
const onPosix = process.platform === 'win32' ? describe.skip : describe;

let root: TestRoot;
let held: number | undefined;
beforeEach(() => (root = new TestRoot()));
afterEach(() => {
  if (held !== undefined && !gone(held)) process.kill(held, 'SIGKILL');
  held = undefined;
  root.remove();
});

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

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(what: () => boolean): Promise<void> {
  for (const began = performance.now(); !what(); await pause(20)) {
    if (performance.now() - began > 120_000) throw new Error('That never came.');
  }
}

/** Linux tells about processes in files, which are there without any package. */
const onLinux = process.platform === 'linux';
const said = (program: string, ...args: string[]) => spawnSync(program, args, { encoding: 'utf8' }).stdout.trim();

/** The process that does the work, which the one that was started watches over. */
async function workerOf({ pid }: ChildProcess): Promise<number> {
  const children = () =>
    onLinux ? readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim() : said('pgrep', '-P', String(pid));
  await until(() => children() !== '');
  return Number(children().split(/\s/)[0]);
}

/** Killed processes go when the system finds time for it. */
function gone(pid: number): boolean {
  if (!onLinux) return /^(Z|$)/.test(said('ps', '-o', 'stat=', '-p', String(pid)));
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

/** In the middle of a picture's only tile, and held there: the process that computes hears nothing. */
async function inOneTile(): Promise<Running & { worker: number }> {
  await writePng(root.path('in.png'), drawn(450, 350, 3));
  const running = start('in.png', '-o', 'new/deep/out.png', '--tile', '1024');
  const folder = root.path('new/deep');
  await until(
    () => existsSync(folder) && readdirSync(folder).some((name) => existsSync(join(folder, name, 'result-1.v'))),
  );
  const worker = await workerOf(running.child);
  process.kill(worker, 'SIGSTOP');
  held = worker;
  return { ...running, worker };
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
    const { child, ended, worker } = await inOneTile();
    child.kill('SIGKILL');
    await ended;
    process.kill(worker, 'SIGCONT');
    await until(() => !existsSync(root.path('new')));
  });
});

onPosix('a pipe into which nobody writes', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s is heard', async (signal) => {
    spawnSync('mkfifo', [root.path('pipe.png')]);
    const { child, ended, text } = start('pipe.png', '-o', 'out/');
    await workerOf(child);
    await pause(1500); // It opens the pipe by then; if not, it is to end all the same.
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
    const { child, ended, worker } = await inOneTile();
    // Both halves at once, as when the machine goes down.
    const left = () => readdirSync(root.path('new/deep')).filter((name) => name.startsWith('.lway-'));
    const [folder] = left();
    process.kill(child.pid!, 'SIGSTOP');
    process.kill(worker, 'SIGKILL');
    process.kill(child.pid!, 'SIGKILL');
    await ended;
    await until(() => gone(worker));
    expect(left()).toEqual([folder]);
    // Not of a process that is there (this one), and not of another machine.
    const place = folder!.split('-')[1]!;
    const living = `.lway-${place}-${process.pid}-abcdef`;
    const elsewhere = `.lway-00000000-${worker}-abcdef`;
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
