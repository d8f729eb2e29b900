import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { LWayError } from '../../engine';
import { sizeSuffix, type AskedSize } from '../asked-size';
import type { Format, FormatName } from './formats';
import { formatOfName, formats } from './formats';
import { expandInputs, standardStream, type Input } from './inputs';

/** One picture and where its result goes, each a path or `-`. `format` is null until the picture's depth is known. */
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
  size: AskedSize;
  /** Also pictures in folders below those that are named. */
  recursive?: boolean;
  /** Results may replace their pictures. */
  inPlace?: boolean;
  cwd: string;
  /** Is told what the person should know of the choice. */
  note?: (message: string) => void;
}

/**
 * Finds a name for every result (docs/cli.md, "Where results go"). Inputs that are the same file count once.
 * @throws LWayError `bad-option` where two results would get one name, or OUT does not fit the inputs
 */
export async function chooseTargets(options: TargetOptions): Promise<Target[]> {
  const inputs = await distinct(
    await expandInputs(options.inputs, options.cwd, options.recursive ?? false, options.note),
  );
  const targets = apart(await placeAll(inputs, options));
  for (const target of targets) checkName(target);
  return targets;
}

/** Where pictures differ by their extension alone (`a.jpg`, `a.png`), so that their results would not, it stays in the name. */
export function apart(targets: readonly Placed[]): Target[] {
  const count = (list: readonly Target[]) => {
    const taken = new Map<string, number>();
    for (const target of list) taken.set(pathOf(target), (taken.get(pathOf(target)) ?? 0) + 1);
    return taken;
  };
  const first = count(targets);
  const result = targets.map((target): Target => (first.get(pathOf(target))! > 1 ? target.longer : target));
  const second = count(result);
  const twice = result.filter((target) => second.get(pathOf(target))! > 1);
  if (twice.length > 0) {
    throw new LWayError(
      'bad-option',
      `The results of "${twice[0]!.input}" and "${twice[1]!.input}" would both be "${pathOf(twice[0]!)}".`,
      'Rename one of them, or upscale them into different folders.',
    );
  }
  return result;
}

/** Bytes that a name may have on the disks of all systems. */
const longestName = 255;

function checkName(target: Target): void {
  const name = basename(pathOf(target));
  if (Buffer.byteLength(name) <= longestName) return;
  throw new LWayError(
    'bad-option',
    `The result of "${shortened(basename(target.input))}" would have a name of ${Buffer.byteLength(name)} bytes, more than the ${longestName} that disks allow.`,
    'Give it a shorter one with -o.',
  );
}

function shortened(name: string): string {
  return name.length > 60 ? `${name.slice(0, 40)}…${name.slice(-15)}` : name;
}

/** The target's file once its format is settled. */
export function pathOf(target: Target, format: Format = target.format ?? formats.png): string {
  if (target.output === standardStream) return target.output;
  return target.format ? target.output : `${target.output}.${format.extensions[0]}`;
}

/** A target, and the same with its picture's extension in its name. */
export interface Placed extends Target {
  readonly longer: Target;
}

async function placeAll(inputs: readonly Input[], options: TargetOptions): Promise<Placed[]> {
  const { out, cwd } = options;
  const wanted = options.format ? formats[options.format] : null;
  const alone = (target: Target): Placed => ({ ...target, longer: target });
  const inFolder = (folder: string, suffix = '') =>
    inputs.map(({ path, below }) => {
      if (path === standardStream) throw noPlace();
      const parent = folder === '' ? dirname(path) : join(folder, below);
      return placed(path, (name) => join(parent, name + suffix), wanted);
    });
  if (options.inPlace && out === undefined) return inputs.map(({ path }) => alone(onItself(path, wanted)));
  if (out === undefined) return inFolder('', `-${sizeSuffix(options.size)}`);
  if (out === standardStream) {
    if (inputs.length === 1) return [alone({ input: inputs[0]!.path, output: out, format: wanted ?? formats.png })];
    throw new LWayError(
      'bad-option',
      `Standard output takes one picture, but there are ${inputs.length}.`,
      'Give a folder with -o.',
    );
  }

  const path = resolve(cwd, out);
  const named = formatOfName(path);
  if (await isFolder(path, out)) return inFolder(path);
  if (inputs.length > 1) {
    throw new LWayError(
      'bad-option',
      `"${out}" names one file, but there are ${inputs.length} pictures.`,
      'Name a folder with -o; it is created if missing.',
    );
  }
  if (named && wanted && named !== wanted) {
    throw new LWayError(
      'bad-option',
      `"${out}" has the ending of a ${named.label} file, but --format is ${wanted.name}.`,
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
  return [alone({ input: inputs[0]!.path, output: path, format })];
}

function noPlace(): LWayError {
  return new LWayError(
    'bad-option',
    'A picture from standard input has no name and no folder.',
    'Name its result: -o FILE, or -o - for standard output.',
  );
}

/** The picture's own name: its result replaces it. */
function onItself(path: string, wanted: Format | null): Target {
  const format = formatOfName(path);
  if (path !== standardStream && format && (!wanted || wanted === format)) return { input: path, output: path, format };
  throw new LWayError(
    'bad-option',
    `"${basename(path)}" cannot be replaced by its result: ${format ? `--format says ${wanted!.name}` : 'LWay does not write files of that kind'}.`,
    'Leave --in-place out.',
  );
}

/** @param at where a result of this name is, without extension */
export function placed(input: string, at: (name: string) => string, format: Format | null): Placed {
  const extension = extname(input);
  const stem = basename(input, extension);
  const place = (name: string): Target => {
    const base = at(name);
    return { input, output: format ? `${base}.${format.extensions[0]}` : base, format };
  };
  return { ...place(stem), longer: place(stem + extension.replace('.', '_')) };
}

/** An existing folder; a name with a slash at its end or without an extension is a folder to be. */
async function isFolder(path: string, text: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return /[/\\]$/.test(text) || extname(path) === '';
  }
}

async function distinct(inputs: readonly Input[]): Promise<Input[]> {
  const seen = new Set<string>();
  const result: Input[] = [];
  for (const input of inputs) {
    const real = await realpath(input.path).catch(() => input.path);
    if (seen.has(real)) continue;
    seen.add(real);
    result.push(input);
  }
  return result;
}
