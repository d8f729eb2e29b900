import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { LWayError } from '../../engine';

/**
 * A folder that all machines reach, wherever each of them has it: jobs name pictures by their place in it, with slashes.
 * Nothing outside is read or written, whoever puts jobs into the queue.
 */
export class SharedFolder {
  private constructor(
    private readonly given: string,
    private readonly real: string,
  ) {}

  /** @throws LWayError `bad-option` where there is no such folder */
  static async open(cwd: string, root = '.'): Promise<SharedFolder> {
    const given = resolve(cwd, root);
    const real = await realpath(given).catch((cause: unknown) => {
      throw new LWayError('bad-option', `There is no folder "${given}".`, 'Name the shared folder with --root.', {
        cause,
      });
    });
    return new SharedFolder(given, real);
  }

  /** A file's place in the folder. @throws LWayError `bad-option` where it lies outside */
  async placeOf(path: string): Promise<string> {
    for (const place of [relative(this.given, path), relative(this.real, await realOf(path))]) {
      if (isInside(place)) return place.split(sep).join('/');
    }
    throw new LWayError(
      'bad-option',
      `"${path}" does not lie in the shared folder "${this.given}".`,
      'Name with --root the folder that all machines share and that holds pictures and results.',
    );
  }

  /** The file at a place, here. @throws LWayError `bad-option` for a place that leads out of the folder */
  async pathOf(place: string): Promise<string> {
    const path = join(this.given, ...place.split('/'));
    if (isInside(relative(this.given, path)) && isInside(relative(this.real, await realOf(path)))) return path;
    throw new LWayError(
      'bad-option',
      `The job names "${place}", which lies outside the shared folder of this worker.`,
      'Start "lway play" and "lway work" in the same shared folder, or name it with --root.',
    );
  }
}

function isInside(place: string): boolean {
  return place !== '' && place !== '..' && !place.startsWith(`..${sep}`) && !isAbsolute(place);
}

/** Where a path leads to, also where its last parts do not exist yet. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realOf(parent), basename(path));
  }
}
