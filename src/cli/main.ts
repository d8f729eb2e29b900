import { Command, CommanderError } from 'commander';
import { LWayError, toPlainError } from '../engine';
import { addDoctor } from './commands/doctor';
import { addNetworks } from './commands/models';
import { addPlay } from './commands/play';
import { addQueue } from './commands/queue';
import { addUpscale } from './commands/upscale';
import { addWeights } from './commands/weights';
import { addWork } from './commands/work';
import { addEvaluate } from './evaluate/command';
import { exitCode, exitCodeOf } from './exit-codes';
import type { Environment } from './environment';

const description = `LWay upscales pictures with a network that first adapts to the picture itself.
Everything is computed on this machine: no picture and no measurement leaves it.`;

/** Adds a command to the program; `finish` takes its exit code. */
export type AddCommand = (program: Command, environment: Environment, finish: (code: number) => void) => void;

/**
 * The command line.
 * @param args what follows the program's name
 * @param additions commands that reach into editors, joined in the entry
 * @returns the exit code
 */
export async function run(
  args: readonly string[],
  environment: Environment,
  additions: readonly AddCommand[] = [],
): Promise<number> {
  let code: number = exitCode.ok;
  const finish = (result: number) => {
    code = result;
  };
  const { stdout, stderr } = environment;
  const program = new Command('lway')
    .description(description)
    .version(environment.version, '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
    })
    .showHelpAfterError('Run the command with --help for its options.');
  addUpscale(program, environment, finish);
  addPlay(program, environment, finish);
  addWork(program, environment, finish);
  addQueue(program, environment, finish);
  addNetworks(program, environment);
  addWeights(program, environment);
  addDoctor(program, environment, finish);
  addEvaluate(program, environment);
  for (const add of additions) add(program, environment, finish);
  try {
    if (args.length === 0) {
      program.outputHelp();
      return exitCode.usage;
    }
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    report(error, args, environment);
    return exitCodeOf(error);
  }
}

/** An error that ended the whole command, for people or, with --json, for programs. */
function report(error: unknown, args: readonly string[], { stdout, stderr, env }: Environment): void {
  const plain = toPlainError(error);
  if (args.includes('--json')) stdout.write(`${JSON.stringify({ event: 'error', ...plain })}\n`);
  else if (plain.code === 'aborted') stderr.write('Cancelled; nothing was left behind.\n');
  else stderr.write(`${plain.message} ${plain.advice}\n`);
  if (!(error instanceof LWayError) && plain.code !== 'aborted' && env['LWAY_DEBUG']) {
    stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  }
}
