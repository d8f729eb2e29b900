import { storageError } from './errors';
import { claimName, removeAbandoned } from './page-lease.browser';
import type { Spill } from './spill';

/**
 * A spill in the origin-private file system (https://fs.spec.whatwg.org/): a folder for the store, a file for each
 * block. Rejects where there is none, as in pages from file:// addresses.
 */
export async function openOpfsSpill(): Promise<Spill> {
  try {
    const root = await navigator.storage.getDirectory();
    const { name, release } = await claimName();
    const names: string[] = [];
    for await (const each of root.keys()) names.push(each);
    await removeAbandoned(names, (each) => root.removeEntry(each, { recursive: true }));
    try {
      return new OpfsSpill(root, name, await root.getDirectoryHandle(name, { create: true }), release);
    } catch (error) {
      release();
      throw error;
    }
  } catch (error) {
    throw storageError('browser', error);
  }
}

class OpfsSpill implements Spill {
  private count = 0;
  private disposed = false;

  constructor(
    private readonly root: FileSystemDirectoryHandle,
    private readonly name: string,
    private readonly folder: FileSystemDirectoryHandle,
    private readonly release: () => void,
  ) {}

  async put(bytes: Uint8Array): Promise<number> {
    const block = this.count++;
    try {
      const handle = await this.folder.getFileHandle(String(block), { create: true });
      const stream = await handle.createWritable();
      await stream.write(bytes as Uint8Array<ArrayBuffer>);
      await stream.close();
    } catch (error) {
      throw storageError('browser', error);
    }
    return block;
  }

  async get(block: number, offset: number, length: number): Promise<Uint8Array> {
    try {
      const file = await (await this.folder.getFileHandle(String(block))).getFile();
      return new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
    } catch (error) {
      throw storageError('browser', error);
    }
  }

  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    await this.root.removeEntry(this.name, { recursive: true }).catch(() => undefined);
    this.release();
  }
}
