import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { defaultSettings } from '../actions/settings';
import { exitCode } from '../cli/exit-codes';
import { openNetworks, type Networks } from '../cli/networks';
import { columns } from '../cli/output/text';
import { startPageServer, type Handlers } from '../cli/page-server/server';
import { openWindow } from '../cli/page-server/window';
import { readSettings, writeSettings } from '../cli/settings-file';
import type { Environment } from '../cli/environment';
import { upscaleInHost } from '../cli/upscale-in-host';
import { type EngineEvent, LWayError, type NetworkEntry, toPlainError } from '../engine';
import { decodeFrame, encodeFrame } from '../hosts/gimp/frames';
import { GimpHost } from '../hosts/gimp/gimp-host';
import {
  examinePlugIn,
  gimpFolders,
  gimpPrograms,
  installPlugIn,
  kindOf,
  plugInFolder,
  settingsRoot,
  uninstallPlugIn,
  type GimpFolder,
} from '../hosts/gimp/installation.node';
import { PipePort } from '../hosts/gimp/pipe-port.node';
import { operations, protocolVersion, type Hello, type Question } from '../hosts/gimp/protocol';
import { phaseName } from '../panel/messages';

/** Milliseconds that a page may be away, for a reload, before its window counts as closed. */
const absence = 5000;
/** Milliseconds that the first page may take. */
const patience = 120_000;
/** Milliseconds between two words to GIMP's progress bar. */
const pace = 200;

const help = `
Examples:
  $ lway gimp install        into every GIMP 2.10 and 3; restart GIMP afterwards
  $ lway gimp doctor         what is installed, and what is wrong with it
  $ lway gimp uninstall

In GIMP: Filters ▸ Enhance ▸ Upscale with LWay…`;

/** Joins the command line with GIMP. */
export function addGimp(program: Command, environment: Environment, finish: (code: number) => void): void {
  const gimp = program
    .command('gimp')
    .summary('put LWay into GIMP’s menu')
    .description('Puts LWay into the menu of GIMP 2.10 and 3: Filters ▸ Enhance ▸ Upscale with LWay…')
    .addHelpText('after', help);
  const folderOption = [
    '--folder <path>',
    'a GIMP settings folder elsewhere; its name is the version, e.g. …/GIMP/3.0',
  ] as const;
  gimp
    .command('install')
    .description('Installs the plug-in for your user in each GIMP found.')
    .option(...folderOption)
    .action(async ({ folder }: { folder?: string }) => finish(await install(environment, folder)));
  gimp
    .command('uninstall')
    .description('Removes the plug-in from each GIMP.')
    .option(...folderOption)
    .action(async ({ folder }: { folder?: string }) => finish(await uninstall(environment, folder)));
  gimp
    .command('doctor')
    .description('Lists the GIMPs found, and whether the plug-in in each is intact.')
    .option(...folderOption)
    .action(async ({ folder }: { folder?: string }) => finish(await doctor(environment, folder)));
  // What the plug-in starts: it talks over standard input and output.
  gimp.command('plug-in', { hidden: true }).action(async () => {
    const port = new PipePort(process.stdin, process.stdout);
    finish(await answerGimp(environment, port));
    // Whatever is still under way (native threads) has nobody left to hear of it.
    if (port.gone.aborted) process.exit(exitCode.cancelled);
    process.stdin.destroy();
  });
}

function shippedFolder({ root }: Environment): string {
  return join(root, 'dist', 'cli');
}

function pageFolder({ root }: Environment): string {
  return join(root, 'dist', 'page');
}

async function folders(environment: Environment, named: string | undefined): Promise<GimpFolder[]> {
  if (named === undefined) return gimpFolders(environment, await programs(environment));
  const path = resolve(environment.cwd, named);
  const version = basename(path);
  const kind = kindOf(version);
  if (kind === null) {
    const advice = 'Name the folder that GIMP shows under Edit ▸ Preferences ▸ Folders, up to the version.';
    throw new LWayError('bad-option', `"${named}" does not end in a GIMP version (2.10 or 3).`, advice);
  }
  return [{ version, kind, path, exists: existsSync(path) }];
}

/** Versions of the GIMPs that can be started; the plain `gimp` is asked. */
async function programs(environment: Environment): Promise<string[]> {
  const found = await gimpPrograms(environment);
  if (found.length > 0) return found;
  const { stdout } = spawnSync('gimp', ['--version'], { encoding: 'utf8', timeout: 20_000, windowsHide: true });
  const version = /\b(\d+)\.(\d+)\.\d+/.exec(stdout ?? '');
  return version ? [`${version[1]}.${version[2]}`] : [];
}

function noGimp(environment: Environment): LWayError {
  return new LWayError(
    'unsupported',
    `No GIMP 2.10 or 3 was found, neither the program nor its settings (${settingsRoot(environment)}).`,
    'Start GIMP once, or name its settings folder with --folder.',
  );
}

async function install(environment: Environment, named: string | undefined): Promise<number> {
  const { platform, root, stdout } = environment;
  const found = await folders(environment, named);
  if (found.length === 0) throw noGimp(environment);
  if (!existsSync(join(pageFolder(environment), 'gimp.html'))) {
    throw new LWayError('unsupported', 'The panel’s page is not built.', `Run "npm run build" in ${root} first.`);
  }
  const program = { node: process.execPath, args: [join(root, 'bin', 'lway.mjs'), 'gimp', 'plug-in'] };
  for (const folder of found) {
    await installPlugIn(folder, shippedFolder(environment), program, platform);
    stdout.write(`GIMP ${folder.version}: ${plugInFolder(folder)}\n`);
  }
  stdout.write('Restart GIMP, then choose Filters ▸ Enhance ▸ Upscale with LWay…\n');
  return exitCode.ok;
}

async function uninstall(environment: Environment, named: string | undefined): Promise<number> {
  const { stdout } = environment;
  let removed = 0;
  for (const folder of await folders(environment, named)) {
    if (!(await uninstallPlugIn(folder))) continue;
    removed += 1;
    stdout.write(`Removed from GIMP ${folder.version}: ${plugInFolder(folder)}\n`);
  }
  if (removed === 0) stdout.write('LWay is not installed in any GIMP.\n');
  return exitCode.ok;
}

async function doctor(environment: Environment, named: string | undefined): Promise<number> {
  const { stdout, platform } = environment;
  const found = await folders(environment, named);
  if (found.length === 0) throw noGimp(environment);
  const lines: string[][] = [];
  let working = 0;
  for (const folder of found) {
    const problems = await examinePlugIn(folder, shippedFolder(environment), platform);
    if (problems?.length === 0) working += 1;
    const state =
      problems === null
        ? 'LWay is not installed: run "lway gimp install"'
        : problems.length === 0
          ? 'Filters ▸ Enhance ▸ Upscale with LWay…'
          : `${problems.join('; ')}: run "lway gimp install"`;
    lines.push([problems?.length === 0 ? '  ok' : '  --', `GIMP ${folder.version}`, folder.path, state]);
  }
  const page = existsSync(join(pageFolder(environment), 'gimp.html'));
  lines.push([
    page ? '  ok' : '  --',
    'Panel',
    pageFolder(environment),
    page ? 'built' : 'missing: run "npm run build"',
  ]);
  stdout.write(columns(lines));
  return working > 0 && page ? exitCode.ok : exitCode.failed;
}

/** LWay's side of the plug-in: until the person is done, or GIMP is. */
export async function answerGimp(environment: Environment, port: PipePort): Promise<number> {
  const ended = new AbortController();
  for (const each of [environment.signal, port.gone]) {
    if (each.aborted) ended.abort(each.reason);
    each.addEventListener('abort', () => ended.abort(each.reason), { once: true });
  }
  const here: Environment = { ...environment, signal: ended.signal };
  try {
    const { answer } = await port.ask(ended.signal, { op: 'hello' });
    const hello = answer as Hello;
    if (hello.protocol !== protocolVersion) {
      throw new LWayError(
        'unsupported',
        'The plug-in belongs to another version of LWay.',
        'Run "lway gimp install" again.',
      );
    }
    await (hello.mode === 'panel' ? showPanel(here, port) : upscaleAgain(here, port, hello));
    return exitCode.ok;
  } catch (error) {
    // There is nobody left to tell.
    if (ended.signal.aborted) return exitCode.cancelled;
    const { message, advice } = toPlainError(error);
    await port.ask(port.gone, { op: 'fail', message: `${message} ${advice}` });
    return exitCode.ok;
  }
}

async function upscaleAgain(environment: Environment, port: PipePort, origin: Hello): Promise<void> {
  const host = new GimpHost({ port, origin });
  let [text, last] = ['', 0];
  const say = (done: number | null) => {
    last = performance.now();
    // A progress bar that cannot be moved is no reason to stop.
    port.ask(environment.signal, { op: 'progress', text, done }).catch(() => undefined);
  };
  const onEvent = (event: EngineEvent) => {
    if (event.type === 'phase') {
      // Once the layer is placed there is nothing to cancel.
      if (event.phase === 'writing') return;
      text = `LWay: ${phaseName(event.phase)}`;
      say(null);
    } else if (event.type === 'progress' && performance.now() - last > pace) say(event.done / event.total);
  };
  await upscaleInHost(environment, host, await readSettings(environment), onEvent);
}

async function showPanel(environment: Environment, port: PipePort): Promise<void> {
  const { signal } = environment;
  const server = await startPageServer(pageFolder(environment), 'gimp.html', await handlers(environment, port));
  try {
    const closed = untilClosed(signal, server.onPage);
    if (!(await openWindow(environment, server.url))) {
      throw new LWayError(
        'unsupported',
        'No browser was found for the panel.',
        'Install Chromium, Chrome, Edge or Firefox.',
      );
    }
    await closed;
  } finally {
    await server.close();
  }
}

/** Waits for the page to come, and to go for good. */
function untilClosed(signal: AbortSignal, onPage: (listener: (open: boolean) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const never = new LWayError(
      'timeout',
      'The panel’s window has not opened.',
      'Set LWAY_BROWSER to the path of a Chromium, Chrome, Edge or Firefox, and start GIMP from that terminal.',
    );
    let timer = setTimeout(() => reject(never), patience).unref();
    let seen = false;
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    onPage((open) => {
      if (open || seen) clearTimeout(timer);
      if (!open && seen) timer = setTimeout(resolve, absence).unref();
      seen ||= open;
    });
  });
}

/** What the page may ask for. */
async function handlers(environment: Environment, port: PipePort): Promise<Handlers> {
  const text = (body: Uint8Array) => new TextDecoder().decode(body);
  const networks = (): Promise<Networks> => openNetworks(environment);
  return {
    gimp: async (signal, body) => {
      const { header, bytes } = decodeFrame(body);
      const question = header as Question;
      if (!operations.includes(question.op)) throw new LWayError('internal', 'GIMP cannot answer that.', 'Reload.');
      const { answer, bytes: back } = await port.ask(signal, withoutLength(question), bytes);
      return Buffer.concat(encodeFrame(withoutLength(answer as object), back));
    },
    'settings/load': async () => (await readSettings(environment).catch(() => null)) ?? defaultSettings,
    'settings/save': async (_signal, body) => {
      await writeSettings(environment, JSON.parse(text(body)));
      return {};
    },
    'networks/list': async () => (await networks()).list().flatMap(({ entry, own }) => (own ? entry : [])),
    'networks/bytes': async (signal, body) =>
      (await (await networks()).find(signal, text(body), environment.cwd)).bytes,
    'networks/put': async (signal, body) => {
      const end = body.indexOf(10);
      const entry = JSON.parse(text(body.subarray(0, end))) as NetworkEntry;
      await (await networks()).keep(signal, entry, body.slice(end + 1));
      return {};
    },
    'networks/delete': async (_signal, body) => {
      await (await networks()).remove(text(body));
      return {};
    },
  };
}

function withoutLength<T extends object>(message: T): T {
  const copy = { ...message } as T & { bytes?: number };
  delete copy.bytes;
  return copy;
}
