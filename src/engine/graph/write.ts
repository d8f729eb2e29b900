import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeKind,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type GraphProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { isGraph, OPSET, type Attribute, type Graph, type ValueInfo } from './graph';
import { wholeNumber, type Tensor } from './tensor';
import { TYPE_CODES } from './types';

/** The IR version that belongs to {@link OPSET}. */
const IR_VERSION = 10n;

/** All attributes of the default domain that are floats, single or in lists: JavaScript cannot tell 1.0 from 1. */
const FLOATS = new Set([
  'alpha',
  'beta',
  'gamma',
  'bias',
  'lambd',
  'epsilon',
  'momentum',
  'ratio',
  'cubic_coeff_a',
  'extrapolation_value',
  'spatial_scale',
  'value_float',
  'value_floats',
]);

/** A graph as the bytes of an ONNX file. */
export function writeGraph(graph: Graph): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'LWay',
    opsetImport: [{ domain: '', version: BigInt(OPSET) }],
    graph: graphTo(graph),
  });
  return toBinary(ModelProtoSchema, model);
}

function graphTo(graph: Graph): GraphProto {
  // ONNX Runtime refuses two nodes of one name, and takes nodes without.
  const names = new Set<string>();
  const once = (name: string): string => (names.size === names.add(name).size ? '' : name);
  return create(GraphProtoSchema, {
    name: graph.name,
    input: graph.inputs.map(valueInfoTo),
    output: graph.outputs.map(valueInfoTo),
    initializer: [...graph.initializers].map(([name, tensor]) => tensorTo(tensor, name)),
    node: graph.nodes.map((node) => ({
      name: once(node.name),
      opType: node.op,
      input: [...node.inputs],
      output: [...node.outputs],
      attribute: Object.entries(node.attributes).map(([name, value]) => attributeTo(name, value)),
    })),
  });
}

function valueInfoTo({ name, type, shape }: ValueInfo): ValueInfoProto {
  const dim = shape.map((size) => ({
    value:
      typeof size === 'number'
        ? { case: 'dimValue' as const, value: wholeNumber(size) }
        : { case: 'dimParam' as const, value: size },
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: TYPE_CODES[type], shape: { dim } } } },
  });
}

function tensorTo({ type, dims, data }: Tensor, name: string): TensorProto {
  const rawData = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return create(TensorProtoSchema, { name, dims: dims.map(wholeNumber), dataType: TYPE_CODES[type], rawData });
}

function attributeTo(name: string, value: Attribute): AttributeProto {
  const text = new TextEncoder();
  const bytes = (from: string): Uint8Array<ArrayBuffer> => text.encode(from) as Uint8Array<ArrayBuffer>;
  const make = (fields: MessageInitShape<typeof AttributeProtoSchema>): AttributeProto =>
    create(AttributeProtoSchema, { ...fields, name });
  if (typeof value === 'string') return make({ type: AttributeKind.STRING, s: bytes(value) });
  if (typeof value === 'number') {
    return FLOATS.has(name)
      ? make({ type: AttributeKind.FLOAT, f: value })
      : make({ type: AttributeKind.INT, i: wholeNumber(value) });
  }
  if (isGraph(value)) return make({ type: AttributeKind.GRAPH, g: graphTo(value) });
  if ('dims' in value) return make({ type: AttributeKind.TENSOR, t: tensorTo(value, '') });
  if (value.some((item) => typeof item === 'string')) {
    return make({ type: AttributeKind.STRINGS, strings: (value as readonly string[]).map(bytes) });
  }
  const numbers = value as readonly number[];
  return FLOATS.has(name)
    ? make({ type: AttributeKind.FLOATS, floats: [...numbers] })
    : make({ type: AttributeKind.INTS, ints: numbers.map(wholeNumber) });
}
