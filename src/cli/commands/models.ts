import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { type ImageInput, isAbort, LWayError } from '../../engine';
import type { SaidOfNetwork } from '../../engine/node';
import { isFolder, nameOf, networksIn } from '../brought-network';
import { writeWhole } from '../files/json-file';
import { alreadyThere, exists } from '../files/workspace';
import { collectValues, parseOrder, parseRange } from '../option-values';
import { columns, fileSize } from '../output/text';
import type { ListedNetwork, Networks } from '../networks';
import { longestId, openNetworks } from '../networks';
import type { Environment } from '../environment';

const examples = `
Examples:
  $ lway models                              the networks that are here
  $ lway models add 4x-sharp.onnx            keep a network of yours; use it with --model 4x-sharp
  $ lway models add 4x-UltraSharp.pth        the same from PyTorch's weights, .safetensors or ncnn's .param
  $ lway models add ~/upscayl/models         all networks of a folder
  $ lway models export 4x-UltraSharp a.onnx  write one as an ONNX file
  $ lway models remove 4x-sharp`;

export function addNetworks(program: Command, environment: Environment): void {
  const { stdout, stderr, cwd, signal } = environment;
  const models = program
    .command('models')
    .summary('list networks, add or remove your own')
    .description('Lists the networks that "upscale" can use; adds or removes your own.')
    .option('--json', 'as JSON')
    .addHelpText('after', examples)
    .action(async ({ json }: { json?: boolean }) => {
      const networks = (await openNetworks(environment)).list();
      stdout.write(json ? `${JSON.stringify(networks.map(facts), null, 2)}\n` : table(networks));
    });
  models
    .command('add')
    .description(
      'Checks a super-resolution network (×1 to ×8, image in and out) and keeps it, as ONNX. From a folder, such as Upscayl’s or chaiNNer’s, takes all networks in it.',
    )
    .argument('<file>', 'an .onnx, .pth, .safetensors or ncnn .param file, or a folder')
    .option('--id <id>', 'what --model will call it (default: the name of the file)')
    .option('--name <name>', 'the name that people see')
    .option('--range <range>', 'values of black and white: 0..1, 0..255 or -1..1 (default: detected)', parseRange)
    .option('--order <order>', 'order of the colours: rgb or bgr (default: detected)', parseOrder)
    .option(
      '--value <name=number>',
      'value of an input besides the picture, such as a noise level; repeat for several inputs',
      collectValues,
    )
    .action(async (file: string, options: AddFlags) => {
      const networks = await openNetworks(environment);
      const path = resolve(cwd, file);
      if (await isFolder(path)) return addFolder(environment, networks, path, options);
      const entry = await networks.add(signal, path, options.id ?? idOf(nameOf(file)), options.name, saidBy(options));
      const { description } = entry;
      stderr.write(`Added "${entry.id}": ${describe(entry)}.${description === undefined ? '' : ` ${description}`}\n`);
    });
  models
    .command('export')
    .description('Writes a network as an ONNX file, whatever its original format.')
    .argument('<network>', 'an id from "lway models", or a file')
    .argument('<output>', 'the .onnx file to write')
    .option('-f, --force', 'replace an existing file')
    .action(async (wanted: string, output: string, { force }: { force?: boolean }) => {
      const { bytes } = await (await openNetworks(environment)).find(signal, wanted, cwd);
      const path = resolve(cwd, output);
      if (!force && (await exists(path))) throw alreadyThere(path);
      await writeWhole(path, bytes);
      stdout.write(`${path}\n`);
    });
  models
    .command('remove')
    .description('Removes one of your own networks.')
    .argument('<id>', 'its id')
    .action(async (id: string) => {
      await (await openNetworks(environment)).remove(id);
      stderr.write(`Removed "${id}".\n`);
    });
}

interface AddFlags {
  id?: string;
  name?: string;
  range?: ImageInput['range'];
  order?: ImageInput['channels'];
  value?: SaidOfNetwork['values'];
}

const saidBy = ({ range, order, value }: AddFlags): SaidOfNetwork => ({ range, channels: order, values: value });

const idOf = (name: string): string => name.replace(/[^a-z0-9._-]+/gi, '-');

/** The end of a name that is too long for an id, which tells it from others the best. */
const shortId = (name: string): string =>
  idOf(name)
    .slice(-longestId)
    .replace(/^[^a-z0-9]+/i, '');

/** Names of the files without their endings; where several are called the same, as in waifu2x's folders, with their folders'. */
function namesOf(folder: string, files: readonly string[]): string[] {
  const paths = files.map((path) => [...relative(folder, path).split(/[/\\]/).slice(0, -1), nameOf(path)]);
  return paths.map((path) => {
    const ending = (length: number) => path.slice(-length).join(' ');
    const alone = (length: number) =>
      paths.filter((other) => other.slice(-length).join(' ') === ending(length)).length === 1;
    const length = path.findIndex((_, i) => alone(i + 1)) + 1;
    return ending(length);
  });
}

/** All networks of a folder, one after the other; one that cannot be used does not keep the others out. */
async function addFolder(
  { signal, stderr }: Environment,
  networks: Networks,
  folder: string,
  options: AddFlags,
): Promise<void> {
  if (options.id !== undefined || options.name !== undefined) {
    throw new LWayError(
      'bad-option',
      '--id and --name only work with a single network.',
      'Leave them out, or name a file.',
    );
  }
  const files = await networksIn(folder);
  if (files.length === 0) {
    const endings = 'None of its files end in .onnx, .pth, .safetensors or .param.';
    throw new LWayError('missing-model', `There are no networks in "${folder}".`, endings);
  }
  const names = namesOf(folder, files);
  let failed = 0;
  let added = 0;
  for (const [i, path] of files.entries()) {
    signal.throwIfAborted();
    const name = names[i]!;
    const [id, label] = [shortId(name), `[${i + 1}/${files.length}] ${relative(folder, path)}`];
    if (networks.has(id)) {
      stderr.write(`${label}: there is already a network "${id}".\n`);
      continue;
    }
    try {
      const entry = await networks.add(signal, path, id, name, saidBy(options));
      stderr.write(`${label}: added "${entry.id}", ${describe(entry)}.\n`);
      added++;
    } catch (error) {
      if (signal.aborted || isAbort(error) || !(error instanceof LWayError) || error.code === 'storage') throw error;
      stderr.write(`${label}: left out. ${error.message} ${error.advice}\n`);
      failed++;
    }
  }
  stderr.write(`${added} added, ${failed} left out, ${files.length - added - failed} already here.\n`);
  if (failed > 0 && added === 0) {
    throw new LWayError('bad-model', `No network in "${folder}" can be used.`, 'See above for the reasons.');
  }
}

function describe({ scale, input, parameters, receptiveField }: ListedNetwork['entry']): string {
  const size = input.size ? `, input of ${input.size.width}×${input.size.height} only` : '';
  const sight = receptiveField === null ? ', sees the whole picture at once: tiles may differ' : '';
  const values = `${input.channels} ${input.range.join('..')}`;
  return `×${scale}, ${values}, ${(parameters / 1e6).toFixed(2)} million parameters${size}${sight}`;
}

function facts({ entry, own, standard }: ListedNetwork): object {
  const { id, name, description, scale, parameters, bytes, licence, data, quality, receptiveField, input } = entry;
  return {
    id,
    name,
    description,
    scale,
    parameters,
    bytes,
    licence,
    data,
    quality,
    receptiveField,
    input,
    own,
    default: standard,
  };
}

interface QualitySet {
  name: string;
  psnrY: number;
  lpips: number;
}

/** The measured quality, where the registry states it: "RealSR 28.12 dB/0.281". */
function qualityText(quality: unknown): string {
  const sets = (quality as { sets?: QualitySet[] } | null | undefined)?.sets;
  if (!Array.isArray(sets)) return '';
  return sets
    .filter(({ psnrY, lpips }) => typeof psnrY === 'number' && typeof lpips === 'number')
    .map(({ name, psnrY, lpips }) => `${String(name).split(',')[0]} ${psnrY.toFixed(2)} dB, LPIPS ${lpips.toFixed(3)}`)
    .join('; ');
}

function table(networks: readonly ListedNetwork[]): string {
  const rows = networks.map(({ entry, own, standard }) => [
    `${entry.id}${standard ? ' *' : ''}`,
    `×${entry.scale}`,
    fileSize(entry.bytes),
    own ? 'yours' : entry.licence.split(',')[0]!,
    qualityText(entry.quality) || entry.description || entry.name,
  ]);
  const head = ['Network', 'Scale', 'Size', 'Licence', 'Quality measured on real pairs (PSNR-Y, LPIPS)'];
  return `${columns([head, ...rows])}\n* default\n`;
}
