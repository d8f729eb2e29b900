import { adaptJob } from '../src/engine/jobs/adapt-job';
import { LocalEngine } from '../src/engine/jobs/local-engine';
import { cpuRuntime } from '../src/engine/runtime/runtime.node';
import type { Bench, Cell } from './bench';
import { reached } from './bench';
import { counted, type Work } from './counted-runtime';
import { adaptationModels, computedPicture, never, nowhere, shippedNetwork } from './upscale-support';

const side = 512;
const gpuAim = 10;
/** Floating-point operations that a laptop's GPU does in a second, in convolutions through WebGPU. */
const gpuRate = 1e12;

interface Part {
  readonly network: string;
  readonly level: 'standard' | 'quick';
  readonly threads: number;
  /** Seconds by the clock, of the whole. */
  readonly aim?: number;
}

const fast = { network: 'lway-photo-fast-x4', level: 'standard', threads: 2, aim: 60 } as const;
const parts: Readonly<Record<string, Part>> = {
  'Fast, Standard': fast,
  'Fast, Quick': { ...fast, level: 'quick', aim: undefined },
  'Fast, Standard, 1 thread': { ...fast, threads: 1 },
};

async function measure(part: string): Promise<Cell[][]> {
  const { network, level, threads, aim } = parts[part]!;
  let upscaling = false;
  const { runtime, work } = counted(cpuRuntime(threads), (graph) => {
    if (upscaling) return 'tiles';
    return /\.(training|evaluation)$/.test(graph) ? 'steps' : 'embedding';
  });
  const engine = new LocalEngine({
    adapt: adaptJob,
    runtimes: { fallback: 'cpu', open: () => Promise.resolve({ runtime, notices: [] }) },
  });
  const shipped = await shippedNetwork(network);
  let checks = 0;
  let steps = 0;
  const before = process.cpuUsage();
  const report = await engine.upscale(never, computedPicture(side, side), nowhere, {
    network: shipped,
    size: { scale: 4 },
    device: 'cpu',
    adapt: { level, strength: 1, networks: await adaptationModels(shipped) },
    onEvent: (event) => {
      if (event.type === 'phase') upscaling = event.phase === 'upscaling';
      if (event.type !== 'adaptation') return;
      steps = event.step;
      if (event.heldOut !== undefined) checks++;
    },
  });
  const used = process.cpuUsage(before);
  await engine.dispose();
  const { split = {}, seconds: adapting } = report.adaptation!;
  const tiles = report.seconds - adapting;
  const row = (what: string, seconds: number, done?: Work): Cell[] => [
    part,
    what,
    seconds.toFixed(2),
    '',
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
  const gpu = rows.reduce((sum, cells) => sum + Number(cells[6]), 0);
  return [
    ...rows,
    [
      part,
      '**all**',
      report.seconds.toFixed(1),
      ((used.user + used.system) / 1e6).toFixed(1),
      (Object.values(work).reduce((sum, { flop }) => sum + flop, 0) / 1e9).toFixed(0),
      '',
      gpu.toFixed(1),
      aim ? `≤ ${aim} s, GPU ≤ ${gpuAim} s` : '',
      aim ? `${reached(report.seconds <= aim)}, ${reached(gpu <= gpuAim)}` : '',
    ],
  ];
}

const bench: Bench = {
  title: 'Adapting to a picture, then upscaling it',
  about: `A layer of ${side}×${side}, LWay Photo Fast ×4, result ×4, on native CPU with two threads or one: where the seconds go. CPU seconds are those of all threads, user and system: they hold on a busy machine, too. GFLOP are counted from the graphs that run (convolutions and matrix products), and give the speed that the CPU reached. The laptop GPU's seconds are computed, not measured: the same work at ${gpuRate / 1e12} TFLOP/s, with what no network computes as slow as here. For comparison: 1.8 TFLOP/s is what ONNX Runtime's WebGPU convolution reached on an integrated GPU (Intel Lunar Lake; microsoft/onnxruntime#26603). Compiling shaders comes on top, at the first upscale.`,
  head: [
    'network, level',
    'part',
    'seconds here',
    'CPU seconds',
    'GFLOP',
    'GFLOP/s here',
    'seconds, laptop GPU',
    'aim',
    'reached',
  ],
  parts: Object.keys(parts),
  run: measure,
};
export default bench;
