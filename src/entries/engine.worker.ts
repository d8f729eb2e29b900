import { adaptJob } from '../engine/adapt-job';
import type { WorkerPort } from '../engine/engine-messages';
import { serveEngine } from '../engine/engine-worker';
import { browserRuntimes } from '../engine/runtime/runtime.browser';

// The engine's worker, for a page's own origin or as a blob for pages that have none.
serveEngine(self as unknown as WorkerPort, { runtimes: browserRuntimes, adapt: adaptJob });
