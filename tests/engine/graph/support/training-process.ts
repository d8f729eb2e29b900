import type { Runtime, InferenceSession, Tensor } from '../../../../src/engine/runtime/runtime';
import { OrtRuntime } from '../../../../src/engine/runtime/ort-runtime';
import type { Ort } from '../../../../src/engine/runtime/runtime';
import { TrainingRun, writeGraph } from '../../../../src/engine/graph';
import { tinyStep, tinyData } from './tiny-step';

// A training run in a process of its own, on WASM or (software) WebGPU: `training-process.ts wasm|webgpu STEPS`.
// Prints what it saw as one line of JSON.

const device = process.argv[2] as 'wasm' | 'webgpu';
const steps = Number(process.argv[3]);

/** The heap that WebAssembly code made for itself. */
const memories: WebAssembly.Memory[] = [];
const Plain = WebAssembly.Memory;
WebAssembly.Memory = class extends Plain {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    super(descriptor);
    memories.push(this);
  }
};
const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = (async (...parameters: Parameters<typeof instantiate>) => {
  const result = (await instantiate(...parameters)) as unknown as WebAssembly.WebAssemblyInstantiatedSource;
  const { exports } = 'instance' in result ? result.instance : (result as unknown as WebAssembly.Instance);
  for (const value of Object.values(exports)) if (value instanceof Plain) memories.push(value);
  return result;
}) as never;
const heap = (): number => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);

/** GPU tensors that sessions gave out and nobody disposed yet. */
const live = new Set<Tensor>();
function watched(runtime: Runtime): Runtime {
  const createSession: Runtime['createSession'] = async (model, options) => {
    const session: InferenceSession = await runtime.createSession(model, options);
    const run = session.run.bind(session);
    session.run = (async (feeds: InferenceSession.FeedsType) => {
      const results = await run(feeds);
      for (const tensor of Object.values(results) as Tensor[]) {
        if (tensor.location === 'cpu') continue;
        live.add(tensor);
        const dispose = tensor.dispose.bind(tensor);
        tensor.dispose = () => {
          live.delete(tensor);
          dispose();
        };
      }
      return results;
    }) as InferenceSession['run'];
    return session;
  };
  return {
    ort: runtime.ort,
    device: runtime.device,
    deviceName: runtime.deviceName,
    createSession,
    dispose: () => runtime.dispose(),
  } as Runtime;
}

async function main(): Promise<void> {
  const ort = require(device === 'wasm' ? 'onnxruntime-web' : '../../../../src/engine/runtime/onnxruntime.node') as Ort;
  if (device === 'wasm') ort.env.wasm.numThreads = 1;
  const runtime = watched(new OrtRuntime(ort, { device, deviceName: device }));
  const { signal } = new AbortController();
  const step = tinyStep();
  if (device === 'webgpu') {
    // Every node of the step on the GPU, or this fails.
    for (const graph of [step.graph, step.evaluation]) {
      await (await runtime.createSession(writeGraph(graph), { noFallback: true })).release();
    }
  }
  const run = await TrainingRun.create(signal, runtime, step, { readEvery: 10 });
  const totals: number[] = [];
  const heaps: number[] = [];
  const alive: number[] = [];
  let turns = 0;
  const clock = setInterval(() => turns++, 1);
  for (let i = 0; i < steps; i++) {
    const losses = await run.step(signal, tinyData(), 1e-2);
    if (losses !== undefined) totals.push(losses['total']!);
    heaps.push(heap());
    alive.push(live.size);
  }
  clearInterval(clock);
  const weights = Array.from(await run.weights());
  const held = (await run.evaluate(signal, tinyData()))['total'];
  await run.dispose();
  process.stdout.write(`${JSON.stringify({ totals, heaps, alive, turns, weights, held, left: live.size })}\n`);
  process.exit(0);
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exit(1);
});
