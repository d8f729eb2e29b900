import { createHash } from 'node:crypto';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { UpscaleSettings } from '../../actions/settings';
import { formatSteps } from '../../actions/steps';
import { type Device, LWayError, type Rect, toPlainError } from '../../engine';
import type { FormatName } from '../files/formats';
import type { MetadataChoice } from '../files/metadata/carry';
import { PlayReport } from '../files/play-report';
import { readSteps } from '../files/steps-file';
import { chooseTargets } from '../files/targets';
import { openNetworks } from '../networks';
import { parseDepth, parseDevice, parseFormat, parseMetadata, parseQuality, parseRegion, parseTile } from '../options';
import { knownFactor } from '../asked-size';
import { runFiles } from '../run-files';
import type { Surroundings } from '../surroundings';
import type { Pass } from '../upscale-file';

interface PlayFlags {
  output?: string;
  recursive?: boolean;
  region?: Rect;
  device: 'auto' | Device;
  tile?: number;
  format?: FormatName;
  quality?: number;
  depth?: 8 | 16;
  metadata?: MetadataChoice;
  report?: string;
  again?: boolean;
  force?: boolean;
  json?: boolean;
  quiet?: boolean;
}

const examples = `
A run that was stopped goes on where it was: pictures that are done are left alone as long as neither they nor the
steps have changed. What was done and what failed is written to the report, beside the steps unless told otherwise.

Examples:
  $ lway upscale first.jpg --scale 2 --save-steps steps.json
  $ lway play steps.json holiday/*.jpg -o large/`;

export function addPlay(program: Command, surroundings: Surroundings, finish: (code: number) => void): void {
  program
    .command('play')
    .summary('run recorded steps over files')
    .description('Runs recorded steps over pictures, each step on the result of the one before.')
    .argument('<steps>', 'a steps file (JSON)')
    .argument('<inputs...>', 'picture files, or folders of them')
    .option('-o, --output <path>', 'file or folder for one picture, folder for several')
    .option('-r, --recursive', 'also pictures in folders below those that are named; below OUT they lie as they did')
    .option('--region <x,y,w,h>', 'what a step that was recorded on a selection works on', parseRegion)
    .option('--device <device>', 'auto, webgpu or cpu', parseDevice, 'auto')
    .option('--tile <pixels>', 'side of a tile in pixels of the input (default: what the device takes)', parseTile)
    .option('--format <format>', 'png, jpg, webp, tiff or avif (default: by the name, else png)', parseFormat)
    .option('--quality <1-100>', 'for jpg, webp and avif', parseQuality)
    .option('--depth <bits>', 'write 8 or 16 bits per channel (default: as the picture)', parseDepth)
    .option(
      '--metadata <choice>',
      'keep (default), minimal: author and copyright only, or strip; colour and resolution always stay',
      parseMetadata,
    )
    .option('--report <file>', 'where to keep what was done (default: STEPS-report.json beside the steps)')
    .option('--again', 'start anew, whatever an earlier run has done')
    .option('-f, --force', 'replace existing files')
    .option('--json', 'one JSON object per line on standard output')
    .option('-q, --quiet', 'nothing but errors')
    .addHelpText('after', examples)
    .action(async (steps: string, inputs: string[], flags: PlayFlags) => {
      finish(await play(steps, inputs, flags, surroundings));
    });
}

async function play(
  stepsName: string,
  inputs: string[],
  flags: PlayFlags,
  surroundings: Surroundings,
): Promise<number> {
  const { cwd } = surroundings;
  const stepsPath = resolve(cwd, stepsName);
  const steps = await readSteps(stepsPath);
  checkRegions(steps, flags.region);
  const size = overallSize(steps);
  const targets = await chooseTargets({
    inputs,
    out: flags.output,
    format: flags.format,
    size,
    cwd,
    recursive: flags.recursive,
  });
  const passes = await preparePasses(surroundings, steps, flags);

  const { region, quality, depth, metadata, force = false } = flags;
  const work = { steps: formatSteps(steps), region, quality, depth, metadata };
  const fingerprint = createHash('sha256').update(JSON.stringify(work)).digest('hex');
  const beside = join(dirname(stepsPath), `${basename(stepsPath, extname(stepsPath))}-report.json`);
  const report = await PlayReport.open(
    flags.report ? resolve(cwd, flags.report) : beside,
    fingerprint,
    flags.again ?? false,
  );

  return runFiles(surroundings, flags, targets, async (target) => ({
    finished: await report.finished(target.input),
    options: { passes, region, quality, bitDepth: depth, metadata, force },
    done: (result) => report.done(result),
    failed: (error) => report.failed(target.input, toPlainError(error)),
  }));
}

function checkRegions(steps: readonly UpscaleSettings[], region: Rect | undefined): void {
  const onSelection = steps.flatMap(({ target }, i) => (target === 'region' ? [i] : []));
  if (onSelection.some((i) => i > 0)) {
    throw new LWayError(
      'bad-option',
      `Step ${onSelection.at(-1)! + 1} works on a selection, which the result of the step before does not have.`,
      'Only the first step may work on a selection.',
    );
  }
  if (onSelection.length > 0 && !region) {
    throw new LWayError(
      'bad-option',
      'The step was recorded on a selection, and a file has none.',
      'Say which part with --region x,y,w,h, or set "target" to "layer" in the steps.',
    );
  }
  if (onSelection.length === 0 && region) {
    throw new LWayError(
      'bad-option',
      'No step works on a selection.',
      'Leave --region out, or set "target" to "region".',
    );
  }
}

/** For the names of results: all factors multiplied, or the last size in pixels. */
function overallSize(steps: readonly UpscaleSettings[]): UpscaleSettings['size'] {
  let scale = 1;
  for (const { size } of steps) {
    if (!('scale' in size)) return steps.at(-1)!.size;
    scale *= size.scale;
  }
  return { scale: Math.round(scale * 1000) / 1000 };
}

async function preparePasses(
  surroundings: Surroundings,
  steps: readonly UpscaleSettings[],
  { device, tile }: PlayFlags,
): Promise<Pass[]> {
  const { signal, cwd } = surroundings;
  const networks = await openNetworks(surroundings);
  const passes: Pass[] = [];
  for (const { model: id, size, adapt: level, strength, detail, noise } of steps) {
    const model = await networks.find(signal, id, cwd, device, knownFactor(size));
    const adapt = level === 'off' ? undefined : { level, strength, models: await networks.adaptation(model.entry) };
    const tuning = await networks.tuning(model.entry, { detail, noise });
    passes.push({ size, options: { model, device, tile, tuning, adapt } });
  }
  return passes;
}
