import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as ort from 'onnxruntime-node';

/** A tensor as plain data; its shape is called `dims` everywhere in ONNX Runtime. */
export interface PlainTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array | Int32Array | Uint8Array;
}
export type Tensors = Readonly<Record<string, PlainTensor>>;

/** ONNX Runtime on one device, for tests that need no more than "run this graph once". */
export interface OrtDevice {
  readonly name: DeviceName;
  run(model: Uint8Array, feeds: Tensors): Promise<Tensors>;
  close(): Promise<void>;
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
    async run(model, feeds) {
      const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4 });
      const tensors: Record<string, ort.Tensor> = {};
      for (const [name, { type, dims, data }] of Object.entries(feeds)) {
        tensors[name] = new ort.Tensor(type as 'float32', data as Float32Array, dims);
      }
      const results = await session.run(tensors);
      const outputs: Record<string, PlainTensor> = {};
      for (const [name, { type, dims, data }] of Object.entries(results)) {
        outputs[name] = { type, dims: [...dims], data: data as Float32Array };
      }
      await session.release();
      return outputs;
    },
    close: () => Promise.resolve(),
  };
}

interface Answer {
  ready?: true;
  outputs?: Tensors;
  error?: string;
}

class ProcessDevice implements OrtDevice {
  private readonly child: ChildProcess;
  private readonly ended: Promise<never>;
  private ready: Promise<unknown>;
  private stderr = '';

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
    this.ready = this.answer();
  }

  async run(model: Uint8Array, feeds: Tensors): Promise<Tensors> {
    const before = this.ready;
    const result = before.then(async () => {
      this.child.send({ model, feeds });
      const { outputs, error } = await this.answer();
      if (outputs === undefined) throw new Error(`${this.name}: ${error}`);
      return outputs;
    });
    this.ready = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || !this.child.connected) return;
    const exit = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.disconnect();
    await exit;
  }

  private answer(): Promise<Answer> {
    return Promise.race([new Promise<Answer>((resolve) => this.child.once('message', resolve)), this.ended]);
  }
}
