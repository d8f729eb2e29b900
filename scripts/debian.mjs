// Packages of Debian that tests use.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { platform } from 'node:os';

/** Milliseconds that one step of an installation may take. */
export const patience = 10 * 60_000;

/** Whether this machine lets us install packages: Debian or its kin, as root. */
export function mayInstall() {
  return platform() === 'linux' && existsSync('/usr/bin/apt-get') && process.getuid?.() === 0;
}

/** Installs packages where the machine lets us; otherwise nothing happens, and apt has said why. */
export function installFromDebian(...names) {
  if (!mayInstall()) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { stdio: 'inherit', env, timeout: patience };
  try {
    execFileSync('apt-get', ['update', '-qq'], options);
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], options);
  } catch {
    // Said by apt; whoever asked looks whether it is there now.
  }
}
