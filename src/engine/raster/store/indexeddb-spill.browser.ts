import { storageError } from './errors';
import { claimName, removeAbandoned } from './page-lease.browser';
import type { Spill } from './spill';

const table = 'blocks';

/** A spill in an IndexedDB database of its own, a Blob for each block: for pages from file://, which have no OPFS. */
export async function openIndexedDbSpill(): Promise<Spill> {
  try {
    const { name, release } = await claimName();
    const databases = (await indexedDB.databases?.()) ?? [];
    await removeAbandoned(
      databases.map((each) => each.name ?? ''),
      (each) => settled(indexedDB.deleteDatabase(each)),
    );
    try {
      const opening = indexedDB.open(name, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(table);
      return new IndexedDbSpill(await settled(opening), release);
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
    private readonly database: IDBDatabase,
    private readonly release: () => void,
  ) {}

  async put(bytes: Uint8Array): Promise<number> {
    const block = this.count++;
    try {
      const transaction = this.database.transaction(table, 'readwrite');
      transaction.objectStore(table).put(new Blob([bytes as Uint8Array<ArrayBuffer>]), block);
      // A full disk shows when the transaction commits, not when the request succeeds.
      await new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'));
      });
    } catch (error) {
      throw storageError('browser', error);
    }
    return block;
  }

  async get(block: number, offset: number, length: number): Promise<Uint8Array> {
    try {
      const transaction = this.database.transaction(table, 'readonly');
      const blob = await settled(transaction.objectStore(table).get(block) as IDBRequest<Blob>);
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
    await settled(indexedDB.deleteDatabase(name)).catch(() => undefined);
    this.release();
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the request failed'));
  });
}
