import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LWayError } from '../../engine';
import { systemCode, writeError } from './file-errors';

/**
 * The parsed content of a JSON file, or undefined where there is none.
 * @throws LWayError `bad-option` where it is not JSON; `what` names it, e.g. "the list of your networks"
 */
export async function readJson(path: string, what: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    const problem = systemCode(error) ?? String(error);
    throw new LWayError('bad-option', `${what} ("${path}") cannot be read (${problem}).`, 'Check the file.', {
      cause: error,
    });
  }
  try {
    // Editors on Windows like to begin files with a mark of their byte order.
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown;
  } catch (error) {
    throw new LWayError('bad-option', `${what} ("${path}") is not valid JSON.`, 'Repair or remove the file.', {
      cause: error,
    });
  }
}

/** Writes a whole file or nothing: to a temporary name first, then renamed. @throws LWayError `storage` */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, content, { flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(error, path);
  }
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeWhole(path, `${JSON.stringify(value, null, 2)}\n`);
}
