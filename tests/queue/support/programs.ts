import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { doublingNetwork, type TestRoot } from '../../cli/support/test-root';

// Also from a bundle: both tests and benchmarks run in the checkout.
const program = join(process.cwd(), 'bin', 'lway.mjs');

/** A running `lway`, with all that it has said. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** Standard output and standard error. */
  text(): string;
  /** Lines of JSON on standard output. */
  events(): ({ event: string } & Record<string, unknown>)[];
}

/** Starts the built command line in the root's working folder. */
export function start(root: TestRoot, env: NodeJS.ProcessEnv, args: readonly string[], shell?: string): Running {
  const options = { cwd: root.work, env: { ...process.env, XDG_DATA_HOME: root.home, ...env } };
  const command = [program, ...args];
  const child = shell
    ? spawn('bash', ['-c', `${shell} && exec "$0" "$@"`, process.execPath, ...command], options)
    : spawn(process.execPath, command, options);
  let [out, err] = ['', ''];
  child.stdout.on('data', (part) => (out += String(part)));
  child.stderr.on('data', (part) => (err += String(part)));
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  const whole = () => out.slice(0, out.lastIndexOf('\n') + 1);
  return {
    child,
    ended,
    text: () => out + err,
    events: () => {
      const lines = whole().split('\n').filter(Boolean);
      return lines.map((line) => JSON.parse(line) as ReturnType<Running['events']>[number]);
    },
  };
}

/** Kills both halves of a running `lway` at once, as when its machine goes down. */
export function killMachine({ child }: Running): void {
  const id = child.pid!;
  const others = readFileSync(`/proc/${id}/task/${id}/children`, 'utf8').trim().split(' ').filter(Boolean);
  process.kill(id, 'SIGSTOP');
  for (const other of others) process.kill(Number(other), 'SIGKILL');
  process.kill(id, 'SIGKILL');
}

/** A network that doubles pixels, and steps that play it. */
export function writeSteps(root: TestRoot, step: object = {}): void {
  writeFileSync(root.path('doubling.onnx'), doublingNetwork());
  const steps = [{ action: 'upscale', model: root.path('doubling.onnx'), size: { scale: 2 }, adapt: 'off', ...step }];
  writeFileSync(root.path('steps.json'), JSON.stringify({ format: 'lway-steps', version: 2, steps }));
}
