import { parseOnnx } from '../common/onnx-file';

/**
 * Whether ONNX Runtime's WebGPU (1.30) would compute wrong values for this network unless told to keep channels first:
 * it does so for a plain Conv that reads 6, 9, 15, 18... channels, a multiple of 3 and not of 4, and makes a multiple
 * of 4 (microsoft/onnxruntime#29651). Channels first are slower, so that is for these networks only.
 *
 * Only kernels stored as weights are seen; graphs that the engine writes itself avoid such kernels (graph/ops/convolution).
 */
export function miscomputesChannelsLast(model: Uint8Array): boolean {
  let graph;
  try {
    graph = parseOnnx(model).graph;
  } catch {
    return false; // ONNX Runtime has the better message for what cannot be read.
  }
  if (graph === undefined) return false;
  const shapes = new Map(graph.initializer.map(({ name, dims }) => [name, dims.map(Number)]));
  for (const { opType, output, attribute } of graph.node) {
    const tensor = opType === 'Constant' ? attribute.find(({ name }) => name === 'value')?.t : undefined;
    if (tensor !== undefined && output[0] !== undefined) shapes.set(output[0], tensor.dims.map(Number));
  }
  return graph.node.some(({ opType, input, attribute }) => {
    const [outputs = 0, channels = 0] = shapes.get(input[1] ?? '') ?? [];
    const group = Number(attribute.find(({ name }) => name === 'group')?.i ?? 1n);
    return (
      opType === 'Conv' && group === 1 && channels > 3 && channels % 3 === 0 && channels % 4 !== 0 && outputs % 4 === 0
    );
  });
}
