import { LWayError } from '../errors';
import type { Graph, Tensor } from '../graph';
import type { Model } from '../runtime/registry';
import type { Runtime } from '../runtime/runtime';

/** Where an adaptation begins. */
export interface Start {
  readonly network: Graph;
  /** How far the weights went from the general network towards the one for clean pictures, 0..1. */
  readonly share: number;
}

/**
 * The network for pictures that lost their detail as this one did: the general weights plus the offsets that a start network
 * gives for the degradation embedding. One forward pass takes the place of steps that would have to be learned from the
 * picture (the idea of a hypernetwork, Ha et al. 2017).
 *
 * @param start gives `share` [1] and an offset by the name of each weight that it moves
 * @throws LWayError `bad-model` where the offsets are not those of this network
 */
export async function startFrom(
  runtime: Runtime,
  start: Model,
  network: Graph,
  embedding: Float32Array,
): Promise<Start> {
  const session = await runtime.createSession(start.bytes);
  try {
    const input = new runtime.ort.Tensor('float32', embedding, [1, embedding.length]);
    const outputs = await session.run({ [start.entry.input.name]: input });
    const initializers = new Map(network.initializers);
    let share = 0;
    for (const [name, output] of Object.entries(outputs)) {
      const data = new Float32Array((await output.getData()) as Float32Array);
      output.dispose();
      if (name === start.entry.output) share = data[0]!;
      else initializers.set(name, moved(network.initializers.get(name), data, output.dims, start));
    }
    return { network: { ...network, initializers }, share };
  } finally {
    await session.release();
  }
}

function moved(weight: Tensor | undefined, offset: Float32Array, dims: readonly number[], start: Model): Tensor {
  if (weight?.type !== 'float32' || weight.dims.join() !== dims.join()) {
    throw new LWayError(
      'bad-model',
      `${start.entry.name} belongs to another network.`,
      'Install LWay again: its networks do not fit together.',
    );
  }
  return { ...weight, data: offset.map((value, i) => value + Number(weight.data[i])) };
}
