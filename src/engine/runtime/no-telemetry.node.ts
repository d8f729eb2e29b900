import { isMainThread } from 'node:worker_threads';

// ONNX Runtime's native library, as its makers build it, reads the machine's id, keeps events and a device id under the
// user's cache folder and, after some seconds of work, sends them to its makers. It looks at this variable once, when it
// is loaded. docs/privacy.md tells what was seen and how it is tested.
const variable = 'ORT_DISABLE_TELEMETRY';

// A thread's own environment is a copy which native code never sees: there it must have been set by the main thread.
if (!isMainThread && process.env[variable] !== '1')
  throw new Error(`Set ${variable}=1 in the process before a thread of it loads ONNX Runtime.`);
process.env[variable] = '1';
