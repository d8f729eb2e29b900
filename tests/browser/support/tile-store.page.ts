import { createRaster } from '../../../src/engine/raster/planes';
import { openIndexedDbSpill } from '../../../src/engine/raster/store/indexeddb-spill.browser';
import { openOpfsSpill } from '../../../src/engine/raster/store/opfs-spill.browser';
import type { OpenSpill } from '../../../src/engine/raster/store/spill';
import { createTileStore } from '../../../src/engine/raster/store/tile-store.browser';

const opens: Record<'opfs' | 'indexeddb', OpenSpill> = { opfs: openOpfsSpill, indexeddb: openIndexedDbSpill };

/** Names of the spills that the page's storage holds. */
async function names(kind: 'opfs' | 'indexeddb'): Promise<string[]> {
  const all: string[] = [];
  if (kind === 'opfs') {
    for await (const name of (await navigator.storage.getDirectory()).keys()) all.push(name);
  } else {
    for (const { name } of await indexedDB.databases()) all.push(name ?? '');
  }
  return all.filter((name) => name.startsWith('lway-tiles-'));
}

const page = {
  names,
  /** Blocks there and back; the names held meanwhile and afterwards. */
  async spill(kind: 'opfs' | 'indexeddb') {
    const spill = await opens[kind]();
    const numbers = await Promise.all([1, 2, 3].map((value) => spill.put(new Uint8Array(300_000).fill(value))));
    const parts = await Promise.all(numbers.map((block) => spill.get(block, 123_456, 5)));
    const during = await names(kind);
    await spill.dispose();
    await spill.dispose();
    return { parts: parts.map((part) => [...part]), during, after: await names(kind) };
  },
  /** Leaves a spill open, as a page that is closed or crashes does. */
  async abandon(kind: 'opfs' | 'indexeddb') {
    await (await opens[kind]()).put(new Uint8Array(1000));
    return names(kind);
  },
  /** A store without any memory: every piece goes to whatever this page has. */
  async store() {
    const { signal } = new AbortController();
    const store = createTileStore(0);
    await store.begin(signal, { width: 64, height: 48, channels: 3, bitDepth: 16, encoding: 'display' });
    for (let y = 0; y < 48; y += 16) {
      const piece = createRaster(64, 16, 3);
      piece.data.fill(y / 48);
      await store.write(signal, 0, y, piece);
    }
    await store.end(signal);
    const column = await store.read(signal, { x: 5, y: 0, width: 1, height: 48 });
    const held = [...(await names('opfs').catch(() => [])), ...(await names('indexeddb'))];
    await store.dispose();
    return { values: [column.data[0]!, column.data[15]!, column.data[16]!, column.data[47]!], held };
  },
};
export type TileStorePage = typeof page;
Object.assign(globalThis, { page });
