import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { packAsset, unpackAsset } from '../../../scripts/pack-asset.mjs';
import type { NetworkRegistry } from '../../../src/engine/network/registry';
import type {} from '../../../src/hosts/photoshop/page-channel';
import type { ShowPage } from '../../doubles/photoshop/uxp';
import { tinyNetworks } from './photoshop-networks';

/** Milliseconds that a test may take, and that it waits for anything in a page. */
export const PATIENCE = 150_000;

const built = resolve(__dirname, '../../../dist/photoshop');

/** The built plugin, with tiny networks instead of those that ship. */
export function pluginFolder(): { folder: string; remove(): void } {
  if (!existsSync(join(built, 'page/index.html')))
    throw new Error('Run `npm run build` first: dist/photoshop is missing.');
  const folder = mkdtempSync(join(tmpdir(), 'lway-photoshop-'));
  const models = join(folder, 'page/packed/models');
  cpSync(built, folder, { recursive: true, filter: (from) => !/\.map$|packed.models/.test(from) });
  mkdirSync(models);
  const networks = tinyNetworks();
  const registry: NetworkRegistry = {
    version: 1,
    default: networks[0]!.entry.id,
    models: networks.map(({ entry }) => entry),
  };
  const pack = (name: string, content: Uint8Array | string) =>
    writeFileSync(join(folder, `page/packed/${name}.js`), packAsset(name, content));
  for (const { entry, bytes } of networks) pack(`models/${entry.file}`, bytes);
  pack('models/models.json', JSON.stringify(registry));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** @param gpu with WebGPU, emulated in software */
export function launch(gpu = false): Promise<Browser> {
  const emulated = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
  return chromium.launch({
    executablePath: process.env['LWAY_CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      ...(gpu ? [...emulated, '--enable-features=Vulkan', '--use-vulkan=swiftshader'] : []),
    ],
  });
}

/** Lets the engine of a {@link pluginFolder} take an emulated GPU for a real one, which it rightly never does. */
export function trustEmulatedGpu(folder: string): void {
  const path = join(folder, 'page/packed/engine.worker.js.js');
  const code = unpackAsset(readFileSync(path, 'utf8')).toString();
  const trusting = code
    .replace('/swiftshader|', '/no such adapter|')
    .replaceAll('.isFallbackAdapter', '.noSuchProperty');
  if (trusting === code) throw new Error('The engine’s worker looks for emulated GPUs in another way now.');
  writeFileSync(path, packAsset('engine.worker.js', trusting));
}

/** Shows the plugin's pages in Chromium tabs, from `file://`, with the network cut off. */
export class ChromiumPages {
  /** In the order of opening. */
  readonly pages: Page[] = [];
  readonly errors: string[] = [];
  private readonly closing: Promise<unknown>[] = [];

  constructor(
    private readonly browser: Browser,
    private readonly folder: string,
  ) {}

  readonly show: ShowPage = (address, hear) => {
    let open = true;
    const page = this.open(address, hear);
    const complain = (error: unknown) => {
      // A page that goes away in between hears nothing any more.
      if (open) this.errors.push(String(error));
    };
    page.catch(complain);
    return {
      send: (text) => void page.then((shown) => shown.evaluate(receive, text)).catch(complain),
      close: () => {
        open = false;
        this.closing.push(page.then((shown) => shown.context().close()).catch(() => undefined));
      },
    };
  };

  /** Resolves when all pages that have been closed are gone: they take time from those that come next. */
  async settled(): Promise<void> {
    await Promise.all(this.closing.splice(0));
  }

  private async open(address: string, hear: (text: string) => void): Promise<Page> {
    const context = await this.browser.newContext({ offline: true, viewport: { width: 320, height: 640 } });
    context.setDefaultTimeout(PATIENCE);
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
