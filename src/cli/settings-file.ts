import { join } from 'node:path';
import type { UpscaleSettings } from '../actions/settings';
import { parseSettings } from '../actions/steps';
import { readJson, writeJson } from './files/json-file';
import type { Environment } from './environment';
import { userFolder } from './user-folder';

function path(environment: Environment): string {
  return join(userFolder(environment), 'settings.json');
}

/** The settings that the person used last in a panel that this program serves; null where there are none. */
export async function readSettings(environment: Environment): Promise<UpscaleSettings | null> {
  const value = await readJson(path(environment), 'The file of your settings');
  return value === undefined ? null : parseSettings(value);
}

/** @throws LWayError `bad-option` where they are no settings, `storage` */
export async function writeSettings(environment: Environment, settings: unknown): Promise<void> {
  await writeJson(path(environment), parseSettings(settings));
}
