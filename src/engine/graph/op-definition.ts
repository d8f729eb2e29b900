import type { Attributes } from './graph';
import type { Lowering } from './lowering';
import type { DataType, Tensor } from './tensor';
import type { Operation, Value } from './value';

/** What is known of a value before anything runs. */
export interface Description {
  readonly type: DataType;
  readonly shape: readonly number[];
}

export type Inputs = readonly (Value | undefined)[];

/** What a gradient rule works with. */
export interface Backward<B> extends Operation {
  readonly b: B;
  /** d(loss)/d(output), one per output; `undefined` where the loss does not depend on it. */
  readonly gradients: readonly (Value | undefined)[];
  /** The first of them that is there: of an op with one output its gradient. */
  readonly dy: Value;
  readonly lowering: Lowering;
}

/** d(loss)/d(input) for each input; `undefined` means zero. What nobody asked for is left out of the graph again. */
export type GradientRule<B> = (backward: Backward<B>) => readonly (Value | undefined)[];

/**
 * One op: its forward meaning as far as the engine needs it, and its gradient.
 *
 * @typeParam B what operations are written down with; `ops/definition.ts` names it
 */
export interface OpDefinition<B> {
  /**
   * Types and shapes of the outputs.
   *
   * @throws Error with a clause that says what does not fit; the builder names node and op
   */
  infer(inputs: Inputs, attributes: Attributes, outputs: number): readonly Description[];
  /** The value itself, where all inputs are constants and it is worth knowing before the graph runs. */
  evaluate?(inputs: readonly (Tensor | undefined)[], attributes: Attributes, outputs: readonly Description[]): Tensor[];
  /** The value itself where the shapes of the inputs are enough. */
  evaluateShapes?(inputs: Inputs, attributes: Attributes): Tensor;
  /**
   * The operation in terms of others, where not every device has it or some compute it wrongly; the gradient is then
   * theirs. `undefined` where these inputs need no such thing.
   */
  expand?(b: B, inputs: readonly (Value | undefined)[], attributes: Attributes): Value | undefined;
  /** The input that passes through unchanged, where the operation does nothing. */
  passes?(inputs: Inputs, attributes: Attributes, outputs: readonly Description[]): Value | undefined;
  /**
   * Absent: no gradient is known, and whatever lies upstream stays as it is. `'none'`: the op is flat almost
   * everywhere (Sign, Floor, comparisons), as PyTorch has it.
   */
  gradient?: GradientRule<B> | 'none';
  /** Whether the rule covers these inputs and attributes; where it does not, it is as if there were none. */
  covers?(inputs: Inputs, attributes: Attributes): boolean;
}
