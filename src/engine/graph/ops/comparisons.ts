import type { Value } from '../value';
import type { OpDefinition, OpTable } from './definition';
import { broadcast, mapElements, required, sumTo } from './support';

/** Element-wise questions: true or false, and flat everywhere. */
const question = (f: (...values: number[]) => boolean): OpDefinition => ({
  infer: (inputs) => [{ type: 'bool', shape: broadcast(inputs.map((_, i) => required(inputs, i).shape)) }],
  evaluate: (inputs, _, [output]) => [
    mapElements(
      inputs.map((input) => input!),
      output!,
      (...v) => Number(f(...v)),
    ),
  ],
  gradient: 'none',
});

export const comparisons: OpTable = {
  Equal: question((a, c) => a === c),
  Greater: question((a, c) => a > c),
  GreaterOrEqual: question((a, c) => a >= c),
  Less: question((a, c) => a < c),
  LessOrEqual: question((a, c) => a <= c),
  And: question((a, c) => a !== 0 && c !== 0),
  Or: question((a, c) => a !== 0 || c !== 0),
  Xor: question((a, c) => (a !== 0) !== (c !== 0)),
  Not: question((a) => a === 0),
  IsNaN: question(Number.isNaN),
  Where: {
    infer: (inputs) => [
      { type: required(inputs, 1).type, shape: broadcast([0, 1, 2].map((i) => required(inputs, i).shape)) },
    ],
    evaluate: (inputs, _, [output]) => [
      mapElements(
        inputs.map((input) => input!),
        output!,
        (condition, a, c) => (condition !== 0 ? a : c),
      ),
    ],
    gradient: ({ b, inputs: [condition, x, y], dy }) => {
      const part = (value: Value, a: Value | number, c: Value | number): Value =>
        sumTo(b, b.where(condition!, a, c), value.shape);
      return [undefined, part(x!, dy, 0), part(y!, 0, dy)];
    },
  },
};
