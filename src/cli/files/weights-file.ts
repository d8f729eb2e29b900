import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fromCrispness } from '../../actions/steps';
import { type Knob, LWayError, type Mix } from '../../engine';
import { userFolder } from '../user-folder';
import type { Environment } from '../environment';
import { systemCode } from './file-errors';
import { readJson, writeJson, writeWhole } from './json-file';
import { alreadyThere, exists } from './workspace';

/** What is known of weights kept by name. */
export interface SavedWeights {
  name: string;
  /** Id of the network that was adapted. */
  model: string;
  /** Detail, Noise and Blur of the network that was adapted, 0..100, where it can be mixed. */
  detail?: number;
  noise?: number;
  blur?: number;
  /** How far its weights were those for drawings, 0..100. */
  drawn?: number;
  /** File name of the picture it was adapted to; of a series the first, and how many more. */
  picture: string;
  /** ISO date. */
  created: string;
  bytes: number;
}

/** As earlier versions wrote it: with a share of two networks' weights instead of Detail. */
type Kept = Partial<SavedWeights> & { crispness?: number };

/** What weights were mixed by, as it was kept; `model` is missing for a file that nothing is known of. */
export type KeptMix = Partial<Pick<SavedWeights, 'model' | Knob | 'drawn'>>;

function mixOf({ crispness, ...kept }: Kept): KeptMix {
  const known = crispness === undefined ? kept : (fromCrispness(kept, crispness) as Kept);
  const { model, detail, noise, drawn } = known;
  // Versions that kept no blur did not know how to sharpen it.
  const { blur = detail === undefined ? undefined : 0 } = known;
  return { model, detail, noise, blur, drawn };
}

const namePattern = /^[\p{L}\p{N}][\p{L}\p{N} _.()-]{0,79}$/u;

function folderOf(environment: Environment): string {
  return join(userFolder(environment), 'weights');
}

/** A path or anything that ends in .onnx is a file; the rest is the name of kept weights. */
function isFileName(text: string): boolean {
  return /[/\\]/.test(text) || /\.onnx$/i.test(text);
}

function checkName(name: string): void {
  if (namePattern.test(name) && !/\.$/.test(name)) return;
  throw new LWayError(
    'bad-option',
    `"${name}" cannot be the name of weights.`,
    'Use up to 80 letters, digits, spaces, dots, dashes and underscores, or a file that ends in .onnx.',
  );
}

export interface WeightsTarget {
  file: string;
  /** Side file with what is known of them; only for weights kept by name. */
  facts: string | null;
  name: string;
  /** @throws LWayError `storage` when something is there already */
  check(): Promise<void>;
}

export function weightsTarget(environment: Environment, text: string, force = false): WeightsTarget {
  const named = !isFileName(text);
  if (named) checkName(text);
  const file = named ? join(folderOf(environment), `${text}.onnx`) : resolve(environment.cwd, text);
  return {
    file,
    name: text,
    facts: named ? join(folderOf(environment), `${text}.json`) : null,
    async check() {
      if (!force && (await exists(file))) throw alreadyThere(named ? text : file);
    },
  };
}

/**
 * Keeps the weights that an adaptation ended with.
 *
 * @param inputs the pictures that it was made for
 * @param tuning Detail, Noise and Blur of what was adapted, where `model` can be mixed
 * @throws LWayError `storage`; `unsupported` where there are no weights to keep
 */
export async function saveWeights(
  target: WeightsTarget,
  model: string,
  inputs: readonly string[],
  weights: Uint8Array | undefined,
  tuning?: Mix,
): Promise<void> {
  const more = inputs.length - 1;
  if (!weights) {
    throw new LWayError(
      'unsupported',
      `${more > 0 ? 'The pictures were' : 'The picture was'} upscaled, but no weights were saved: nothing was learned.`,
      'See the message about matching above.',
    );
  }
  await writeWhole(target.file, weights);
  if (target.facts) {
    const picture = `${inputs[0]!.split(/[/\\]/).at(-1)!}${more > 0 ? ` and ${more} more` : ''}`;
    const created = new Date().toISOString();
    await writeJson(target.facts, {
      name: target.name,
      model,
      detail: tuning?.detail,
      noise: tuning?.noise,
      blur: tuning?.blur,
      drawn: tuning?.drawn,
      picture,
      created,
    });
  }
}

/** @throws LWayError `missing-model` */
export async function readWeights(environment: Environment, text: string): Promise<KeptMix & { bytes: Uint8Array }> {
  const { file, facts } = weightsTarget(environment, text);
  try {
    const bytes = new Uint8Array(await readFile(file));
    const known = facts ? await readFacts(facts) : null;
    return { bytes, ...mixOf(known ?? {}) };
  } catch (error) {
    if (error instanceof LWayError) throw error;
    throw new LWayError(
      'missing-model',
      facts ? `There are no weights named "${text}".` : `The weights "${file}" cannot be read.`,
      facts ? 'See "lway weights list".' : 'Check the name and the folder.',
      { cause: error },
    );
  }
}

/** What is known of weights; where that is damaged, nothing: the weights themselves may be sound. */
async function readFacts(path: string): Promise<Kept | undefined> {
  const facts = await readJson(path, 'What is known of the weights').catch(() => undefined);
  return typeof facts === 'object' && facts !== null ? (facts as Kept) : undefined;
}

export async function listWeights(environment: Environment): Promise<SavedWeights[]> {
  const folder = folderOf(environment);
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  const result: SavedWeights[] = [];
  for (const file of names.filter((each) => each.endsWith('.onnx')).sort()) {
    const name = file.slice(0, -'.onnx'.length);
    const facts = await readFacts(join(folder, `${name}.json`));
    const { size, mtime } = await stat(join(folder, file));
    const { picture = '', created = mtime.toISOString() } = facts ?? {};
    const { model = '', ...mix } = mixOf(facts ?? {});
    result.push({ name, model, ...mix, picture, created, bytes: size });
  }
  return result;
}

/** @throws LWayError `missing-model` where there are none of this name */
export async function deleteWeights(environment: Environment, name: string): Promise<void> {
  checkName(name);
  const base = join(folderOf(environment), name);
  try {
    await rm(`${base}.onnx`);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new LWayError('missing-model', `There are no weights named "${name}".`, 'See "lway weights list".');
  }
  await rm(`${base}.json`, { force: true });
}
