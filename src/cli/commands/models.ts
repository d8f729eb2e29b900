import { basename, extname, resolve } from 'node:path';
import type { Command } from 'commander';
import { columns, fileSize } from '../output/text';
import type { ListedNetwork } from '../networks';
import { openNetworks } from '../networks';
import type { Surroundings } from '../surroundings';

const examples = `
Examples:
  $ lway models                              the networks that are here
  $ lway models add 4x-sharp.onnx            keep a network of yours; use it with --model 4x-sharp
  $ lway models remove 4x-sharp`;

export function addModels(program: Command, surroundings: Surroundings): void {
  const { stdout, stderr, cwd, signal } = surroundings;
  const models = program
    .command('models')
    .summary('list networks, add or remove your own')
    .description('Lists the networks that "upscale" can use; adds or removes your own.')
    .option('--json', 'as JSON')
    .addHelpText('after', examples)
    .action(async ({ json }: { json?: boolean }) => {
      const networks = (await openNetworks(surroundings)).list();
      stdout.write(json ? `${JSON.stringify(networks.map(facts), null, 2)}\n` : table(networks));
    });
  models
    .command('add')
    .description('Checks an ONNX super-resolution network (×1 to ×4, image in and out) and keeps a copy of it.')
    .argument('<file>', 'an .onnx file')
    .option('--id <id>', 'what --model will call it (default: the name of the file)')
    .option('--name <name>', 'what people see')
    .action(async (file: string, options: { id?: string; name?: string }) => {
      const networks = await openNetworks(surroundings);
      const id = options.id ?? basename(file, extname(file)).replace(/[^a-z0-9._-]+/gi, '-');
      const entry = await networks.add(signal, resolve(cwd, file), id, options.name);
      stderr.write(`Added "${entry.id}": ${describe(entry)}.\n`);
    });
  models
    .command('remove')
    .description('Removes one of your own networks.')
    .argument('<id>', 'its id')
    .action(async (id: string) => {
      await (await openNetworks(surroundings)).remove(id);
      stderr.write(`Removed "${id}".\n`);
    });
}

function describe({ scale, input, parameters, receptiveField }: ListedNetwork['entry']): string {
  const size = input.size ? `, input of ${input.size.width}×${input.size.height} only` : '';
  const sight = receptiveField === null ? ', sees the whole picture at once: tiles may differ' : '';
  return `×${scale}, ${(parameters / 1e6).toFixed(2)} million parameters${size}${sight}`;
}

function facts({ entry, own, standard, standardOnCpu }: ListedNetwork): object {
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
    defaultOnCpu: standardOnCpu,
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
  const rows = networks.map(({ entry, own, standard, standardOnCpu }) => [
    `${entry.id}${standard ? ' *' : ''}${standardOnCpu && !standard ? ' **' : ''}`,
    `×${entry.scale}`,
    fileSize(entry.bytes),
    own ? 'yours' : entry.licence.split(',')[0]!,
    qualityText(entry.quality) || entry.description || entry.name,
  ]);
  const head = ['Network', 'Scale', 'Size', 'Licence', 'Quality measured on real pairs (PSNR-Y, LPIPS)'];
  const onCpu = networks.some(({ standard, standardOnCpu }) => standardOnCpu && !standard);
  const stars = onCpu
    ? '* used where no network is named and a GPU computes; ** where none can\n'
    : '* used where no network is named\n';
  return `${columns([head, ...rows])}\n${stars}`;
}
