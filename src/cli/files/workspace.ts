import { link, mkdir, mkdtemp, rename, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { LWayError } from '../../engine/errors';
import { systemCode, writeError } from './file-errors';

/**
 * A hidden folder beside the result for all that is not finished: on the same disk, so that the finished file only has
 * to be renamed, and gone as a whole whatever happens.
 */
export class Workspace {
  private constructor(
    readonly folder: string,
    private readonly target: string,
    /** The outermost folder that had to be made for the target. */
    private readonly made: string | undefined,
  ) {}

  /** Makes the target's folder where it is missing. @throws LWayError `storage` */
  static async beside(target: string): Promise<Workspace> {
    try {
      const made = await mkdir(dirname(target), { recursive: true });
      return new Workspace(await mkdtemp(join(dirname(target), '.lway-')), target, made);
    } catch (error) {
      throw writeError(error, target);
    }
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** @throws LWayError `storage` when less than `bytes` are free, before they are needed */
  async require(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.folder);
    const free = bavail * bsize;
    if (free >= bytes) return;
    const gigabytes = (value: number) => `${(value / 1e9).toFixed(value < 1e10 ? 1 : 0)} GB`;
    throw new LWayError(
      'storage',
      `Upscaling to "${this.target}" needs about ${gigabytes(bytes)} on its disk, and ${gigabytes(free)} are free.`,
      'Free some space, or write to another disk with -o.',
    );
  }

  /** Gives a finished file its name. Without `force` an existing file is never replaced, whenever it appeared. */
  async publish(file: string, force: boolean): Promise<void> {
    try {
      if (force) return await rename(file, this.target);
      // A hard link fails where the name is taken, in one step; rename would replace it.
      await link(file, this.target).catch(async (error: unknown) => {
        if (systemCode(error) === 'EEXIST') throw alreadyThere(this.target);
        // No hard links on this disk (FAT, some network drives).
        if (await exists(this.target)) throw alreadyThere(this.target);
        await rename(file, this.target);
      });
    } catch (error) {
      throw writeError(error, this.target);
    }
  }

  async remove(): Promise<void> {
    // On Windows an abandoned encoder may still hold its file for a moment.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    if (this.made === undefined) return;
    // Folders made for a result that did not come go, too; those that hold something refuse.
    for (let folder = dirname(this.target); ; folder = dirname(folder)) {
      const gone = await rmdir(folder).then(
        () => true,
        () => false,
      );
      if (!gone || folder === resolve(this.made)) return;
    }
  }
}

export function alreadyThere(path: string): LWayError {
  return new LWayError('storage', `"${path}" already exists.`, 'Use --force to replace it, or another name with -o.');
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return false;
    throw error;
  }
}
