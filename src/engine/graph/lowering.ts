/**
 * How gradients of convolutions are written down where there is a choice. What wins depends on the device: the table
 * is in bench/training-step.ts.
 */
export interface Lowering {
  /** Gradient of the input: a ConvTranspose, or a Conv with the flipped kernel (where the stride is 1). */
  readonly inputGradient: 'conv-transpose' | 'flipped-conv';
  /**
   * Gradient of the kernel: MatMuls of the shifted input, or a Conv whose kernel is the output's gradient. The latter
   * serves all kernels of more than `maxTaps` weights per pair of channels, because so many shifted copies would not
   * fit into memory.
   */
  readonly filterGradient: 'matmul' | 'conv';
  readonly maxTaps: number;
  /** Pieces of the picture whose MatMuls run side by side and are summed; more than 1 occupies a GPU better. */
  readonly chunks: number;
}

export const defaultLowering: Lowering = {
  inputGradient: 'flipped-conv',
  filterGradient: 'matmul',
  maxTaps: 49,
  chunks: 1,
};
