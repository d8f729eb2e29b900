import { TensorProto_DataType as Code } from 'onnx-buf';
import type { DataType } from './tensor';

/** ONNX's numbers for the types that graphs hold here. */
export const TYPE_CODES: Readonly<Record<DataType, number>> = {
  float32: Code.FLOAT,
  int32: Code.INT32,
  int64: Code.INT64,
  bool: Code.BOOL,
};

/** The type that elements of an ONNX type get here; `undefined` for those that graphs cannot hold. */
export function typeOfCode(code: number): DataType | undefined {
  switch (code as Code) {
    case Code.FLOAT:
    case Code.FLOAT16:
    case Code.BFLOAT16:
    case Code.DOUBLE:
      return 'float32';
    case Code.INT64:
      return 'int64';
    case Code.INT32:
      return 'int32';
    case Code.BOOL:
      return 'bool';
    default:
      return undefined;
  }
}
