import type { Ends, Mix, Tuning } from '../contract';
import { LWayError } from '../common/errors';
import type { Graph, Tensor } from '../graph';
// The panel mixes, too: these two alone spare its page the rules of every operation.
import { readGraph } from '../graph/read';
import { writeGraph } from '../graph/write';
import { sha256 } from '../network/load-network';
import type { EndName, Network, NetworkEntry } from '../network/registry';

export type Knob = keyof Tuning;

/** All that can be set, in the order in which it is shown. */
export const knobs: readonly Knob[] = ['detail', 'noise', 'blur'];

/** For networks that cannot be mixed. */
export const nothingTunable: Readonly<Record<Knob, boolean>> = { detail: false, noise: false, blur: false };

/** Where the network itself lies: as it came. */
export function ownTuning({ ends }: NetworkEntry): Tuning {
  // With an end on one side only, the network is the other end.
  const detail = ends?.faithful && ends.crisp ? 50 : ends?.crisp ? 0 : 100;
  return { detail, noise: 0, blur: 0 };
}

/** What of a person's settings means something to this network. */
export function tunable({ ends }: NetworkEntry): Readonly<Record<Knob, boolean>> {
  return {
    detail: Boolean(ends?.faithful ?? ends?.crisp),
    noise: Boolean(ends?.clean),
    blur: Boolean(ends?.sharp),
  };
}

/** Whether this network is only there as the end of another. The one for drawings can be chosen by itself, too. */
export function isEnd(models: readonly NetworkEntry[], { id }: NetworkEntry): boolean {
  return models.some(({ ends: { drawn: _, ...ends } = {} }) => Object.values(ends).some((end) => end.model === id));
}

/** How much of each end there is in the network, 0..1. */
export function sharesFor(
  entry: NetworkEntry,
  { detail, noise, blur, drawn = 0 }: Mix,
): Readonly<Record<EndName, number>> {
  const own = ownTuning(entry).detail;
  // Several ways at once would lead beyond each of the networks.
  const whole = Math.max(100, noise + blur + drawn);
  return {
    faithful: detail < own ? (own - detail) / own : 0,
    crisp: detail > own ? (detail - own) / (100 - own) : 0,
    clean: noise / whole,
    sharp: blur / whole,
    drawn: drawn / whole,
  };
}

/** Loads the ends of `entry` with `load`; undefined where it has none. */
export async function loadEnds(
  models: readonly NetworkEntry[],
  { ends = {} }: NetworkEntry,
  load: (entry: NetworkEntry) => Promise<Network>,
): Promise<Ends | undefined> {
  const loaded: Partial<Record<EndName, Network>> = {};
  for (const [name, { model }] of Object.entries(ends) as [EndName, { model: string }][]) {
    const entry = models.find(({ id }) => id === model);
    if (entry) loaded[name] = await load(entry);
  }
  return Object.keys(loaded).length > 0 ? loaded : undefined;
}

/**
 * The network between its ends, weight by weight: w + Σ share × (end − w) (deep network interpolation, Wang et al. 2019).
 *
 * @returns `network` itself where nothing is mixed in
 * @throws LWayError `bad-model` where an end belongs to another network
 */
export async function mixEnds(network: Network, ends: Ends, tuning: Mix): Promise<Network> {
  const shares = sharesFor(network.entry, tuning);
  const parts = (Object.keys(ends) as EndName[]).filter((name) => shares[name] > 0);
  if (parts.length === 0) return network;
  const graph = readGraph(network.bytes);
  const initializers = new Map(graph.initializers);
  for (const name of parts) addEnd(initializers, graph, network.entry, ends[name]!, shares[name]);
  const bytes = writeGraph({ ...graph, initializers });
  // Of these weights: by them, weights learned for another mix are told apart.
  const entry = { ...network.entry, bytes: bytes.length, sha256: await sha256(bytes), quality: undefined };
  return { entry, bytes };
}

function addEnd(weights: Map<string, Tensor>, network: Graph, entry: NetworkEntry, end: Network, share: number): void {
  const offsets = end.entry.kind === 'end';
  const other = readGraph(end.bytes).initializers;
  for (const [name, from] of network.initializers) {
    if (from.type !== 'float32') continue;
    const to = other.get(name);
    // Offsets of what all ends have in common are left out.
    if (to === undefined && offsets) continue;
    if (to === undefined || to.dims.join() !== from.dims.join()) {
      throw new LWayError(
        'bad-model',
        `${end.entry.name} and ${entry.name} are not the same network with two sets of weights, so they cannot be mixed.`,
        'Reinstall LWay: its networks do not belong together.',
      );
    }
    const now = weights.get(name)!;
    const data = new Float32Array(from.data.length);
    for (let i = 0; i < data.length; i++) {
      const offset = offsets ? Number(to.data[i]) : Number(to.data[i]) - Number(from.data[i]);
      data[i] = Number(now.data[i]) + share * offset;
    }
    weights.set(name, { ...from, data });
  }
}
