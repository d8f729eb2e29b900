import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LWayError } from '../errors';
import { checkModel, findEntry, parseRegistry } from './load-model';
import type { Model, ModelRegistry } from './registry';

/**
 * Reads `models.json` in a folder.
 *
 * @throws LWayError `missing-model`, `bad-model`
 */
export async function readRegistry(folder: string): Promise<ModelRegistry> {
  return parseRegistry(new TextDecoder().decode(await read(join(folder, 'models.json'))));
}

/**
 * Loads and checks one model of a registry.
 *
 * @param id an entry's id, or `default`
 * @throws LWayError `missing-model`, `bad-model`
 */
export async function loadModel(folder: string, registry: ModelRegistry, id: string): Promise<Model> {
  const entry = findEntry(registry, id);
  return checkModel(entry, await read(join(folder, entry.file)));
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new LWayError(
      'missing-model',
      `The model file ${basename(path)} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'}).`,
      'Install LWay again, or choose another model.',
      { cause },
    );
  }
}
