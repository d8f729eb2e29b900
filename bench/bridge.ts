import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as playwrightCore from 'playwright-core';
import type { Bench, Cell } from './bench';
import type * as inPage from './bridge-page';

const cache = resolve('.cache/bench');

/** Calls a function of bench/bridge-page.ts in Chromium, in a page from `file://` like the plugin's. */
async function call<Result>(expression: string): Promise<Result> {
  const script = join(cache, 'bridge-page.js');
  execFileSync(process.execPath, ['tests/browser/support/bundle.mjs', 'bench/bridge-page.ts', script]);
  const html = join(cache, 'bridge-page.html');
  writeFileSync(html, '<!doctype html><meta charset="utf-8"><script src="bridge-page.js"></script>');
  // Not bundled: it looks for files of its own package.
  const playwright = pathToFileURL(resolve('node_modules/playwright-core/index.mjs')).href;
  const { chromium } = (await import(/* webpackIgnore: true */ playwright)) as typeof playwrightCore;
  const browser = await chromium.launch({
    executablePath: process.env['LWAY_CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  try {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(html).href);
    return (await page.evaluate(expression)) as Result;
  } finally {
    await browser.close();
  }
}

type Throughput = Awaited<ReturnType<typeof inPage.throughput>>;
type Overlap = Awaited<ReturnType<typeof inPage.overlap>>;

const kinds = { 'native base64': true, 'portable base64': false } as const;

async function measure(part: string): Promise<Cell[][]> {
  const [kind, what] = part.split(', ') as [keyof typeof kinds, string];
  if (what === 'throughput') {
    const megabytes = 48;
    const found = await call<Throughput>(`bridgeBench.throughput(${kinds[kind]}, ${megabytes})`);
    const row = (way: string, seconds: number) => [
      kind,
      way,
      `${(megabytes / seconds).toFixed(0)} MB/s`,
      `${(seconds / found.copy).toFixed(2)} × the base64’s, ${(seconds / found.asObject).toFixed(3)} × the bytes’`,
    ];
    return [row('page to Photoshop', found.toHost), row('Photoshop to page', found.toPage)];
  }
  const perMegapixel = 0.25;
  const { megapixels, transfer, added } = await call<Overlap>(
    `bridgeBench.overlap(${kinds[kind]}, 1000, ${perMegapixel})`,
  );
  const hidden = 1 - added / transfer;
  return [
    [
      kind,
      `whole upscale, ${megapixels} MP out, ${perMegapixel} s/MP to compute`,
      `${(added / megapixels).toFixed(3)} s/MP added`,
      `${Math.round(100 * Math.max(0, hidden))} % of ${(transfer / megapixels).toFixed(3)} s/MP hidden`,
    ],
  ];
}

const bench: Bench = {
  title: 'Photoshop’s bridge',
  about:
    'In Chromium, from `file://`: both sides of the plugin joined by the double’s channel, which carries JSON text and nothing else. Throughput in megabytes of raw pixels one way; beside it, the time as a multiple of `JSON.parse(JSON.stringify())` of the same payload as base64 text, and as the bytes themselves. Then a whole upscale ×4 of an opaque layer (RGB on the wire), by a network that takes its time without using the page’s thread: reading, conversion, carrying and handing over (Photoshop’s own writing left out), and how much of that is hidden behind the computing. Aims: at least 80 % hidden, at most 0.15 s per megapixel of the result added.',
  head: ['base64', 'what', 'measured', 'compared'],
  parts: Object.keys(kinds).flatMap((kind) => ['throughput', 'overlap'].map((what) => `${kind}, ${what}`)),
  run: measure,
};
export default bench;
