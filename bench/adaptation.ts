import { adaptJob } from '../src/engine/adapt-job';
import { LocalEngine } from '../src/engine/engine-core';
import { cpuRuntime } from '../src/engine/runtime/runtime.node';
import type { Bench, Cell } from './bench';
import { reached } from './bench';
import { counted, type Work } from './counted-runtime';
import { adaptationModels, computedPicture, defaultModel, never, nowhere } from './upscale-support';

const side = 512;
const aims = { cpu: 60, gpu: 10 };
/** Floating-point operations that a laptop's GPU does in a second, in convolutions through WebGPU. */
const gpuRate = 1e12;

async function measure(part: string): Promise<Cell[][]> {
  let upscaling = false;
  const { runtime, work } = counted(cpuRuntime(), (graph) => {
    if (upscaling) return 'tiles';
    return /\.(training|evaluation)$/.test(graph) ? 'steps' : 'embedding';
  });
  const engine = new LocalEngine({
    adapt: adaptJob,
    runtimes: { fallback: 'cpu', open: () => Promise.resolve({ runtime, notices: [] }) },
  });
  const model = await defaultModel();
  let checks = 0;
  let steps = 0;
  const report = await engine.upscale(never, computedPicture(side, side), nowhere, {
    model,
    size: { scale: 4 },
    device: 'cpu',
    adapt: { level: part === 'Quick' ? 'quick' : 'standard', strength: 1, models: await adaptationModels(model) },
    onEvent: (event) => {
      if (event.type === 'phase') upscaling = event.phase === 'upscaling';
      if (event.type !== 'adaptation') return;
      steps = event.step;
      if (event.heldOut !== undefined) checks++;
    },
  });
  await engine.dispose();
  const { split = {}, seconds: adapting } = report.adaptation!;
  const tiles = report.seconds - adapting;
  const row = (what: string, seconds: number, done?: Work): Cell[] => [
    part,
    what,
    seconds.toFixed(2),
    done ? (done.flop / 1e9).toFixed(0) : '',
    done ? (done.flop / 1e9 / done.seconds).toFixed(0) : '',
    // What is no network's work takes as long as here.
    (done ? done.flop / gpuRate + Math.max(0, seconds - done.seconds) : seconds).toFixed(2),
    '',
    '',
  ];
  const rows = [
    row('embedding, start, pairs, before', split['embedding']!, work['embedding']),
    row('graph building', split['graphs']!),
    row('sessions', split['sessions']!),
    row(`${steps} steps, ${checks} checks`, split['steps']!, work['steps']),
    row(`${report.tiles} tiles`, tiles, work['tiles']),
  ];
  const gpu = rows.reduce((sum, cells) => sum + Number(cells[5]), 0);
  const aim = part === 'Standard';
  return [
    ...rows,
    [
      part,
      '**all**',
      report.seconds.toFixed(1),
      (Object.values(work).reduce((sum, { flop }) => sum + flop, 0) / 1e9).toFixed(0),
      '',
      gpu.toFixed(1),
      aim ? `≤ ${aims.cpu} s, GPU ≤ ${aims.gpu} s` : '',
      aim ? `${reached(report.seconds <= aims.cpu)}, ${reached(gpu <= aims.gpu)}` : '',
    ],
  ];
}

const bench: Bench = {
  title: 'Adapting to a picture, then upscaling it',
  about: `A layer of ${side}×${side}, the default network, result ×4, on native CPU: where the seconds go. GFLOP are counted from the graphs that run (convolutions and matrix products), and give the speed that the CPU reached. The laptop GPU's seconds are computed, not measured: the same work at ${gpuRate / 1e12} TFLOP/s, with what no network computes as slow as here. For comparison: 1.8 TFLOP/s is what ONNX Runtime's WebGPU convolution reached on an integrated GPU (Intel Lunar Lake; microsoft/onnxruntime#26603). Compiling shaders comes on top, at the first upscale.`,
  head: ['level', 'part', 'seconds here', 'GFLOP', 'GFLOP/s here', 'seconds, laptop GPU', 'aim', 'reached'],
  parts: ['Standard', 'Quick'],
  run: measure,
};
export default bench;
