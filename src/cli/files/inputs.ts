import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LWayError } from '../../engine';
import { hasPictureEnding } from '../../pictures/names';
import { writeError } from './file-errors';

/** What `-` means where a file could be named. */
export const standardStream = '-';

export interface Input {
  /** Absolute, or `-`. */
  readonly path: string;
  /** The folder it lies in below one that was named; empty for pictures that were named themselves. */
  readonly below: string;
}

/**
 * The pictures that are meant by what was named, folders being what lies in them.
 * @param deep also what lies in folders below
 * @param note is told of folders that were left out for want of `deep`
 * @throws LWayError `bad-option` for a folder without pictures
 */
export async function expandInputs(
  named: readonly string[],
  cwd: string,
  deep: boolean,
  note: (message: string) => void = () => undefined,
): Promise<Input[]> {
  const inputs: Input[] = [];
  for (const name of named) {
    const path = name === standardStream ? name : resolve(cwd, name);
    const folder = name !== standardStream && (await stat(path).catch(() => null))?.isDirectory() === true;
    if (!folder) {
      inputs.push({ path, below: '' });
      continue;
    }
    const { found, skipped } = await picturesIn(path, '', deep);
    if (found.length === 0) {
      throw new LWayError(
        'bad-option',
        `There are no pictures in the folder "${name}".`,
        deep ? 'Name another one.' : 'Use --recursive to include the folders in it.',
      );
    }
    if (skipped > 0) {
      const [folders, them] = skipped === 1 ? ['1 folder', 'it'] : [`${skipped} folders`, 'them'];
      note(`Skipped ${folders} in "${name}"; --recursive includes the pictures in ${them}.`);
    }
    inputs.push(...found);
  }
  return inputs;
}

/** @returns the pictures, and how many folders were left out */
async function picturesIn(folder: string, below: string, deep: boolean): Promise<{ found: Input[]; skipped: number }> {
  const entries = await readdir(folder, { withFileTypes: true });
  // In the order that people expect of numbered files.
  entries.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const found: Input[] = [];
  let skipped = 0;
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (deep) found.push(...(await picturesIn(path, join(below, entry.name), deep)).found);
      else skipped += 1;
    } else if (hasPictureEnding(entry.name)) found.push({ path, below });
  }
  return { found, skipped };
}

/** Whether bytes come from it once and in order only: standard input, a pipe, a device. */
export async function isStream(path: string): Promise<boolean> {
  if (path === standardStream) return true;
  const info = await stat(path).catch(() => null);
  return info !== null && (info.isFIFO() || info.isCharacterDevice() || info.isSocket());
}

export function nameOf(path: string): string {
  return path === standardStream ? 'standard input' : basename(path);
}

/** Beyond this a stream is no picture, and might never end. */
const mostBytes = 2 ** 32;

/**
 * Copies what comes into a file, in which decoders can go back and forth.
 * @throws LWayError `too-large`, `storage`, `bad-image` where nothing comes
 */
export async function copyStream(
  signal: AbortSignal,
  path: string,
  standardInput: Readable | undefined,
  target: string,
): Promise<void> {
  if (path === standardStream && !standardInput) {
    throw new LWayError('bad-option', 'Standard input cannot be read here.', 'Name a file.');
  }
  const name = nameOf(path);
  const source = path === standardStream ? standardInput! : createReadStream(path);
  let bytes = 0;
  const counted = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > mostBytes) {
        throw new LWayError('too-large', `"${name}" does not end: it has sent more than 4 GB.`, 'Name a file.');
      }
      yield chunk;
    }
  };
  try {
    await pipeline(source, counted, createWriteStream(target, { flags: 'wx' }), { signal });
  } catch (error) {
    throw writeError(error, target);
  }
  if (bytes === 0) throw new LWayError('bad-image', `Nothing came from ${name}.`, 'Send a picture, or name a file.');
}
