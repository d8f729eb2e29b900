// Finds a Chromium to test in, or gets Debian's; one clear sentence where neither works.
import { existsSync } from 'node:fs';
import { installFromDebian } from './debian.mjs';

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
  installFromDebian('chromium');
  const installed = findChromium();
  if (installed) return installed;
  throw new Error(
    'The browser tests need Chromium: install it (Debian: sudo apt-get install chromium), or set LWAY_CHROMIUM to the path of a Chromium or Chrome.',
  );
}
