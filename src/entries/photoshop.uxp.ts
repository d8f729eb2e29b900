// Photoshop's side of the plugin: panels, commands and the handler of recorded steps; everything else is in the page.
import { action, app, constants, core, imaging } from 'photoshop';
import { entrypoints, host, pluginManager, storage, versions } from 'uxp';
import { arch, platform, release } from 'os';
import { LWayError } from '../engine';
import { Bridge, abortError } from '../hosts/photoshop/bridge/bridge';
import { PLAY_METHOD, type CommandId, type PhotoshopBridge } from '../hosts/photoshop/protocol';
import { ModalGate } from '../hosts/photoshop/uxp/modal';
import type { ModalContext, PhotoshopApi, TemporaryFiles } from '../hosts/photoshop/uxp/photoshop-api';
import { Player, type LivePage } from '../hosts/photoshop/uxp/play';
import { PageServer, type ServerContext } from '../hosts/photoshop/uxp/server';
import { webViewChannel } from '../hosts/photoshop/uxp/webview-channel';

/** As in manifest.json. */
const PLUGIN = 'com.lway.photoshop';
const PANEL = 'lwayPanel';
const DIAGNOSTICS = 'diagnostics';
const DIALOG = { width: 380, height: 640 };

// @types/photoshop and Adobe's reference disagree in a few places: see PhotoshopApi.
const ps = { app, core, action, constants, imaging } as unknown as PhotoshopApi;
const gate = new ModalGate(ps);

const files: TemporaryFiles = {
  async write(name, data) {
    const folder = await storage.localFileSystem.getTemporaryFolder();
    const file = await folder.createFile(name, { overwrite: true });
    await file.write(data, { format: storage.formats.binary });
  },
  async read(name) {
    const folder = await storage.localFileSystem.getTemporaryFolder();
    const file = await folder.getEntry(name);
    return (await file.read({ format: storage.formats.binary })) as ArrayBuffer;
  },
  async remove(name) {
    const folder = await storage.localFileSystem.getTemporaryFolder();
    await (await folder.getEntry(name)).delete();
  },
};

const context: ServerContext = {
  ps,
  gate,
  files,
  confirm: (question) => confirm(question),
  settings: {
    get: (key) => localStorage.getItem(key),
    set: (key, value) => localStorage.setItem(key, value),
  },
  facts: {
    photoshop: host.version,
    uxp: versions.uxp,
    plugin: versions.plugin,
    system: `${platform()} ${release()} ${arch()}`,
  },
};

/** A WebView with our page, and this side's end of the bridge to it. */
class Page {
  readonly bridge: PhotoshopBridge;
  private readonly element: UxpWebView;
  private readonly server: PageServer;

  constructor(parent: UxpElement, role: 'panel' | 'dialog') {
    this.element = document.createElement('webview');
    this.element.setAttribute('width', '100%');
    this.element.setAttribute('height', '100%');
    Object.assign(this.element.style, { width: '100%', height: '100%' });
    this.bridge = new Bridge(webViewChannel(window, this.element as never), {
      role: 'host',
      onConnect: () => {
        void this.server.reset();
        this.bridge.emit('theme', currentTheme());
      },
    });
    this.server = new PageServer(context, this.bridge);
    pages.add(this);
    this.element.src = `plugin:/page/index.html?role=${role}`;
    parent.appendChild(this.element);
  }

  close(): void {
    pages.delete(this);
    this.bridge.close();
    void this.server.reset();
    this.element.remove();
  }
}

const pages = new Set<Page>();
let panel: Page | null = null;

const player = new Player(gate, {
  panel: () => panel?.bridge ?? null,
  async showPanel() {
    const own = [...pluginManager.plugins].find(({ id }) => id === PLUGIN);
    if (!own) return false;
    try {
      await own.showPanel(PANEL);
      return true;
    } catch {
      return false;
    }
  },
  async open(): Promise<LivePage> {
    const dialog = document.createElement('dialog');
    Object.assign(dialog.style, { width: `${DIALOG.width}px`, height: `${DIALOG.height}px` });
    document.body.appendChild(dialog);
    const page = new Page(dialog, 'dialog');
    let open = true;
    const close = () => {
      if (!open) return;
      open = false;
      page.close();
      dialog.close();
      dialog.remove();
    };
    // Settles when the dialog is closed, by us or by the person.
    dialog.uxpShowModal({ title: 'LWay', resize: 'both', size: DIALOG }).then(close, close);
    return { bridge: page.bridge, close };
  },
});

function currentTheme(): 'light' | 'dark' {
  return (document.theme?.getCurrent() ?? 'dark').includes('light') ? 'light' : 'dark';
}

document.theme?.onUpdated.addListener(() => {
  for (const { bridge } of pages) bridge.emit('theme', currentTheme());
});

/** What may change the active document, its layers or its selection. */
const events = [
  'open',
  'close',
  'newDocument',
  'select',
  'selectDocument',
  'make',
  'delete',
  'set',
  'move',
  'duplicate',
  'imageSize',
  'canvasSize',
  'crop',
  'convertMode',
  'historyStateChanged',
];
let announced: ReturnType<typeof setTimeout> | undefined;
void action.addNotificationListener(events, () => {
  clearTimeout(announced);
  announced = setTimeout(() => {
    for (const { bridge } of pages) bridge.emit('changed');
  }, 100);
});

// Recorded steps hold nothing but this name.
Object.assign(globalThis, {
  [PLAY_METHOD]: async (playing: ModalContext, info: Record<string, unknown>) => {
    try {
      return await player.play(playing, info);
    } catch (error) {
      // Photoshop shows the message of a plain error.
      throw error instanceof LWayError ? new Error(`LWay: ${error.message} ${error.advice}`) : error;
    }
  },
});

async function run(id: CommandId): Promise<void> {
  try {
    await player.command(new AbortController().signal, id);
  } catch (error) {
    if ((error as Error).name === abortError().name) return;
    const advice = error instanceof LWayError ? ` ${error.advice}` : '';
    await core.showAlert(`LWay: ${(error as Error).message}${advice}`);
  }
}

entrypoints.setup({
  panels: {
    [PANEL]: {
      create(root) {
        panel ??= new Page(root, 'panel');
      },
      menuItems: [{ id: DIAGNOSTICS, label: 'Diagnostics…' }],
      invokeMenu(id) {
        panel?.bridge.emit(id);
      },
    },
  },
  commands: {
    upscaleLayer: { run: () => run('upscaleLayer') },
    upscaleSelection: { run: () => run('upscaleSelection') },
    upscaleLast: { run: () => run('upscaleLast') },
  },
});
