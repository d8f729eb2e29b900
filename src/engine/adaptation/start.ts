import { LWayError } from '../common/errors';
import { writeGraph, type Graph } from '../graph';
import type { Network } from '../network/registry';
import type { Runtime } from '../runtime/runtime';
import type { SelfPair } from './self-pairs';
import { runAll, runOnce, type NamedValues } from '../network/run';

/** Where an adaptation begins. */
export interface Start {
  readonly network: Graph;
  /** How far the weights went from the general network towards the one for clean pictures, 0..1. */
  readonly share: number;
}

/** Parts of what the start network gives that are tried on the self-pairs. */
const PARTS = [0.5, 1];
/**
 * By how much the error on the pairs must fall, for the whole of the offsets or a part of it in proportion. Where less is
 * won, on a nearly flat picture, sharper weights mostly sharpen its grain: the one odd pair that lost by them, 0.6 dB, won
 * at a rate of 2.2 to 2.4 %, the other seven at 3.0 or more.
 */
const LEAST_GAIN = 0.027;

/**
 * The network for pictures that lost their detail as this one did: the general weights plus offsets that a start network
 * gives for the degradation embedding (a hypernetwork, Ha et al. 2017). One pass takes the place of many steps.
 *
 * The embedding says which way; how far, the picture itself: the part that restores its own self-pairs best.
 *
 * @param start gives `share` [1] and an offset by the name of each weight that it moves
 * @param pairs of the picture, for a network that takes [1, 3, h, w], RGB 0..1
 * @param most of the offsets, 0..1
 * @returns null where the general weights restore the pairs as well, or there are none
 * @throws LWayError `bad-model` where the offsets are not those of this network
 */
export async function startFrom(
  signal: AbortSignal,
  runtime: Runtime,
  start: Network,
  network: Graph,
  embedding: Float32Array,
  pairs: readonly SelfPair[],
  most: number,
): Promise<Start | null> {
  const { share, offsets } = await offsetsFor(signal, runtime, start, embedding);
  const general = await errorOn(signal, runtime, network, pairs);
  let least = general;
  let best: Start | null = null;
  for (const part of PARTS.map((each) => each * most)) {
    const moved = movedBy(network, offsets, part, start);
    const error = await errorOn(signal, runtime, moved, pairs);
    if (error >= Math.min(least, general * (1 - LEAST_GAIN * part))) continue;
    least = error;
    best = { network: moved, share: share * part };
  }
  return best;
}

interface Offsets {
  readonly share: number;
  /** By the name of the weight that they move. */
  readonly offsets: NamedValues;
}

async function offsetsFor(
  signal: AbortSignal,
  runtime: Runtime,
  { entry, bytes }: Network,
  embedding: Float32Array,
): Promise<Offsets> {
  const input = { data: embedding, shape: [1, embedding.length] };
  const outputs = await runOnce(signal, runtime, bytes, { [entry.input.name]: input });
  const { [entry.output]: share, ...offsets } = outputs;
  return { share: share?.data[0] ?? 0, offsets };
}

function movedBy(network: Graph, offsets: Offsets['offsets'], part: number, start: Network): Graph {
  const initializers = new Map(network.initializers);
  for (const [name, { data, shape }] of Object.entries(offsets)) {
    const weight = network.initializers.get(name);
    if (weight?.type !== 'float32' || weight.dims.join() !== shape.join()) {
      throw new LWayError(
        'bad-model',
        `${start.entry.name} belongs to another network.`,
        'Reinstall LWay: its networks do not belong together.',
      );
    }
    initializers.set(name, { ...weight, data: data.map((value, i) => Number(weight.data[i]) + part * value) });
  }
  return { ...network, initializers };
}

/** Sum of the absolute errors of what the network makes of the reduced pieces, without a border that sees padding. */
async function errorOn(
  signal: AbortSignal,
  runtime: Runtime,
  network: Graph,
  pairs: readonly SelfPair[],
): Promise<number> {
  const feeds = pairs.map(({ low }) => ({ [network.inputs[0]!.name]: low }));
  const results = await runAll(signal, runtime, writeGraph(network), feeds);
  let sum = 0;
  pairs.forEach(({ low, high }, i) => {
    const { width, height, data } = high;
    const border = 2 * (height / low.shape[2]!);
    const result = results[i]!;
    for (let at = 0; at < data.length; at++) {
      const [x, y] = [at % width, Math.floor(at / width) % height];
      if (x < border || y < border || x >= width - border || y >= height - border) continue;
      sum += Math.abs(result[at]! - data[at]!);
    }
  });
  return sum;
}
