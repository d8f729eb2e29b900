import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { browserCommand } from '../../../scripts/browser.mjs';
import type { Environment } from '../environment';
import { userFolder } from '../user-folder';

/** Chromium and its kin show a page in a window of its own, without tabs and address. */
const chromiums = {
  linux: [
    'chromium',
    'chromium-browser',
    'google-chrome',
    'google-chrome-stable',
    'microsoft-edge',
    'microsoft-edge-stable',
    'brave-browser',
  ],
  darwin: ['Google Chrome', 'Chromium', 'Microsoft Edge', 'Brave Browser'].map(
    (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
  ),
  win32: ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'],
};

/** Milliseconds after which a window that has not failed is taken to have opened. */
const patience = 3000;

/**
 * Opens an address in a window of its own where there is a Chromium, else in the person's browser. `LWAY_BROWSER` names a
 * program to use instead, which gets the address.
 * @returns whether some program took it
 */
export async function openWindow(environment: Environment, url: string): Promise<boolean> {
  const { env } = environment;
  const own = env['LWAY_BROWSER'];
  if (own) return started(own, [url]);
  const profile = join(userFolder(environment), 'window');
  const flags = [
    `--app=${url}`,
    `--user-data-dir=${profile}`,
    '--window-size=440,900',
    '--no-first-run',
    '--no-default-browser-check',
  ];
  for (const program of candidates(environment)) if (await started(program, flags)) return true;
  const usual = browserCommand(url);
  return usual !== null && started(usual.command, usual.args);
}

function candidates({ platform, env }: Environment): string[] {
  if (platform === 'win32') {
    const folders = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) => env[name] ?? []);
    return folders
      .flatMap((folder) => chromiums.win32.map((name) => join(folder, name)))
      .filter((path) => existsSync(path));
  }
  if (platform === 'darwin') return chromiums.darwin.filter((path) => existsSync(path));
  const path = (env['PATH'] ?? '').split(':').filter(Boolean);
  return chromiums.linux.flatMap(
    (name) => path.map((folder) => join(folder, name)).find((each) => existsSync(each)) ?? [],
  );
}

/** Whether the program runs, or has handed the address to one that runs. */
function started(program: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'ignore', detached: true });
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === 0));
    setTimeout(() => resolve(true), patience).unref();
    child.unref();
  });
}
