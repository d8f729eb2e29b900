import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { GraphBuilder, writeGraph } from '../../../src/engine/graph';
import type { ModelRegistry } from '../../../src/engine/runtime/registry';
import type {} from '../../../src/hosts/photoshop/page-channel';
import type { ShowPage } from '../../doubles/photoshop/uxp';

const built = resolve(__dirname, '../../../dist/photoshop');

/** A network that doubles every pixel: what comes out of an upscale is known to the last value. */
function doublingNetwork(): Uint8Array {
  const b = new GraphBuilder('doubling');
  const x = b.input('x', [1, 3, 16, 16]);
  const graph = b.build({ y: b.resize(x, [2, 2], { mode: 'nearest' }) });
  return writeGraph({
    ...graph,
    inputs: graph.inputs.map((input) => ({ ...input, shape: ['n', 3, 'h', 'w'] })),
    outputs: graph.outputs.map((output) => ({ ...output, shape: ['n', 3, 'H', 'W'] })),
  });
}

/** The built plugin, with that network instead of those that ship. */
export function pluginFolder(): { folder: string; remove(): void } {
  if (!existsSync(join(built, 'page/index.html')))
    throw new Error('Run `npm run build` first: dist/photoshop is missing.');
  const folder = mkdtempSync(join(tmpdir(), 'lway-photoshop-'));
  cpSync(built, folder, { recursive: true });
  const models = join(folder, 'page/packed/models');
  for (const file of readdirSync(models)) rmSync(join(models, file));
  mkdirSync(models, { recursive: true });
  const bytes = doublingNetwork();
  const registry: ModelRegistry = {
    version: 1,
    default: 'doubling',
    models: [
      {
        id: 'doubling',
        file: 'doubling.onnx',
        kind: 'sr',
        name: 'Doubling ×2',
        scale: 2,
        input: { name: 'x', layout: 'NCHW', channels: 'RGB', range: [0, 1], type: 'float32' },
        output: 'y',
        receptiveField: 0,
        multipleOf: 1,
        parameters: 0,
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        licence: 'MIT',
      },
    ],
  };
  const pack = (name: string, content: Uint8Array | string) => {
    const base64 = Buffer.from(content).toString('base64');
    writeFileSync(
      join(folder, `page/packed/${name}.js`),
      `lwayAsset(${JSON.stringify(name)},${JSON.stringify(base64)});`,
    );
  };
  pack('models/doubling.onnx', bytes);
  pack('models/models.json', JSON.stringify(registry));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['LWAY_CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/** Shows the plugin's pages in Chromium tabs, from `file://`, with the network cut off. */
export class ChromiumPages {
  /** In the order of opening. */
  readonly pages: Page[] = [];
  readonly errors: string[] = [];

  constructor(
    private readonly browser: Browser,
    private readonly folder: string,
  ) {}

  readonly show: ShowPage = (address, hear) => {
    let open = true;
    const page = this.open(address, hear);
    page.catch((error: unknown) => this.errors.push(String(error)));
    return {
      send: (text) =>
        void page.then(async (shown) => {
          // A page that goes away in between hears nothing any more.
          await shown.evaluate(receive, text).catch((error: unknown) => open && this.errors.push(String(error)));
        }),
      close: () => {
        open = false;
        // At the end of the tests the whole browser may be quicker.
        page.then((shown) => shown.context().close()).catch(() => undefined);
      },
    };
  };

  private async open(address: string, hear: (text: string) => void): Promise<Page> {
    const context = await this.browser.newContext({ offline: true, viewport: { width: 320, height: 640 } });
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
    page.on('pageerror', (error) => this.errors.push(String(error)));
    await page.exposeFunction('lwayToHost', hear);
    await page.addInitScript(install);
    const url = pathToFileURL(join(this.folder, address.split('?')[0]!));
    url.search = address.split('?')[1] ?? '';
    await page.goto(url.href);
    this.pages.push(page);
    return page;
  }
}

/** In the page: what Photoshop puts there. */
function install(): void {
  const toHost = (globalThis as unknown as { lwayToHost(text: string): void }).lwayToHost;
  window.uxpHost = { postMessage: (message) => toHost(JSON.stringify(message)) };
}

function receive(text: string): void {
  window.dispatchEvent(new MessageEvent('message', { data: JSON.parse(text) }));
}
