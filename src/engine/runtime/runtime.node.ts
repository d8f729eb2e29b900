import { availableParallelism } from 'node:os';
import { LWayError } from '../common/errors';
import * as ortNode from './onnxruntime.node';
import { OrtRuntime } from './ort-runtime';
import type { Device, Ort, Runtime } from './runtime';
import type { OpenedRuntime, Runtimes } from './runtimes';
import { probeWebGpu } from './webgpu-probe.node';

const ort = ortNode as unknown as Ort;

export interface NodeRuntimesOptions {
  /** Threads of the CPU device; all cores when left out. */
  threads?: number;
}

/** The devices of onnxruntime-node: `cpu`, and `webgpu` (Dawn over Vulkan, Metal or Direct3D 12). */
export function nodeRuntimes(options: NodeRuntimesOptions = {}): Runtimes {
  return {
    fallback: 'cpu',
    async open(device): Promise<OpenedRuntime> {
      if (device === 'cpu') return { runtime: cpuRuntime(options.threads), notices: [] };
      if (device === 'wasm')
        throw new LWayError('no-device', 'WASM is only available in browsers.', 'Choose cpu, webgpu or auto.');
      const probe = await probeWebGpu();
      if (probe.works && (device === 'webgpu' || !probe.software))
        return { runtime: ortRuntime('webgpu', probe.name), notices: [] };
      if (device === 'webgpu' && !probe.works)
        throw new LWayError('no-device', `No GPU can be used here: ${probe.reason}`, 'Choose cpu or auto.');
      const reason = probe.works
        ? `The only GPU here is emulated in software (${probe.name}), which is slower than the CPU, so LWay computes on the CPU.`
        : `No GPU can be used here, so LWay computes on the CPU: ${probe.reason}`;
      return { runtime: cpuRuntime(options.threads), notices: [reason] };
    },
  };
}

/** Native CPU; `threads` when left out is all cores. */
export function cpuRuntime(threads = availableParallelism()): Runtime {
  return new OrtRuntime(ort, {
    device: 'cpu',
    deviceName: `CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    // An arena keeps what was freed for ever, and its peak grows with every shape that it has seen.
    session: { intraOpNumThreads: threads, enableCpuMemArena: false },
  });
}

function ortRuntime(device: Device, deviceName: string): Runtime {
  return new OrtRuntime(ort, { device, deviceName });
}
