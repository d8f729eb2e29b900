import { lowerings, type Lowering } from '../src/engine/graph';
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
  stepOf,
  trainer,
  wasmRuntime,
} from './training-step-support';

const rounds = 5;

/** The first is what the others are compared with. */
const variants: readonly (readonly [string, Partial<Lowering>])[] = [
  ['flipped Conv; crossed MatMul', lowerings.cpu],
  ['ConvTranspose; crossed MatMul', lowerings.webgpu],
  ['ConvTranspose; one MatMul', { inputGradient: 'conv-transpose', filterGradient: 'matmul' }],
  ['flipped Conv; one MatMul', { inputGradient: 'flipped-conv', filterGradient: 'matmul' }],
  ['flipped Conv; one MatMul in 4 strips', { inputGradient: 'flipped-conv', filterGradient: 'matmul', chunks: 4 }],
  ['flipped Conv; Conv with the gradient as kernel', { inputGradient: 'flipped-conv', filterGradient: 'conv' }],
];

/** Sets up a variant on a device. */
type Maker = (lowering: Partial<Lowering>) => ReturnType<typeof trainer>;

async function webGpu(): Promise<{ name: string; make: Maker } | undefined> {
  const probe = await probeWebGpu();
  if (!probe.works) return undefined;
  const make: Maker = async (lowering) => {
    const { runtime } = await nodeRuntimes().open('webgpu');
    const step = probe.software ? stepOf({ features: 16, convs: 2, patch: 16 }, lowering) : bigStep(16, lowering);
    return trainer(runtime, step, 1);
  };
  return { name: `WebGPU, ${probe.name}`, make };
}

async function measure(part: string): Promise<Cell[][]> {
  const cpu: Record<string, Maker> = {
    native: (lowering) => trainer(nativeRuntime(), bigStep(16, lowering)),
    WASM: (lowering) => trainer(wasmRuntime(), bigStep(16, lowering)),
  };
  const device = part === 'WebGPU' ? await webGpu() : { name: part, make: cpu[part]! };
  if (device === undefined) return [['all', part, '–', 'no GPU here']];
  const trainers = [];
  for (const [, lowering] of variants) trainers.push(await device.make(lowering));
  const times = await byTurns(trainers, rounds, 2);
  for (const one of trainers) await one.close();
  return variants.map(([name], i) => [
    name,
    device.name,
    milliseconds(median(times[i]!)),
    ratioOf(times[i]!, times[0]!).toFixed(2),
  ]);
}

const bench: Bench = {
  title: 'Lowerings of the gradients of convolutions',
  about:
    'The same training step with the gradient of the input (first) and of the kernel (second) written down in different ways; 2 threads. The first row of a device is what is used natively and in WASM, the second what is used on WebGPU. A GPU in software (SwiftShader, where `VK_ICD_FILENAMES` and `LD_LIBRARY_PATH` lead to it) gets a network of 16 features and 2 convolutions and a patch of 16×16. No real GPU has been measured yet.',
  head: ['lowering', 'device', 'a step, ms', 'against the first'],
  parts: ['native', 'WASM', 'WebGPU'],
  run: measure,
};
export default bench;
