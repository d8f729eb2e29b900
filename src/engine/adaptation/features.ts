import type { Graph, GraphBuilder, Value } from '../graph';

/** Distance of two batches of pictures [N, 3, H, W], a scalar ≥ 0. */
export type FeatureDistance = (b: GraphBuilder, first: Value, second: Value) => Value;

/**
 * Perceptual distance in a network's feature maps: features are scaled to unit length over the channels, their squared
 * differences summed over channels and averaged over positions and maps (form of Zhang et al., CVPR 2018). The network is
 * never the one that results are measured with (models/darknet-features.md).
 *
 * @param network image [N, 3, H, W] -> feature maps [N, C, h, w]
 * @param mapWeights weight of each map that takes part, by its name; all of them, and all the same, if left out
 */
export function featureDistance(network: Graph, mapWeights?: Readonly<Record<string, number>>): FeatureDistance {
  const weights = network.outputs.map(({ name }) => (mapWeights === undefined ? 1 : (mapWeights[name] ?? 0)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return (b, first, second) => {
    const [left, right] = [b.call(network, [first]), b.call(network, [second])];
    const perMap = left.flatMap((map, i) => {
      if (weights[i] === 0) return [];
      const difference = b.sub(unit(b, map), unit(b, right[i]!));
      return [b.mul(b.mean(b.reduceSum(b.square(difference), [1])), weights[i]! / total)];
    });
    return b.sum(perMap);
  };
}

function unit(b: GraphBuilder, map: Value): Value {
  return b.div(map, b.sqrt(b.add(b.reduceSum(b.square(map), [1]), 1e-6)));
}
