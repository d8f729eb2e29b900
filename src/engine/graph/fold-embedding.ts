import { LWayError } from '../common/errors';
import { GraphBuilder } from './graph-builder';
import type { Graph, Node } from './graph';
import { numberOr } from './ops/support';
import type { Value } from './value';
import { sameShape, sizeOf, type Tensor } from './tensor';

/**
 * Makes a reconstructor's embedding a constant: what follows from it is computed here, and per-channel factors and
 * offsets around convolutions go into their weights (StyleGAN2's modulation and demodulation, Karras et al. 2020), so
 * that plain convolutions remain.
 *
 * @param reconstructor takes an image and the embedding, in either order; the image's size may be open
 * @throws LWayError `bad-model` where no input fits the embedding
 */
export function foldEmbedding(reconstructor: Graph, embedding: Float32Array): Graph {
  const input = reconstructor.inputs.find(({ shape }) => {
    const known = shape.filter((dim) => typeof dim === 'number');
    return shape.length <= 2 && sizeOf(known) === embedding.length;
  });
  if (input === undefined || reconstructor.inputs.length !== 2) {
    throw new LWayError(
      'bad-model',
      `The reconstructor takes no embedding of ${embedding.length} numbers beside an image.`,
      'Download the networks again: they do not belong together.',
    );
  }
  const dims = input.shape.map((dim) => (typeof dim === 'number' ? dim : 1));
  const folded = foldConstants(reconstructor, new Map([[input.name, { type: 'float32', dims, data: embedding }]]));
  return withoutUnused(mergeChannelwise(folded));
}

/** Computes all nodes that depend on constants only, without knowing the other shapes. */
function foldConstants(graph: Graph, given: ReadonlyMap<string, Tensor>): Graph {
  const recorder = new GraphBuilder(graph.name);
  const constants = new Map<string, Value>();
  for (const [name, tensor] of [...graph.initializers, ...given]) constants.set(name, recorder.constant(tensor, name));
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const operands = node.inputs.map((name) => (name === '' ? undefined : constants.get(name)));
    const results = node.inputs.every((name, i) => name === '' || operands[i] !== undefined)
      ? recorder.apply(node.op, operands, node.attributes, { outputs: node.outputs.length, node: node.name })
      : [];
    const known = results.length > 0 && results.every(({ constant }) => constant !== undefined);
    if (known) node.outputs.forEach((name, i) => constants.set(name, results[i]!));
    else nodes.push(node);
  }
  const initializers = new Map([...constants].map(([name, { constant }]) => [name, constant!]));
  return { ...graph, inputs: graph.inputs.filter(({ name }) => !given.has(name)), nodes, initializers };
}

/** A factor or offset per channel: [C], from a constant of shape [1, C, 1, 1] or [C, 1, 1], or one for all. */
function perChannel(tensor: Tensor | undefined, channels: number): Float32Array | undefined {
  if (tensor?.type !== 'float32') return undefined;
  const data = tensor.data as Float32Array;
  if (data.length === 1) return new Float32Array(channels).fill(data[0]!);
  const fits = [
    [channels, 1, 1],
    [1, channels, 1, 1],
  ].some((dims) => sameShape(dims, tensor.dims));
  return fits ? data : undefined;
}

/** Merges Mul before, and Mul and Add behind, convolutions with constant weights into them, as long as there are any. */
function mergeChannelwise(graph: Graph): Graph {
  const initializers = new Map(graph.initializers);
  let nodes = [...graph.nodes];
  const fresh = (base: string): string => {
    let name = base;
    for (let i = 0; initializers.has(name); i++) name = `${base}.${i}`;
    return name;
  };
  const store = (base: string, dims: readonly number[], data: Float32Array): string => {
    const name = fresh(base);
    initializers.set(name, { type: 'float32', dims, data });
    return name;
  };
  const single = (name: string): boolean =>
    !graph.outputs.some((output) => output.name === name) &&
    nodes.reduce((count, node) => count + node.inputs.filter((input) => input === name).length, 0) === 1;
  /** A Mul or Add of a value and a constant per channel. */
  const channelwise = (node: Node, channels: number) => {
    const at = node.inputs.findIndex((name) => initializers.has(name));
    const values = perChannel(initializers.get(node.inputs[at] ?? ''), channels);
    return values && { node, variable: node.inputs[1 - at]!, values };
  };

  const mergeOnce = (): boolean => {
    for (const conv of nodes) {
      const kernel = conv.op === 'Conv' ? initializers.get(conv.inputs[1]!) : undefined;
      if (kernel === undefined) continue;
      const weight = kernel.data as Float32Array;
      const outputs = kernel.dims[0]!;
      const perOutput = weight.length / outputs;
      const group = numberOr(conv.attributes, 'group', 1);
      const replace = (gone: Node, merged: Node): true => {
        nodes = nodes.flatMap((node) => (node === conv ? [merged] : node === gone ? [] : [node]));
        return true;
      };

      const before = nodes.find(
        (node) => node.op === 'Mul' && node.outputs[0] === conv.inputs[0] && single(conv.inputs[0]!),
      );
      const inputs = kernel.dims[1]!;
      const scaling = before && channelwise(before, inputs * group);
      if (scaling) {
        const area = perOutput / inputs;
        const scaled = weight.map((value, i) => {
          const block = Math.floor(Math.floor(i / perOutput) / (outputs / group));
          return value * scaling.values[block * inputs + (Math.floor(i / area) % inputs)]!;
        });
        const merged = {
          ...conv,
          inputs: [scaling.variable, store(`${conv.name}.weight`, kernel.dims, scaled), ...conv.inputs.slice(2)],
        };
        return replace(scaling.node, merged);
      }

      const y = conv.outputs[0]!;
      const bias = initializers.get(conv.inputs[2] ?? '');
      if (conv.inputs[2] && bias === undefined) continue;
      const offsets = (bias?.data as Float32Array | undefined) ?? new Float32Array(outputs);
      const after = nodes.find(({ op, inputs: [a, c] }) => ['Mul', 'Add'].includes(op) && [a, c].includes(y));
      const change = after && single(y) ? channelwise(after, outputs) : undefined;
      if (change) {
        const times = change.node.op === 'Mul';
        const scaled = weight.map((value, i) => value * change.values[Math.floor(i / perOutput)]!);
        const moved = offsets.map((value, i) => (times ? value * change.values[i]! : value + change.values[i]!));
        const merged = {
          ...conv,
          inputs: [
            conv.inputs[0]!,
            times ? store(`${conv.name}.weight`, kernel.dims, scaled) : conv.inputs[1]!,
            store(`${conv.name}.bias`, [outputs], moved),
          ],
          outputs: change.node.outputs,
        };
        return replace(change.node, merged);
      }
    }
    return false;
  };
  while (mergeOnce());
  return { ...graph, nodes, initializers };
}

/** Leaves out what no output needs. */
function withoutUnused(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const nodes: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    nodes.unshift(node);
    node.inputs.forEach((name) => needed.add(name));
  }
  const initializers = new Map([...graph.initializers].filter(([name]) => needed.has(name)));
  return { ...graph, nodes, initializers };
}
