import * as ortWasm from 'onnxruntime-web/wasm';
import * as ortWebGpu from 'onnxruntime-web/webgpu';
import { LWayError } from '../errors';
import type { LoadOrtFiles, OrtFiles } from './ort-files';
import { OrtRuntime } from './ort-runtime';
import type { Ort, Runtime } from './runtime';
import type { OpenedRuntime, Runtimes } from './runtimes';

/** More threads gain little and starve the page. */
const mostThreads = 8;

/** WebGPU where there is a real adapter, else WASM. */
export function browserRuntimes(load: LoadOrtFiles): Runtimes {
  let threads: number | null = null;
  const wasm = async (): Promise<Runtime> => {
    threads ??= prepare(ortWasm as unknown as Ort, await load('wasm'));
    return new OrtRuntime(ortWasm as unknown as Ort, {
      device: 'wasm',
      deviceName: `CPU (WASM, ${threads} ${threads === 1 ? 'thread' : 'threads'})`,
    });
  };
  return {
    fallback: 'wasm',
    async open(device): Promise<OpenedRuntime> {
      if (device === 'wasm') return { runtime: await wasm(), notices: [] };
      if (device === 'cpu')
        throw new LWayError('no-device', 'In a browser the CPU computes by WASM.', 'Choose wasm, webgpu or auto.');
      const found = await findAdapter();
      if ('reason' in found) {
        if (device === 'webgpu')
          throw new LWayError(
            'no-device',
            `No GPU can be used here: ${found.reason}`,
            'Choose the CPU (WASM) or auto.',
          );
        return { runtime: await wasm(), notices: [`No GPU can be used here, so the CPU computes: ${found.reason}`] };
      }
      if (device === 'auto' && found.software) {
        const notice = `The only GPU here is emulated in software (${found.name}), slower than the CPU itself: the CPU computes.`;
        return { runtime: await wasm(), notices: [notice] };
      }
      prepare(ortWebGpu as unknown as Ort, await load('webgpu'));
      ortWebGpu.env.webgpu.powerPreference = 'high-performance';
      return { runtime: webGpu(found.name), notices: [] };
    },
  };
}

type Adapter = { name: string; software: boolean } | { reason: string };

async function findAdapter(): Promise<Adapter> {
  const gpu = (navigator as { gpu?: GPU }).gpu;
  if (!gpu) return { reason: 'this browser has no WebGPU.' };
  let adapter: GPUAdapter | null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch (error) {
    return { reason: `WebGPU says “${error instanceof Error ? error.message : String(error)}”.` };
  }
  if (!adapter) return { reason: 'WebGPU finds no graphics adapter.' };
  const { vendor, architecture, device, description } = adapter.info;
  const text = [vendor, architecture, device, description].join(' ');
  const software = adapter.info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(text);
  const known = description || [vendor, architecture].filter(Boolean).join(' ') || 'GPU';
  const name = /swiftshader/i.test(text) ? 'SwiftShader' : known;
  return { name: software ? `${name} (software)` : `${name} (WebGPU)`, software };
}

function webGpu(deviceName: string): Runtime {
  return new OrtRuntime(ortWebGpu as unknown as Ort, {
    device: 'webgpu',
    deviceName,
    deviceLost: async () => ((await ortWebGpu.env.webgpu.device) as GPUDevice).lost,
  });
}

/** Hands a build its files; the number of threads that it will have. */
function prepare(ort: Ort, files: OrtFiles): number {
  const { wasm } = ort.env;
  wasm.proxy = false;
  if ('binary' in files) {
    // Without an address the glue code inside the bundle is used, which cannot start threads.
    wasm.wasmBinary = files.binary;
    wasm.numThreads = 1;
  } else {
    wasm.wasmPaths = { wasm: files.wasm, mjs: files.mjs };
    wasm.numThreads = crossOriginIsolated ? Math.min(mostThreads, navigator.hardwareConcurrency || 1) : 1;
  }
  return wasm.numThreads;
}
