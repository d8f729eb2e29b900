import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import type { Editor } from '../../../src/hosts/embedded/ui/editor';
import type { Panel } from '../../../src/panel/elements/panel';
import { servePage } from '../../../scripts/serve.mjs';

const built = resolve(__dirname, '../../../dist/page');

export interface Served {
  url: string;
  close(): Promise<void>;
}

/** The built page on a port of its own, by the server that `npm start` uses. */
export function serveBuiltPage(): Promise<Served> {
  if (!existsSync(resolve(built, 'index.html'))) throw new Error('Run `npm run build` first: dist/page is missing.');
  return servePage(built);
}

export function launch(...flags: string[]): Promise<Browser> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
  return chromium.launch({
    executablePath: process.env['LWAY_CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic', ...quiet, ...flags],
  });
}

/** The built-in editor in a window of its own, which reaches its own server and nothing else. */
export class EditorPage {
  readonly errors: string[] = [];
  /** Addresses outside the page's own origin that something asked for. */
  readonly strangers: string[] = [];

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    private readonly url: string,
  ) {}

  static async open(
    browser: Browser,
    url: string,
    options: Parameters<Browser['newContext']>[0] = {},
  ): Promise<EditorPage> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      acceptDownloads: true,
      ...options,
    });
    const editor = new EditorPage(context, await context.newPage(), url);
    await editor.prepare();
    return editor;
  }

  private async prepare(): Promise<void> {
    const { context, page, url } = this;
    context.setDefaultTimeout(120_000);
    page.on('console', (message) => {
      // Chromium's own words where WebGPU is asked for and there is none.
      if (message.text() === 'No available adapters.') return;
      if (['error', 'warning'].includes(message.type())) this.errors.push(message.text());
    });
    page.on('pageerror', (error) => this.errors.push(String(error)));
    await context.route('**/*', (route) => {
      const asked = route.request().url();
      if (asked.startsWith(url) || /^(blob|data):/.test(asked)) return route.continue();
      this.strangers.push(asked);
      return route.abort();
    });
    await page.goto(url);
    await this.button.and(page.locator(':enabled')).waitFor();
    // The best network and adaptation are asked for by default: tests of the rest are quicker without.
    await page.getByRole('combobox', { name: 'Style' }).selectOption({ label: 'LWay Photo Fast' });
    await this.choose('Off');
  }

  get button() {
    return this.page.getByRole('button', { name: /^Upscale (with LWay|selection)$/ });
  }

  /** Chooses one of the panel's options, whose radio buttons lie invisibly over what is seen. */
  choose(name: string): Promise<void> {
    return this.page.getByRole('radio', { name, exact: true }).check({ force: true });
  }

  openFile(name: string, buffer: Buffer, label = 'Picture to open'): Promise<void> {
    return this.page.getByLabel(label).setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
  }

  /** What the active document is made of, topmost layer first. */
  state() {
    return this.page.evaluate(() => {
      const { workspace } = document.querySelector('lway-editor') as Editor;
      const active = workspace.active;
      return (
        active && {
          name: active.name,
          bitDepth: active.bitDepth,
          profile: active.iccProfile?.length ?? 0,
          undo: active.past.length,
          width: active.state.width,
          height: active.state.height,
          selection: active.state.selection,
          layers: active.state.layers.map(({ name, bounds, visible, pixels }) => ({
            name,
            bounds,
            visible,
            channels: pixels.info.channels,
            own: [pixels.info.width, pixels.info.height],
          })),
        }
      );
    });
  }

  /** Values 0..1 of a layer's own pixels, [channel][row][column]; the topmost is layer 0. */
  pixels(layer: number): Promise<number[]> {
    return this.page.evaluate(async (index) => {
      const { workspace } = document.querySelector('lway-editor') as Editor;
      const { pixels } = workspace.active!.state.layers[index]!;
      const { width, height } = pixels.info;
      const raster = await pixels.read(new AbortController().signal, { x: 0, y: 0, width, height });
      return [...raster.data];
    }, layer);
  }

  panelState() {
    return this.page.evaluate(() => {
      const { state } = (document.querySelector('lway-panel') as Panel).controller!;
      const { settings, work } = state;
      return { settings, phase: work.kind === 'running' ? work.job.phase : null, outcome: work.kind };
    });
  }

  /** Waits until the upscale has ended, and says how. */
  async finished(timeout = 180_000): Promise<string> {
    const ended = () => {
      const { state } = (document.querySelector('lway-panel') as Panel).controller!;
      return !['idle', 'running'].includes(state.work.kind);
    };
    await this.page.waitForFunction(ended, undefined, { timeout });
    return (await this.panelState()).outcome;
  }

  /** Exports the active document and returns the file. */
  async export(format: string): Promise<Buffer> {
    return (await this.exported(format)).file;
  }

  /** Exports the active document by the dialog; `change` sets what it offers. */
  async exported(
    format: string,
    change: () => Promise<void> = async () => {},
  ): Promise<{ name: string; file: Buffer }> {
    const { page } = this;
    await page.getByRole('button', { name: 'Export…' }).click();
    await this.choose(format);
    await change();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export', exact: true }).click(),
    ]);
    const parts: Buffer[] = [];
    for await (const part of await download.createReadStream()) parts.push(part as Buffer);
    return { name: download.suggestedFilename(), file: Buffer.concat(parts) };
  }

  close(): Promise<void> {
    return this.context.close();
  }
}
