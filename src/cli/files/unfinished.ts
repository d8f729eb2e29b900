import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** What is on the disk of a result that is not finished: plain data, so that another process can clear it away. */
export interface Unfinished {
  /** The hidden folder that all of it is in. */
  readonly folder: string;
  /** The result itself. */
  readonly target: string;
  /** The outermost folder that had to be made for it. */
  readonly made?: string;
}

/** Told of what begins to lie on the disk, and of what no longer does; set where a second process watches over this one. */
export const watcher: { begun?: (what: Unfinished) => void; ended?: (what: Unfinished) => void } = {};

/** Removes all of it, and the folders that were made for a result that did not come; those that hold something stay. */
export function clearAway({ folder, target, made }: Unfinished): void {
  // On Windows an abandoned encoder may still hold its file for a moment.
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  if (made === undefined) return;
  for (let each = dirname(target); ; each = dirname(each)) {
    try {
      rmdirSync(each);
    } catch {
      return;
    }
    if (each === resolve(made)) return;
  }
}

/** Process numbers mean something on one machine (and, in containers, in one of their spaces) only. */
function here(): string {
  let space = '';
  try {
    space = readlinkSync('/proc/self/ns/pid');
  } catch {
    // Not Linux: one space.
  }
  return createHash('sha256').update(`${hostname()} ${space}`).digest('hex').slice(0, 8);
}

/** What names of hidden folders begin with: where and by which process they were made. */
export function ownPrefix(): string {
  return `.lway-${here()}-${process.pid}-`;
}

const pattern = /^\.lway-([0-9a-f]{8})-(\d+)-\w+$/;

/** Removes what processes that are no longer there (killed, or out with the power) have left in a folder. */
export function clearLeftovers(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names) {
    const [, place, process] = pattern.exec(name) ?? [];
    if (place === here() && !alive(Number(process))) {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}

/** Dead, and only not yet asked for by the process that started it (Linux). */
function ended(id: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${id}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

function alive(id: number): boolean {
  try {
    process.kill(id, 0);
    return !ended(id);
  } catch (error) {
    // Somebody else's process is there, too.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
