// Finds a Chromium to test in, or gets Debian's; one clear sentence where neither works.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { platform } from 'node:os';

const places = [
  process.env.LWAY_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

export function findChromium() {
  return places.find((place) => place && existsSync(place)) ?? null;
}

/** Path of a Chromium; installs Debian's package where the machine lets us. */
export function ensureChromium() {
  const found = findChromium();
  if (found) return found;
  if (platform() === 'linux' && existsSync('/usr/bin/apt-get') && process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    try {
      execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
      execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
        stdio: 'inherit',
        env,
      });
    } catch {
      // apt has said why; what to do is said below.
    }
    const installed = findChromium();
    if (installed) return installed;
  }
  throw new Error(
    'The browser tests need Chromium: install it (Debian: sudo apt-get install chromium), or set LWAY_CHROMIUM to the path of a Chromium or Chrome.',
  );
}
