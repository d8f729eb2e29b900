import type { SeriesEngine } from '../contract';
import { adaptJob } from '../jobs/adapt-job';
import { LocalEngine } from '../jobs/local-engine';
import type { Network } from '../network/registry';
import type { NodeRuntimesOptions } from '../runtime/runtime.node';
import { cpuRuntime, nodeRuntimes } from '../runtime/runtime.node';
import { takeIn, type Brought } from '../upscaling/take-in';

/**
 * The engine in this very process. onnxruntime-node computes a tile without letting anything else run: timers and
 * signals of the process come to their turn between tiles.
 */
export function createNodeEngine(options: NodeRuntimesOptions = {}): SeriesEngine {
  return new LocalEngine({ runtimes: nodeRuntimes(options), adapt: adaptJob });
}

/**
 * Makes a network of whatever a person brings, on the CPU of this process: turned into ONNX where it is not, with one
 * picture of three channels in and out, and tried.
 *
 * @throws LWayError `bad-model` with the reason why it cannot be used
 */
export async function takeInFile(signal: AbortSignal, brought: Brought): Promise<Network> {
  const runtime = cpuRuntime();
  try {
    return await takeIn(signal, brought, runtime);
  } finally {
    await runtime.dispose();
  }
}
