import { hasPictureEnding } from '../../../pictures/names';

/** What was dropped, or chosen as a folder: files, and the folders among them by name. */
export interface Dropped {
  readonly files: File[];
  readonly folders: string[];
}

/**
 * Everything in a drop, folders and their folders included. To be called in the event itself: the browser takes the list
 * away when it is over.
 */
export async function droppedFiles(transfer: DataTransfer): Promise<Dropped> {
  const entries = [...transfer.items].map((item) => (item.kind === 'file' ? item.webkitGetAsEntry() : null));
  const plain = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) return { files: plain, folders: [] };
  const files: File[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    if (!entry) continue;
    if (entry.isFile) files.push(await fileOf(entry as FileSystemFileEntry));
    else {
      folders.push(entry.name);
      for await (const file of filesIn(entry as FileSystemDirectoryEntry)) files.push(file);
    }
  }
  return { files, folders };
}

/** Pictures of a list in which a folder's other files are as well, in the order of their names. */
export function picturesOf(files: readonly File[]): File[] {
  return files
    .filter(({ name }) => hasPictureEnding(name) && !name.startsWith('.'))
    .sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}

async function* filesIn(folder: FileSystemDirectoryEntry): AsyncGenerator<File> {
  const reader = folder.createReader();
  // Some browsers give a hundred at a time.
  for (let some = await read(reader); some.length > 0; some = await read(reader)) {
    for (const entry of some) {
      if (entry.isFile) yield await fileOf(entry as FileSystemFileEntry);
      else yield* filesIn(entry as FileSystemDirectoryEntry);
    }
  }
}

const read = (reader: FileSystemDirectoryReader) =>
  new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject));
