import type { Builder } from '../builder';
import type * as generic from '../op-definition';

export type { Description, Inputs } from '../op-definition';

export type Backward = generic.Backward<Builder>;
export type GradientRule = generic.GradientRule<Builder>;
export type OpDefinition = generic.OpDefinition<Builder>;
export type OpTable = Readonly<Record<string, OpDefinition>>;
