// GIMP's Cancel kills the plug-in, whatever it is doing; a hidden image that it was working on would then stay in GIMP for
// ever. So these bear a mark from the moment they exist, and the next start of the plug-in deletes those whose maker is gone.
import type { Pdb } from './pdb';
import { ProcedureError } from './wire';

const pattern = /^lway-hidden-(\d+)-(\d+)$/;

/** The mark of a hidden image that this process makes for `image`, which may bear it for a moment itself. */
export function markFor(image: number): string {
  return `lway-hidden-${process.pid}-${image}`;
}

/** Deletes what plug-ins that were killed have left. GIMP itself deletes no image that is shown. */
export function deleteLeftovers(pdb: Pdb): void {
  for (const image of pdb.images()) {
    try {
      const marks = pdb
        .parasites(image)
        .map((name) => pattern.exec(name))
        .filter((each) => each !== null);
      // Where two plug-ins work on one image, a copy may bear the marks of both.
      if (marks.length === 0 || marks.some(([, pid]) => isAlive(Number(pid)))) continue;
      for (const [name] of marks) pdb.detach(image, name);
      if (marks.every(([, , original]) => Number(original) !== image)) pdb.delete(image);
    } catch (error) {
      // It is shown, or somebody has closed it meanwhile.
      if (!(error instanceof ProcedureError)) throw error;
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
