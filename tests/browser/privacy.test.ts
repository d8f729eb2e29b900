import type { Browser } from 'playwright-core';
import { EditorPage, launch, serveBuiltPage, type Served } from './support/editor-page';
import { DeadEnd } from './support/proxy';

// Every way out of the page's context (what Chromium wants for itself is not the page's) leads to a proxy that remembers what was asked for, and the policy that forbids such
// requests is off: what the page, its worker, the WASM and its threads want of others would be seen here.

let server: Served;
let proxy: DeadEnd;
let browser: Browser;
let editor: EditorPage;

beforeAll(async () => {
  server = await serveBuiltPage();
  proxy = await DeadEnd.open();
  browser = await launch();
  editor = await EditorPage.open(browser, server.url, { bypassCSP: true, proxy: proxy.settings(server.url) });
});
afterAll(async () => {
  await browser?.close();
  await proxy?.close();
  await server?.close();
});

test('a whole upscale, and fourteen seconds in all, ask nobody but its own server', async () => {
  const { page } = editor;
  const begun = performance.now();
  await editor.button.click();
  expect(await editor.finished(200_000)).toBe('done');
  // What waits for a quiet moment, or for some seconds of work, shall have had it.
  await page.waitForTimeout(Math.max(1000, 14_000 - (performance.now() - begun)));
  expect(proxy.asked).toEqual([]);
  expect(editor.strangers).toEqual([]);
  expect(editor.errors).toEqual([]);
});

test('the watch itself sees what a page, a worker and a WebSocket ask for', async () => {
  await editor.page.evaluate(async () => {
    const outside = (name: string) => fetch(`http://${name}.invalid/`, { mode: 'no-cors' }).catch(() => undefined);
    await outside('page');
    const script = `fetch('http://worker.invalid/', { mode: 'no-cors' }).catch(() => {}).then(() => postMessage(0))`;
    const worker = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));
    await new Promise((resolve) => (worker.onmessage = resolve));
    const socket = new WebSocket('wss://socket.invalid/');
    await new Promise((resolve) => (socket.onerror = resolve));
  });
  const seen = [...proxy.asked, ...editor.strangers].join('\n');
  for (const name of ['page', 'worker', 'socket']) expect(seen).toContain(`${name}.invalid`);
});
