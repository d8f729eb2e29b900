import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FakePhotoshop } from './photoshop';

/** A page in a WebView, whatever shows it. */
export interface ShownPage {
  /** Hands a message over, as JSON text. */
  send(text: string): void;
  close(): void;
}

/** Shows a page: `address` relative to the plugin's folder, `hear` takes what the page says, as JSON text. */
export type ShowPage = (address: string, hear: (text: string) => void) => ShownPage;

type MessageListener = (event: { source: unknown; origin: string; data: unknown }) => void;

/** An element of UXP's small DOM: nothing but what the plugin uses. */
class FakeElement {
  readonly style: Record<string, string> = {};
  readonly children: FakeElement[] = [];
  parent: FakeElement | null = null;
  setAttribute(): void {}
  appendChild(child: FakeElement): void {
    child.parent = this;
    this.children.push(child);
  }
  remove(): void {
    this.parent?.children.splice(this.parent.children.indexOf(this), 1);
    this.parent = null;
  }
}

class FakeWebViewElement extends FakeElement {
  private page: ShownPage | null = null;

  constructor(private readonly uxp: FakeUxp) {
    super();
  }
  set src(address: string) {
    if (!address.startsWith('plugin:/')) throw new Error('Only local content is allowed.');
    this.page = this.uxp.show(address.slice('plugin:/'.length), (text) => this.uxp.hear(this, text));
  }
  /** Messages pass through JSON, and wait for nothing. */
  postMessage(message: unknown): void {
    this.page?.send(JSON.stringify(message));
  }
  override remove(): void {
    super.remove();
    this.page?.close();
    this.page = null;
  }
}

class FakeDialogElement extends FakeElement {
  private settle: ((value: string) => void) | null = null;

  uxpShowModal(): Promise<string> {
    return new Promise((resolve) => (this.settle = resolve));
  }
  close(): void {
    this.settle?.('reasonCanceled');
    this.settle = null;
  }
}

/** What a plugin hands to `entrypoints.setup`. */
interface EntryPoints {
  panels: Record<
    string,
    { create(root: unknown): void; menuItems?: { id?: string; label: string }[]; invokeMenu?(id: string): void }
  >;
  commands: Record<string, { run(): Promise<void> | void }>;
}

interface Manifest {
  main: string;
  host: { data: { enableMenuRecording?: boolean } };
  entrypoints: { type: 'panel' | 'command'; id: string }[];
}

/**
 * The JavaScript world that a plugin lives in: loads the built plugin as Photoshop does, as a classic script with a
 * `require` of Photoshop's own modules, and shows its pages wherever `show` puts them.
 */
export class FakeUxp {
  entryPoints: EntryPoints | null = null;
  private manifest: Manifest | null = null;
  readonly body = new FakeElement();
  readonly alerts: string[] = [];
  readonly questions: string[] = [];
  agrees = false;
  readonly storage = new Map<string, string>();
  readonly files = new Map<string, ArrayBuffer>();
  private readonly listeners = new Set<MessageListener>();

  constructor(
    readonly ps: FakePhotoshop,
    readonly show: ShowPage,
  ) {}

  /** @param folder the built plugin */
  load(folder: string): void {
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;
    this.manifest = manifest;
    const html = readFileSync(join(folder, manifest.main), 'utf8');
    const script = /<script src="([^"]+)"/.exec(html)![1]!;
    const code = readFileSync(join(folder, script), 'utf8');
    const world = this.world();
    new Function(...Object.keys(world), code)(...Object.values(world));
    if (!this.entryPoints) throw new Error('The plugin has not called entrypoints.setup at once.');
  }

  openPanel(id: string): void {
    this.entryPoints!.panels[id]!.create(this.body);
  }

  async run(command: string): Promise<void> {
    if (this.manifest!.host.data.enableMenuRecording && this.ps.isRecording) {
      this.ps.recorded.push({ name: command, methodName: 'Plugin Menu Command', info: {} });
    }
    await this.entryPoints!.commands[command]!.run();
  }

  /** Closes all pages. */
  dispose(): void {
    for (const element of [...this.body.children]) {
      for (const child of [...element.children]) child.remove();
      element.remove();
    }
  }

  hear(source: FakeWebViewElement, text: string): void {
    const event = { source, origin: 'plugin:', data: JSON.parse(text) as unknown };
    for (const listener of [...this.listeners]) listener(event);
  }

  /** One menu item without an id, and Photoshop registers nothing at all. */
  private checkEntryPoints({ panels, commands }: EntryPoints): void {
    const ids = (type: string) =>
      this.manifest!.entrypoints.flatMap((point) => (point.type === type ? [point.id] : [])).sort();
    for (const [type, made] of Object.entries({ panel: panels, command: commands })) {
      const named = Object.keys(made).sort().join();
      if (named !== ids(type).join()) throw new Error(`The manifest names other ${type}s than ${named}.`);
    }
    for (const { menuItems = [] } of Object.values(panels)) {
      if (menuItems.some(({ id }) => !id)) throw new Error('A menu item has no id.');
    }
  }

  private world(): Record<string, unknown> {
    const { listeners, storage } = this;
    return {
      require: (name: string) => this.module(name),
      document: {
        body: this.body,
        createElement: (name: string) =>
          name === 'webview'
            ? new FakeWebViewElement(this)
            : name === 'dialog'
              ? new FakeDialogElement()
              : new FakeElement(),
        theme: { getCurrent: () => 'darkest', onUpdated: { addListener: () => undefined } },
      },
      window: {
        addEventListener: (_type: string, listener: MessageListener) => listeners.add(listener),
        removeEventListener: (_type: string, listener: MessageListener) => listeners.delete(listener),
      },
      localStorage: {
        getItem: (key: string) => storage.get(key) ?? null,
        setItem: (key: string, value: string) => void storage.set(key, value),
      },
      confirm: (question: string) => {
        this.questions.push(question);
        return this.agrees;
      },
      // What Photoshop's JavaScript has not.
      WebAssembly: undefined,
      Worker: undefined,
      DOMException: undefined,
      indexedDB: undefined,
      TextDecoder: undefined,
    };
  }

  private module(name: string): unknown {
    const folder = {
      createFile: async (file: string) => ({
        write: async (data: ArrayBuffer) => void this.files.set(file, data.slice(0)),
      }),
      getEntry: async (file: string) => ({
        read: async () => this.files.get(file),
        delete: async () => this.files.delete(file),
      }),
    };
    switch (name) {
      case 'photoshop':
        return {
          ...this.ps.api,
          core: { ...this.ps.api.core, showAlert: async (text: string) => void this.alerts.push(text) },
        };
      case 'uxp':
        return {
          entrypoints: {
            setup: (points: EntryPoints) => {
              if (this.entryPoints) throw new Error('entrypoints.setup must be called once.');
              this.checkEntryPoints(points);
              this.entryPoints = points;
            },
          },
          host: { name: 'Photoshop', version: '26.0.0', uiLocale: 'en_US' },
          versions: { uxp: '8.0.1', plugin: '0.1.0' },
          pluginManager: {
            plugins: new Set([{ id: 'com.lway.photoshop', showPanel: async (id: string) => this.openPanel(id) }]),
          },
          storage: {
            formats: { binary: Symbol('binary'), utf8: Symbol('utf8') },
            localFileSystem: { getTemporaryFolder: async () => folder },
          },
        };
      case 'os':
        return { platform: () => 'double', release: () => '1', arch: () => 'x64' };
      default:
        throw new Error(`Module not found: ${name}`);
    }
  }
}
