import { Option, type Command } from 'commander';
import { resolve } from 'node:path';
import type { AdaptLevel, UpscaleSettings } from '../../actions/settings';
import { LWayError, type Rect } from '../../engine';
import { knownFactor, type AskedSize } from '../asked-size';
import { standardStream } from '../files/inputs';
import { chooseTargets, type Target } from '../files/targets';
import { writeSteps } from '../files/steps-file';
import { readWeights, saveWeights, weightsTarget } from '../files/weights-file';
import { isNetworkFile } from '../brought-network';
import { openNetworks } from '../networks';
import {
  chosenSize,
  parseAdapt,
  parseAskedSize,
  parseDetail,
  parseNoise,
  parseBlur,
  parseRegion,
  parseScale,
  parseStrength,
  refuseCrispness,
} from '../option-values';
import { notesFor } from '../output/notes';
import { runFiles } from '../run-files';
import type { Environment } from '../environment';
import type { FileOptions } from '../upscale-file';
import { upscaleSeries } from '../upscale-series';
import {
  addComputing,
  addTelling,
  addWriting,
  type ComputingFlags,
  type WritingFlags,
  type TellingFlags,
} from './shared-options';

export interface UpscaleFlags extends ComputingFlags, WritingFlags, TellingFlags {
  output?: string;
  scale?: number;
  size?: AskedSize;
  recursive?: boolean;
  inPlace?: boolean;
  model?: string;
  detail?: number;
  noise?: number;
  blur?: number;
  adapt?: AdaptLevel;
  series?: boolean;
  strength?: number;
  saveWeights?: string;
  weights?: string;
  region?: Rect;
  saveSteps?: string;
  force?: boolean;
}

const examples = `
Examples:
  $ lway upscale photo.jpg                        photo-x4.png beside it, four times as wide and high
  $ lway upscale photo.jpg -o large.tif           another name and format
  $ lway upscale *.jpg -o large/ --format jpg     many pictures into a folder
  $ lway upscale *.jpg -o large/ --series         of one camera: adapts once to all, in a fraction of the time
  $ lway upscale grainy.jpg --scale 1             the same size, without its noise and compression
  $ lway upscale scan.tif --size 6000x4000        the largest that fits into 6000×4000
  $ lway upscale trip/ -r -o large/               a folder and those below it
  $ lway upscale edit.tif --in-place              for programs that hand a file over and read it again
  $ lway upscale - -o - < in.png > out.png        between other programs
  $ lway upscale photo.jpg --region 100,50,640,480 -o detail.png
  $ lway upscale photo.jpg --model mine.onnx      any ONNX super-resolution network

Exit codes: 0 all done, 1 some or all failed, 2 wrong usage, 3 nothing could be started, 130 cancelled.`;

export function addUpscale(program: Command, environment: Environment, finish: (code: number) => void): void {
  const command = program
    .command('upscale')
    .summary('upscale pictures')
    .description(
      'Upscales pictures: PNG, JPEG, WebP, TIFF, AVIF, GIF, BMP, PPM, TGA, PSD; draws SVG at the size asked for.',
    )
    .argument('<inputs...>', 'picture files, folders of them, or - for standard input')
    .option('-o, --output <path>', 'file or folder for one picture, folder for several, - for standard output')
    .option('-r, --recursive', 'include subfolders; OUT gets the same subfolders')
    .option('--in-place', 'replace the pictures with their results')
    .option('--scale <factor>', 'result size as a factor, 1 to 8 (default: 4)', parseScale)
    .option(
      '--size <size>',
      'W×H to fit into (3000x2000), one side (3000x, x2000), the longer one (3000), or megapixels (24mp)',
      parseAskedSize,
    )
    .option('--model <id|file>', 'network: an id from "lway models", or a file (.onnx, .pth, .safetensors, ncnn)')
    .option('--detail <auto|0-100>', '0 faithful … 100 crisp (default: auto, as suits the picture)', parseDetail)
    .option('--noise <auto|0-100>', '0 keep … 100 clean (default: auto, as suits the picture)', parseNoise)
    .option('--blur <auto|0-100>', '0 keep … 100 sharpen (default: auto, as suits the picture)', parseBlur)
    .addOption(new Option('--crispness <number>').argParser(refuseCrispness).hideHelp())
    .option(
      '--adapt <level>',
      'match the network to each picture first (adapt it): off, quick, standard (default) or thorough',
      parseAdapt,
    )
    .option(
      '--series',
      'the pictures lose detail in the same way (one camera, one export): adapt once, to all of them together or to ' +
        '16 from all over the list; --save-steps does not record it',
    )
    .option('--strength <number>', '0 (original network) to 1 (fully adapted) (default: 1)', parseStrength)
    .option('--save-weights <name|file>', 'keep the adapted network: a name for "lway weights", or an .onnx file')
    .option('--weights <name|file>', 'use a kept adapted network instead of adapting')
    .option('--region <x,y,w,h>', 'only this part, in pixels of the upright picture', parseRegion);
  addComputing(command);
  addWriting(command);
  command
    .option('--save-steps <file>', 'write these settings as steps for "lway play"')
    .option('-f, --force', 'replace existing files');
  addTelling(command)
    .addHelpText('after', examples)
    .action(async (inputs: string[], flags: UpscaleFlags) => finish(await upscale(inputs, flags, environment)));
}

async function upscale(inputs: string[], flags: UpscaleFlags, given: Environment): Promise<number> {
  // Where the picture itself goes to standard output, nothing else may.
  const environment = flags.output === standardStream ? { ...given, stdout: given.stderr } : given;
  const { cwd, signal } = environment;
  const size = chosenSize(flags, 4);
  const { output: out, format, recursive, inPlace } = flags;
  const note = notesFor(environment, flags);
  const targets = await chooseTargets({ inputs, out, format, size, cwd, recursive, inPlace, note });
  checkTogether(flags, targets.length);
  const networks = await openNetworks(environment);
  const saved = flags.weights === undefined ? null : await readWeights(environment, flags.weights);
  if (flags.model !== undefined && isNetworkFile(flags.model))
    note(`Trying out "${flags.model}"; "lway models add" keeps it for good.`);
  // The weights' own network, unless another one is named.
  const network = await networks.find(signal, flags.model ?? saved?.model, cwd, knownFactor(size));
  // A network from a file has no id that would lead back to it.
  const networkName =
    flags.model !== undefined && isNetworkFile(flags.model) ? resolve(cwd, flags.model) : network.entry.id;
  if (saved?.model && saved.model !== networkName) {
    throw new LWayError(
      'bad-option',
      `The weights "${flags.weights}" belong to the network "${saved.model}", not to "${networkName}".`,
      `Leave --model out, or use --model ${saved.model}.`,
    );
  }
  const asked = await networks.tuning(network.entry, flags);
  // Kept weights are mixed with the network that they were adapted from.
  const tuning = asked && {
    ...asked,
    detail: flags.detail ?? saved?.detail ?? asked.detail,
    noise: flags.noise ?? saved?.noise ?? asked.noise,
    blur: flags.blur ?? saved?.blur ?? asked.blur,
    drawn: flags.detail === undefined ? saved?.drawn : undefined,
  };
  const level = flags.adapt ?? (saved ? 'off' : networks.usualAdaptation());
  const strength = flags.strength ?? 1;
  const series = flags.series === true && targets.length > 1;
  const keep = flags.saveWeights === undefined ? null : weightsTarget(environment, flags.saveWeights, flags.force);
  if (keep && level === 'off') {
    throw new LWayError('bad-option', 'Without adaptation there are no weights to save.', 'Use --adapt standard.');
  }
  if (series && level === 'off') {
    throw new LWayError(
      'missing-model',
      'The networks that adaptation needs are not here, so a series has nothing to share.',
      'Leave --series out.',
    );
  }
  const adapt = level === 'off' ? undefined : { level, strength, networks: await networks.adaptation(network.entry) };
  await keep?.check();
  if (flags.saveSteps !== undefined) {
    if (!('scale' in size || 'width' in size)) {
      throw new LWayError(
        'bad-option',
        'Steps hold a factor, or a width and a height to fit into.',
        'Use --scale 2 or --size 3000x2000 with --save-steps.',
      );
    }
    const target = flags.region ? 'region' : 'layer';
    const settings: UpscaleSettings = {
      model: networkName,
      size,
      target,
      destination: 'document',
      adapt: level,
      strength,
      detail: flags.detail,
      noise: flags.noise,
      blur: flags.blur,
    };
    await writeSteps(environment, flags.saveSteps, settings, flags.force ?? false);
  }
  const pass = {
    size,
    options: { network, device: flags.device, tile: flags.tile, tuning, adapt, weights: saved?.bytes, strength },
  };
  const { region, quality, depth, metadata, force = false } = flags;
  const options: FileOptions = {
    passes: [pass],
    region,
    quality,
    bitDepth: depth,
    metadata,
    force,
    inPlace,
    streams: environment.streams,
  };
  if (adapt && series) {
    const request = { network, device: flags.device, tuning, adapt, options };
    const jobFor = async (_target: Target, learned: FileOptions) => ({ options: learned });
    return upscaleSeries(environment, flags, targets, request, jobFor, async ({ inputs: learnedFrom, report }) => {
      if (keep) await saveWeights(keep, networkName, learnedFrom, report.weights, report.tuning);
    });
  }
  return runFiles(environment, flags, targets, async () => ({
    options,
    done: async ({ input, adaptation, tuning: tuned }) => {
      if (keep) await saveWeights(keep, networkName, [input], adaptation?.weights, tuned);
    },
  }));
}

function checkTogether(flags: UpscaleFlags, inputs: number): void {
  if (flags.json && flags.quiet) {
    throw new LWayError('bad-option', '--json and --quiet exclude each other.', 'Use one of them.');
  }
  if (flags.weights !== undefined && flags.adapt !== undefined && flags.adapt !== 'off') {
    throw new LWayError('bad-option', '--weights and --adapt exclude each other.', 'Use one of them.');
  }
  if (flags.weights !== undefined && flags.saveSteps !== undefined) {
    throw new LWayError(
      'bad-option',
      '--save-steps cannot record --weights: steps hold settings only.',
      'Use --adapt.',
    );
  }
  if (flags.saveWeights !== undefined && inputs > 1 && !flags.series) {
    throw new LWayError(
      'bad-option',
      '--save-weights takes one picture, as every picture gets its own weights.',
      'Adapt to one picture, then use its --weights for the others, or adapt to all of them together with --series.',
    );
  }
  if (flags.series) checkSeries(flags, inputs);
}

function checkSeries(flags: UpscaleFlags, inputs: number): void {
  if (flags.weights !== undefined) {
    throw new LWayError(
      'bad-option',
      '--series and --weights exclude each other: with --weights nothing is learned.',
      'Leave --series out to use the kept weights for all pictures, or --weights to adapt to them.',
    );
  }
  if (flags.adapt === 'off') {
    throw new LWayError(
      'bad-option',
      '--series shares what is learned among the pictures, and with --adapt off nothing is learned.',
      'Use --adapt quick, standard or thorough, or leave --series out.',
    );
  }
  if (flags.saveSteps !== undefined && inputs > 1) {
    throw new LWayError(
      'bad-option',
      '--save-steps cannot record --series: steps describe what is done with one picture.',
      'Leave it out here, and play the steps with "lway play --series".',
    );
  }
}
