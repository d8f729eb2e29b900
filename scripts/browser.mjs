// How an address is opened in the person's own browser.
import { spawn } from 'node:child_process';
import { platform } from 'node:os';

/** The command that does it here; null where there is no desktop. */
export function browserCommand(url) {
  if (platform() === 'darwin') return { command: 'open', args: [url] };
  if (platform() === 'win32') return { command: 'cmd', args: ['/c', 'start', '', url] };
  return process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? { command: 'xdg-open', args: [url] } : null;
}

/** Opens the address where there is a desktop; says nothing where there is none. */
export function openBrowser(url) {
  const found = browserCommand(url);
  if (!found || process.env.BROWSER === 'none' || process.env.CI) return;
  spawn(found.command, found.args, { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}
