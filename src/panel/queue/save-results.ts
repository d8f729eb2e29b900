import { downloadZip } from 'client-zip';
import { isAbort, LWayError } from '../../engine';

/** The part of the File System Access API that TypeScript does not know. */
interface WithDirectoryPicker {
  showDirectoryPicker(options: { mode: 'readwrite' }): Promise<FileSystemDirectoryHandle>;
}

/**
 * Lets the person choose a folder (File System Access), where the browser can.
 * @returns how a file is put there, never over one that is there already; null where no folder was chosen
 */
export async function saveToFolder(): Promise<((name: string, file: Blob) => Promise<void>) | null> {
  let folder: FileSystemDirectoryHandle;
  try {
    folder = await (window as unknown as WithDirectoryPicker).showDirectoryPicker({ mode: 'readwrite' });
  } catch (error) {
    if (isAbort(error)) return null;
    throw error;
  }
  return async (name, file) => {
    try {
      const stream = await (
        await folder.getFileHandle(await freeName(folder, name), { create: true })
      ).createWritable();
      await file.stream().pipeTo(stream);
    } catch (cause) {
      throw new LWayError(
        'storage',
        `“${name}” could not be written to the folder.`,
        'Check that it still exists and its disk is not full, then choose a folder again.',
        { cause },
      );
    }
  };
}

/** `photo-x4 (2).jpg` where there is a `photo-x4.jpg`. */
async function freeName(folder: FileSystemDirectoryHandle, name: string): Promise<string> {
  const dot = name.lastIndexOf('.');
  for (let i = 1; ; i++) {
    const wanted = i === 1 ? name : `${name.slice(0, dot)} (${i})${name.slice(dot)}`;
    const there = await folder.getFileHandle(wanted).then(
      () => true,
      () => false,
    );
    if (!there) return wanted;
  }
}

/** All results in one file. They are not packed once more: pictures are packed already. */
export function zipped(results: readonly { name: string; file: Blob }[]): Promise<Blob> {
  const now = new Date();
  return downloadZip(results.map(({ name, file }) => ({ name, input: file, lastModified: now }))).blob();
}
