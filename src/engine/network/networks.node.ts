import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LWayError } from '../common/errors';
import { checkNetwork, findEntry, parseRegistry } from './load-network';
import type { Network, NetworkRegistry } from './registry';

/**
 * Reads `models.json` in a folder.
 *
 * @throws LWayError `missing-model`, `bad-model`
 */
export async function readRegistry(folder: string): Promise<NetworkRegistry> {
  return parseRegistry(new TextDecoder().decode(await read(join(folder, 'models.json'))));
}

/**
 * Loads and checks one network of a registry.
 *
 * @param id an entry's id, or `default`
 * @throws LWayError `missing-model`, `bad-model`
 */
export async function loadNetwork(folder: string, registry: NetworkRegistry, id: string): Promise<Network> {
  const entry = findEntry(registry, id);
  return checkNetwork(entry, await read(join(folder, entry.file)));
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new LWayError(
      'missing-model',
      `The network file ${basename(path)} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'}).`,
      'Reinstall LWay, or choose another network.',
      { cause },
    );
  }
}
