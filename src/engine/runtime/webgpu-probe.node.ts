import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { platform } from 'node:os';
import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataType } from 'onnx-buf';
import './no-telemetry.node';

/** What a try with WebGPU in a process of its own brought to light. */
export type WebGpuProbe =
  | { works: true; name: string; software: boolean }
  /** `reason`: what the GPU's side said. */
  | { works: false; reason: string };

let probe: Promise<WebGpuProbe> | undefined;

/**
 * Whether onnxruntime-node gets a GPU here, and what kind. Tried in a process of its own: a broken driver can end it,
 * and Dawn writes its complaints straight to stderr. The answer is kept.
 */
export function probeWebGpu(): Promise<WebGpuProbe> {
  probe ??= new Promise((resolve) => {
    const runtime = createRequire(__filename).resolve('onnxruntime-node');
    const model = Buffer.from(reluModel()).toString('base64');
    execFile(
      process.execPath,
      ['-e', script, runtime, model],
      { timeout: 30_000, env: process.env },
      (error, stdout, stderr) => {
        const answer = /^lway-probe (.*)$/m.exec(stdout)?.[1];
        if (answer) resolve(judged(JSON.parse(answer) as Answer));
        else resolve({ works: false, reason: complaint(stderr) ?? error?.message ?? 'the try gave no answer.' });
      },
    );
  });
  return probe;
}

interface Answer {
  error?: string;
  /** File names of Vulkan drivers in the process (Linux). */
  drivers: string[];
}

// Runs as a script of its own: plain JavaScript, nothing of this module is in reach.
const script = `
const [, runtime, model] = process.argv;
const ort = require(runtime);
const drivers = () => {
  try {
    const maps = require('fs').readFileSync('/proc/self/maps', 'utf8');
    return [...new Set(maps.match(/lib(vulkan_|vk_|GLX_nvidia|nvidia-vulkan)[^/\\s]*/g) ?? [])];
  } catch { return []; }
};
(async () => {
  const answer = { drivers: [] };
  try {
    const session = await ort.InferenceSession.create(Buffer.from(model, 'base64'), { executionProviders: ['webgpu'], logSeverityLevel: 4 });
    const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(-1, 2), [2]) });
    if (y.data[0] !== 0 || y.data[1] !== 2) answer.error = 'it computes wrongly.';
    answer.drivers = drivers();
  } catch (error) { answer.error = String(error.message); }
  process.stdout.write('lway-probe ' + JSON.stringify(answer) + '\\n', () => process.exit(0));
})();`;

/** What the answer of the try says of the GPU. */
export function judged({ error, drivers }: Answer): WebGpuProbe {
  if (error !== undefined) return { works: false, reason: complaint(error) ?? 'WebGPU found no adapter.' };
  const software = drivers.filter((driver) => /swiftshader|lvp|llvmpipe/i.test(driver));
  const hardware = drivers.filter((driver) => !software.includes(driver));
  if (drivers.length > 0 && hardware.length === 0)
    return { works: true, software: true, name: `${names(software)} (software)` };
  const api = platform() === 'darwin' ? 'Metal' : platform() === 'win32' ? 'Direct3D 12' : 'Vulkan';
  return { works: true, software: false, name: `${names(hardware) || 'GPU'} through ${api}` };
}

function names(drivers: readonly string[]): string {
  const known: [RegExp, string][] = [
    [/swiftshader/i, 'SwiftShader'],
    [/lvp|llvmpipe/i, 'llvmpipe'],
    [/nvidia/i, 'NVIDIA GPU'],
    [/radeon|amd/i, 'AMD GPU'],
    [/intel/i, 'Intel GPU'],
  ];
  return known
    .filter(([pattern]) => drivers.some((driver) => pattern.test(driver)))
    .map(([, name]) => name)
    .join(' or ');
}

/** The part of ONNX Runtime's or Dawn's text that a person can use. */
function complaint(text: string): string | undefined {
  if (/libvulkan/.test(text)) return 'Vulkan is not installed (libvulkan.so.1 is missing).';
  const adapter = /Failed to get a WebGPU adapter: *(.*)/.exec(text)?.[1]?.trim();
  if (adapter) return `WebGPU found none (${adapter}).`;
  return text.trim().split('\n', 1)[0]?.slice(0, 200) || undefined;
}

/** y = Relu(x) over a vector: the least that shows whether a device computes. */
function reluModel(): Uint8Array {
  const port = (name: string) => ({
    name,
    type: {
      value: {
        case: 'tensorType' as const,
        value: {
          elemType: TensorProto_DataType.FLOAT,
          shape: { dim: [{ value: { case: 'dimValue' as const, value: 2n } }] },
        },
      },
    },
  });
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      name: 'probe',
      input: [port('x')],
      output: [port('y')],
      node: [{ opType: 'Relu', input: ['x'], output: ['y'] }],
    },
  });
  return toBinary(ModelProtoSchema, model);
}
