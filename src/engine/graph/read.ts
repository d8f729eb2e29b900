import {
  AttributeProto_AttributeType as AttributeKind,
  TensorProto_DataLocation,
  TensorProto_DataType as Code,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { LWayError } from '../common/errors';
import { bfloat16ToFloat, fromHalf } from '../common/half';
import { parseOnnx } from '../common/onnx-file';
import type { Attribute, Graph, Node, ValueInfo } from './graph';
import { inOrder } from './order';
import { liftWeights } from './parameters';
import { sizeOf, tensorOf, type Tensor } from './tensor';
import { typeOfCode } from './types';
import { upgrade } from './upgrade';

const OLDEST = 9;
const NEWEST = 23;
const CONTROL_FLOW = new Set(['Loop', 'Scan', 'SequenceMap']);
const QUANTISED = /^(QLinear|Dynamic)?(Quantize|Dequantize)|^QLinear|Integer$/;
const ANOTHER_EXPORT = 'Export the network again for opset 13 to 21, as plain float32 and in a single file.';

const refuse = (message: string, advice = ANOTHER_EXPORT, cause?: unknown): LWayError =>
  new LWayError('bad-graph', message, advice, { cause });

/**
 * Reads an ONNX file of opset 9 to 23 and upgrades its operations to {@link OPSET}. float16, bfloat16 and double become
 * float32; weights that an exporter wrote as `Constant` nodes become initialisers.
 *
 * @throws LWayError `bad-model` where the bytes are no ONNX file; `bad-graph`, naming node and op, where weights are
 *   missing, stored elsewhere or quantised, or the graph has a cycle, a loop or ops of other domains
 */
export function readGraph(bytes: Uint8Array): Graph {
  let model: ModelProto;
  try {
    model = parseOnnx(bytes);
  } catch (cause) {
    throw new LWayError(
      'bad-model',
      'This is not an ONNX file, or it is cut short.',
      'Choose a file that ends in .onnx and is complete.',
      { cause },
    );
  }
  if (model.graph === undefined || model.graph.node.length === 0) {
    throw new LWayError('bad-model', 'This file holds no network.', 'Choose an ONNX file with a network in it.');
  }
  const version = Number(model.opsetImport.find(({ domain }) => isDefault(domain))?.version ?? 0n);
  if (version < OLDEST || version > NEWEST) {
    throw refuse(`The network is written for ONNX opset ${version}; ${OLDEST} to ${NEWEST} can be read.`);
  }
  return graphOf(model.graph, version);
}

const isDefault = (domain: string): boolean => domain === '' || domain === 'ai.onnx';

function graphOf(proto: GraphProto, version: number): Graph {
  if (proto.sparseInitializer.length > 0) throw refuse('The network stores sparse weights, which cannot be read.');
  const initializers = new Map<string, Tensor>();
  for (const tensor of proto.initializer)
    initializers.set(tensor.name, tensorFrom(tensor, `The weight "${tensor.name}"`));
  const inputs = proto.input.filter(({ name }) => !initializers.has(name)).map(valueInfoFrom);
  const read = proto.node.map((node, i) => nodeFrom(node, i, version));
  const nodes = upgrade(read, initializers, version);
  const graph: Graph = {
    name: proto.name === '' ? 'network' : proto.name,
    inputs,
    outputs: proto.output.map(valueInfoFrom),
    nodes: liftWeights(inOrder(nodes, [...inputs.map(({ name }) => name), ...initializers.keys()]), initializers),
    initializers,
  };
  const made = new Set([
    ...graph.nodes.flatMap((node) => node.outputs),
    ...initializers.keys(),
    ...inputs.map(({ name }) => name),
  ]);
  for (const { name } of graph.outputs) {
    if (!made.has(name)) throw refuse(`Nothing in the network makes its output "${name}".`);
  }
  return graph;
}

/** A branch of an `If`: it may read values from around it, so that what is missing in it is no fault. */
function branchOf(proto: GraphProto, version: number): Graph {
  const initializers = new Map<string, Tensor>();
  for (const tensor of proto.initializer)
    initializers.set(tensor.name, tensorFrom(tensor, `The weight "${tensor.name}"`));
  const read = proto.node.map((node, i) => nodeFrom(node, i, version));
  const nodes = upgrade(read, initializers, version);
  const outputs = proto.output.map(({ name }): ValueInfo => ({ name, type: 'float32', shape: [] }));
  return { name: proto.name, inputs: [], outputs, nodes, initializers };
}

function nodeFrom(proto: NodeProto, index: number, version: number): Node {
  const name = proto.name === '' ? (proto.output[0] ?? `node ${index}`) : proto.name;
  const where = `${proto.opType} "${name}"`;
  if (!isDefault(proto.domain)) {
    throw refuse(`The operation ${where} comes from "${proto.domain}", which is not standard ONNX.`);
  }
  if (CONTROL_FLOW.has(proto.opType)) {
    throw refuse(`The network branches or loops while it runs (${where}), which is not supported.`);
  }
  if (QUANTISED.test(proto.opType)) {
    throw refuse(
      `The network is quantised to integers (${where}), which cannot be trained.`,
      'Use the float32 or float16 version of this network.',
    );
  }
  const attributes: Record<string, Attribute> = {};
  for (const attribute of proto.attribute) {
    const value = attributeFrom(attribute, where, version);
    if (value !== undefined) attributes[attribute.name] = value;
  }
  return { name, op: proto.opType, inputs: proto.input, outputs: outputsOf(proto), attributes };
}

/** Without optional outputs that are left out at the end; the number of a Split's says into how many parts it cuts. */
function outputsOf({ opType, output }: NodeProto): string[] {
  if (opType === 'Split') return output;
  let length = output.length;
  while (length > 0 && output[length - 1] === '') length--;
  return output.slice(0, length);
}

function attributeFrom(proto: AttributeProto, where: string, version: number): Attribute | undefined {
  const text = new TextDecoder();
  switch (proto.type) {
    case AttributeKind.FLOAT:
      return proto.f;
    case AttributeKind.INT:
      return Number(proto.i);
    case AttributeKind.STRING:
      return text.decode(proto.s);
    case AttributeKind.FLOATS:
      return proto.floats;
    case AttributeKind.INTS:
      return proto.ints.map(Number);
    case AttributeKind.STRINGS:
      return proto.strings.map((bytes) => text.decode(bytes));
    case AttributeKind.TENSOR:
      return proto.t && tensorFrom(proto.t, `The constant of ${where}`);
    case AttributeKind.GRAPH:
      return proto.g && branchOf(proto.g, version);
    case AttributeKind.GRAPHS:
      throw refuse(`The network branches or loops while it runs (${where}), which is not supported.`);
    default:
      throw refuse(`The operation ${where} has a setting "${proto.name}" of a kind that cannot be read.`);
  }
}

function valueInfoFrom(proto: ValueInfoProto): ValueInfo {
  const kind = proto.type?.value;
  const type = kind?.case === 'tensorType' ? typeOfCode(kind.value.elemType) : undefined;
  if (kind?.case !== 'tensorType' || type === undefined) {
    throw refuse(`"${proto.name}" is an input or output of the network and is neither float nor integer.`);
  }
  const shape = (kind.value.shape?.dim ?? []).map(({ value }, i) => {
    if (value.case === 'dimValue' && value.value > 0n) return Number(value.value);
    return value.case === 'dimParam' && value.value !== '' ? value.value : `${proto.name}_${i}`;
  });
  return { name: proto.name, type, shape };
}

function tensorFrom(proto: TensorProto, what: string): Tensor {
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL || proto.externalData.length > 0) {
    throw refuse(`${what} is stored in another file.`);
  }
  const type = typeOfCode(proto.dataType);
  if (type === undefined) {
    const integers = [Code.INT8, Code.UINT8, Code.INT4, Code.UINT4, Code.INT16, Code.UINT16] as number[];
    const kind = integers.includes(proto.dataType) ? 'a quantised integer type' : `type ${proto.dataType}`;
    throw refuse(`${what} has ${kind}, which cannot be used here.`);
  }
  const dims = proto.dims.map(Number);
  const values = proto.rawData.length > 0 ? rawValues(proto) : listedValues(proto);
  if (values.length !== sizeOf(dims))
    throw refuse(`${what} is incomplete: ${values.length} of ${sizeOf(dims)} values.`);
  return values instanceof BigInt64Array ? { type, dims, data: values } : tensorOf(type, values, dims);
}

/** Little-endian values, copied so that they are aligned. */
function rawValues(proto: TensorProto): ArrayLike<number> | BigInt64Array {
  // A Node Buffer's own slice() would not copy.
  const { buffer } = Uint8Array.from(proto.rawData);
  const whole = (size: number): ArrayBuffer => buffer.slice(0, buffer.byteLength - (buffer.byteLength % size));
  switch (proto.dataType as Code) {
    case Code.FLOAT:
      return new Float32Array(whole(4));
    case Code.DOUBLE:
      return new Float64Array(whole(8));
    case Code.FLOAT16:
      return Float32Array.from(new Uint16Array(whole(2)), fromHalf);
    case Code.BFLOAT16:
      return Float32Array.from(new Uint16Array(whole(2)), bfloat16ToFloat);
    case Code.INT64:
      return new BigInt64Array(whole(8));
    case Code.INT32:
      return new Int32Array(whole(4));
    default:
      return new Uint8Array(buffer);
  }
}

function listedValues(proto: TensorProto): ArrayLike<number> | BigInt64Array {
  switch (proto.dataType as Code) {
    case Code.FLOAT:
      return proto.floatData;
    case Code.DOUBLE:
      return proto.doubleData;
    case Code.INT64:
      return BigInt64Array.from(proto.int64Data);
    case Code.FLOAT16:
      return proto.int32Data.map(fromHalf);
    case Code.BFLOAT16:
      return proto.int32Data.map(bfloat16ToFloat);
    default:
      return proto.int32Data;
  }
}
