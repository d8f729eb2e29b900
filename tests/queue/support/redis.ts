import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, Socket, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedis } from '../../../scripts/redis.mjs';

const program = findRedis();

/** Whether tests with a queue can run here. */
export const hasRedis = program !== null;

/** A server of its own on the loopback address, whose data outlive it. */
export class RedisServer {
  private readonly folder = mkdtempSync(join(tmpdir(), 'lway-redis-test-'));
  private child: ChildProcess | null = null;
  port = 0;

  constructor(private readonly options: readonly string[] = []) {}

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async start(): Promise<void> {
    this.port ||= await freePort();
    const own = ['--bind', '127.0.0.1', '--dir', this.folder, '--save', '', '--appendonly', 'yes'];
    const port = this.options.includes('--tls-port') ? [] : ['--port', String(this.port)];
    const options = this.options.map((each) => each.replace('PORT', String(this.port)));
    const { name, argv0 } = program!;
    this.child = spawn(name, [...own, ...port, ...options], { stdio: 'ignore', argv0 });
    await until(() => answers(this.port));
  }

  /** As in a crash. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (!child) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function until(what: () => boolean | Promise<boolean>, seconds = 120): Promise<void> {
  const began = performance.now();
  while (!(await what())) {
    if (performance.now() - began > 1000 * seconds) throw new Error('That never came.');
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new Socket();
    const end = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
    socket.connect(port, '127.0.0.1');
  });
}
