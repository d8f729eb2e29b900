import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from '../cli/main';
import { addGimp } from './gimp-command.node';
import { isSupervised, reportUnfinished, supervise, type Order } from './supervise.node';

/**
 * Runs the command line and ends this process with its exit code. The work is done in a second process, which this one
 * watches over.
 * @param root folder of the installed package
 */
export async function main(root: string): Promise<void> {
  if (!isSupervised()) {
    ignoreClosedOutput(() => undefined);
    process.exit(await supervise(root, process.argv.slice(2)));
  }
  const controller = new AbortController();
  const finishing = new AbortController();
  const cancel = () => controller.abort();
  // A terminal sends its Ctrl-C to both processes: the other one says what it means.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, cancel);
  process.on('message', (order: Order) => (order === 'finish' ? finishing.abort() : cancel()));
  reportUnfinished(cancel);
  ignoreClosedOutput(cancel);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const environment = {
    stdout: process.stdout,
    stderr: process.stderr,
    streams: { input: process.stdin, output: process.stdout },
    env: process.env,
    platform: process.platform,
    home: homedir(),
    cwd: process.cwd(),
    root,
    version,
    signal: controller.signal,
    finish: finishing.signal,
  };
  const code = await run(process.argv.slice(2), environment, [addGimp]);
  // Native threads (libvips, ONNX Runtime) may still be at work on something abandoned.
  if (controller.signal.aborted) process.exit(130);
  process.exitCode = code;
  // The channel to the other process would keep this one alive.
  process.disconnect();
}

/** `lway … | head`, or a terminal that is closed, ends our output early: that is no reason for a stack trace. */
function ignoreClosedOutput(then: () => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
      then();
    });
  }
}
