import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import type { TileStorePage } from './support/tile-store.page';

declare const page: TileStorePage;

const html = '<!doctype html><meta charset="utf-8"><title>Tile store</title><script src="page.js"></script>';
let folder: string;
let server: Server;
let context: BrowserContext;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tile-store-page-'));
  const script = join(folder, 'page.js');
  const support = resolve(__dirname, 'support');
  execFileSync(process.execPath, [
    resolve(__dirname, '../support/bundle.mjs'),
    join(support, 'tile-store.page.ts'),
    script,
  ]);
  writeFileSync(join(folder, 'index.html'), html);
  const text = readFileSync(script);
  server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? text : html);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  // A profile of its own on disk: what a page leaves behind must outlive the page.
  context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: process.env['LWAY_CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});

afterAll(async () => {
  await context?.close();
  await new Promise((done) => server.close(done));
  rmSync(folder, { recursive: true, force: true });
});

const open = async (address: string): Promise<Page> => {
  const tab = await context.newPage();
  await tab.goto(address);
  return tab;
};
const served = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const fromFile = () => pathToFileURL(join(folder, 'index.html')).href;

describe.each(['opfs', 'indexeddb'] as const)('%s spill', (kind) => {
  test('gives blocks back in part and leaves nothing behind', async () => {
    const tab = await open(served());
    const { parts, during, after } = await tab.evaluate((each) => page.spill(each), kind);
    expect(parts).toEqual([1, 2, 3].map((value) => Array.from({ length: 5 }, () => value)));
    expect(during).toHaveLength(1);
    expect(after).toEqual([]);
    await tab.close();
  });

  test('what a closed page left is removed, what an open one uses is not', async () => {
    const closed = await open(served());
    const [abandoned] = await closed.evaluate((each) => page.abandon(each), kind);
    await closed.close();
    const busy = await open(served());
    const names = await busy.evaluate((each) => page.abandon(each), kind);
    expect(names).toHaveLength(1);
    expect(names).not.toContain(abandoned);
    const tab = await open(served());
    const { during } = await tab.evaluate((each) => page.spill(each), kind);
    expect(during).toContain(names[0]);
    await busy.close();
    // The browser frees a closed page's locks a moment later; until then its spill counts as used.
    let left = names;
    for (const began = performance.now(); left.length > 0 && performance.now() - began < 100_000;) {
      await tab.evaluate((each) => page.spill(each), kind);
      left = await tab.evaluate((each) => page.names(each), kind);
      if (left.length > 0) await new Promise((done) => setTimeout(done, 100));
    }
    expect(left).toEqual([]);
    await tab.close();
  });
});

describe('a store without memory', () => {
  test.each([
    ['served over HTTP', served],
    ['opened from a file, which has no OPFS', fromFile],
  ])('works in a page %s', async (_, address) => {
    const tab = await open(address());
    const { values, held } = await tab.evaluate(() => page.store());
    expect(values.map((value) => Math.round(value * 3000))).toEqual([0, 0, 1000, 2000]);
    expect(held).toHaveLength(1);
    await tab.close();
  });
});
