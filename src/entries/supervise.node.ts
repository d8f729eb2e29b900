import { fork } from 'node:child_process';
import { join } from 'node:path';
import { clearAway, watcher, type Unfinished } from '../cli/files/unfinished';

/** Set in the environment of the process that does the work. */
const mark = 'LWAY_SUPERVISED';

/** How long the process that works may take to end by itself once it shall. */
const patience = 1200;
/** The same for one that gives back to a queue, over a network, what it has in work. */
const gentlePatience = 9000;
/** Commands that go on for ever: the first Ctrl-C lets them finish what is in work. */
const endless = ['work'];

/** What the process that works is told. */
export type Order = 'finish' | 'cancel';

type Message = { begun: Unfinished } | { ended: Unfinished };

/** Signals that end a program; a closed terminal hangs up. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Whether this process is the one that works, watched over by another. */
export function isSupervised(): boolean {
  return process.env[mark] === '1' && process.send !== undefined;
}

/** Tells the other process what lies on the disk; `lost` is called where that process is gone. */
export function reportUnfinished(lost: () => void): void {
  const tell = (message: Message) => {
    if (process.connected) process.send?.(message);
  };
  watcher.begun = (begun) => tell({ begun });
  watcher.ended = (ended) => tell({ ended });
  process.once('disconnect', lost);
}

/**
 * Runs the command line in a process of its own and watches over it: a network computes a tile, and a pipe without a
 * writer is opened, without letting anything else in that process run, not even the answer to Ctrl-C. Whatever ends it,
 * nothing unfinished stays on the disk.
 * @returns the exit code
 */
export function supervise(root: string, args: readonly string[]): Promise<number> {
  const unfinished = new Map<string, Unfinished>();
  const child = fork(join(root, 'bin', 'lway.mjs'), args, { stdio: 'inherit', env: { ...process.env, [mark]: '1' } });
  child.on('message', (message: Message) => {
    if ('begun' in message) unfinished.set(message.begun.folder, message.begun);
    else unfinished.delete(message.ended.folder);
  });
  const gentle = endless.includes(args[0] ?? '');
  let finishing = false;
  let cancelled = false;
  let killed = false;
  const kill = () => {
    killed = true;
    child.kill('SIGKILL');
  };
  for (const signal of signals) {
    process.on(signal, () => {
      const order = (what: Order) => child.connected && child.send(what);
      if (gentle && signal === 'SIGINT' && !finishing && !cancelled) {
        finishing = true;
        return order('finish');
      }
      // The second time nothing is waited for.
      if (cancelled) return kill();
      cancelled = true;
      setTimeout(kill, gentle ? gentlePatience : patience).unref();
      return order('cancel');
    });
  }
  return new Promise((resolve) => {
    child.on('error', (error) => {
      process.stderr.write(`LWay could not be started: ${error.message}\n`);
      resolve(3);
    });
    child.on('exit', (code, signal) => {
      for (const each of unfinished.values()) {
        try {
          clearAway(each);
        } catch {
          // Said below.
        }
      }
      if (killed && gentle) say(args, 'Ended; other workers will take what was in work.', 'aborted', '');
      else if (killed) say(args, 'Cancelled; nothing was left behind.', 'aborted', '');
      else if (signal !== null)
        say(
          args,
          `LWay was ended by ${signal}.`,
          'internal',
          'If you did not do that, memory may have run out: try a smaller --tile.',
        );
      resolve(cancelled || finishing ? 130 : (code ?? 1));
    });
  });
}

function say(args: readonly string[], message: string, code: string, advice: string): void {
  try {
    if (args.includes('--json')) process.stdout.write(`${JSON.stringify({ event: 'error', code, message, advice })}\n`);
    else process.stderr.write(`${message}${advice && ` ${advice}`}\n`);
  } catch {
    // The terminal is gone.
  }
}
