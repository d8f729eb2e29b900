import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import {
  type BroughtFile,
  checkNetwork,
  hasExternalData,
  LWayError,
  type Network,
  networkLimits,
  withDataInside,
} from '../engine';
import { takeInFile, type SaidOfNetwork } from '../engine/node';
import { systemCode } from './files/file-errors';
import { exists } from './files/workspace';

/** Endings of files that networks come in; the two halves of an ncnn network count as one. */
const ENDING = /\.(onnx|pth|pt|ckpt|safetensors|param|bin)$/i;
/** Folders in folders that are looked into. */
const DEEPEST = 4;

/** Whether `--model` names a file: it has a folder in it or ends as networks do. */
export function isNetworkFile(text: string): boolean {
  return /[/\\]/.test(text) || ENDING.test(text);
}

/** A network's name where none is given: its file's without the ending. */
export const nameOf = (path: string): string => basename(path, extname(path));

/** Whether it is a folder; false where there is nothing. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

/** The files of all networks in a folder and the folders in it, in the order of their names. */
export async function networksIn(folder: string, depth = 0): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const names = new Set(entries.map(({ name }) => name.toLowerCase()));
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth < DEEPEST && !entry.name.startsWith('.')) {
      found.push(...(await networksIn(path, depth + 1)));
    } else if (entry.isFile() && ENDING.test(entry.name)) {
      // Found with its other half.
      if (/\.bin$/i.test(entry.name) && names.has(`${nameOf(entry.name)}.param`.toLowerCase())) continue;
      found.push(path);
    }
  }
  return found;
}

/**
 * A network from a file of the person's, as ONNX whatever it came as.
 *
 * @param said how it wants its picture, where the person knows
 * @throws LWayError `missing-model`, `bad-model`
 */
export async function broughtNetwork(signal: AbortSignal, path: string, said?: SaidOfNetwork): Promise<Network> {
  const read = await readNetwork(path);
  const companion = await otherHalf(path);
  try {
    const file = hasExternalData(read.bytes)
      ? {
          ...read,
          bytes: await withDataInside(read.bytes, async (name) => (await readNetwork(join(dirname(path), name))).bytes),
        }
      : read;
    const { entry, bytes } = await takeInFile(signal, { file, companion, name: nameOf(path), said });
    return await checkNetwork(entry, bytes);
  } catch (error) {
    if (!(error instanceof LWayError)) throw error;
    throw new LWayError(error.code, `"${basename(path)}": ${error.message}`, error.advice, { cause: error });
  }
}

/** The .bin that belongs to a .param file, or the other way round, where it lies beside it. */
async function otherHalf(path: string): Promise<BroughtFile | undefined> {
  const ending = { '.param': '.bin', '.bin': '.param' }[extname(path).toLowerCase()];
  if (ending === undefined) return undefined;
  const other = join(dirname(path), `${nameOf(path)}${ending}`);
  return (await exists(other)) ? readNetwork(other) : undefined;
}

async function readNetwork(path: string): Promise<BroughtFile> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > networkLimits.bytes) {
      throw new LWayError('bad-model', `"${basename(path)}" is too large.`, 'Choose a smaller network.');
    }
    return { name: basename(path), bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
  } catch (error) {
    if (error instanceof LWayError) throw error;
    const code = systemCode(error);
    throw new LWayError(
      'missing-model',
      code === 'ENOENT' ? `There is no file "${path}".` : `"${path}" cannot be read (${code ?? String(error)}).`,
      'Check the name, or choose an id from "lway models".',
      { cause: error },
    );
  }
}
