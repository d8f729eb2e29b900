import { createTileStore } from '../engine/browser';
import { PhotopeaHost } from '../hosts/photopea/photopea-host';
import { parentPort } from '../hosts/photopea/port';
import { ScriptChannel } from '../hosts/photopea/script-channel';
import { Panel } from '../panel/elements/panel';
import { LocalSettings } from '../panel/settings.local';
import { applyTokens } from '../ui/tokens';
import { engineBesidePage, networksOfPage } from './parts.page';

/** Joins Photopea around this page with the panel and the engine. */
function start(): void {
  applyTokens();
  const engine = engineBesidePage();
  const panel = new Panel();
  panel.services = {
    host: new PhotopeaHost(new ScriptChannel(parentPort(window))),
    engine,
    networks: networksOfPage(engine),
    settings: new LocalSettings(),
    createStore: () => createTileStore(),
  };
  document.body.append(panel);
}

start();
