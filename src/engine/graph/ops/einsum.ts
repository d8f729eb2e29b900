import type { Builder } from '../builder';
import type { Attributes } from '../graph';
import { sameShape } from '../tensor';
import type { Value } from '../value';
import type { Inputs, OpTable } from './definition';
import { required, textOr } from './support';

/** An equation with one letter per axis, its ellipses spelt out. */
interface Equation {
  readonly operands: readonly string[];
  readonly result: string;
  /** Size of each letter's axis; an axis of one element may stand for any size, as in NumPy. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** https://onnx.ai/onnx/operators/onnx__Einsum.html; without an arrow: letters that occur once, in their order. */
function equationOf(inputs: Inputs, attributes: Attributes): Equation {
  const text = textOr(attributes, 'equation', '').replace(/\s/g, '');
  const [left, right] = text.split('->') as [string, string | undefined];
  const terms = left.split(',');
  if (terms.length !== inputs.length) throw new Error(`"${text}" is for ${terms.length} inputs`);
  const shapes = terms.map((_, i) => required(inputs, i).shape);
  const extra = terms.map((term, i) => (term.includes('...') ? shapes[i]!.length - (term.length - 3) : 0));
  const unused = Array.from('abcdefghijklmnopqrstuvwxyz').filter((letter) => !text.includes(letter));
  const ellipsis = unused.slice(0, Math.max(0, ...extra));
  const spelt = (term: string, count: number): string =>
    term.replace('...', count === 0 ? '' : ellipsis.slice(-count).join(''));
  const operands = terms.map((term, i) => spelt(term, extra[i]!));
  const sizes = new Map<string, number>();
  operands.forEach((operand, i) => {
    if (operand.length !== shapes[i]!.length) throw new Error(`"${text}" takes other numbers of axes`);
    Array.from(operand).forEach((letter, axis) => {
      const [size, before = 1] = [shapes[i]![axis]!, sizes.get(letter)];
      if (size !== 1 && before !== 1 && size !== before) throw new Error(`${letter} is ${before} and ${size}`);
      sizes.set(letter, Math.max(size, before));
    });
  });
  const all = operands.join('');
  const once = Array.from(all).filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter));
  const implied = once.filter((letter) => !ellipsis.includes(letter)).sort();
  const result = right === undefined ? [...ellipsis, ...implied].join('') : spelt(right, ellipsis.length);
  return { operands, result, sizes };
}

const shapeFor = (letters: string, { sizes }: Equation): number[] =>
  Array.from(letters, (letter) => sizes.get(letter)!);

/** The gradient of one operand: the same sum of products, operand and result having changed places. */
function operandGradient(b: Builder, inputs: readonly Value[], dy: Value, equation: Equation, at: number): Value {
  const { operands, result } = equation;
  const others = operands.filter((_, i) => i !== at);
  const wanted = operands[at]!;
  const known = new Set([...others, result].join(''));
  // What was summed over in this operand alone: the gradient is the same all along.
  const kept = Array.from(wanted, (letter) => (known.has(letter) ? letter : '')).join('');
  const factors = inputs.filter((_, i) => i !== at);
  const part = b.op('Einsum', [dy, ...factors], { equation: `${[result, ...others].join()}->${kept}` });
  const seen = Array.from(wanted, (letter) => (known.has(letter) ? equation.sizes.get(letter)! : 1));
  return b.expand(b.reshape(part, seen), shapeFor(wanted, equation));
}

/** Sums of products over named axes. */
export const einsum: OpTable = {
  Einsum: {
    infer: (inputs, attributes) => {
      const equation = equationOf(inputs, attributes);
      return [{ type: required(inputs, 0).type, shape: shapeFor(equation.result, equation) }];
    },
    // ONNX Runtime's WebGPU (1.30) fails on ellipses.
    expand: (b, inputs, attributes) => {
      if (!textOr(attributes, 'equation', '').includes('.')) return undefined;
      const { operands, result } = equationOf(inputs, attributes);
      return b.op('Einsum', inputs, { equation: `${operands.join()}->${result}` });
    },
    // Diagonals, and axes of one element that stand for more, are not undone.
    covers: (inputs, attributes) => {
      const equation = equationOf(inputs, attributes);
      return equation.operands.every(
        (operand, i) =>
          new Set(operand).size === operand.length && sameShape(required(inputs, i).shape, shapeFor(operand, equation)),
      );
    },
    gradient: ({ b, inputs, dy, attributes }) => {
      const equation = equationOf(inputs, attributes);
      return inputs.map((_, i) => operandGradient(b, inputs as readonly Value[], dy, equation, i));
    },
  },
};
