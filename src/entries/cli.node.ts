import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from '../cli/main';
import { addGimp } from './gimp-command.node';

/** How long an encoder that cannot be stopped may hold up the end of the process after Ctrl-C. */
const patience = 5000;

/**
 * Runs the command line in this process and ends it with its exit code.
 * @param root folder of the installed package
 */
export async function main(root: string): Promise<void> {
  const controller = new AbortController();
  const cancel = () => {
    // The second Ctrl-C does not wait for anything.
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    setTimeout(() => process.exit(130), patience).unref();
  };
  process.on('SIGINT', cancel);
  process.on('SIGTERM', cancel);
  // `lway … | head` closes our output early: that is no reason for a stack trace.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      controller.abort();
    });
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const surroundings = {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    platform: process.platform,
    home: homedir(),
    cwd: process.cwd(),
    root,
    version,
    signal: controller.signal,
  };
  const code = await run(process.argv.slice(2), surroundings, [addGimp]);
  // Native threads (libvips, ONNX Runtime) may still be at work on something abandoned.
  process.exitCode = code;
  if (controller.signal.aborted) process.exit(130);
}
