import { adaptJob, browserRuntimes, serveEngine, type WorkerPort } from '../engine/browser';

// The engine's worker, for a page's own origin or as a blob for pages that have none.
serveEngine(self as unknown as WorkerPort, { runtimes: browserRuntimes, adapt: adaptJob });
