import { openFileSpill } from './file-spill.node';
import { SpillingTileStore } from './tile-store';

/**
 * A tile store for Node: memory up to the budget, then a temporary file.
 *
 * @param memory budget in bytes
 * @param folder for temporary files, the system's own when left out
 */
export function createTileStore(memory = 256 << 20, folder?: string): SpillingTileStore {
  return new SpillingTileStore({ memory, openSpill: () => openFileSpill(folder) });
}
