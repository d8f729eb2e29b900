import { float32, GraphBuilder, sizeOf, type Graph, type Value } from '../../../../src/engine/graph';
import { Random } from './random';

/** Graph inputs `x` [1, 3, height, width] with open sizes, as exported networks have them. */
const open = (graph: Graph): Graph => ({
  ...graph,
  inputs: graph.inputs.map((input) => ({ ...input, shape: ['n', 3, 'h', 'w'] })),
  outputs: graph.outputs.map((output) => ({ ...output, shape: ['n', 3, 'H', 'W'] })),
});

/** SRVGGNetCompact (Real-ESRGAN): convolutions with PReLU, pixel shuffle, nearest-neighbour skip; random weights. */
export function srvgg({ features = 8, convs = 2, scale = 4, seed = 1 } = {}): Graph {
  const random = new Random(seed);
  const b = new GraphBuilder('srvgg');
  const x = b.input('x', [1, 3, 16, 16]);
  let layer = 0;
  const parameter = (name: string, dims: number[], low: number, high: number): Value =>
    b.weight(`body.${layer}.${name}`, float32(random.array(sizeOf(dims), low, high), dims));
  const conv = (from: Value, inputs: number, outputs: number): Value => {
    const bound = Math.sqrt(3 / (inputs * 9));
    const weight = parameter('weight', [outputs, inputs, 3, 3], -bound, bound);
    const result = b.conv(from, weight, { bias: parameter('bias', [outputs], -0.1, 0.1) });
    layer++;
    return result;
  };
  const prelu = (from: Value): Value => {
    const result = b.prelu(from, parameter('slope', [features, 1, 1], 0.1, 0.4));
    layer++;
    return result;
  };
  let y = prelu(conv(x, 3, features));
  for (let i = 0; i < convs; i++) y = prelu(conv(y, features, features));
  y = b.depthToSpace(conv(y, features, 3 * scale ** 2), scale);
  const skip = b.resize(x, [scale, scale], { mode: 'nearest' });
  return open(b.build({ y: b.add(y, skip) }));
}

/** Residual blocks of two convolutions, and one more skip around all of them, as EDSR and its kin have it; random weights. */
export function residual({ features = 8, blocks = 2, scale = 2, seed = 1 } = {}): Graph {
  const random = new Random(seed);
  const b = new GraphBuilder('residual');
  const x = b.input('x', [1, 3, 16, 16]);
  let layer = 0;
  const conv = (from: Value, inputs: number, outputs: number): Value => {
    const bound = Math.sqrt(3 / (inputs * 9));
    const weight = float32(random.array(outputs * inputs * 9, -bound, bound), [outputs, inputs, 3, 3]);
    return b.conv(from, b.weight(`${layer++}.weight`, weight));
  };
  const first = conv(x, 3, features);
  let y = first;
  for (let i = 0; i < blocks; i++) {
    y = b.add(y, b.mul(conv(b.relu(conv(y, features, features)), features, features), 0.2));
  }
  return open(b.build({ y: b.depthToSpace(conv(b.add(y, first), features, 3 * scale ** 2), scale) }));
}
