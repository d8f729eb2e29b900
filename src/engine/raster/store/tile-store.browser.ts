import { openIndexedDbSpill } from './indexeddb-spill.browser';
import { openOpfsSpill } from './opfs-spill.browser';
import { SpillingTileStore } from './tile-store';

/**
 * A tile store for pages and workers: memory up to the budget, then OPFS, or IndexedDB where that is refused.
 *
 * @param memory budget in bytes
 */
export function createTileStore(memory = 192 << 20): SpillingTileStore {
  return new SpillingTileStore({ memory, openSpill: () => openOpfsSpill().catch(openIndexedDbSpill) });
}
