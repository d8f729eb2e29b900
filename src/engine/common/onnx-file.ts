import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type ModelProto } from 'onnx-buf';

const parsed = new WeakMap<Uint8Array, ModelProto>();

/**
 * An ONNX file as its messages. Files are large and asked for many things: each is parsed once, and the messages are kept
 * as long as the bytes are, which most of them only point into. Nobody changes either.
 *
 * @throws whatever the protobuf reader says of bytes that are no ONNX file
 */
export function parseOnnx(bytes: Uint8Array): ModelProto {
  let model = parsed.get(bytes);
  if (model === undefined) {
    model = fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false });
    parsed.set(bytes, model);
  }
  return model;
}
