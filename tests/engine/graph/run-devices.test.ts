import { spawn } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { TrainingRun } from '../../../src/engine/graph';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import { describeWithSwiftShader, swiftShaderFolder } from '../../support/ort-device';
import { tinyData, tinyStep } from './support/tiny-step';

interface Report {
  totals: number[];
  heaps: number[];
  alive: number[];
  /** Turns that whoever else waits for the thread got during the steps. */
  turns: number;
  weights: number[];
  held: number;
  left: number;
}

/** What a script in support/ prints, run in a process of its own, with software WebGPU where there is one. */
function answerOf<T>(script: string, ...parameters: string[]): Promise<T> {
  const env = { ...process.env };
  const folder = swiftShaderFolder();
  if (folder !== undefined) {
    env['VK_ICD_FILENAMES'] = join(folder, 'vk_swiftshader_icd.json');
    env['LD_LIBRARY_PATH'] = folder;
  }
  const support = join(dirname(__filename), 'support');
  const child = spawn(process.execPath, [resolve('scripts', 'typescript.cjs'), join(support, script), ...parameters], {
    env,
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve(JSON.parse(out) as T);
      else reject(new Error(`${[script, ...parameters].join(' ')} ended with ${code}: ${err.slice(-2000)}`));
    });
  });
}

/** A training run on another device. */
const trainOn = (device: 'wasm' | 'webgpu', steps: number): Promise<Report> =>
  answerOf('training-process.ts', device, String(steps));

async function trainNatively(steps: number): Promise<Float32Array> {
  const { signal } = new AbortController();
  const runtime = cpuRuntime(1);
  const run = await TrainingRun.create(signal, runtime, tinyStep());
  for (let i = 0; i < steps; i++) await run.step(signal, tinyData(), 1e-2);
  const weights = await run.weights();
  await run.dispose();
  await runtime.dispose();
  return weights;
}

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));

test('WASM: 500 steps, the heap does not grow, and messages get through in between', async () => {
  const { totals, heaps, turns, weights, held } = await trainOn('wasm', 500);
  expect(totals[49]!).toBeLessThan(0.6 * totals[0]!);
  expect(held).toBeLessThan(totals[0]!);
  expect(heaps[0]!).toBeGreaterThan(1e6);
  expect(heaps[499]).toBe(heaps[20]);
  expect(turns).toBeGreaterThan(10);
  expect(weights.every(Number.isFinite)).toBe(true);
});

describeWithSwiftShader('WebGPU in software', () => {
  test('every node runs on it, weights stay there, old buffers go, and it learns what the CPU learns', async () => {
    const { totals, alive, weights, left } = await trainOn('webgpu', 12);
    expect(totals).toHaveLength(1);
    // Weights, two moments and health, after every single step.
    expect(alive).toEqual(alive.map(() => 4));
    expect(left).toBe(0);
    expect(furthest(weights, await trainNatively(12))).toBeLessThan(2e-3);
  }, 300_000);

  test('gradients of all ops and steps of all networks fall back to the CPU nowhere but here', async () => {
    const { sessions, fallingBack } = await answerOf<{ sessions: number; fallingBack: string[] }>(
      'fallback-process.ts',
    );
    expect(sessions).toBeGreaterThan(300);
    expect(fallingBack).toEqual([
      // ONNX Runtime's WebGPU casts to int64 on the CPU only.
      'Cast: to int64 and back: no gradient',
      // Nor has it kernels for arithmetic on places, GridSample and Round.
      'Gather: places found while it runs',
      ...['bilinear', 'nearest'].flatMap((mode) =>
        ['zeros', 'border'].flatMap((padding) =>
          [0, 1].map((align) => `GridSample: ${mode}, ${padding}, align_corners ${align}`),
        ),
      ),
      'Several: rounding, z + (round(z) - z)',
    ]);
  }, 300_000);
});

test('native: 500 steps leave no tensors behind', async () => {
  const { signal } = new AbortController();
  const runtime = cpuRuntime(1);
  const run = await TrainingRun.create(signal, runtime, tinyStep());
  const resident: number[] = [];
  for (let i = 0; i < 500; i++) {
    await run.step(signal, tinyData(), 1e-3);
    if (i % 100 === 99) {
      globalThis.gc?.();
      resident.push(process.memoryUsage().arrayBuffers);
    }
  }
  await run.dispose();
  await runtime.dispose();
  // Weights and moments are 10 kB each: 400 steps that kept theirs would be 12 MB.
  if (globalThis.gc !== undefined) expect(resident[4]! - resident[0]!).toBeLessThan(2e6);
  expect(run.steps).toBe(500);
});
