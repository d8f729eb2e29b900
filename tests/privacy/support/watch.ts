import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a program did, as its system calls tell. */
export interface SystemCalls {
  /** Sockets other than those between processes of this machine, and what was sent through them. */
  network: string[];
  /** Files that were made, changed, renamed or removed. */
  changed: string[];
  /** Every other path that was asked for and is there. */
  read: string[];
}

export interface Watched {
  status: number | null;
  seconds: number;
  stdout: string;
  stderr: string;
  /** Files under the home folder and under the folder for temporary files, relative to {@link Watch.folder}. */
  left: string[];
  /** `undefined` where strace cannot be used. */
  calls: SystemCalls | undefined;
}

/** A home, a folder for temporary files and a working folder of its own for a program that is watched. */
export class Watch {
  readonly folder = mkdtempSync(join(tmpdir(), 'lway-watch-'));
  readonly work = this.make('work');
  private readonly home = this.make('home');
  private readonly temporary = this.make('tmp');

  private make(name: string): string {
    mkdirSync(join(this.folder, name));
    return join(this.folder, name);
  }

  /** Runs Node with `args` in the working folder, under strace where there is one. */
  run(args: readonly string[]): Watched {
    const log = join(this.folder, 'calls');
    const strace = ['-f', '-qq', '-s', '400', '--seccomp-bpf', '-e', 'trace=%file,%network', '-o', log];
    const command = canTrace ? ['strace', ...strace, process.execPath, ...args] : [process.execPath, ...args];
    const begun = performance.now();
    const { status, stdout, stderr } = spawnSync(command[0]!, command.slice(1), {
      cwd: this.work,
      encoding: 'utf8',
      // Nothing of this process's own: neither what its tests set, nor what a machine sets for Node.
      env: { PATH: process.env['PATH'], HOME: this.home, TMPDIR: this.temporary },
    });
    const seconds = (performance.now() - begun) / 1000;
    const left = [this.home, this.temporary].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    );
    const calls = canTrace ? readCalls(readFileSync(log, 'utf8'), this.work) : undefined;
    return { status, seconds, stdout, stderr, left, calls };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Whether strace is here and allowed to watch. */
export const canTrace: boolean =
  spawnSync('strace', ['-f', '-qq', '--seccomp-bpf', '-o', '/dev/null', '-e', 'trace=%file', 'true']).status === 0;

const changing = /^(mkdir|mknod|rename|unlink|rmdir|link|symlink|chmod|fchmod|chown|truncate|utime|setxattr|creat)/;

function readCalls(log: string, folder: string): SystemCalls {
  const network: string[] = [];
  const changed = new Set<string>();
  const read = new Set<string>();
  for (const line of joined(log)) {
    const [, name, rest] = /^\d+ +(\w+)\((.*)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) continue;
    if (/^(socket|connect|bind|send|recv|getpeername|getsockname|listen|accept)/.test(name)) {
      // Sockets of this machine's own processes have no way out; what goes through numbered ones follows a `socket`.
      // A message without an address goes through a socket that was opened or connected before, and is listed there.
      const local = /AF_UNIX|AF_NETLINK|msg_name=NULL/.test(rest) || name === 'socketpair';
      if (!local) network.push(`${name}(${rest}`);
      continue;
    }
    const missing = /= -1 E(NOENT|NOTDIR|INVAL|EXIST)/.test(rest);
    const paths = [...rest.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, path]) =>
      path!.startsWith('/') ? path! : join(folder, path!),
    );
    const write = changing.test(name) || /O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)/.test(rest);
    if (name === 'readlink' || name === 'readlinkat') paths.splice(1);
    if (name === 'execve') paths.splice(1);
    for (const path of paths) {
      if (write && !/= -1 E(NOENT|EXIST)/.test(rest)) changed.add(path);
      else if (!missing) read.add(path);
    }
  }
  return { network, changed: [...changed], read: [...read] };
}

/** Lines of a log, those put together again that another thread's call cut in two. */
function* joined(log: string): Generator<string> {
  const begun = new Map<string, string>();
  for (const line of log.split('\n')) {
    const thread = /^\d+/.exec(line)?.[0] ?? '';
    if (line.endsWith('<unfinished ...>')) {
      begun.set(thread, line.slice(0, -'<unfinished ...>'.length));
    } else {
      const resumed = /^\d+ +<\.\.\. \w+ resumed>(.*)$/.exec(line)?.[1];
      yield resumed === undefined ? line : (begun.get(thread) ?? '') + resumed;
    }
  }
}
