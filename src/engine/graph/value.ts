import type { Attributes } from './graph';
import type { DataType, Tensor } from './tensor';

/** A value in a graph that is being built: its type and shape are always known. */
export interface Value {
  readonly type: DataType;
  readonly shape: readonly number[];
  /** Its elements, where they are known already. */
  readonly constant?: Tensor;
  /** The name it had in the file it comes from; kept in the built graph where it is still free. */
  readonly hint?: string;
}

/** A value, or a number or constant to be made one. */
export type Operand = Value | Tensor | number;

/** A node inside a builder: values instead of names. */
export interface Operation {
  readonly op: string;
  /** The node's name in the file it comes from, if any. */
  readonly node: string;
  /** `undefined`: an optional input left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}
