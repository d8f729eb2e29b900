import { EmbeddedHost } from '../hosts/embedded/embedded-host';
import { decodePng } from '../hosts/embedded/decode';
import { Workspace } from '../hosts/embedded/workspace';
import { Editor } from '../hosts/embedded/ui/editor';
import { saveFile } from '../hosts/embedded/ui/save-file';
import { createTileStore } from '../engine/raster/store/tile-store.browser';
import { WorkerEngine } from '../engine/engine-client.browser';
import { hasGpu } from '../engine/runtime/adapter.browser';
import { HttpAssetLoader, ortFilesBeside } from '../panel/assets.http';
import { Panel } from '../panel/elements/panel';
import { PageModels } from '../panel/model-library';
import { IndexedDbModels } from '../panel/own-models';
import { LocalSettings } from '../panel/settings.local';
import { applyTokens } from '../ui/tokens';

/** Joins the built-in editor with the panel and the engine: the page that `npm start` opens. */
async function start(): Promise<void> {
  applyTokens();
  const workspace = new Workspace();
  const assets = new HttpAssetLoader();
  const host = new EmbeddedHost(workspace, () => createTileStore());
  const engine = new WorkerEngine({
    createWorker: () => new Worker(new URL('engine.worker.js', document.baseURI)),
    files: ortFilesBeside(document.baseURI),
  });
  const panel = new Panel();
  panel.services = {
    host,
    engine,
    models: new PageModels(
      assets,
      new IndexedDbModels(),
      (signal, name, bytes) => engine.inspect(signal, bytes, name),
      hasGpu,
    ),
    settings: new LocalSettings(),
    createStore: () => createTileStore(),
    saveFile: (name, bytes) => saveFile(name, new Blob([bytes as Uint8Array<ArrayBuffer>])),
  };
  const editor = new Editor();
  editor.workspace = workspace;
  editor.append(panel);
  document.body.append(editor);
  try {
    const sample = await assets.load(new AbortController().signal, 'sample.png');
    workspace.add('Lake at dusk (sample)', 'Background', decodePng('sample.png', sample));
  } catch (error) {
    editor.say(error);
  }
}

void start();
