import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { storageError } from './errors';
import { claimName, removeAbandoned } from './page-lease.browser';
import type { Spill } from './spill';

interface Blocks extends DBSchema {
  blocks: { key: number; value: Blob };
}

/** A spill in an IndexedDB database of its own, a Blob for each block: for pages from file://, which have no OPFS. */
export async function openIndexedDbSpill(): Promise<Spill> {
  try {
    const { name, release } = await claimName();
    const databases = (await indexedDB.databases?.()) ?? [];
    await removeAbandoned(
      databases.map((each) => each.name ?? ''),
      (each) => deleteDB(each),
    );
    try {
      const upgrade = (database: IDBPDatabase<Blocks>) => void database.createObjectStore('blocks');
      return new IndexedDbSpill(await openDB<Blocks>(name, 1, { upgrade }), release);
    } catch (error) {
      release();
      throw error;
    }
  } catch (error) {
    throw storageError('browser', error);
  }
}

class IndexedDbSpill implements Spill {
  private count = 0;
  private disposed = false;

  constructor(
    private readonly database: IDBPDatabase<Blocks>,
    private readonly release: () => void,
  ) {}

  async put(bytes: Uint8Array): Promise<number> {
    const block = this.count++;
    try {
      // Waits for the transaction, not only for the request: a full disk shows when it commits.
      await this.database.put('blocks', new Blob([bytes as Uint8Array<ArrayBuffer>]), block);
    } catch (error) {
      throw storageError('browser', error);
    }
    return block;
  }

  async get(block: number, offset: number, length: number): Promise<Uint8Array> {
    try {
      const blob = await this.database.get('blocks', block);
      if (!blob) throw new Error(`block ${block} is gone`);
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    } catch (error) {
      throw storageError('browser', error);
    }
  }

  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    const { name } = this.database;
    this.database.close();
    await deleteDB(name).catch(() => undefined);
    this.release();
  }
}
