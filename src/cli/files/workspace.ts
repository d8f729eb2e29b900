import { chmod, link, mkdir, mkdtemp, realpath, rename, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LWayError } from '../../engine';
import { NoRoom, systemCode, writeError } from './file-errors';
import { clearAway, clearLeftovers, ownPrefix, watcher, type Unfinished } from './unfinished';

/**
 * A hidden folder beside the result for all that is not finished: on the same disk, so that the finished file only has
 * to be renamed, and gone as a whole whatever happens.
 */
export class Workspace {
  private constructor(private readonly unfinished: Unfinished) {}

  /**
   * Makes the target's folder where it is missing, and clears away what a killed run has left in it.
   * @throws LWayError `storage`
   */
  static async beside(target: string): Promise<Workspace> {
    try {
      const parent = dirname(target);
      const made = await mkdir(parent, { recursive: true });
      if (made === undefined) clearLeftovers(parent);
      const unfinished = { folder: await mkdtemp(join(parent, ownPrefix())), target, made };
      watcher.begun?.(unfinished);
      return new Workspace(unfinished);
    } catch (error) {
      throw writeError(error, target);
    }
  }

  path(name: string): string {
    return join(this.unfinished.folder, name);
  }

  /** @throws LWayError `storage` when less than `bytes` are free, before they are needed */
  async require(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.unfinished.folder);
    const free = bavail * bsize;
    if (free >= bytes) return;
    const gigabytes = (value: number) => `${(value / 1e9).toFixed(value < 1e10 ? 1 : 0)} GB`;
    throw new NoRoom(
      `Upscaling to "${this.unfinished.target}" needs about ${gigabytes(bytes)} on its disk, and ${gigabytes(free)} are free.`,
      'Free some space, or write to another disk with -o.',
    );
  }

  /** Gives a finished file its name. Without `force` an existing file is never replaced, whenever it appeared. */
  async publish(file: string, force: boolean): Promise<void> {
    try {
      if (force) return await replace(file, this.unfinished.target);
      // A hard link fails where the name is taken, in one step; rename would replace it.
      await link(file, this.unfinished.target).catch(async (error: unknown) => {
        if (systemCode(error) === 'EEXIST') throw alreadyThere(this.unfinished.target);
        // No hard links on this disk (FAT, some network drives).
        if (await exists(this.unfinished.target)) throw alreadyThere(this.unfinished.target);
        await rename(file, this.unfinished.target);
      });
    } catch (error) {
      throw writeError(error, this.unfinished.target);
    }
  }

  remove(): void {
    clearAway(this.unfinished);
    watcher.ended?.(this.unfinished);
  }
}

/** A file that was there keeps its permissions; where its name leads elsewhere, it is replaced there. */
async function replace(file: string, target: string): Promise<void> {
  const real = await realpath(target).catch(() => target);
  const before = await stat(real).catch(() => null);
  if (before) await chmod(file, before.mode & 0o777).catch(() => undefined);
  await rename(file, real);
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
