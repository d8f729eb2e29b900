import type { Lowering } from '../src/engine/graph';
import type { Bench, Cell } from './bench';
import { median } from './bench';
import { bigStep, byTurns, milliseconds, nativeRuntime, ratioOf, trainer, wasmRuntime } from './training-step-support';

const rounds = 5;

/** The first is what the others are compared with. */
const variants: readonly (readonly [string, Partial<Lowering>])[] = [
  ['flipped Conv; crossed MatMul', { inputGradient: 'flipped-conv', filterGradient: 'crossed-matmul' }],
  ['ConvTranspose; crossed MatMul', { inputGradient: 'conv-transpose', filterGradient: 'crossed-matmul' }],
  ['flipped Conv; one MatMul', { inputGradient: 'flipped-conv', filterGradient: 'matmul' }],
  ['flipped Conv; one MatMul in 4 strips', { inputGradient: 'flipped-conv', filterGradient: 'matmul', chunks: 4 }],
  ['flipped Conv; Conv with the gradient as kernel', { inputGradient: 'flipped-conv', filterGradient: 'conv' }],
];

async function measure(part: string): Promise<Cell[][]> {
  const trainers = [];
  for (const [, lowering] of variants) {
    trainers.push(await trainer(part === 'native' ? nativeRuntime() : wasmRuntime(), bigStep(16, lowering)));
  }
  const times = await byTurns(trainers, rounds, 2);
  for (const one of trainers) await one.close();
  return variants.map(([name], i) => [
    name,
    part,
    milliseconds(median(times[i]!)),
    ratioOf(times[i]!, times[0]!).toFixed(2),
  ]);
}

const bench: Bench = {
  title: 'Lowerings of the gradients of convolutions',
  about:
    'The same training step with the gradient of the input (first) and of the kernel (second) written down in different ways; 2 threads. The first row is what is used natively and in WASM.',
  head: ['lowering', 'device', 'a step, ms', 'against the first'],
  parts: ['native', 'WASM'],
  run: measure,
};
export default bench;
