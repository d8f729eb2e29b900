import type { Engine } from './engine';
import type { Adapt } from './engine-core';
import { LocalEngine } from './engine-core';
import type { NodeRuntimesOptions } from './runtime/runtime.node';
import { nodeRuntimes } from './runtime/runtime.node';

export interface NodeEngineOptions extends NodeRuntimesOptions {
  adapt?: Adapt;
}

/**
 * The engine in this very process. onnxruntime-node computes a tile without letting anything else run: timers and
 * signals of the process come to their turn between tiles.
 */
export function createNodeEngine(options: NodeEngineOptions = {}): Engine {
  return new LocalEngine({ runtimes: nodeRuntimes(options), adapt: options.adapt });
}
