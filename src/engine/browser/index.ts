/** The engine in a page: the page's half, the worker's half, and what keeps results there. */
export { WorkerEngine } from './client';
export type { WorkerPort } from './messages';
export { serveEngine } from './worker';
export { adaptJob } from '../jobs/adapt-job';
export { browserRuntimes } from '../runtime/runtime.browser';
export { speed } from '../runtime/adapter.browser';
export { createTileStore } from '../raster/store/tile-store.browser';
