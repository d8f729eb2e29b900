import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataType } from 'onnx-buf';
import { run, type AddCommand } from '../../../src/cli/main';
import type { Environment } from '../../../src/cli/environment';

function port(name: string, elemType: TensorProto_DataType, channels = 3) {
  const free = (dimension: string) => ({ value: { case: 'dimParam' as const, value: dimension } });
  const fixed = (size: number) => ({ value: { case: 'dimValue' as const, value: BigInt(size) } });
  const dim = [fixed(1), fixed(channels), free(`${name}_height`), free(`${name}_width`)];
  return { name, type: { value: { case: 'tensorType' as const, value: { elemType, shape: { dim } } } } };
}

/** A network that doubles every pixel: one transposed convolution, so that results can be checked to the bit. */
export function doublingNetwork(type: TensorProto_DataType = TensorProto_DataType.FLOAT): Uint8Array {
  const weights = new Float32Array(3 * 3 * 2 * 2);
  for (let channel = 0; channel < 3; channel++) weights.fill(1, channel * 16, channel * 16 + 4);
  const float = TensorProto_DataType.FLOAT;
  const cast = type !== float;
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: 17n }],
      graph: {
        name: 'doubling',
        input: [port('lr', type)],
        output: [port('sr', float)],
        initializer: [{ name: 'w', dataType: float, dims: [3n, 3n, 2n, 2n], rawData: new Uint8Array(weights.buffer) }],
        node: [
          ...(cast
            ? [{ opType: 'Cast', input: ['lr'], output: ['x'], attribute: [{ name: 'to', type: 2, i: BigInt(float) }] }]
            : []),
          {
            opType: 'ConvTranspose',
            input: [cast ? 'x' : 'lr', 'w'],
            output: ['sr'],
            attribute: [{ name: 'strides', type: 7, ints: [2n, 2n] }],
          },
        ],
      },
    }),
  );
}

/** A package folder of its own with the doubling network in it, and a folder to work in. */
export class TestRoot {
  readonly folder = mkdtempSync(join(tmpdir(), 'lway-cli-test-'));
  readonly root = join(this.folder, 'package');
  readonly work = join(this.folder, 'work');
  readonly home = join(this.folder, 'home');

  constructor() {
    for (const each of [this.root, this.work, this.home, join(this.root, 'models')])
      mkdirSync(each, { recursive: true });
    const bytes = doublingNetwork();
    writeFileSync(join(this.root, 'models', 'doubling.onnx'), bytes);
    const entry = {
      id: 'doubling',
      file: 'doubling.onnx',
      kind: 'sr',
      name: 'Doubling',
      scale: 2,
      input: { name: 'lr', layout: 'NCHW', channels: 'RGB', range: [0, 1], type: 'float32' },
      output: 'sr',
      receptiveField: 1,
      multipleOf: 1,
      parameters: 36,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      licence: 'MIT',
    };
    const registry = { version: 1, default: 'doubling', models: [entry] };
    writeFileSync(join(this.root, 'models', 'models.json'), JSON.stringify(registry));
  }

  /** Puts the shipped networks into the package folder. */
  useShippedModels(): void {
    cpSync(join(__dirname, '..', '..', '..', 'models'), join(this.root, 'models'), { recursive: true });
  }

  path(...names: string[]): string {
    return join(this.work, ...names);
  }

  /** Runs the command line in this process. */
  async lway(...args: string[]): Promise<CliResult> {
    return this.lwayIn({}, ...args);
  }

  async lwayIn(changes: Partial<Environment>, ...args: string[]): Promise<CliResult> {
    return this.run(changes, [], args);
  }

  /** With further commands. */
  async lwayWith(additions: readonly AddCommand[], ...args: string[]): Promise<CliResult> {
    return this.run({}, additions, args);
  }

  private async run(
    changes: Partial<Environment>,
    additions: readonly AddCommand[],
    args: readonly string[],
  ): Promise<CliResult> {
    let stdout = '';
    let stderr = '';
    const environment: Environment = {
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      env: { XDG_DATA_HOME: this.home },
      platform: 'linux',
      home: this.home,
      cwd: this.work,
      root: this.root,
      version: '1.2.3',
      signal: new AbortController().signal,
      ...changes,
    };
    const code = await run(args, environment, additions);
    return { code, stdout, stderr };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}
