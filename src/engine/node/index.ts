/** The engine in Node: in this very process, with files for what does not fit into memory. */
export { createNodeEngine, takeInFile } from './engine';
export { knownRanges, type SaidOfNetwork } from '../upscaling/inspect-network';
export { loadNetwork, readRegistry } from '../network/networks.node';
export { createTileStore } from '../raster/store/tile-store.node';
export { env } from '../runtime/onnxruntime.node';
export { cpuRuntime, nodeRuntimes } from '../runtime/runtime.node';
export { probeWebGpu } from '../runtime/webgpu-probe.node';
