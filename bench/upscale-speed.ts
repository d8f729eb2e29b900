import { availableParallelism } from 'node:os';
import { LocalEngine } from '../src/engine/jobs/local-engine';
import { OrtRuntime } from '../src/engine/runtime/ort-runtime';
import type { Ort } from '../src/engine/runtime/runtime';
import { nodeRuntimes } from '../src/engine/runtime/runtime.node';
import type { Runtimes } from '../src/engine/runtime/runtimes';
import { probeWebGpu } from '../src/engine/runtime/webgpu-probe.node';
import type { Bench, Cell } from './bench';
import { median } from './bench';
import { computedPicture, defaultModel, never, nowhere } from './upscale-support';

const [width, height] = [1000, 500];

// Loaded only where it is measured: both packages register in onnxruntime-common, and it would take native sessions over.
async function wasm(threads: number): Promise<Runtimes> {
  const ortWeb = await import('onnxruntime-web');
  ortWeb.env.wasm.numThreads = threads;
  const deviceName = `WASM, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  const runtime = new OrtRuntime(ortWeb as unknown as Ort, { device: 'wasm', deviceName });
  return { fallback: 'wasm', open: () => Promise.resolve({ runtime, notices: [] }) };
}

async function measure(part: string): Promise<Cell[][]> {
  if (part === 'WebGPU') {
    const probe = await probeWebGpu();
    if (!probe.works || probe.software)
      return [[part, 'not measured', probe.works ? `only software here (${probe.name})` : probe.reason]];
  }
  const device = part === 'WebGPU' ? 'webgpu' : part === 'native CPU' ? 'cpu' : 'wasm';
  const runtimes = device === 'wasm' ? await wasm(part === 'WASM' ? availableParallelism() : 1) : nodeRuntimes();
  const engine = new LocalEngine({ runtimes });
  const network = await defaultModel();
  const options = { network, size: { scale: network.entry.scale }, device } as const;
  // What is set up once does not count.
  await engine.upscale(never, computedPicture(150, 150), nowhere, options);
  const times: number[] = [];
  let name = '';
  const rounds = device === 'wasm' ? 1 : 3;
  for (let round = 0; round < rounds; round++) {
    const { seconds, deviceName } = await engine.upscale(never, computedPicture(width, height), nowhere, options);
    times.push(seconds / ((width * height) / 1e6));
    name = deviceName;
  }
  await engine.dispose();
  return [[part, median(times).toFixed(2), name]];
}

const bench: Bench = {
  title: 'Seconds per megapixel',
  about: `The default network over a picture of ${width}×${height}, 8 bit RGB, in tiles of the device's usual size; seconds per megapixel of the *input* (16 of the result), median of 3, for WASM a single run. WASM is onnxruntime-web in Node, the build that browsers without WebGPU get.`,
  head: ['device', 's per megapixel', 'what computes'],
  parts: ['native CPU', 'WASM', 'WASM, one thread', 'WebGPU'],
  run: measure,
};
export default bench;
