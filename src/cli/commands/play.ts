import { createHash } from 'node:crypto';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { UpscaleSettings } from '../../actions/settings';
import { formatSteps } from '../../actions/steps';
import { LWayError, type Network, type Rect, toPlainError } from '../../engine';
import { PlayReport } from '../files/play-report';
import { readSteps } from '../files/steps-file';
import { chooseTargets, type Target } from '../files/targets';
import { openNetworks } from '../networks';
import { knownFactor } from '../asked-size';
import { parsePart, parseRegion, type Part } from '../option-values';
import { checkRegions, overallSize, passesFor } from '../passes';
import { queueAddress } from '../queue/address';
import { isObject } from '../queue/object-store';
import { chooseObjectTargets } from '../queue/object-targets';
import { Places } from '../queue/places';
import { SharedFolder } from '../queue/shared-folder';
import { notesFor } from '../output/notes';
import { runFiles, type FileJob } from '../run-files';
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

interface PlayFlags extends ComputingFlags, WritingFlags, TellingFlags {
  output?: string;
  recursive?: boolean;
  region?: Rect;
  series?: boolean;
  part?: Part;
  queue?: string | true;
  root?: string;
  wait: boolean;
  report?: string;
  again?: boolean;
  force?: boolean;
}

const examples = `
A run that was stopped continues where it was: finished pictures are skipped as long as neither they nor the steps
have changed. The report lists what was done and what failed; by default it lies beside the steps.

Examples:
  $ lway upscale first.jpg --scale 2 --save-steps steps.json
  $ lway play steps.json holiday/*.jpg -o large/
  $ lway play steps.json scans/ -r -o large/ --part 3/8        the third of eight machines (Slurm: docs/many-pictures.md)
  $ lway play steps.json scans/ -r -o large/ --queue           workers take them: LWAY_QUEUE=redis://host:6379

Exit codes: 0 all done, 1 some or all failed, 2 wrong usage, 3 nothing could be started, 130 cancelled.`;

export function addPlay(program: Command, environment: Environment, finish: (code: number) => void): void {
  const command = program
    .command('play')
    .summary('run recorded steps over files')
    .description('Runs recorded steps over pictures, each step on the result of the one before.')
    .argument('<steps>', 'a steps file (JSON)')
    .argument(
      '<inputs...>',
      'picture files, or folders of them; with --queue also s3://BUCKET/KEY or s3://BUCKET/PREFIX/',
    )
    .option(
      '-o, --output <path>',
      'file or folder for one picture, folder for several; with --queue also s3://BUCKET/PREFIX/',
    )
    .option('-r, --recursive', 'include subfolders; OUT gets the same subfolders')
    .option('--region <x,y,w,h>', 'the region for a step that was recorded on a selection', parseRegion);
  addComputing(command);
  addWriting(command);
  command
    .option(
      '--series',
      'the pictures lose detail in the same way (one camera, one export): adapt once, to all of them together',
    )
    .option(
      '--part <i/n>',
      'only every n-th picture, starting at the i-th: for n machines with the same list',
      parsePart,
    )
    .option('--queue [url]', 'put the pictures into a queue for "lway work" (default: the LWAY_QUEUE variable)')
    .option('--root <folder>', 'with --queue: the folder that all machines share (default: the current one)')
    .option('--no-wait', 'with --queue: do not wait until all is done')
    .option('--report <file>', 'where to write the report (default: STEPS-report.json beside the steps)')
    .option('--again', 'start over, whatever an earlier run has done')
    .option('-f, --force', 'replace existing files');
  addTelling(command)
    .addHelpText('after', examples)
    .action(async (steps: string, inputs: string[], flags: PlayFlags) => {
      finish(await play(steps, inputs, flags, environment));
    });
}

async function play(stepsName: string, inputs: string[], flags: PlayFlags, environment: Environment): Promise<number> {
  checkTogether(flags);
  const { cwd, signal } = environment;
  const address = flags.queue === undefined ? null : queueAddress(environment, flags.queue);
  const stepsPath = resolve(cwd, stepsName);
  const steps = await readSteps(stepsPath);
  checkRegions(steps, flags.region);
  if (flags.series) checkSeries(steps);
  const size = overallSize(steps);
  const remote = [...inputs, flags.output ?? ''].some(isObject);
  if (remote) checkRemote(flags);
  const places = address ? new Places(environment, await SharedFolder.open(cwd, flags.root)) : null;
  const note = notesFor(environment, flags);
  const named = { inputs, out: flags.output, format: flags.format, size, cwd, recursive: flags.recursive, note };
  const all = remote ? await chooseObjectTargets(signal, await places!.store, named) : await chooseTargets(named);
  const { part } = flags;
  const targets = part ? all.filter((_, i) => i % part.of === part.number - 1) : all;
  const networks = await openNetworks(environment);
  const chosen: Network[] = [];
  for (const { model, size: asked } of steps) chosen.push(await networks.find(signal, model, cwd, knownFactor(asked)));

  const { region, quality, depth, metadata, series, force = false, again = false } = flags;
  const kind = { steps: formatSteps(steps), region, quality, depth, metadata, series };
  const fingerprint = createHash('sha256').update(JSON.stringify(kind)).digest('hex');
  const report = await PlayReport.open(reportPath(stepsPath, flags, cwd), fingerprint, again);

  if (address && places) {
    const { putInQueue } = await import('../queue/put');
    const brought = chosen.filter(({ entry }) => !networks.cameWithLWay(entry));
    return putInQueue(environment, {
      address,
      places,
      work: {
        steps: steps.map((step, i) => ({ ...step, model: chosen[i]!.entry.id })),
        networks: chosen.map(({ entry }) => entry),
        brought: brought.map(({ entry }) => entry.sha256),
        region,
        quality,
        depth,
        metadata,
        force,
      },
      brought: brought.map(({ bytes }) => bytes),
      targets,
      report,
      series: series === true && targets.length > 1,
      again,
      wait: flags.wait,
      json: flags.json,
      quiet: flags.quiet,
    });
  }

  const passes = await passesFor(networks, steps, chosen, flags);
  const options: FileOptions = { passes, region, quality, bitDepth: depth, metadata, force };
  const jobFor = async (target: Target, now = options): Promise<FileJob> => ({
    finished: await report.finished(target.input),
    options: now,
    done: (result) => report.done(result),
    failed: (error) => report.failed(target.input, toPlainError(error)),
  });
  const { network, tuning, adapt } = passes[0]!.options;
  if (series && adapt && all.length > 1) {
    // All parts learn from the whole, so that they come to the same weights.
    const request = { network, device: flags.device, tuning, adapt, options, teachers: all };
    return upscaleSeries(environment, flags, targets, request, jobFor);
  }
  return runFiles(environment, flags, targets, (target) => jobFor(target));
}

/** Parts that run at the same time have a report each. */
function reportPath(stepsPath: string, { report, part }: PlayFlags, cwd: string): string {
  if (report !== undefined) return resolve(cwd, report);
  const which = part ? `-${part.number}-of-${part.of}` : '';
  return join(dirname(stepsPath), `${basename(stepsPath, extname(stepsPath))}-report${which}.json`);
}

function checkTogether(flags: PlayFlags): void {
  const bad = (message: string, advice: string) => new LWayError('bad-option', message, advice);
  if (flags.json && flags.quiet) throw bad('--json and --quiet exclude each other.', 'Use one of them.');
  if (flags.queue === undefined) {
    if (flags.root !== undefined || !flags.wait)
      throw bad('--root and --no-wait only work with a queue.', 'Add --queue, or leave them out.');
    return;
  }
  if (flags.part)
    throw bad('--part and --queue exclude each other: workers share a queue by themselves.', 'Use one of them.');
  if (flags.device !== 'auto' || flags.tile !== undefined)
    throw bad('With --queue the workers choose what computes.', 'Give --device and --tile to "lway work".');
}

function checkRemote({ queue, series }: PlayFlags): void {
  if (queue === undefined)
    throw new LWayError(
      'bad-option',
      'Addresses that begin with s3:// only work with a queue.',
      'Add --queue, and start "lway work" for it.',
    );
  if (series)
    throw new LWayError('bad-option', '--series needs its pictures in the shared folder.', 'Copy them there first.');
}

function checkSeries(steps: readonly UpscaleSettings[]): void {
  if (steps.length > 1)
    throw new LWayError(
      'bad-option',
      '--series works with one step: a second one would have to learn from the results of the first.',
      'Leave --series out, or play the steps one after the other.',
    );
  if (steps[0]!.adapt === 'off')
    throw new LWayError(
      'bad-option',
      '--series shares what is learned among the pictures, and the step has "adapt": "off".',
      'Change it to quick, standard or thorough, or leave --series out.',
    );
}
