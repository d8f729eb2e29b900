import { TensorProto_DataLocation, TensorProto_DataType } from 'onnx-buf';
import type { GraphProto, TensorProto, ValueInfoProto } from 'onnx-buf';
import { LWayError } from '../common/errors';
import { parseOnnx } from '../common/onnx-file';

/** One input or output of a network, as its file declares it. */
export interface PortDescription {
  name: string;
  /** ONNX element type: 'FLOAT', 'FLOAT16', 'INT8'… */
  type: string;
  /** A number is fixed, a name free, '' free without a name; `null` where the file tells nothing. */
  shape: (number | string)[] | null;
}

/** What an ONNX file says of its network without running it. */
export interface NetworkFile {
  inputs: PortDescription[];
  outputs: PortDescription[];
  operators: Set<string>;
  nodes: number;
  /** Values in its initializers. */
  parameters: number;
}

/** `bytes`: what a protobuf message holds. `pageBytes`: what a page should have in its memory several times over. */
export const networkLimits = { bytes: 2 ** 31 - 1, pageBytes: 2 ** 29, nodes: 50_000, depth: 8 } as const;

/**
 * Reads the outline of an ONNX file. Everything here is checked before ONNX Runtime sees the file: its size, how deep
 * its graphs are nested, how many nodes it has and that all of its data is inside.
 *
 * @throws LWayError `bad-model`
 */
export function readNetworkFile(bytes: Uint8Array): NetworkFile {
  if (bytes.length === 0) throw refuse('The network file is empty.', 'Download or export it again.');
  if (bytes.length > networkLimits.bytes)
    throw refuse(
      `The network file has ${Math.round(bytes.length / 1048576)} MB; the limit is ${Math.floor(networkLimits.bytes / 1048576)} MB.`,
      'Choose a smaller network.',
    );
  let graph: GraphProto | undefined;
  try {
    graph = parseOnnx(bytes).graph;
  } catch (cause) {
    throw refuse(
      'This is not an ONNX file, or only a part of one.',
      'Choose a .onnx file; if it is one, download or export it again.',
      cause,
    );
  }
  if (!graph || graph.node.length === 0 || graph.output.length === 0)
    throw refuse('This ONNX file holds no network.', 'Choose another file, or export it again.');
  const file: NetworkFile = { inputs: [], outputs: [], operators: new Set(), nodes: 0, parameters: 0 };
  walk(graph, file, 1);
  const initializers = new Set(graph.initializer.map(({ name }) => name));
  // Files older than IR version 4 list their weights among the inputs as well.
  file.inputs = graph.input.filter(({ name }) => !initializers.has(name)).map(describe);
  file.outputs = graph.output.map(describe);
  return file;
}

function walk(graph: GraphProto, file: NetworkFile, depth: number): void {
  if (depth > networkLimits.depth)
    throw refuse('The graphs in this ONNX file are nested too deeply.', 'Choose another network.');
  file.nodes += graph.node.length;
  if (file.nodes > networkLimits.nodes)
    throw refuse(`This network has more than ${networkLimits.nodes} nodes.`, 'Choose a simpler network.');
  for (const tensor of graph.initializer) count(tensor, file);
  for (const node of graph.node) {
    file.operators.add(node.domain && node.domain !== 'ai.onnx' ? `${node.domain}.${node.opType}` : node.opType);
    for (const attribute of node.attribute) {
      if (attribute.t) count(attribute.t, file);
      if (attribute.g) walk(attribute.g, file, depth + 1);
      for (const inner of attribute.graphs) walk(inner, file, depth + 1);
    }
  }
}

function count(tensor: TensorProto, file: NetworkFile): void {
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL || tensor.externalData.length > 0)
    throw refuse(
      'This ONNX file stores its weights in another file.',
      'Export it as one file (onnx.save with save_as_external_data=False).',
    );
  file.parameters += tensor.dims.reduce((product, dim) => product * Number(dim), 1);
}

function describe(info: ValueInfoProto): PortDescription {
  const value = info.type?.value;
  const tensor = value?.case === 'tensorType' ? value.value : undefined;
  return {
    name: info.name,
    type: tensor ? (TensorProto_DataType[tensor.elemType] ?? 'UNDEFINED') : (value?.case ?? 'UNDEFINED'),
    shape:
      tensor?.shape?.dim.map(({ value: dim }) =>
        dim.case === 'dimValue' && dim.value > 0n ? Number(dim.value) : dim.case === 'dimParam' ? dim.value : '',
      ) ?? null,
  };
}

function refuse(message: string, advice: string, cause?: unknown): LWayError {
  return new LWayError('bad-model', message, advice, { cause });
}
