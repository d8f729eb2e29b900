import { LWayError } from '../common/errors';
import type { Graph, Tensor } from '../graph';
// The panel mixes, too: these two alone spare its page the rules of every operation.
import { readGraph } from '../graph/read';
import { writeGraph } from '../graph/write';

/**
 * A network between two sets of weights of one architecture: (1 - s) original + s adapted, weight by weight.
 *
 * @param strength 0 gives the original, 1 the adapted network
 * @throws LWayError `bad-model` where the two are not the same network
 */
export function mixWeights(original: Uint8Array, adapted: Uint8Array, strength: number): Uint8Array {
  if (strength <= 0) return original;
  if (strength >= 1) return adapted;
  const first = readGraph(original);
  const second = readGraph(adapted);
  assertSameNetwork(first, second);
  const mixed = new Map<string, Tensor>();
  for (const [name, tensor] of first.initializers) {
    if (tensor.type !== 'float32') {
      mixed.set(name, tensor);
      continue;
    }
    const other = second.initializers.get(name)!;
    const data = Float32Array.from(
      tensor.data as Float32Array,
      (value, i) => (1 - strength) * value + strength * Number(other.data[i]),
    );
    mixed.set(name, { ...tensor, data });
  }
  return writeGraph({ ...first, initializers: mixed });
}

/** Makes sure that an adapted network can take the original's place. */
function assertSameNetwork(original: Graph, adapted: Graph): void {
  for (const [name, tensor] of original.initializers) {
    const other = adapted.initializers.get(name);
    if (other?.type === tensor.type && other.dims.join() === tensor.dims.join()) continue;
    throw new LWayError(
      'bad-model',
      'These weights do not belong to the chosen network.',
      'Choose the network that they were saved from.',
    );
  }
}
