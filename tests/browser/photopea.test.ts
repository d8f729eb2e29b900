import type { Browser, Page } from 'playwright-core';
import { resolve } from 'node:path';
import { servePage } from '../../scripts/serve.mjs';
import { FakePhotopea } from '../doubles/photopea/photopea';
import { launch, type Served } from './support/editor-page';

const origin = 'https://www.photopea.com';
let server: Served;
let browser: Browser;

beforeAll(async () => {
  server = await servePage(resolve(__dirname, '../../dist/page'), 0, { framedBy: origin });
  // The question whether photopea.com may reach this machine, which a person answers once.
  browser = await launch('--disable-features=LocalNetworkAccessChecks');
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/**
 * The built page in a frame of photopea.com, whose part the double plays: nothing of that address is really loaded.
 * Texts and files cross as a real Photopea's would, by window messages.
 */
async function openInPhotopea(photopea: FakePhotopea): Promise<{ page: Page; strangers: string[] }> {
  const page = await browser.newPage();
  const strangers: string[] = [];
  await page.route('**/*', (route) => {
    const url = route.request().url();
    if (url.startsWith(server.url) || /^(blob|data):/.test(url)) return route.continue();
    if (url === `${origin}/`) {
      return route.fulfill({
        contentType: 'text/html',
        body: `<iframe src="${server.url}photopea.html" width="340" height="700">`,
      });
    }
    strangers.push(url);
    return route.abort();
  });
  await page.exposeFunction('toPhotopea', (message: string | { file: string }) => {
    if (typeof message === 'string') return photopea.port.post(message);
    const bytes = Buffer.from(message.file, 'base64');
    photopea.port.post(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer);
  });
  await page.addInitScript(() => {
    if (window !== window.top) return;
    const base64 = (buffer: ArrayBuffer) => {
      let text = '';
      for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
      return btoa(text);
    };
    const { toPhotopea } = window as unknown as { toPhotopea(message: unknown): void };
    let last = Promise.resolve();
    addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      const message = typeof data === 'string' ? data : { file: base64(data) };
      last = last.then(() => toPhotopea(message));
    });
  });
  let sent: Promise<unknown> = Promise.resolve();
  photopea.port.listen((data) => {
    const message =
      data instanceof ArrayBuffer ? { file: Buffer.from(data).toString('base64') } : { text: data as string };
    const send = () =>
      page.evaluate(({ file, text }: { file?: string; text?: string }) => {
        const data = file === undefined ? text : Uint8Array.from(atob(file), (char) => char.charCodeAt(0)).buffer;
        document.querySelector('iframe')!.contentWindow!.postMessage(data, '*');
      }, message);
    sent = sent.then(send).catch(() => undefined);
  });
  await page.goto(`${origin}/`);
  return { page, strangers };
}

test('a layer of a document in Photopea is upscaled into a new layer above it', async () => {
  const photopea = new FakePhotopea({ chaos: true });
  const [width, height] = [36, 28];
  const data = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++) data.set([90 + (i % width) * 3, 120, 200 - (i % width) * 2, 255], 4 * i);
  photopea.add({
    name: 'Photo',
    width,
    height,
    layers: [{ id: photopea.newId(), name: 'Layer', x: 0, y: 0, width, height, data }],
  });

  const { page, strangers } = await openInPhotopea(photopea);
  const frame = page.frameLocator('iframe');
  const button = frame.getByRole('button', { name: 'Upscale with LWay' });
  await button.and(frame.locator(':enabled')).waitFor();
  await frame.getByRole('radio', { name: 'Off', exact: true }).check({ force: true });
  await button.click();
  while (photopea.state().layers.length < 2 || photopea.states().length > 1) await page.waitForTimeout(100);
  const { layers, ...document } = photopea.state();
  expect(document).toMatchObject({ width: 144, height: 112 });
  expect(layers[0]).toMatchObject({ x: 0, y: 0, width: 144, height: 112 });
  // The same picture, four times as large.
  const [small, large] = [data, layers[0]!.data];
  for (const [x, y] of [
    [18, 14],
    [5, 5],
    [30, 20],
  ] as const) {
    for (let c = 0; c < 3; c++) {
      const was = small[(y * width + x) * 4 + c]!;
      expect(Math.abs(large[((4 * y + 2) * 144 + 4 * x + 2) * 4 + c]! - was)).toBeLessThan(12);
    }
  }
  expect(photopea.states()).toHaveLength(1);
  expect(strangers).toEqual([]);
  await page.close();
});

test('nobody but Photopea may show the page in a frame', async () => {
  const page = await browser.newPage();
  await page.route('https://elsewhere.example/', (route) =>
    route.fulfill({ contentType: 'text/html', body: `<iframe src="${server.url}photopea.html">` }),
  );
  await page.goto('https://elsewhere.example/');
  const frame = page.frames().find((each) => each !== page.mainFrame());
  expect(frame?.url() ?? '').not.toContain('photopea.html');
  await page.close();
});
