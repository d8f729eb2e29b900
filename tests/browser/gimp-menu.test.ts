import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { encodeSamples } from '../../src/hosts/gimp/samples';
import type { Panel } from '../../src/panel/elements/panel';
import { testPixels } from '../hosts/contract';
import { Gimp, gimps, nobody, type ImageState } from '../hosts/gimp/support/gimp';
import { launch } from './support/editor-page';

// As a person does it: GIMP with its windows, the menu by the keyboard, the panel in a browser, undo. Needs Xvfb and xdotool.
const project = resolve(__dirname, '../..');
const tools = ['/usr/bin/Xvfb', '/usr/bin/xdotool'].every((path) => existsSync(path));
/** A busy machine starts GIMP slowly, and the network computes on the CPU. */
const patience = 150_000;
jest.setTimeout(4 * patience);

const pause = (time: number) => new Promise((done) => setTimeout(done, time));

async function until<T>(what: string, look: () => Promise<T | null | undefined | false>): Promise<T> {
  for (const end = Date.now() + patience; Date.now() < end; await pause(300)) {
    // What is looked at may be changing at the very moment.
    const found = await look().catch(() => null);
    if (found) return found;
  }
  throw new Error(`It has not come to: ${what}`);
}

let screen: { display: string; process: ChildProcess };
let browser: Browser;

(tools && gimps.length > 0 ? describe : describe.skip)('in the menu', () => {
  beforeAll(async () => {
    screen = await startScreen();
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    screen?.process.kill();
  });

  test.each(gimps.map((gimp) => [gimp.version, gimp] as const))(
    'GIMP %s: upscaled from the menu, undone in one step, again with the last settings, and cancelled',
    async (version, program) => {
      const folder = mkdtempSync(join(tmpdir(), 'lway-test-menu-'));
      const profile = join(folder, version);
      const address = join(folder, 'address');
      const opener = join(folder, 'browser.sh');
      writeFileSync(opener, `#!/bin/sh\necho "$1" > "${address}.new"\nmv "${address}.new" "${address}"\n`);
      chmodSync(opener, 0o755);
      const env = { LWAY_BROWSER: opener, XDG_DATA_HOME: join(folder, 'data') };
      mkdirSync(profile, { recursive: true });
      const lway = (...args: string[]) =>
        execFileSync(process.execPath, [join(project, 'bin/lway.mjs'), 'gimp', ...args, '--folder', profile], {
          env: { ...process.env, ...env },
          encoding: 'utf8',
        });
      lway('install');
      const gimp = await Gimp.start(program, { display: screen.display, profile, env });
      try {
        const { image } = await gimp.show({ width: 48, height: 32, precision: 150 }, [
          {
            name: 'Photo',
            x: 0,
            y: 0,
            width: 48,
            height: 32,
            alpha: false,
            pixels: encodeSamples('u8', testPixels(48, 32, 3, 8)),
          },
        ]);
        const state = () => gimp.image(image);
        const before = await state();
        const window = await windowOf(before);
        /** A menu that opens slowly swallows keys: the whole is tried again, unless a plug-in has come of it. */
        const menu = <T>(what: string, keys: string[], look: () => T | null | undefined | false) =>
          until(what, async () => {
            xdotool('windowfocus', window);
            for (const key of ['Escape', 'Escape', ...keys]) {
              xdotool('key', key);
              await pause(700);
            }
            const end = Date.now() + 6000;
            do {
              await pause(200);
              const found = look();
              if (found) return found;
            } while (Date.now() < end || processes(profile).length > 0);
            return null;
          });
        /** What runs, as soon as LWay and the plug-in do. */
        const atWork = () => {
          const all = processes(profile);
          return all.some(({ args }) => args.includes('gimp plug-in')) && all;
        };

        // Filters ▸ Enhance ▸ Upscale with LWay…
        const url = await menu(
          'a panel',
          ['alt+r', 'h', 'w'],
          () => existsSync(address) && readFileSync(address, 'utf8').trim(),
        );
        const page = await browser.newPage();
        await page.goto(url);
        await upscale(page);
        const after = await state();
        expect(after).toMatchObject({ width: 192, height: 128 });
        expect(after.layers.map(({ name }) => name)).toEqual(['Photo ×4', 'Photo']);

        // One step takes it all back, while the panel is still open.
        await undo(window, async () => (await state()).width === 48);
        expect(await state()).toEqual(before);

        // The window closed: nothing of LWay is left running.
        await page.close();
        await until('the end of LWay', async () => processes(profile).length === 0);

        // Upscale with Last Settings: no window.
        rmSync(address);
        await menu('LWay at work', ['alt+r', 'h', 'l'], atWork);
        await until('a second result', async () => (await state()).width === 192);
        expect(existsSync(address)).toBe(false);
        await until('the end of LWay', async () => processes(profile).length === 0);
        await undo(window, async () => (await state()).width === 48);
        expect(await state()).toEqual(before);

        // GIMP cancels by ending the plug-in: LWay ends, too, and leaves everything as it was.
        const settings = join(folder, 'data', 'lway', 'settings.json');
        const used = JSON.parse(readFileSync(settings, 'utf8')) as object;
        writeFileSync(settings, JSON.stringify({ ...used, adapt: 'thorough' }));
        const running = await menu('LWay at work', ['alt+r', 'h', 'l'], atWork);
        for (const { pid, args } of running) if (!args.includes('gimp plug-in')) process.kill(pid, 'SIGKILL');
        await until('the end of LWay', async () => processes(profile).length === 0);
        expect(await state()).toEqual(before);

        // Whatever it was killed at, the next LWay leaves only the picture, whatever it may take it for.
        await gimp.act('mark', { image, owner: nobody });
        await gimp.port.ask(new AbortController().signal, { op: 'hello' });
        expect(await gimp.images()).toEqual([before]);
        expect(await gimp.hidden()).toBe(0);
        expect(lway('doctor')).toMatch(/ok {2}GIMP/);
      } finally {
        await gimp.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});

async function upscale(page: Page): Promise<void> {
  // Shown where the token is: whatever goes wrong in the page is seen here.
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  const button = page.getByRole('button', { name: 'Upscale with LWay' });
  await button.and(page.locator(':enabled')).waitFor({ timeout: patience });
  await page.getByRole('radio', { name: 'Off', exact: true }).check({ force: true });
  await button.click();
  const ended = () => {
    const { work } = (document.querySelector('lway-panel') as Panel).controller!.state;
    return !['idle', 'running'].includes(work.kind) && work.kind;
  };
  const outcome = await (await page.waitForFunction(ended, null, { timeout: patience })).jsonValue();
  expect({ outcome, errors }).toEqual({ outcome: 'done', errors: [] });
}

async function undo(window: string, done: () => Promise<boolean>): Promise<void> {
  xdotool('windowfocus', window);
  await pause(500);
  xdotool('key', 'ctrl+z');
  await until('undone', done);
}

/** Plug-in and LWay processes of a profile. */
function processes(profile: string): { pid: number; args: string }[] {
  const all = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const [, pid, parent, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return pid ? { pid: Number(pid), parent: Number(parent), args: args! } : [];
    });
  const plugIns = all.filter(({ args }) => args.includes(join(profile, 'plug-ins', 'lway', 'lway.')));
  seen.push(...plugIns.map(({ pid }) => pid));
  return [
    ...plugIns,
    ...all.filter(({ parent, args }) => args.includes('gimp plug-in') && (seen.includes(parent) || parent === 1)),
  ];
}
const seen: number[] = [];

function xdotool(...args: string[]): string {
  const env = { ...process.env, DISPLAY: screen.display };
  return execFileSync('xdotool', args, { env, encoding: 'utf8', timeout: 30_000 }).trim();
}

async function windowOf({ width, height }: ImageState): Promise<string> {
  return until('GIMP’s window', async () => {
    try {
      return xdotool('search', '--onlyvisible', '--name', `${width}x${height}.*GIMP`).split('\n')[0];
    } catch {
      return null; // none yet
    }
  });
}

async function startScreen(): Promise<{ display: string; process: ChildProcess }> {
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const number = await new Promise<string>((done, fail) => {
    child.once('error', fail);
    child.once('exit', () => fail(new Error('Xvfb has ended.')));
    child.stdio[3]!.once('data', (data: Buffer) => done(data.toString().trim()));
  });
  return { display: `:${number}`, process: child };
}
