import { EmbeddedHost } from '../hosts/embedded/embedded-host';
import { decodePng } from '../hosts/shared/png/decode';
import { DocumentKeeper } from '../hosts/embedded/keep/document-keeper';
import { claimFolder, claimFolders, privateRoot } from '../hosts/embedded/keep/folders.browser';
import { BrowserPictures } from '../hosts/embedded/picture-files';
import { Workspace } from '../hosts/embedded/workspace';
import { Editor } from '../hosts/embedded/ui/editor';
import { saveFile } from '../hosts/embedded/ui/save-file';
import { type Rect, toPlainError } from '../engine';
import { createTileStore } from '../engine/browser';
import { HttpAssetLoader } from '../panel/assets.http';
import { Panel } from '../panel/elements/panel';
import { QueueView } from '../panel/elements/queue-view';
import { PictureQueue } from '../panel/queue/queue';
import { LocalSettings } from '../panel/settings.local';
import { applyTokens } from '../ui/tokens';
import { engineBesidePage, networksOfPage } from './parts.page';

/** Joins the built-in editor with the panel and the engine: the page that `npm start` opens. */
async function start(): Promise<void> {
  applyTokens();
  const workspace = new Workspace();
  const assets = new HttpAssetLoader();
  const host = new EmbeddedHost(workspace, () => createTileStore());
  const engine = engineBesidePage();
  const panel = new Panel();
  const services = {
    host,
    engine,
    networks: networksOfPage(engine, assets),
    settings: new LocalSettings(),
    createStore: () => createTileStore(),
    saveFile: (name: string, bytes: Uint8Array) => saveFile(name, new Blob([bytes as Uint8Array<ArrayBuffer>])),
  };
  const root = await privateRoot();
  const left = root ? await claimFolders(root, 'lway-queue-') : [];
  const folder = left.shift() ?? (root && (await claimFolder(root, 'lway-queue-')));
  const queue = new PictureQueue(services, new BrowserPictures(), folder, () => {
    const { settings, networks } = panel.controller!.state;
    return { settings, networks: networks ?? [] };
  });
  const editor = new Editor();
  panel.services = { ...services, queue, pointed: () => editor.pointed() };
  editor.workspace = workspace;
  const list = new QueueView();
  list.queue = queue;
  list.slot = 'queue';
  list.addEventListener('edit', (event) => void editor.open((event as CustomEvent<File>).detail));
  list.addEventListener('save', (event) => {
    const { name, file } = (event as CustomEvent<{ name: string; file: Blob }>).detail;
    saveFile(name, file);
  });
  editor.addEventListener('pictures', (event) => void queue.add((event as CustomEvent<File[]>).detail));
  editor.addEventListener(
    'network',
    (event) => void panel.controller!.addNetwork((event as CustomEvent<readonly File[]>).detail),
  );
  // The piece that is tried follows the hand, and is pointed out in the picture.
  const tryAt = (at: { x: number; y: number } | null) => panel.tryAt(at);
  editor.addEventListener('preview', () => tryAt(editor.pointed()));
  editor.addEventListener('point', (event) => {
    if (panel.controller!.state.tryOut) tryAt((event as CustomEvent<{ x: number; y: number }>).detail);
  });
  panel.addEventListener('try-out', (event) => (editor.frame = (event as CustomEvent<Rect | null>).detail));
  editor.append(panel, list);
  document.body.append(editor);
  window.addEventListener('beforeunload', (event) => {
    const working = panel.controller?.state.work.kind === 'running' || queue.working;
    const unsaved = workspace.documents.some((one) => workspace.unsaved(one)) || queue.unsaved > 0;
    if (working || unsaved) event.preventDefault();
  });
  try {
    const restored = root ? await restore(root, workspace, editor) : [];
    const waiting = await queue.restore(left);
    for (const other of left) await other.remove();
    const names = restored.map((name) => `“${name}”`).join(', ');
    const parts = [...(names ? [names] : []), ...(waiting > 0 ? [`a queue of ${waiting}`] : [])];
    if (parts.length > 0) {
      const undo = names ? ' Undo starts afresh.' : '';
      const line = `Restored from your last visit: ${parts.join(' and ')}.${undo}`;
      editor.info = line;
      // It lies over what was restored, and nothing is lost by not having read it.
      setTimeout(() => {
        if (editor.info === line) editor.info = null;
      }, 20_000);
    }
    if (restored.length === 0) {
      const sample = await assets.load(new AbortController().signal, 'sample.png');
      const pixels = decodePng('sample.png', sample);
      // Who was quicker than the sample wants to see that picture.
      if (workspace.documents.length === 0) {
        workspace.add('Lavender by gnokii (sample)', 'Background', pixels, { sample: true });
      }
    }
  } catch (error) {
    editor.say(error);
  }
}

/** Opens the documents of a closed or crashed page, and keeps those that are opened from now on. */
async function restore(root: FileSystemDirectoryHandle, workspace: Workspace, editor: Editor): Promise<string[]> {
  const keeper = new DocumentKeeper(workspace, root, (lost, error) => {
    const { message } = toPlainError(error);
    editor.info = `“${lost.name}” would be gone after a reload: the browser cannot keep it (${message}). Export it.`;
  });
  return keeper.start();
}

void start();
