import { latterWeights, parametersOf, sizeOf, workOf, type Graph, type NetworkWork, type Trainable } from '../graph';
import type { Device } from '../runtime/runtime';
import type { FullRecipe } from './recipe';

// How much of a large network learns: all of it where that takes minutes at most, else what computes last.

/** Which part of a network learns, and why not all of it. */
export interface Share {
  readonly trainable: Trainable;
  readonly because?: 'slow' | 'memory';
}

/** Share of a network's computing whose weights learn where all is too slow or does not fit into memory. */
const LATTER = 1 / 3;

/**
 * Multiply-adds of a step's patches, one time through the network, beyond which only the latter part learns: a step takes
 * four times as many. Real-ESRGAN x4plus has 1.7e11 of them, for which two CPU cores need 20 s a step; networks of a million
 * weights have 1e10.
 */
const MOST_WORK: Readonly<Record<Device, number>> = { cpu: 1e11, wasm: 5e10, webgpu: 2e12 };

/**
 * @param shape of one patch as the network takes it
 * @throws LWayError `bad-graph` where it does not
 */
export function shareOf(network: Graph, shape: readonly number[], recipe: FullRecipe, device: Device): Share {
  const { trainable, batch, large } = recipe;
  if (large === 'all' || trainable !== 'all') return { trainable };
  const work = workOf(network, shape);
  return batch * work.multiplyAdds > MOST_WORK[device] ? latter(work, 'slow') : { trainable };
}

/** What learns where a step of what was to learn does not fit into memory. */
export function shareForMemory(share: Share, network: Graph, shape: readonly number[]): Share {
  return share.trainable === 'all' ? latter(workOf(network, shape), 'memory') : share;
}

const latter = (work: NetworkWork, because: 'slow' | 'memory'): Share => ({
  trainable: { names: latterWeights(work, LATTER) },
  because,
});

/** What the person is told of it; null where all of the network learns, or what the recipe asks for. */
export function shareNotice({ trainable, because }: Share, network: Graph): string | null {
  if (because === undefined || typeof trainable === 'string' || !('names' in trainable)) return null;
  const count = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + sizeOf(network.initializers.get(name)!.dims), 0);
  const all = count(parametersOf(network).map(({ name }) => name));
  const percent = Math.max(1, Math.round((100 * count(trainable.names)) / all));
  const what = `only its later layers (a third of the computing, ${percent} % of the weights) are matched`;
  return because === 'slow'
    ? `This network is large for this device: ${what}. Thorough matches all of it and takes several times as long.`
    : `This network is large: ${what}, as there is not enough memory for more.`;
}
