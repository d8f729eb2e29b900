import type { Graph, GraphBuilder, Value } from '../graph';

/** Distance of two batches of pictures [N, 3, H, W], a scalar ≥ 0. */
export type FeatureDistance = (b: GraphBuilder, first: Value, second: Value) => Value;

/**
 * Perceptual distance in a network's feature maps: features are scaled to unit length over the channels, their squared
 * differences summed over channels and averaged over positions and maps (Zhang et al., CVPR 2018, without learned
 * weights). The network is LWay's own (models/lway-features.md), never the one that results are measured with.
 *
 * @param network image [N, 3, H, W] -> feature maps [N, C, h, w]
 */
export function featureDistance(network: Graph): FeatureDistance {
  return (b, first, second) => {
    const [left, right] = [b.call(network, [first]), b.call(network, [second])];
    const perMap = left.map((map, i) => {
      const difference = b.sub(unit(b, map), unit(b, right[i]!));
      return b.mean(b.reduceSum(b.square(difference), [1]));
    });
    return b.div(b.sum(perMap), perMap.length);
  };
}

function unit(b: GraphBuilder, map: Value): Value {
  return b.div(map, b.sqrt(b.add(b.reduceSum(b.square(map), [1]), 1e-6)));
}
