import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as ort from '../../src/engine/runtime/onnxruntime.node';

/** A tensor as plain data; its shape is called `dims` everywhere in ONNX Runtime. */
export interface PlainTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array | Int32Array | Uint8Array;
}
export type Tensors = Readonly<Record<string, PlainTensor>>;

/** Options of the WebGPU device. */
export interface ProviderOptions {
  readonly preferredLayout?: 'NCHW' | 'NHWC';
}

/** A graph ready to run. */
export interface OrtSession {
  run(feeds: Tensors): Promise<Tensors>;
  release(): Promise<void>;
}

/** ONNX Runtime on one device, for tests that need no more than "run this graph". */
export interface OrtDevice {
  readonly name: DeviceName;
  createSession(model: Uint8Array, provider?: ProviderOptions): Promise<OrtSession>;
  close(): Promise<void>;
}

/** A graph run once. */
export async function runOnce(
  device: OrtDevice,
  model: Uint8Array,
  feeds: Tensors,
  provider: ProviderOptions = {},
): Promise<Tensors> {
  const session = await device.createSession(model, provider);
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** Native CPU; onnxruntime-web's WASM on one thread; WebGPU on SwiftShader, Chromium's Vulkan in software. */
export type DeviceName = 'native' | 'WASM' | 'WebGPU';

export function openDevice(name: DeviceName): OrtDevice {
  if (name === 'native') return nativeDevice();
  const env = { ...process.env };
  if (name === 'WebGPU') {
    const folder = swiftShaderFolder();
    if (folder === undefined) throw new Error('there is no SwiftShader here');
    // Read when the process starts: this device cannot be had in jest's own.
    env['VK_ICD_FILENAMES'] = join(folder, driverFile);
    env['LD_LIBRARY_PATH'] = folder;
  }
  return new ProcessDevice(name, env);
}

const driverFile = 'vk_swiftshader_icd.json';

/** Where Chromium keeps its software Vulkan; `undefined` where there is none. */
export function swiftShaderFolder(): string | undefined {
  const folders = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];
  if (process.env['LWAY_CHROMIUM']) folders.unshift(dirname(process.env['LWAY_CHROMIUM']));
  return folders.find((folder) => existsSync(join(folder, driverFile)) && existsSync(join(folder, 'libvulkan.so.1')));
}

/** `describe` for tests on software WebGPU: reported as skipped where it is absent. */
export const describeWithSwiftShader: jest.Describe = swiftShaderFolder() === undefined ? describe.skip : describe;

function nativeDevice(): OrtDevice {
  return {
    name: 'native',
    async createSession(model) {
      const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4 });
      return {
        async run(feeds) {
          const tensors: Record<string, ort.Tensor> = {};
          for (const [name, { type, dims, data }] of Object.entries(feeds)) {
            tensors[name] = new ort.Tensor(type as 'float32', data as Float32Array, dims);
          }
          const outputs: Record<string, PlainTensor> = {};
          for (const [name, { type, dims, data }] of Object.entries(await session.run(tensors))) {
            outputs[name] = { type, dims: [...dims], data: data as Float32Array };
          }
          return outputs;
        },
        release: () => session.release(),
      };
    },
    close: () => Promise.resolve(),
  };
}

interface Answer {
  outputs?: Tensors;
  error?: string;
}

/** Drives ort-process.cjs; one request at a time. */
class ProcessDevice implements OrtDevice {
  private readonly child: ChildProcess;
  private readonly ended: Promise<never>;
  private last: Promise<unknown>;
  private stderr = '';
  private sessions = 0;

  constructor(
    readonly name: DeviceName,
    env: NodeJS.ProcessEnv,
  ) {
    this.child = fork(join(__dirname, 'ort-process.cjs'), [name.toLowerCase()], {
      env,
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child.stderr?.on('data', (text: Buffer) => (this.stderr = (this.stderr + text.toString()).slice(-2000)));
    this.ended = new Promise((_, reject) => {
      this.child.once('exit', (code, signal) => {
        reject(new Error(`the ${name} process ended (${code ?? signal}): ${this.stderr}`));
      });
    });
    this.ended.catch(() => undefined);
    this.last = this.answer();
  }

  async createSession(model: Uint8Array, provider: ProviderOptions = {}): Promise<OrtSession> {
    const id = this.sessions++;
    await this.ask({ do: 'create', id, model, provider });
    return {
      run: (feeds) => this.ask({ do: 'run', id, feeds }),
      release: async () => {
        await this.ask({ do: 'release', id });
      },
    };
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || !this.child.connected) return;
    const exit = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.disconnect();
    // Dawn's own clearing up takes seconds on a busy machine.
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), 1000);
    await exit;
    clearTimeout(impatience);
  }

  private ask(message: object): Promise<Tensors> {
    const result = this.last.then(async () => {
      this.child.send(message);
      const { outputs, error } = await this.answer();
      if (outputs === undefined) throw new Error(`${this.name}: ${error}`);
      return outputs;
    });
    this.last = result.catch(() => undefined);
    return result;
  }

  private answer(): Promise<Answer> {
    return Promise.race([new Promise<Answer>((resolve) => this.child.once('message', resolve)), this.ended]);
  }
}
