import { join } from 'node:path';
import type { UpscaleSettings } from '../actions/settings';
import { parseSettings } from '../actions/steps';
import { readJson, writeJson } from './files/json-file';
import type { Surroundings } from './surroundings';
import { userFolder } from './user-folder';

function path(surroundings: Surroundings): string {
  return join(userFolder(surroundings), 'settings.json');
}

/** The settings that the person used last in a panel that this program serves; null where there are none. */
export async function readSettings(surroundings: Surroundings): Promise<UpscaleSettings | null> {
  const value = await readJson(path(surroundings), 'The file of your settings');
  return value === undefined ? null : parseSettings(value);
}

/** @throws LWayError `bad-option` where they are no settings, `storage` */
export async function writeSettings(surroundings: Surroundings, settings: unknown): Promise<void> {
  await writeJson(path(surroundings), parseSettings(settings));
}
