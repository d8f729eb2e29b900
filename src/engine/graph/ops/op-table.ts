import type { OpDefinition, OpTable } from './definition';
import { activations } from './activations';
import { arithmetic } from './arithmetic';
import { col2im } from './col2im';
import { comparisons } from './comparisons';
import { constants } from './constants';
import { convolution } from './convolution';
import { einsum } from './einsum';
import { gridSample } from './grid-sample';
import { layout } from './layout';
import { linear } from './linear';
import { normalization } from './normalization';
import { pooling } from './pooling';
import { reductions } from './reductions';
import { resizing } from './resizing';
import { scattering } from './scattering';
import { selection } from './selection';
import { withoutRule } from './without-rule';

const tables: readonly OpTable[] = [
  arithmetic,
  comparisons,
  activations,
  constants,
  layout,
  selection,
  scattering,
  gridSample,
  reductions,
  linear,
  einsum,
  convolution,
  col2im,
  pooling,
  resizing,
  normalization,
  withoutRule,
];

const definitions = new Map<string, OpDefinition>();
for (const [op, definition] of tables.flatMap((table) => Object.entries(table))) {
  if (definitions.has(op)) throw new Error(`${op} stands in two tables`);
  definitions.set(op, definition);
}

/** What is known of an op of the default domain, if anything. */
export const definitionOf = (op: string): OpDefinition | undefined => definitions.get(op);

/** All ops that graphs may use, and whether a gradient is known. */
export const knownOps = (): readonly { op: string; gradient: boolean }[] =>
  [...definitions].map(([op, { gradient, expand }]) => ({
    op,
    gradient: gradient !== undefined || expand !== undefined,
  }));
