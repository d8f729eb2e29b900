import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
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

interface Stored extends DBSchema {
  entries: { key: string; value: NetworkEntry };
  files: { key: string; value: Blob };
}

/** In the browser's own database; only for this visit where there is none. */
export class IndexedDbNetworks implements OwnNetworks {
  private readonly unsaved = new Map<string, { entry: NetworkEntry; bytes: Uint8Array }>();
  private database: Promise<IDBPDatabase<Stored>> | null = null;

  async list(): Promise<NetworkEntry[]> {
    const saved = await this.open()
      .then((database) => database.getAll('entries'))
      .catch(() => []);
    return [...saved, ...[...this.unsaved.values()].map(({ entry }) => entry)];
  }

  async bytes(id: string): Promise<Uint8Array> {
    const here = this.unsaved.get(id);
    if (here) return here.bytes;
    const blob = await (await this.open()).get('files', id);
    if (!blob) {
      throw new LWayError('missing-model', 'This network is no longer stored in the browser.', 'Add its file again.');
    }
    return new Uint8Array(await blob.arrayBuffer());
  }

  async put(entry: NetworkEntry, bytes: Uint8Array): Promise<void> {
    try {
      const { entries, files, done } = await this.change();
      const file = new Blob([bytes as Uint8Array<ArrayBuffer>]);
      await Promise.all([files.put(file, entry.id), entries.put(entry), done]);
    } catch {
      this.unsaved.set(entry.id, { entry, bytes });
    }
  }

  async delete(id: string): Promise<void> {
    if (this.unsaved.delete(id)) return;
    const { entries, files, done } = await this.change();
    await Promise.all([files.delete(id), entries.delete(id), done]);
  }

  private async open(): Promise<IDBPDatabase<Stored>> {
    return (this.database ??= openDB<Stored>('lway-models', 1, {
      upgrade: (database) => {
        database.createObjectStore('entries', { keyPath: 'id' });
        database.createObjectStore('files');
      },
    }));
  }

  /** Both tables, to be changed together or not at all. */
  private async change() {
    const transaction = (await this.open()).transaction(['entries', 'files'], 'readwrite');
    const [entries, files] = [transaction.objectStore('entries'), transaction.objectStore('files')];
    return { entries, files, done: transaction.done };
  }
}
