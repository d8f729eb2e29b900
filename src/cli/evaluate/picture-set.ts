import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { LWayError } from '../../engine';
import { systemCode } from '../files/file-errors';

/** One picture to measure on: what the network gets and, where there is one, what it should have become. */
export interface TestPicture {
  /** From 1, in the order of the sorted names. */
  number: number;
  name: string;
  picture: string;
  truth?: string;
}

export interface PictureSet {
  name: string;
  /** With ground truth. */
  paired: boolean;
  testPictures: TestPicture[];
}

const extensions = new Set(['.png', '.jpg', '.jpeg', '.webp', '.tif', '.tiff', '.avif']);

/**
 * A folder with `lr/` and `hr/`, matched by the order of their sorted names; or a folder of pictures without ground
 * truth.
 *
 * @param limit number of pictures at most, from the first on
 * @throws LWayError `bad-option` where there is no such folder, or the numbers of `lr/` and `hr/` differ
 */
export async function readSet(folder: string, limit = Infinity): Promise<PictureSet> {
  const entries = await list(folder);
  const name = basename(folder);
  if (entries.includes('lr') && entries.includes('hr')) {
    const [low, high] = [pictures(await list(join(folder, 'lr'))), pictures(await list(join(folder, 'hr')))];
    if (low.length !== high.length || low.length === 0) {
      throw new LWayError(
        'bad-option',
        `"${folder}" has ${low.length} pictures in lr/ and ${high.length} in hr/.`,
        'Give a folder in which each picture of lr/ has one in hr/, in the same order of names.',
      );
    }
    const testPictures = low.slice(0, limit).map((file, i) => ({
      number: i + 1,
      name: stem(file),
      picture: join(folder, 'lr', file),
      truth: join(folder, 'hr', high[i]!),
    }));
    return { name, paired: true, testPictures };
  }
  const files = pictures(entries);
  if (files.length === 0) {
    throw new LWayError(
      'bad-option',
      `There are no pictures in "${folder}".`,
      'Give a folder with lr/ and hr/, or one of PNG, JPEG, WebP, TIFF or AVIF pictures.',
    );
  }
  const testPictures = files
    .slice(0, limit)
    .map((file, i) => ({ number: i + 1, name: stem(file), picture: join(folder, file) }));
  return { name, paired: false, testPictures };
}

/** Whether results on this test picture may be reported: odd ones serve for tuning (recipes, stop rules, thresholds). */
export function forReporting({ number }: Pick<TestPicture, 'number'>): boolean {
  return number % 2 === 0;
}

export type Use = 'all' | 'tuning' | 'reporting';

/** The part of a set that is for `use`; pictures keep their numbers. */
export function partOf(set: PictureSet, use: Use): PictureSet {
  if (use === 'all') return set;
  return { ...set, testPictures: set.testPictures.filter((each) => forReporting(each) === (use === 'reporting')) };
}

/** Paths of the pictures in a folder, sorted by name. @throws LWayError `bad-option` */
export async function picturesIn(folder: string): Promise<string[]> {
  return pictures(await list(folder)).map((file) => join(folder, file));
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw new LWayError(
      'bad-option',
      `The folder "${folder}" cannot be read (${systemCode(error) ?? String(error)}).`,
      'Check its name.',
      { cause: error },
    );
  }
}

function pictures(files: readonly string[]): string[] {
  return files.filter((file) => extensions.has(extname(file).toLowerCase())).sort();
}

function stem(file: string): string {
  return basename(file, extname(file));
}
