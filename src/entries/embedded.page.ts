import { EmbeddedHost } from '../hosts/embedded/embedded-host';
import { decodePng } from '../hosts/embedded/decode';
import { Workspace } from '../hosts/embedded/workspace';
import { Editor } from '../hosts/embedded/ui/editor';
import { createTileStore } from '../engine/raster/store/tile-store.browser';
import { HttpAssetLoader } from '../panel/assets.http';
import { applyTokens } from '../panel/tokens';

/** Joins the built-in editor with the panel and the engine: the page that `npm start` opens. */
async function start(): Promise<void> {
  applyTokens();
  const workspace = new Workspace();
  const assets = new HttpAssetLoader();
  const host = new EmbeddedHost(workspace, () => createTileStore());
  void host;
  const editor = new Editor();
  editor.workspace = workspace;
  document.body.append(editor);
  const sample = await assets.load(new AbortController().signal, 'sample.png');
  workspace.add('Lake at dusk (sample)', 'Background', decodePng('sample.png', sample));
}

void start();
