import { resolve } from 'node:path';
import type { UpscaleSettings } from '../../actions/settings';
import { formatSteps, parseSteps } from '../../actions/steps';
import { LWayError } from '../../engine';
import type { Environment } from '../environment';
import { readJson, writeJson } from './json-file';
import { alreadyThere, exists } from './workspace';

/** @throws LWayError `bad-option` */
export async function readSteps(path: string): Promise<UpscaleSettings[]> {
  const content = await readJson(path, 'The steps file');
  if (content === undefined) {
    throw new LWayError('bad-option', `There is no file "${path}".`, 'Check the name and the folder.');
  }
  return parseSteps(content);
}

export async function writeSteps(
  { cwd }: Environment,
  name: string,
  settings: UpscaleSettings,
  force: boolean,
): Promise<void> {
  const path = resolve(cwd, name);
  if (!force && (await exists(path))) throw alreadyThere(path);
  await writeJson(path, formatSteps([settings]));
}
