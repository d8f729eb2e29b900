import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { UpscaleSettings } from '../../actions/settings';
import { LWayError } from '../../engine/errors';
import type { Format, FormatName } from './formats';
import { formatOfName, formats } from './formats';

/** One picture and where its result goes. `format` is null until the picture's depth is known. */
export interface Target {
  readonly input: string;
  /** Path of the result, without extension where `format` is null. */
  readonly output: string;
  readonly format: Format | null;
}

export interface TargetOptions {
  inputs: readonly string[];
  out?: string;
  format?: FormatName;
  size: UpscaleSettings['size'];
  cwd: string;
}

/** `x4`, `x2.5` or `3000x2000`: the end of a result's name beside its original. */
export function sizeSuffix(size: UpscaleSettings['size']): string {
  return 'scale' in size ? `x${size.scale}` : `${size.width}x${size.height}`;
}

/**
 * Finds a name for every result (docs/cli.md, "Where results go"). Inputs that are the same file count once.
 * @throws LWayError `bad-option` where two results would get one name, or OUT does not fit the inputs
 */
export async function chooseTargets(options: TargetOptions): Promise<Target[]> {
  const inputs = await distinct(options.inputs.map((input) => resolve(options.cwd, input)));
  const targets = await placeAll(inputs, options);
  const taken = new Map<string, Target>();
  for (const target of targets) {
    const key = pathOf(target);
    const other = taken.get(key);
    if (other) {
      throw new LWayError(
        'bad-option',
        `The results of "${other.input}" and "${target.input}" would both be "${key}".`,
        'Rename one of them, or upscale them into different folders.',
      );
    }
    taken.set(key, target);
  }
  return targets;
}

/** The target's file once its format is settled. */
export function pathOf(target: Target, format: Format = target.format ?? formats.png): string {
  return target.format ? target.output : `${target.output}.${format.extensions[0]}`;
}

async function placeAll(inputs: readonly string[], options: TargetOptions): Promise<Target[]> {
  const { out, cwd } = options;
  const wanted = options.format ? formats[options.format] : null;
  const stem = (input: string) => basename(input, extname(input));
  const inFolder = (folder: string, suffix = '') =>
    inputs.map((input) => place(input, join(folder || dirname(input), stem(input) + suffix), wanted));
  if (out === undefined) return inFolder('', `-${sizeSuffix(options.size)}`);

  const path = resolve(cwd, out);
  const named = formatOfName(path);
  if (await isFolder(path, out)) return inFolder(path);
  if (inputs.length > 1) {
    throw new LWayError(
      'bad-option',
      `"${out}" names one file, but there are ${inputs.length} pictures.`,
      'Give a folder with -o; it is made where it is missing.',
    );
  }
  if (named && wanted && named !== wanted) {
    throw new LWayError(
      'bad-option',
      `"${out}" ends like a ${named.label} file, but --format says ${wanted.name}.`,
      'Change one of the two.',
    );
  }
  const format = wanted ?? named;
  if (!format) {
    throw new LWayError(
      'bad-option',
      `"${out}" does not say which format to write.`,
      'Use a name that ends in .png, .jpg, .webp, .tif or .avif, or add --format.',
    );
  }
  return [{ input: inputs[0]!, output: path, format }];
}

function place(input: string, base: string, format: Format | null): Target {
  return { input, output: format ? `${base}.${format.extensions[0]}` : base, format };
}

/** An existing folder; a name with a slash at its end or without an extension is a folder to be. */
async function isFolder(path: string, text: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return /[/\\]$/.test(text) || extname(path) === '';
  }
}

async function distinct(inputs: readonly string[]): Promise<string[]> {
  const seen = new Set<string>();
  const result: string[] = [];
  for (const input of inputs) {
    const real = await realpath(input).catch(() => input);
    if (seen.has(real)) continue;
    seen.add(real);
    result.push(input);
  }
  return result;
}
