import { readFile, stat, writeFile } from 'node:fs/promises';
import { LWayError } from '../../engine';
import { luma } from './metrics/luma';
import { fitNiqe, type NiqeModel } from './metrics/niqe';
import { systemCode } from '../files/file-errors';
import { picturesIn } from './picture-set';
import { readPixels } from './pixels';

/**
 * A NIQE model: fitted on the pristine pictures of a folder, or read from a file that {@link saveNiqeModel} wrote.
 *
 * @throws LWayError `bad-option` where it is neither, `bad-image` where the pictures are too few
 */
export async function openNiqeModel(signal: AbortSignal, path: string): Promise<NiqeModel> {
  try {
    if ((await stat(path)).isDirectory()) return await fitNiqe(planes(signal, await picturesIn(path)));
    return check(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (error instanceof LWayError || signal.aborted) throw error;
    throw new LWayError(
      'bad-option',
      `"${path}" is not a NIQE model (${systemCode(error) ?? (error instanceof Error ? error.message : String(error))}).`,
      'Give a folder of pristine photographs, or a file made with --save-niqe.',
      { cause: error },
    );
  }
}

export async function saveNiqeModel(path: string, model: NiqeModel): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify(model)}\n`);
  } catch (error) {
    const reason = systemCode(error) ?? String(error);
    throw new LWayError('storage', `"${path}" cannot be written (${reason}).`, 'Choose another place.', {
      cause: error,
    });
  }
}

async function* planes(signal: AbortSignal, paths: readonly string[]) {
  for (const path of paths) {
    signal.throwIfAborted();
    yield luma(await readPixels(path));
  }
}

function check(value: unknown): NiqeModel {
  const { mean, covariance, blocks } = value as NiqeModel;
  const numbers = (list: unknown, length: number) =>
    Array.isArray(list) && list.length === length && list.every((each) => Number.isFinite(each));
  if (!numbers(mean, 36) || !numbers(covariance, 36 * 36)) throw new Error('its numbers are missing');
  return { mean, covariance, blocks };
}
