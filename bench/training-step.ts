import { lowerings, writeGraph } from '../src/engine/graph';
import { nodeRuntimes } from '../src/engine/runtime/runtime.node';
import { probeWebGpu } from '../src/engine/runtime/webgpu-probe.node';
import type { Bench, Cell } from './bench';
import { median } from './bench';
import {
  bigStep,
  byTurns,
  milliseconds,
  nativeRuntime,
  ratioOf,
  threads,
  torchTrainer,
  trainer,
  wasmRuntime,
} from './training-step-support';

const rounds = 7;
const verdict = (value: number, aim: number): string => (value <= aim ? 'yes' : 'no');

async function againstTorch(): Promise<Cell[][]> {
  const torch = await torchTrainer(16);
  if (torch === undefined) return [['native against PyTorch', '–', 'no PyTorch here', '≤ 1.0', '–']];
  const native = await trainer(nativeRuntime(), bigStep(16));
  const [ours, theirs] = (await byTurns([native, torch], rounds, 5)) as [number[], number[]];
  await native.close();
  await torch.close();
  const ratio = ratioOf(ours, theirs);
  const times = `${milliseconds(median(ours))} against ${milliseconds(median(theirs))} ms`;
  return [[`native against PyTorch ${torch.version} eager`, times, ratio.toFixed(2), '≤ 1.0', verdict(ratio, 1)]];
}

async function wasmAgainstNative(): Promise<Cell[][]> {
  const trainers = [await trainer(wasmRuntime(), bigStep(16)), await trainer(nativeRuntime(), bigStep(16))];
  const [wasm, native] = (await byTurns(trainers, rounds, 3)) as [number[], number[]];
  for (const one of trainers) await one.close();
  const ratio = ratioOf(wasm, native);
  const times = `${milliseconds(median(wasm))} against ${milliseconds(median(native))} ms`;
  return [[`WASM with ${threads} threads against native`, times, ratio.toFixed(2), '≤ 4', verdict(ratio, 4)]];
}

async function gpuAgainstCuda(): Promise<Cell[][]> {
  const what = 'WebGPU against PyTorch CUDA, float32';
  const probe = await probeWebGpu();
  if (!probe.works || probe.software) return [[what, '–', 'no GPU here', '–', 'open']];
  const { runtime } = await nodeRuntimes().open('webgpu');
  const ours = await trainer(runtime, bigStep(16, lowerings.webgpu), 1);
  const torch = await torchTrainer(16, 'cuda');
  const [times, theirs] = await byTurns(torch === undefined ? [ours] : [ours, torch], rounds, 20);
  await ours.close();
  await torch?.close();
  const here = `${milliseconds(median(times!))} ms on ${runtime.deviceName}`;
  if (theirs === undefined) return [[what, here, 'no CUDA here', '–', 'open']];
  return [[what, `${here} against ${milliseconds(median(theirs))} ms`, ratioOf(times!, theirs).toFixed(2), '–', '–']];
}

async function outside(): Promise<Cell[][]> {
  const rows: Cell[][] = [];
  for (const [name, runtime] of [
    ['native', nativeRuntime()],
    ['WASM', wasmRuntime()],
  ] as const) {
    const one = await trainer(runtime, bigStep(16));
    await one.steps(2);
    const before = one.inside();
    const total = (await one.steps(20)).reduce((sum, time) => sum + time, 0);
    const share = (total - (one.inside() - before)) / total;
    await one.close();
    const each = `${((share * total * 1000) / 20).toFixed(2)} ms a step`;
    rows.push([`outside session.run, ${name}`, each, `${(100 * share).toFixed(2)} %`, '≤ 3 %', verdict(share, 0.03)]);
  }
  return rows;
}

async function preparing(): Promise<Cell[][]> {
  const graphs: number[] = [];
  const all: number[] = [];
  let size = 0;
  for (let round = 0; round < 5; round++) {
    const runtime = nativeRuntime();
    const began = performance.now();
    const step = bigStep(32);
    writeGraph(step.graph);
    graphs.push((performance.now() - began) / 1000);
    const one = await trainer(runtime, step);
    all.push((performance.now() - began) / 1000);
    await one.close();
    size = step.size;
  }
  const total = median(all);
  const what = `graph and session, ${(size / 1e6).toFixed(1)} M parameters`;
  return [
    [what, `${milliseconds(median(graphs))} ms of it the graph`, `${total.toFixed(2)} s`, '≤ 2 s', verdict(total, 2)],
  ];
}

const parts = { PyTorch: againstTorch, WASM: wasmAgainstNative, outside, preparing, GPU: gpuAgainstCuda };

const bench: Bench = {
  title: 'Training step',
  about: `SRVGG ×4 with 64 features and 16 convolutions (0.62 M parameters; 32 for the row on graph and session), one 64×64 patch, L1 loss, Adam; ${threads} threads each. Medians of ${rounds} rounds by turns.`,
  head: ['what', 'times', 'measured', 'aim', 'reached'],
  parts: Object.keys(parts),
  run: (part) => parts[part as keyof typeof parts](),
};
export default bench;
