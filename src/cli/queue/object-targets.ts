import { posix, resolve } from 'node:path';
import { LWayError } from '../../engine';
import { formatOfName, formats } from '../files/formats';
import { hasPictureEnding } from '../../pictures/names';
import { expandInputs } from '../files/inputs';
import { apart, placed, type Target, type TargetOptions } from '../files/targets';
import { isObject, type ObjectStore } from './object-store';

interface Found {
  /** A file, or an object's address. */
  readonly input: string;
  /** The folder that it lies in below what was named, with slashes. */
  readonly below: string;
}

/**
 * As `chooseTargets`, where pictures or results are objects in a store. An address that ends in a slash means all pictures
 * that it begins those of; results go to OUT, called like the pictures.
 * @throws LWayError `bad-option`
 */
export async function chooseObjectTargets(
  signal: AbortSignal,
  store: ObjectStore,
  { inputs, out, format: wanted, cwd, recursive = false, note }: TargetOptions,
): Promise<Target[]> {
  if (out === undefined) {
    throw new LWayError(
      'bad-option',
      'No place for the results is given.',
      'Add -o s3://BUCKET/PREFIX/ or a folder: only results of local files go beside their pictures.',
    );
  }
  const found: Found[] = [];
  for (const name of inputs) {
    if (!isObject(name)) {
      const files = await expandInputs([name], cwd, recursive, note);
      found.push(...files.map(({ path, below }) => ({ input: path, below: below.split('\\').join('/') })));
    } else if (!name.endsWith('/')) found.push({ input: name, below: '' });
    else found.push(...(await objectsBelow(signal, store, name, recursive)));
  }
  const unique = [...new Map(found.map((each) => [each.input, each])).values()];
  const folder = (isObject(out) ? out : resolve(cwd, out).split('\\').join('/')).replace(/\/$/, '');
  const exact = unique.length === 1 && !/[/\\]$/.test(out) ? formatOfName(out) : null;
  if (exact && (!wanted || exact.name === wanted)) return [{ input: unique[0]!.input, output: folder, format: exact }];
  const format = wanted ? formats[wanted] : null;
  const at = (below: string) => (name: string) => [folder, ...(below ? [below] : []), name].join('/');
  return apart(unique.map(({ input, below }) => placed(input, at(below), format)));
}

async function objectsBelow(signal: AbortSignal, store: ObjectStore, name: string, deep: boolean): Promise<Found[]> {
  const objects = (await store.list(signal, name, deep)).filter((each) => hasPictureEnding(each));
  if (objects.length === 0) {
    throw new LWayError(
      'bad-option',
      `There are no pictures at "${name}".`,
      deep ? 'Check bucket and prefix.' : 'Use --recursive to include longer keys.',
    );
  }
  return objects.map((input) => {
    const { dir } = posix.parse(input.slice(name.length));
    return { input, below: dir };
  });
}
