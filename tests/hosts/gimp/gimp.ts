import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScriptFu } from '../../../src/hosts/gimp/script-fu';

export const gimpProgram = ['gimp-console-2.10', 'gimp-console'].find((name) => {
  try {
    return /2\.10/.test(execFileSync(name, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return false;
  }
});

/** A real GIMP without windows, its Script-Fu server listening. */
export class Gimp {
  readonly folder = mkdtempSync(join(tmpdir(), 'lway-gimp-test-'));
  private constructor(
    private readonly process: ChildProcess,
    readonly port: number,
    readonly scriptFu: ScriptFu,
  ) {}

  static async start(): Promise<Gimp> {
    const port = await freePort();
    const profile = mkdtempSync(join(tmpdir(), 'lway-gimp-profile-'));
    const batch = `(plug-in-script-fu-server RUN-NONINTERACTIVE "127.0.0.1" ${port} "")`;
    const env = { ...process.env, GIMP2_DIRECTORY: profile };
    const child = spawn(gimpProgram!, ['-i', '-d', '-f', '-b', batch], { env, stdio: 'ignore', detached: true });
    child.on('exit', () => rmSync(profile, { recursive: true, force: true }));
    for (let patience = 300; ; patience--) {
      const scriptFu = new ScriptFu({ port, timeout: 30_000 });
      try {
        await scriptFu.run(new AbortController().signal, '(gimp-version)');
        return new Gimp(child, port, scriptFu);
      } catch (error) {
        if (patience === 0 || child.exitCode !== null) throw error;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  run(script: string): Promise<string> {
    return this.scriptFu.run(new AbortController().signal, script);
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    this.scriptFu.close();
    // Its plug-ins are processes of their own, in the same group.
    process.kill(-this.process.pid!, 'SIGKILL');
    await gone;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
