// Networks so small that a whole upscale with adaptation takes a slow machine no time, and of which the result is known.
import { createHash } from 'node:crypto';
import { GraphBuilder, writeGraph, type Graph } from '../../../src/engine/graph';
import type { Network, NetworkEntry } from '../../../src/engine/network/registry';

const side = 16;

/** Frees the sizes that the builder needs fixed. */
function file(graph: Graph): Uint8Array {
  const free = (shape: readonly (number | string)[], axes: string) =>
    shape.length === 4 ? ['n', shape[1]!, `${axes}-height`, `${axes}-width`] : shape;
  return writeGraph({
    ...graph,
    inputs: graph.inputs.map((port) => ({ ...port, shape: free(port.shape, 'in') })),
    outputs: graph.outputs.map((port) => ({ ...port, shape: free(port.shape, 'out') })),
  });
}

function model(
  bytes: Uint8Array,
  entry: Pick<NetworkEntry, 'id' | 'kind' | 'scale' | 'output'> & Partial<NetworkEntry>,
) {
  return {
    bytes,
    entry: {
      file: `${entry.id}.onnx`,
      name: entry.id,
      input: { name: 'x', layout: 'NCHW', channels: 'RGB', range: [0, 1], type: 'float32' },
      receptiveField: 0,
      multipleOf: 1,
      parameters: 0,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      licence: 'MIT',
      ...entry,
    },
  } satisfies Network;
}

/** Every pixel four times. */
function doubling(): Network {
  const b = new GraphBuilder('doubling');
  const x = b.input('x', [1, 3, side, side]);
  const graph = b.build({ y: b.resize(x, [2, 2], { mode: 'nearest' }) });
  return model(file(graph), { id: 'doubling', kind: 'sr', scale: 2, output: 'y' });
}

/** How bright {@link dimming} leaves a picture. */
export const dimmed = 0.98;
const hidden = 16;

/**
 * Doubling, but a little too dark: what adaptation finds out and mends. So many weights share in the brightness that the few
 * steps of the shortest recipe are seen.
 */
function dimming(): Network {
  const b = new GraphBuilder('dimming');
  const x = b.input('x', [1, 3, side, side]);
  const weight = (name: string, dims: number[], to: (i: number) => number) =>
    b.constant(
      { type: 'float32', dims, data: Float32Array.from({ length: dims[0]! * dims[1]! }, (_, i) => to(i)) },
      name,
    );
  // Each hidden channel sees one colour, and each colour is the sum of its channels.
  const each = Math.sqrt(dimmed / hidden);
  const into = weight('into', [3 * hidden, 3, 1, 1], (i) => (Math.floor(i / 3) % 3 === i % 3 ? each : 0));
  const back = weight('back', [3, 3 * hidden, 1, 1], (i) => (i % 3 === Math.floor(i / (3 * hidden)) ? each : 0));
  const graph = b.build({ y: b.resize(b.conv(b.conv(x, into), back), [2, 2], { mode: 'nearest' }) });
  // A rate of its own, so that the few steps of the shortest recipe mend more than what counts as chance.
  const adaptation = { learningRate: 1e-3 };
  return model(file(graph), { id: 'dimming', kind: 'sr', scale: 2, output: 'y', adaptation });
}

/** The mean colour stands for the embedding. */
function encoder(): Network {
  const b = new GraphBuilder('encoder');
  const mean = b.reduceMean(b.input('x', [1, 3, side, side]), [2, 3], false);
  return model(file(b.build({ embedding: mean })), {
    id: 'encoder',
    kind: 'encoder',
    scale: 2,
    output: 'embedding',
    receptiveField: null,
  });
}

/** The mean over 2 × 2 pixels; the embedding takes part with no effect. */
function reconstructor(): Network {
  const b = new GraphBuilder('reconstructor');
  const x = b.input('x', [1, 3, side, side]);
  const embedding = b.input('embedding', [1, 3]);
  const gain = b.add(b.mul(b.reshape(embedding, [1, 3, 1, 1]), 0), 1);
  return model(file(b.build({ lr: b.mul(b.averagePool(x, [2, 2]), gain) })), {
    id: 'reconstructor',
    kind: 'reconstructor',
    scale: 2,
    output: 'lr',
    multipleOf: 2,
  });
}

/** Differences of neighbours. */
function features(): Network {
  const b = new GraphBuilder('features');
  const x = b.input('x', [1, 3, side, side]);
  const taps = Float32Array.from({ length: 4 * 27 }, (_, i) => Math.sin(7 * i) / 3);
  const weight = b.constant({ type: 'float32', dims: [4, 3, 3, 3], data: taps }, 'taps');
  return model(file(b.build({ f1: b.relu(b.conv(x, weight)) })), {
    id: 'features',
    kind: 'features',
    scale: 1,
    output: 'f1',
    receptiveField: 1,
  });
}

export const tinyNetworks = (): Network[] => [doubling(), dimming(), encoder(), reconstructor(), features()];
