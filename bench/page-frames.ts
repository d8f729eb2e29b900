import { encode } from 'fast-png';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Playwright from 'playwright-core';
import type { Bench, Cell } from './bench';
import { reached } from './bench';

/** Imported at run time: neither belongs into the bundle that a benchmark becomes. */
const load = (path: string): Promise<unknown> =>
  import(/* webpackIgnore: true */ pathToFileURL(resolve(path)).href) as Promise<unknown>;

interface Server {
  servePage(root: string): Promise<{ url: string; close(): Promise<void> }>;
}

/** Structure and noise in every part, so that no tile is easier than another. */
function picture(width: number, height: number): Buffer {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const x = Math.floor(i / 3) % width;
    const y = Math.floor(i / 3 / width);
    data[i] = 128 + 60 * Math.sin(x / 9 + (i % 3)) + 50 * Math.cos(y / 7) + ((i * 7919) % 23) - 11;
  }
  return Buffer.from(encode({ width, height, channels: 3, depth: 8, data }));
}

/**
 * Runs in the page: begins to collect the time between frames, and what the page's own scripts took of the long ones, in
 * milliseconds. The two differ where the frame waited for a core and not for the page.
 */
const watch = `globalThis.frames = [];
  globalThis.scripts = [0];
  new PerformanceObserver((list) => {
    for (const frame of list.getEntries()) scripts.push(frame.scripts.reduce((sum, { duration }) => sum + duration, 0));
  }).observe({ type: 'long-animation-frame' });
  (function tick(last) { requestAnimationFrame((now) => { frames.push(now - last); tick(now); }); })(performance.now())`;
const finished = `(({ state: { work } }) => !['idle', 'running'].includes(work.kind) && work.kind)(document.querySelector('lway-panel').controller)`;

async function measure(part: string): Promise<Cell[][]> {
  const [size, adapt] = part.split(', ') as [string, string];
  const [width, height] = size.split(' × ').map(Number) as [number, number];
  const { servePage } = (await load('scripts/serve.mjs')) as Server;
  const { chromium } = (await load('node_modules/playwright-core/index.mjs')) as typeof Playwright;
  const server = await servePage(resolve('dist/page'));
  const browser = await chromium.launch({
    executablePath: process.env['LWAY_CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--no-first-run'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(server.url);
    const button = page.getByRole('button', { name: 'Upscale with LWay' });
    await button.and(page.locator(':enabled')).waitFor();
    await page.getByRole('radio', { name: adapt, exact: true }).check({ force: true });
    const file = { name: 'bench.png', mimeType: 'image/png', buffer: picture(width, height) };
    await page.getByLabel('Picture to open').setInputFiles(file);
    await page.getByRole('button', { name: 'bench.png', exact: true }).waitFor();
    await page.evaluate(watch);
    const started = performance.now();
    await button.click();
    let outcome: unknown;
    while (!(outcome = await page.evaluate(finished))) await page.waitForTimeout(200);
    if (outcome !== 'done') throw new Error(`The upscale ended as ${String(outcome)}.`);
    const seconds = (performance.now() - started) / 1000;
    await page.waitForTimeout(3000); // the comparison and the view are drawn
    const frames = (await page.evaluate('frames')) as number[];
    const scripts = (await page.evaluate('scripts')) as number[];
    const over = frames.filter((ms) => ms > 100).length;
    const longest = Math.round(Math.max(...frames));
    const own = Math.round(Math.max(...scripts));
    return [
      [
        size,
        adapt,
        seconds.toFixed(1),
        frames.length,
        `${longest} ms`,
        over,
        `${own} ms`,
        '≤ 100 ms',
        reached(own <= 100),
      ],
    ];
  } finally {
    await browser.close();
    await server.close();
  }
}

const bench: Bench = {
  title: 'The page’s own thread during an upscale',
  about:
    'A drawn picture is upscaled by 4 in the built-in editor in Chromium on WASM, with the default network; the time between animation frames is taken from the press of the button until the result has been placed and drawn. A frame that takes long is a click that waits: for the page’s own scripts, or, as here where WASM keeps both cores busy, for a core. What the scripts took of a frame is the page’s doing, and what the aim is about.',
  page: true,
  head: [
    'picture',
    'adaptation',
    'seconds',
    'frames',
    'longest',
    'over 100 ms',
    'own scripts, longest',
    'aim',
    'reached',
  ],
  parts: ['240 × 180, Normal', '480 × 360, Off', '900 × 700, Off'],
  run: measure,
};
export default bench;
