import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { AdaptLevel } from '../../actions/settings';
import { type Device, type Engine, LWayError, type Network } from '../../engine';
import { createNodeEngine } from '../../engine/node';
import { systemCode } from '../files/file-errors';
import { exists } from '../files/workspace';
import { openNetworks, type Networks } from '../networks';
import { parseAdapt, parseDevice, parseStrength } from '../option-values';
import type { Environment } from '../environment';
import { contactSheet } from './contact-sheet';
import { controls, changed } from './controls';
import { evaluateSet } from './evaluate';
import { openLpips } from './lpips';
import { markdown } from './markdown';
import type { Judges } from './measure';
import { openNiqeModel, saveNiqeModel } from './niqe-model';
import { partOf, readSet, type Use } from './picture-set';
import { series } from './series';
import { parseAblation } from './ablation';
import { summarise, type Row } from './summary';
import { baseline, baselines, networkVariant, type Variant } from './variants';

interface Flags {
  set?: string[];
  model?: string[];
  adapt: AdaptLevel;
  strength: number;
  tuned?: boolean;
  controls?: boolean;
  ablation: string[];
  series: string[];
  pairs: Use;
  lpips?: string;
  niqe?: string;
  saveNiqe?: string;
  device: 'auto' | Device;
  out: string;
  limit?: number;
  json?: boolean;
}

const help = `
A set is a folder with lr/ and hr/, whose pictures belong together in the order of their sorted names, or a folder of
pictures without ground truth. Pairs 1, 3, 5… are for tuning, pairs 2, 4, 6… for reporting: the tables give both.
PSNR and SSIM are taken on luma (BT.601) without the outermost 4 pixels; everything is measured as saved with 8 bits.
Grain is the deviation of what is fine in the flattest quarter of a picture, in steps of 8-bit luma.

Examples:
  $ lway evaluate --set pairs --model bicubic default --lpips lpips_squeeze.onnx
  $ lway evaluate --set pairs --adapt standard --controls
  $ lway evaluate --set pairs --tuned --adapt standard     as "lway upscale" does it by itself
  $ lway evaluate --set old-photos --niqe pristine-photos`;

export function addEvaluate(program: Command, environment: Environment): void {
  program
    .command('evaluate')
    .summary('measure networks on pictures whose ground truth is known')
    .description('Measures networks, with and without adaptation, on sets of pictures, through the same engine.')
    .option(
      '--set <folders...>',
      'folders with lr/ and hr/, or folders of pictures (default: the project’s test pairs)',
    )
    .option('--model <ids|files...>', 'networks (ids or .onnx files), bicubic, lanczos (default: bicubic and default)')
    .option('--adapt <level>', 'adapted as well: quick, standard, thorough', parseAdapt, 'off')
    .option('--strength <number>', '0 (original network) to 1 (fully adapted)', parseStrength, 1)
    .option('--tuned', 'also with Detail, Noise and Blur as suits the picture; --adapt goes on from there')
    .option('--controls', 'with --adapt: also what a gain by adaptation must beat')
    .option(
      '--ablation <changes>',
      'with --adapt: also with a changed recipe, such as "steps=24,map=false" (may be repeated)',
      (text: string, before: string[]) => [...before, text],
      [],
    )
    .option(
      '--series <by>',
      'with --adapt: also one network for several pictures, those of the "set" or those whose "name" begins alike, also with a changed recipe: "set,steps=24" (may be repeated)',
      (text: string, before: string[]) => [...before, text],
      [],
    )
    .option('--pairs <use>', 'all, tuning (odd numbers) or reporting (even numbers)', parsePairs, 'all')
    .option('--lpips <file>', 'an ONNX file with inputs ref and dist and the output score')
    .option('--niqe <folder|file>', 'NIQE fitted on a folder of pristine photographs, or a file of --save-niqe')
    .option('--save-niqe <file>', 'keep the fitted NIQE model')
    .option('--device <device>', 'auto, webgpu or cpu', parseDevice, 'cpu')
    .option('--out <folder>', 'where the Markdown table and the contact sheets go', 'evaluation')
    .option('--limit <number>', 'pictures of each set at most', parseLimit)
    .option('--json', 'one JSON object per line on standard output')
    .addHelpText('after', help)
    .action((flags: Flags) => evaluate(flags, environment));
}

async function evaluate(flags: Flags, environment: Environment): Promise<void> {
  const { cwd, signal, stdout, stderr } = environment;
  const say = (event: object) => flags.json && stdout.write(`${JSON.stringify(event)}\n`);
  const tell = (text: string) => !flags.json && stderr.write(`${text}\n`);
  if (flags.controls && flags.adapt === 'off') {
    throw new LWayError('bad-option', '--controls test an adaptation.', 'Use them with --adapt standard.');
  }
  if (flags.series.length > 0 && flags.adapt === 'off') {
    throw new LWayError('bad-option', '--series is an adaptation.', 'Use it with --adapt standard.');
  }
  if (flags.series.length > 0 && flags.tuned) {
    throw new LWayError('bad-option', '--tuned looks at one picture.', 'Leave out --series or --tuned.');
  }
  if (flags.ablation.length > 0 && flags.adapt === 'off') {
    throw new LWayError('bad-option', '--ablation changes an adaptation.', 'Use it with --adapt standard.');
  }
  if (flags.saveNiqe !== undefined && flags.niqe === undefined) {
    throw new LWayError('bad-option', '--save-niqe keeps what --niqe fits.', 'Give --niqe a folder as well.');
  }
  const folders = flags.set ?? (await usualSets(environment));
  const sets = [];
  for (const folder of folders) sets.push(partOf(await readSet(resolve(cwd, folder), flags.limit), flags.pairs));
  const networks = await openNetworks(environment);
  const engine = createNodeEngine();
  const judges: Judges = {};
  try {
    const { variants, scale } = await chooseVariants(flags, networks, engine, environment);
    if (flags.lpips !== undefined) judges.lpips = await openLpips(resolve(cwd, flags.lpips));
    if (flags.niqe !== undefined) {
      tell('Preparing NIQE…');
      judges.niqe = await openNiqeModel(signal, resolve(cwd, flags.niqe));
      if (flags.saveNiqe !== undefined) await saveNiqeModel(resolve(cwd, flags.saveNiqe), judges.niqe);
    }
    const out = resolve(cwd, flags.out);
    await makeFolder(out);
    const texts: string[] = [`# Evaluation\n\n\`${commandLine(flags, folders)}\`\n`];
    for (const [i, set] of sets.entries()) {
      const onRow = (row: Row, position: number) => {
        say({ event: 'score', ...row });
        const place = `${set.name} ${position}/${set.testPictures.length} ${row.picture}`;
        tell(`${place}: ${row.variant}, ${row.seconds.toFixed(1)} s`);
      };
      const { rows, sheet } = await evaluateSet(signal, set, variants, judges, scale, onRow);
      const summary = summarise(rows);
      say({ event: 'summary', set: set.name, variants: summary });
      texts.push(markdown(set, rows, summary));
      const sheetName = `${sets.length > 1 ? `${i + 1}-` : ''}${set.name}.png`;
      await write(join(out, sheetName), await contactSheet(sheet));
      texts.push(`![Crops at 100 %: input, results, ground truth](${encodeURIComponent(sheetName)})\n`);
      // After each set: a long evaluation that is cancelled in the next one keeps what it has.
      await write(join(out, 'evaluation.md'), texts.join('\n'));
    }
    if (!flags.json) stdout.write(`${texts.join('\n')}\nWritten to ${out}\n`);
  } finally {
    await judges.lpips?.dispose();
    await engine.dispose();
  }
}

/** What will be compared, in this order; the first one is what the others are compared with. */
async function chooseVariants(
  flags: Flags,
  networks: Networks,
  engine: Engine,
  environment: Environment,
): Promise<{ variants: Variant[]; scale: number }> {
  const variants: Variant[] = [];
  const chosen: Network[] = [];
  for (const id of flags.model ?? ['bicubic', 'default']) {
    const against = variants[0]?.name ?? null;
    const network = id in baselines ? null : await networks.find(environment.signal, id, environment.cwd);
    const name = network?.entry.id ?? id;
    if (variants.some((variant) => variant.name === name)) continue;
    if (network) chosen.push(network);
    variants.push(
      network ? networkVariant({ name, against, engine, network, device: flags.device }) : baseline(name, against),
    );
  }
  const scale = chosen[0]?.entry.scale ?? 4;
  const plain = variants.map(({ name }) => name);
  for (const network of chosen) {
    const { id } = network.entry;
    const tuning = flags.tuned ? await networks.tuning(network.entry, {}) : undefined;
    const start = { engine, network, device: flags.device, tuning };
    const base = tuning ? `${id}, tuned` : id;
    if (tuning) variants.push(networkVariant({ ...start, name: base, against: id }));
    if (flags.adapt === 'off') continue;
    const options = {
      level: flags.adapt,
      strength: flags.strength,
      networks: await networks.adaptation(network.entry),
    };
    const adapted = { ...start, name: `${base}, adapted`, against: base, options };
    variants.push(networkVariant({ ...adapted, adapt: async () => options }));
    for (const text of flags.ablation) variants.push(changed(adapted, text, parseAblation(text)));
    for (const text of flags.series) variants.push(series(adapted, text));
    if (flags.controls)
      variants.push(
        ...controls(
          base,
          adapted,
          plain.filter((name) => name !== id),
        ),
      );
  }
  return { variants, scale };
}

/** The test pairs beside a checkout; they are no part of the project. @throws LWayError `bad-option` without them */
async function usualSets({ env, root }: Environment): Promise<string[]> {
  const data = resolve(root, env['LWAY_SHARED_DATA'] ?? '../shared/data');
  const folders = ['realsr', 'drealsr'].map((name) => join(data, 'eval', name));
  for (const folder of folders) {
    if (await exists(folder)) continue;
    throw new LWayError('bad-option', 'There are no pictures to measure on.', 'Name folders of them with --set.');
  }
  return folders;
}

function parsePairs(text: string): Use {
  if (text === 'all' || text === 'tuning' || text === 'reporting') return text;
  throw new LWayError('bad-option', `"${text}" is not a valid value for --pairs.`, 'Use all, tuning or reporting.');
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!(Number.isInteger(limit) && limit >= 1)) {
    throw new LWayError('bad-option', `"${text}" is not a valid value for --limit.`, 'Use a whole number from 1.');
  }
  return limit;
}

/** The command that made a table, without folders that mean nothing elsewhere. */
function commandLine(flags: Flags, folders: readonly string[]): string {
  const last = (path: string) =>
    path
      .replace(/[/\\]+$/, '')
      .split(/[/\\]/)
      .pop()!;
  const parts = ['lway evaluate', '--set', ...folders.map(last)];
  if (flags.model) parts.push('--model', ...flags.model.map(last));
  if (flags.adapt !== 'off') parts.push('--adapt', flags.adapt);
  if (flags.strength !== 1) parts.push('--strength', String(flags.strength));
  if (flags.tuned) parts.push('--tuned');
  if (flags.controls) parts.push('--controls');
  for (const text of flags.ablation) parts.push('--ablation', text);
  for (const text of flags.series) parts.push('--series', text);
  if (flags.pairs !== 'all') parts.push('--pairs', flags.pairs);
  if (flags.lpips !== undefined) parts.push('--lpips', last(flags.lpips));
  if (flags.niqe !== undefined) parts.push('--niqe', last(flags.niqe));
  if (flags.limit !== undefined) parts.push('--limit', String(flags.limit));
  return parts.join(' ');
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw cannotWrite(path, error);
  });
}

async function write(path: string, content: string | Buffer): Promise<void> {
  await writeFile(path, content).catch((error: unknown) => {
    throw cannotWrite(path, error);
  });
}

function cannotWrite(path: string, error: unknown): LWayError {
  const reason = systemCode(error) ?? String(error);
  return new LWayError('storage', `"${path}" cannot be written (${reason}).`, 'Choose another folder with --out.', {
    cause: error,
  });
}
