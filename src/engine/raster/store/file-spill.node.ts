import { rmSync } from 'node:fs';
import { mkdtemp, open, rm, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storageError } from './errors';
import type { Spill } from './spill';

/** Folders to remove should the process end before their spills are disposed of. */
const folders = new Set<string>();
let watchingExit = false;

/**
 * A spill in one temporary file. Where the system allows (all but Windows) the file is unlinked as soon as it is open,
 * so that even a killed process leaves nothing behind; elsewhere it goes on dispose or when the process exits.
 *
 * @param parent folder for temporary files, the system's own when left out
 */
export async function openFileSpill(parent: string = tmpdir()): Promise<Spill> {
  let folder: string | null = null;
  try {
    folder = await mkdtemp(join(parent, 'lway-'));
    removeOnExit(folder);
    const path = join(folder, 'tiles');
    const file = await open(path, 'wx+', 0o600);
    if (process.platform !== 'win32') {
      await unlink(path);
      await remove(folder);
    }
    return new FileSpill(file, folder);
  } catch (error) {
    if (folder) await remove(folder).catch(() => undefined);
    throw storageError('disk', error);
  }
}

class FileSpill implements Spill {
  private readonly offsets: number[] = [];
  private size = 0;
  private closed: Promise<void> | null = null;

  constructor(
    private readonly file: FileHandle,
    private readonly folder: string,
  ) {}

  async put(bytes: Uint8Array): Promise<number> {
    const offset = this.size;
    this.size += bytes.length; // reserved before waiting, so that concurrent blocks do not meet
    const block = this.offsets.push(offset) - 1;
    try {
      for (let written = 0; written < bytes.length;) {
        const result = await this.file.write(bytes, written, bytes.length - written, offset + written);
        written += result.bytesWritten;
      }
    } catch (error) {
      throw storageError('disk', error);
    }
    return block;
  }

  async get(block: number, offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    try {
      for (let read = 0; read < length;) {
        const result = await this.file.read(bytes, read, length - read, this.offsets[block]! + offset + read);
        if (result.bytesRead === 0) throw new Error('the temporary file has been truncated');
        read += result.bytesRead;
      }
    } catch (error) {
      throw storageError('disk', error);
    }
    return bytes;
  }

  dispose(): Promise<void> {
    this.closed ??= this.file.close().then(() => remove(this.folder));
    return this.closed;
  }
}

function removeOnExit(folder: string): void {
  folders.add(folder);
  if (watchingExit) return;
  watchingExit = true;
  process.once('exit', () => {
    for (const each of folders) rmSync(each, { recursive: true, force: true });
  });
}

async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  folders.delete(folder);
}
