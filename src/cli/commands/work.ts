import type { Command } from 'commander';
import { LWayError } from '../../engine';
import { parseWhole } from '../option-values';
import { queueAddress } from '../queue/address';
import { filesAtOnce } from '../run-files';
import type { Environment } from '../environment';
import { addComputing, addTelling, type ComputingFlags, type TellingFlags } from './shared-options';

interface WorkFlags extends ComputingFlags, TellingFlags {
  queue?: string | true;
  root?: string;
  jobs: number;
  untilEmpty?: boolean;
  patience: number;
  metrics?: number;
}

const about = `Upscales pictures from a queue that "lway play --queue" has filled, on any number of machines at once.
What fails is tried three times, then put aside ("lway queue status" says why). If a worker is killed or loses its
machine, nothing is lost: another one takes its pictures.

Ctrl-C finishes what is in work and ends; a second one, or SIGTERM, gives it back to the queue.`;

const examples = `
Examples:
  $ lway work --queue redis://queue.local:6379 --root /mnt/pictures
  $ LWAY_QUEUE=rediss://queue.local LWAY_QUEUE_PASSWORD=… lway work    keeps the password out of the process list
  $ lway work --until-empty                                            for batch systems: ends with the last picture

Exit codes: 0 ended with nothing left to do, 1 some pictures were put aside, 2 wrong usage, 3 nothing could be started,
130 ended by Ctrl-C or SIGTERM.`;

export function addWork(program: Command, environment: Environment, finish: (code: number) => void): void {
  const command = program
    .command('work')
    .summary('upscale pictures from a queue')
    .description(about)
    .option('--queue [url]', 'redis://… or rediss://… (default: the LWAY_QUEUE variable)')
    .option('--root <folder>', 'the folder that all machines share, as it is called here (default: the current one)')
    .option(
      '--jobs <number>',
      'pictures in work at once: one is computed while others are read and written',
      parseWhole('--jobs', 1, 64),
      filesAtOnce,
    );
  addComputing(command);
  command
    .option('--until-empty', 'exit when nothing is left to do')
    .option(
      '--patience <seconds>',
      'how long a silent worker may take before it counts as gone',
      parseWhole('--patience', 2, 3600),
      30,
    )
    .option(
      '--metrics <port>',
      'serve metrics for Prometheus at http://127.0.0.1:PORT/metrics',
      parseWhole('--metrics', 0, 65535),
    );
  addTelling(command)
    .addHelpText('after', examples)
    .action(async (flags: WorkFlags) => {
      if (flags.json && flags.quiet)
        throw new LWayError('bad-option', '--json and --quiet exclude each other.', 'Use one of them.');
      const address = queueAddress(environment, flags.queue);
      const { work } = await import('../queue/worker');
      const { root, jobs, device, tile, patience, untilEmpty = false, metrics, json, quiet } = flags;
      const computing = { device, tile };
      finish(await work(environment, { address, computing, jobs, root, patience, untilEmpty, metrics, json, quiet }));
    });
}
