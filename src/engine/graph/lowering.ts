import type { Device } from '../runtime/runtime';

/**
 * How gradients of convolutions are written down where there is a choice. What wins depends on the device: the table
 * is in bench/results.md, made by `npm run bench training-step-lowerings`.
 */
export interface Lowering {
  /** Gradient of the input: a ConvTranspose, or a Conv with the flipped kernel (where the stride is 1). */
  readonly inputGradient: 'conv-transpose' | 'flipped-conv';
  /**
   * Gradient of the kernel: one MatMul of all shifted inputs with the output's gradient; one in which both are shifted,
   * each along its own axes (where the stride is 1 and there are no groups); or a Conv whose kernel is the output's
   * gradient. The last takes the place of the first for kernels of more than `maxTaps` weights per pair of channels,
   * because so many shifted copies would not fit into memory.
   */
  readonly filterGradient: 'matmul' | 'crossed-matmul' | 'conv';
  readonly maxTaps: number;
  /** Strips of the picture whose MatMuls run side by side and are summed; more than 1 occupies a GPU better. */
  readonly chunks: number;
}

const usual = { filterGradient: 'crossed-matmul', maxTaps: 49, chunks: 1 } as const;

/** What was fastest on each device; on WebGPU in software, for want of a GPU to measure. */
export const lowerings: Readonly<Record<Device, Lowering>> = {
  cpu: { ...usual, inputGradient: 'flipped-conv' },
  wasm: { ...usual, inputGradient: 'flipped-conv' },
  webgpu: { ...usual, inputGradient: 'conv-transpose' },
};
