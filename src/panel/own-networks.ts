import { LWayError, type NetworkEntry } from '../engine';

/** Where networks that the person brought are kept. */
export interface OwnNetworks {
  list(): Promise<NetworkEntry[]>;
  /** @throws LWayError `missing-model` */
  bytes(id: string): Promise<Uint8Array>;
  /** @throws LWayError `storage` */
  put(entry: NetworkEntry, bytes: Uint8Array): Promise<void>;
  delete(id: string): Promise<void>;
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** In the browser's own database; only for this visit where there is none. */
export class IndexedDbNetworks implements OwnNetworks {
  private readonly unsaved = new Map<string, { entry: NetworkEntry; bytes: Uint8Array }>();
  private database: Promise<IDBDatabase> | null = null;

  async list(): Promise<NetworkEntry[]> {
    const saved = await this.run('readonly', (entries) => entries.getAll() as IDBRequest<NetworkEntry[]>).catch(
      () => [],
    );
    return [...saved, ...[...this.unsaved.values()].map(({ entry }) => entry)];
  }

  async bytes(id: string): Promise<Uint8Array> {
    const here = this.unsaved.get(id);
    if (here) return here.bytes;
    const blob = await this.run('readonly', (_, files) => files.get(id) as IDBRequest<Blob | undefined>);
    if (!blob) {
      throw new LWayError('missing-model', 'This network is no longer stored in the browser.', 'Add its file again.');
    }
    return new Uint8Array(await blob.arrayBuffer());
  }

  async put(entry: NetworkEntry, bytes: Uint8Array): Promise<void> {
    try {
      await this.run('readwrite', (entries, files) => {
        files.put(new Blob([bytes as Uint8Array<ArrayBuffer>]), entry.id);
        return entries.put(entry);
      });
    } catch {
      this.unsaved.set(entry.id, { entry, bytes });
    }
  }

  async delete(id: string): Promise<void> {
    if (this.unsaved.delete(id)) return;
    await this.run('readwrite', (entries, files) => {
      files.delete(id);
      return entries.delete(id);
    });
  }

  private open(): Promise<IDBDatabase> {
    this.database ??= new Promise((resolve, reject) => {
      const request = indexedDB.open('lway-models', 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore('entries', { keyPath: 'id' });
        request.result.createObjectStore('files');
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    return this.database;
  }

  private async run<T>(
    mode: IDBTransactionMode,
    work: (entries: IDBObjectStore, files: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> {
    const transaction = (await this.open()).transaction(['entries', 'files'], mode);
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    const result = await settled(work(transaction.objectStore('entries'), transaction.objectStore('files')));
    await done;
    return result;
  }
}
