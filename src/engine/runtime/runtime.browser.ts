import * as ortWasm from 'onnxruntime-web/wasm';
import * as ortWebGpu from 'onnxruntime-web/webgpu';
import { LWayError } from '../common/errors';
import { findAdapter } from './adapter.browser';
import type { LoadOrtFiles, OrtFiles } from './ort-files';
import { OrtRuntime } from './ort-runtime';
import type { Ort, Runtime } from './runtime';
import type { OpenedRuntime, Runtimes } from './runtimes';
import { wasmThreads } from './threads.browser';

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
        throw new LWayError('no-device', 'In a browser, the CPU is used through WASM.', 'Choose wasm, webgpu or auto.');
      const found = await findAdapter();
      if ('reason' in found) {
        if (device === 'webgpu')
          throw new LWayError(
            'no-device',
            `No GPU can be used here: ${found.reason}`,
            'Choose the CPU (WASM) or auto.',
          );
        return {
          runtime: await wasm(),
          notices: [`No GPU can be used here, so LWay computes on the CPU: ${found.reason}`],
        };
      }
      if (device === 'auto' && found.software) {
        const notice = `The only GPU here is emulated in software (${found.name}), which is slower than the CPU, so LWay computes on the CPU.`;
        return { runtime: await wasm(), notices: [notice] };
      }
      prepare(ortWebGpu as unknown as Ort, await load('webgpu'));
      ortWebGpu.env.webgpu.powerPreference = 'high-performance';
      return { runtime: webGpu(found), notices: [] };
    },
  };
}

function webGpu({ name, largestBuffer }: { name: string; largestBuffer: number }): Runtime {
  return new OrtRuntime(ortWebGpu as unknown as Ort, {
    device: 'webgpu',
    deviceName: name,
    largestBuffer,
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
    wasm.numThreads = wasmThreads();
  }
  return wasm.numThreads;
}
