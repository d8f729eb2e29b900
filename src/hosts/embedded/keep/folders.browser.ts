/** A folder of the origin-private file system that this page alone uses, for as long as it lives. */
export interface ClaimedFolder {
  readonly name: string;
  get(name: string): Promise<File>;
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Writes a file piece by piece; it is there when all of it is, or not at all. */
  write(name: string, work: (write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>) => Promise<void>): Promise<void>;
  delete(name: string): Promise<void>;
  /** Removes the folder with all in it and gives its name back. */
  remove(): Promise<void>;
}

/** The root of the origin-private file system (https://fs.spec.whatwg.org/); null where there is none or it is refused. */
export async function privateRoot(): Promise<FileSystemDirectoryHandle | null> {
  try {
    return await navigator.storage.getDirectory();
  } catch {
    return null;
  }
}

/** Makes a new folder whose name begins with `prefix`. */
export async function claimFolder(root: FileSystemDirectoryHandle, prefix: string): Promise<ClaimedFolder> {
  const name = `${prefix}${Date.now()}-${Math.random().toString(36).slice(2, 10)}`;
  const release = await lock(name);
  return new Claimed(root, await root.getDirectoryHandle(name, { create: true }), release ?? (() => undefined));
}

/** The folders that no living page uses, oldest first. */
export async function claimFolders(root: FileSystemDirectoryHandle, prefix: string): Promise<ClaimedFolder[]> {
  const names: string[] = [];
  for await (const name of root.keys()) if (name.startsWith(prefix)) names.push(name);
  const claimed: ClaimedFolder[] = [];
  for (const name of names.sort()) {
    const release = await lock(name);
    if (release) claimed.push(new Claimed(root, await root.getDirectoryHandle(name), release));
  }
  return claimed;
}

/** Takes the lock `name` (Web Locks) for as long as the page lives or until released; null where somebody has it. */
async function lock(name: string): Promise<(() => void) | null> {
  const locks = (navigator as { locks?: LockManager }).locks;
  if (!locks) return () => undefined;
  return new Promise((resolve, reject) => {
    locks
      .request(name, { ifAvailable: true }, (granted) => {
        if (!granted) return resolve(null);
        return new Promise<void>((release) => resolve(release));
      })
      .catch(reject);
  });
}

class Claimed implements ClaimedFolder {
  constructor(
    private readonly root: FileSystemDirectoryHandle,
    private readonly folder: FileSystemDirectoryHandle,
    private readonly release: () => void,
  ) {}

  get name(): string {
    return this.folder.name;
  }

  async get(name: string): Promise<File> {
    return (await this.folder.getFileHandle(name)).getFile();
  }

  put(name: string, bytes: Uint8Array): Promise<void> {
    return this.write(name, (write) => write(bytes as Uint8Array<ArrayBuffer>));
  }

  async write(
    name: string,
    work: (write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>) => Promise<void>,
  ): Promise<void> {
    // A stream's file takes the place of the old one when it is closed: a crash leaves the old one whole.
    const stream = await (await this.folder.getFileHandle(name, { create: true })).createWritable();
    try {
      await work((bytes) => stream.write(bytes));
      await stream.close();
    } catch (error) {
      await stream.abort().catch(() => undefined);
      throw error;
    }
  }

  async delete(name: string): Promise<void> {
    await this.folder.removeEntry(name).catch(() => undefined);
  }

  async remove(): Promise<void> {
    await this.root.removeEntry(this.name, { recursive: true }).catch(() => undefined);
    this.release();
  }
}
