import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findGimps } from '../../../../scripts/gimp.mjs';
import { LWayError } from '../../../../src/engine/common/errors';
import type { Rect } from '../../../../src/engine/raster/raster';
import type { GimpPort, Question } from '../../../../src/hosts/gimp/protocol';
import { PipePort } from '../../../../src/hosts/gimp/pipe-port.node';
import { plugInError } from '../../../../src/hosts/gimp/errors';

export type GimpProgram = ReturnType<typeof findGimps>[number];
export const gimps: readonly GimpProgram[] = findGimps();

export interface LayerState {
  id: number;
  name: string;
  bounds: Rect;
  opacity: number;
  mode: number;
  visible: boolean;
  mask: { applied: boolean; pixels: string } | null;
  pixels: string | null;
  children: LayerState[];
}

export interface ImageState {
  image: number;
  width: number;
  height: number;
  selection: Rect | null;
  selected: string;
  channels: number;
  layers: LayerState[];
  active: number[];
}

export interface NewLayer {
  name: string;
  x: number;
  y: number;
  width: number;
  height: number;
  alpha: boolean;
  pixels: Uint8Array;
}

/** A process that there is not. */
export const nobody = 2 ** 22 + 1;

const never = () => new AbortController().signal;
const support = __dirname;
const project = resolve(support, '../../../..');
/** A busy machine starts GIMP slowly. */
const patience = 120_000;

/** A real GIMP without windows, in which the plug-in runs, with a few tasks more: what a person could do. */
export class Gimp {
  private constructor(
    readonly folder: string,
    private readonly process: ChildProcess,
    private readonly server: Server,
    private readonly socket: Socket,
    readonly port: GimpPort,
  ) {}

  /** @param window shows GIMP's windows, on this X display, with a profile that lasts longer */
  static async start(
    program: GimpProgram,
    window?: { display: string; profile: string; env: Record<string, string> },
  ): Promise<Gimp> {
    const folder = mkdtempSync(join(tmpdir(), 'lway-test-gimp-'));
    const profile = window?.profile ?? join(folder, 'profile');
    const path = join(folder, 'socket');
    onlyOurPlugIns(program, profile);
    putTestPlugIn(program, profile, [process.execPath, join(support, 'relay.mjs'), path]);
    const server = createServer();
    await new Promise<void>((done) => server.listen(path, done));
    const connected = new Promise<Socket>((done) => server.once('connection', done));
    const two = program.version === '2.10';
    const [command, ...args] = window ? program.window : program.console;
    const flags = window ? ['--no-splash', '-d', '-f'] : ['-i', '-d', '-f'];
    const batch = two
      ? ['-b', '(lway-test RUN-NONINTERACTIVE)']
      : ['--batch-interpreter=plug-in-script-fu-eval', '-b', '(lway-test)'];
    const env = {
      ...process.env,
      ...profileOf(program, profile),
      LC_ALL: 'C.UTF-8',
      ...(window ? { DISPLAY: window.display, ...window.env } : {}),
    };
    let log = '';
    const child = spawn(command!, [...args, ...flags, ...batch], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (text: Buffer) => (log = (log + text.toString()).slice(-4000)));
    let timer: NodeJS.Timeout | undefined;
    try {
      const socket = await Promise.race([
        connected,
        new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new Error(`GIMP has not started the plug-in:\n${log}`)), patience);
          child.once('exit', () => reject(new Error(`GIMP has ended:\n${log}`)));
        }),
      ]);
      return new Gimp(folder, child, server, socket, new PipePort(socket, socket));
    } catch (error) {
      end(child);
      server.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * LWay once more in the same GIMP, until its socket is closed.
   * @returns its port, and when it has ended: until then this one answers nothing
   */
  async another(): Promise<{ port: GimpPort; socket: Socket; ended: Promise<unknown> }> {
    const connected = new Promise<Socket>((done) => this.server.once('connection', done));
    const ended = this.task('another');
    const socket = await connected;
    return { port: new PipePort(socket, socket), socket, ended };
  }

  async task<T>(op: string, task: object = {}, bytes?: Uint8Array): Promise<{ answer: T; bytes: Uint8Array }> {
    const result = await this.port.ask(never(), { op: `test_${op}`, ...task } as unknown as Question, bytes);
    const { error } = result.answer as { error?: { code: 'failed'; message?: string } };
    if (error) throw plugInError(error);
    return result as { answer: T; bytes: Uint8Array };
  }

  /** What a person does to an image or a layer. */
  async act(what: string, task: object, bytes?: Uint8Array): Promise<Record<string, number>> {
    return (await this.task<Record<string, number>>('do', { what, ...task }, bytes)).answer;
  }

  async create(
    document: { width: number; height: number; base?: 'rgb' | 'gray'; precision: number },
    layers: readonly NewLayer[],
  ): Promise<{ image: number; layers: number[] }> {
    const described = layers.map(({ pixels, ...layer }) => ({ ...layer, bytes: pixels.length }));
    const bytes = Buffer.concat(layers.map(({ pixels }) => pixels));
    const task = { base: 'rgb', ...document, layers: described };
    return (await this.task<{ image: number; layers: number[] }>('create', task, bytes)).answer;
  }

  /** A new image with a window of its own. */
  async show(...document: Parameters<Gimp['create']>): Promise<{ image: number; layers: number[] }> {
    const made = await this.create(...document);
    await this.act('show', { image: made.image });
    return made;
  }

  /** How many images there are that nobody sees: work of the plug-in. */
  async hidden(): Promise<number> {
    return (await this.task<{ hidden: number }>('images')).answer.hidden;
  }

  /** What a person has open. */
  async images(): Promise<ImageState[]> {
    return (await this.task<{ images: ImageState[] }>('images')).answer.images;
  }

  async image(image: number): Promise<ImageState> {
    const found = (await this.images()).find((each) => each.image === image);
    if (!found) throw new LWayError('internal', 'There is no such image.', '');
    return found;
  }

  /** Raw values of a layer, of a layer's mask or of the selection. */
  async pixels(item: number): Promise<{ width: number; height: number; bytes: Uint8Array }> {
    const { answer, bytes } = await this.task<{ width: number; height: number }>('pixels', { item });
    return { ...answer, bytes };
  }

  async maskOf(layer: number): Promise<number> {
    return (await this.task<{ item: number }>('mask_of', { layer })).answer.item;
  }

  async selectionOf(image: number): Promise<number> {
    return (await this.task<{ item: number }>('selection_of', { image })).answer.item;
  }

  async closeAll(): Promise<void> {
    for (const { image } of await this.images()) await this.act('close', { image });
  }

  async stop(): Promise<void> {
    const gone = new Promise((done) => (this.process.exitCode === null ? this.process.once('exit', done) : done(null)));
    end(this.process);
    await gone;
    this.socket.destroy();
    await new Promise((done) => this.server.close(done));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** GIMP's plug-ins are processes of their own, in the same group. */
function end(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

export function profileOf({ version }: GimpProgram, profile: string): Record<string, string> {
  return version === '2.10' ? { GIMP2_DIRECTORY: profile } : { GIMP3_DIRECTORY: profile };
}

/** GIMP asks each of its hundred plug-ins when it is first started, which takes half a minute: it needs only Script-Fu. */
function onlyOurPlugIns({ version, scriptFu }: GimpProgram, profile: string): void {
  if (!scriptFu) return;
  mkdirSync(join(profile, 'plug-ins'), { recursive: true });
  const settings = ['(plug-in-path "${gimp_dir}/plug-ins")'];
  // Its greeting would take the keys.
  if (version === '3.0') settings.push('(show-welcome-dialog no)', '(config-version "3.0.4")');
  writeFileSync(join(profile, 'gimprc'), settings.join('\n'));
  symlinkSync(scriptFu, join(profile, 'plug-ins', 'script-fu'));
}

function putTestPlugIn({ version }: GimpProgram, profile: string, command: string[]): void {
  const folder = join(profile, 'plug-ins', 'lway-test');
  mkdirSync(folder, { recursive: true });
  const config = JSON.stringify({ command });
  if (version === '2.10') {
    const file = join(folder, 'lway-test.cjs');
    execFileSync(process.execPath, [
      join(project, 'tests/support/bundle.mjs'),
      join(support, 'lway-test.node.ts'),
      file,
      'node',
    ]);
    writeFileSync(file, `#!${process.execPath}\n${readFileSync(file, 'utf8')}`);
    writeFileSync(join(folder, 'lway-test.json'), config);
    chmodSync(file, 0o755);
    return;
  }
  copyFileSync(join(support, 'lway-test.py'), join(folder, 'lway-test.py'));
  chmodSync(join(folder, 'lway-test.py'), 0o755);
  // Beside the product's own file, whose code it runs.
  const own = join(profile, 'plug-ins', 'lway-test', 'lway.py');
  copyFileSync(join(project, 'src/hosts/gimp/plug-in3/lway.py'), own);
  writeFileSync(join(folder, 'lway.json'), config);
}
