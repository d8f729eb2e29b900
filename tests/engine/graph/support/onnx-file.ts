import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as Kind,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as Type,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';

// ONNX files as other exporters write them, built message by message.

type Attributes = Record<string, number | number[] | string | TensorProto | GraphProto>;
export const bytesOf = (values: Float32Array | Uint16Array | BigInt64Array | Float64Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(values.buffer as ArrayBuffer);

export const node = (opType: string, input: string[], output: string[], attributes: Attributes = {}): NodeProto =>
  create(NodeProtoSchema, {
    opType,
    name: `the ${opType}`,
    input,
    output,
    attribute: Object.entries(attributes).map(([name, value]) => {
      if (typeof value === 'string') {
        return create(AttributeProtoSchema, {
          name,
          type: Kind.STRING,
          s: new TextEncoder().encode(value) as Uint8Array<ArrayBuffer>,
        });
      }
      if (typeof value === 'object' && 'sparseInitializer' in value) {
        return create(AttributeProtoSchema, { name, type: Kind.GRAPH, g: value });
      }
      if (typeof value === 'object' && 'dims' in value) {
        return create(AttributeProtoSchema, { name, type: Kind.TENSOR, t: value });
      }
      if (Array.isArray(value)) return create(AttributeProtoSchema, { name, type: Kind.INTS, ints: value.map(BigInt) });
      return !Number.isInteger(value)
        ? create(AttributeProtoSchema, { name, type: Kind.FLOAT, f: value })
        : create(AttributeProtoSchema, { name, type: Kind.INT, i: BigInt(value) });
    }),
  });

export const floats = (name: string, dims: number[], values: number[]): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: Type.FLOAT,
    rawData: bytesOf(Float32Array.from(values)),
  });

export const ints = (name: string, dims: number[], values: number[]): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: Type.INT64,
    rawData: bytesOf(BigInt64Array.from(values, BigInt)),
  });

export const info = (name: string, dims: readonly (number | string)[], elemType: number = Type.FLOAT) =>
  create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType,
          shape: {
            dim: dims.map((dim) => ({
              value:
                typeof dim === 'number'
                  ? { case: 'dimValue' as const, value: BigInt(dim) }
                  : { case: 'dimParam' as const, value: dim },
            })),
          },
        },
      },
    },
  });

/** A branch of an `If`. */
export const branch = (nodes: NodeProto[], output: string): GraphProto =>
  create(GraphProtoSchema, { name: 'branch', node: nodes, output: [info(output, [])] });

export function model(
  nodes: NodeProto[],
  { version = 13, initializer = [] as TensorProto[], input = [info('x', [2, 3])], output = [info('y', [])] } = {},
): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: BigInt(version) }],
    graph: { name: 'test', node: nodes, initializer, input, output },
  });
}

export const bytes = (proto: ModelProto): Uint8Array => toBinary(ModelProtoSchema, proto);
