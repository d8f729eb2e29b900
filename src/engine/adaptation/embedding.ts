import type { Network } from '../network/registry';
import type { Runtime } from '../runtime/runtime';
import type { Crop } from './crops';
import { runAll } from '../network/run';

/**
 * The degradation embedding E of the whole picture: the mean over its crops.
 *
 * @returns as many numbers as the encoder gives (512)
 */
export async function embed(
  signal: AbortSignal,
  runtime: Runtime,
  encoder: Network,
  crops: readonly Crop[],
): Promise<Float32Array> {
  const feeds = crops.map(({ pixels }) => ({
    [encoder.entry.input.name]: { data: pixels.data, shape: [1, 3, pixels.height, pixels.width] },
  }));
  return meanOf(await runAll(signal, runtime, encoder.bytes, feeds));
}

/** The mean of embeddings. */
export function meanOf(embeddings: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(embeddings[0]!.length);
  for (const embedding of embeddings) {
    for (let i = 0; i < mean.length; i++) mean[i] = mean[i]! + embedding[i]! / embeddings.length;
  }
  return mean;
}
