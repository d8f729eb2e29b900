import { createTileStore, speed, WorkerEngine } from '../engine/browser';
import { PhotopeaHost } from '../hosts/photopea/photopea-host';
import { parentPort } from '../hosts/photopea/port';
import { ScriptChannel } from '../hosts/photopea/script-channel';
import { HttpAssetLoader, ortFilesBeside } from '../panel/assets.http';
import { Panel } from '../panel/elements/panel';
import { PageNetworks } from '../panel/network-library';
import { IndexedDbNetworks } from '../panel/own-networks';
import { LocalSettings } from '../panel/settings.local';
import { applyTokens } from '../ui/tokens';

/** Joins Photopea around this page with the panel and the engine. */
function start(): void {
  applyTokens();
  const engine = new WorkerEngine({
    createWorker: () => new Worker(new URL('engine.worker.js', document.baseURI)),
    files: ortFilesBeside(document.baseURI),
  });
  const assets = new HttpAssetLoader();
  const panel = new Panel();
  panel.services = {
    host: new PhotopeaHost(new ScriptChannel(parentPort(window))),
    engine,
    networks: new PageNetworks(
      assets,
      new IndexedDbNetworks(),
      (signal, brought) => engine.takeIn(signal, brought),
      speed,
    ),
    settings: new LocalSettings(),
    createStore: () => createTileStore(),
  };
  document.body.append(panel);
}

start();
