import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as ortWeb from 'onnxruntime-web';
import { sizeOf, trainingStep, TrainingRun, type Lowering, type TrainingStep } from '../src/engine/graph';
import { OrtRuntime } from '../src/engine/runtime/ort-runtime';
import { cpuRuntime } from '../src/engine/runtime/runtime.node';
import type { InferenceSession, Ort, Runtime } from '../src/engine/runtime/runtime';
import { srvgg } from '../tests/engine/graph/support/networks';
import { Random } from '../tests/engine/graph/support/random';
import { median } from './bench';

export const threads = 2;
export const never = new AbortController().signal;

/** SRVGG ×4, one square patch, L1 against a target, Adam. */
export function stepOf({ features, convs, patch }: Size, lowering: Partial<Lowering> = {}): TrainingStep {
  return trainingStep({
    network: srvgg({ features, convs, scale: 4 }),
    inputs: { x: [1, 3, patch, patch], target: [1, 3, 4 * patch, 4 * patch] },
    loss: (b, { output, inputs }) => ({ total: b.mean(b.abs(b.sub(output, inputs['target']!))) }),
    optimizer: { type: 'adam' },
    lowering,
  });
}

interface Size {
  features: number;
  convs: number;
  /** Pixels of a side of the LR patch. */
  patch: number;
}

/** What is measured by default: 0.62 M parameters with 16 convolutions. */
export const bigStep = (convs: number, lowering: Partial<Lowering> = {}): TrainingStep =>
  stepOf({ features: 64, convs, patch: 64 }, lowering);

/** Something that does training steps and tells how long each took, in seconds. */
export interface Trainer {
  steps(count: number): Promise<number[]>;
  close(): Promise<void>;
}

export interface WatchedTrainer extends Trainer {
  /** Seconds spent inside `session.run` so far. */
  inside(): number;
}

export const nativeRuntime = (): Runtime => cpuRuntime(threads);

/** The plain WASM build, as where there is no WebGPU. */
export function wasmRuntime(): Runtime {
  ortWeb.env.wasm.numThreads = threads;
  return new OrtRuntime(ortWeb as unknown as Ort, { device: 'wasm', deviceName: `WASM, ${threads} threads` });
}

/**
 * A {@link TrainingRun} on a runtime of its own.
 *
 * @param readEvery 1 on a GPU: a step has only ended when something of it has been read
 */
export async function trainer(runtime: Runtime, step: TrainingStep, readEvery = 10): Promise<WatchedTrainer> {
  let inside = 0;
  const random = new Random(1);
  const data = Object.fromEntries(
    step.evaluation.inputs
      .filter(({ name }) => name !== 'weights')
      .map(({ name, shape }) => [name, random.array(sizeOf(shape as number[]), 0, 1)]),
  );
  const watched: Runtime = Object.assign(Object.create(runtime) as Runtime, {
    async createSession(...parameters: Parameters<Runtime['createSession']>): Promise<InferenceSession> {
      const session = await runtime.createSession(...parameters);
      const run = session.run.bind(session);
      session.run = (async (feeds: InferenceSession.FeedsType) => {
        const began = performance.now();
        const results = await run(feeds);
        inside += performance.now() - began;
        return results;
      }) as InferenceSession['run'];
      return session;
    },
  });
  const training = await TrainingRun.create(never, watched, step, { readEvery });
  return {
    async steps(count) {
      const times: number[] = [];
      for (let i = 0; i < count; i++) {
        const began = performance.now();
        await training.step(never, data, 1e-4);
        times.push((performance.now() - began) / 1000);
      }
      return times;
    },
    inside: () => inside / 1000,
    async close() {
      await training.dispose();
      await runtime.dispose();
    },
  };
}

/**
 * Eager PyTorch; `undefined` where no Python here has it, or has it without the device. LWAY_PYTHON names another Python
 * to look at first.
 */
export async function torchTrainer(
  convs: number,
  device: 'cpu' | 'cuda' = 'cpu',
): Promise<(Trainer & { version: string }) | undefined> {
  const candidates = [process.env['LWAY_PYTHON'], 'python3', '/usr/bin/python3'].filter((name) => name !== undefined);
  const question = `import torch; torch.zeros(1, device="${device}")`;
  const python = candidates.find((name) => spawnSync(name, ['-c', question]).status === 0);
  if (python === undefined) return undefined;
  const child = spawn(python, ['bench/training_step_torch.py', String(threads), String(convs), device], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => JSON.parse((await lines.next()).value as string) as T;
  const { torch } = await answer<{ torch: string }>();
  return {
    version: torch,
    steps(count) {
      child.stdin.write(`${count}\n`);
      return answer<number[]>();
    },
    close() {
      child.stdin.end();
      return new Promise((resolve) => child.on('exit', () => resolve()));
    },
  };
}

/**
 * Steps of each trainer by turns, so that whatever else the machine does meets all of them.
 *
 * @returns the median seconds of a step, for each trainer and round
 */
export async function byTurns(trainers: readonly Trainer[], rounds: number, steps: number): Promise<number[][]> {
  for (const one of trainers) await one.steps(2);
  const times: number[][] = trainers.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, one] of trainers.entries()) {
      times[i]!.push(median(await one.steps(steps)));
      // Threads that spin while they wait for more (OpenMP's for 200 ms) have stopped by then.
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
  return times;
}

export const milliseconds = (seconds: number): string => (seconds * 1000).toFixed(0);

/** The median over the rounds of one trainer's time over another's. */
export const ratioOf = (times: readonly number[], reference: readonly number[]): number =>
  median(times.map((time, round) => time / reference[round]!));
