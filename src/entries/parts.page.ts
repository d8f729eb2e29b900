import { speed, WorkerEngine } from '../engine/browser';
import { HttpAssetLoader, ortFilesBeside } from '../panel/assets.http';
import type { AssetLoader } from '../panel/assets';
import { PageNetworks } from '../panel/network-library';
import { IndexedDbNetworks, type OwnNetworks } from '../panel/own-networks';

/** The engine of a served page, beside which its worker and the files of ONNX Runtime lie. */
export function engineBesidePage(): WorkerEngine {
  return new WorkerEngine({
    createWorker: () => new Worker(new URL('engine.worker.js', document.baseURI)),
    files: ortFilesBeside(document.baseURI),
  });
}

/** The networks that a page was delivered with, and the person's own, which the browser keeps unless somebody else does. */
export function networksOfPage(
  engine: WorkerEngine,
  assets: AssetLoader = new HttpAssetLoader(),
  own: OwnNetworks = new IndexedDbNetworks(),
): PageNetworks {
  return new PageNetworks(assets, own, (signal, brought) => engine.takeIn(signal, brought), speed);
}
