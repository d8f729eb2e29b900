import type { Tensor } from '../tensor';
import { int64, numbersOf, sizeOf, tensorOf } from '../tensor';
import { typeOfCode } from '../types';
import type { OpTable } from './definition';
import { known, likeFirst, listOr, mapElements, numberOf, numberOr, required } from './support';

const isTensor = (value: unknown): value is Tensor => typeof value === 'object' && value !== null && 'dims' in value;

/** Constants, shapes, and what passes values on unchanged. */
export const constants: OpTable = {
  Constant: {
    infer: () => [],
    evaluateShapes: (_, attributes) => {
      const { value, value_float, value_int } = attributes;
      const floats = listOr(attributes, 'value_floats');
      const ints = listOr(attributes, 'value_ints');
      if (isTensor(value)) return value;
      if (typeof value_float === 'number') return tensorOf('float32', [value_float], []);
      if (typeof value_int === 'number') return tensorOf('int64', [value_int], []);
      if (floats !== undefined) return tensorOf('float32', floats, [floats.length]);
      if (ints !== undefined) return tensorOf('int64', ints, [ints.length]);
      throw new Error('it holds no numbers');
    },
  },
  ConstantOfShape: {
    infer: (inputs, { value }) => [
      { type: isTensor(value) ? value.type : 'float32', shape: known(inputs, 0, 'sizes') },
    ],
    evaluate: (_, { value }, [output]) => {
      const filling = isTensor(value) ? numbersOf(value)[0]! : 0;
      return [tensorOf(output!.type, new Float64Array(sizeOf(output!.shape)).fill(filling), output!.shape)];
    },
    gradient: 'none',
  },
  Shape: {
    infer: () => [],
    evaluateShapes: (inputs, attributes) => {
      const { shape } = required(inputs, 0);
      return int64(shape.slice(numberOr(attributes, 'start', 0), numberOr(attributes, 'end', shape.length)));
    },
  },
  Size: {
    infer: () => [],
    evaluateShapes: (inputs) => int64(sizeOf(required(inputs, 0).shape)),
  },
  Range: {
    infer: () => [],
    evaluateShapes: (inputs) => {
      const [start, limit, step] = [
        known(inputs, 0, 'ends')[0]!,
        known(inputs, 1, 'ends')[0]!,
        known(inputs, 2, 'ends')[0]!,
      ];
      const count = Math.max(0, Math.ceil((limit - start) / step));
      return tensorOf(
        required(inputs, 0).type,
        Array.from({ length: count }, (_, i) => start + i * step),
        [count],
      );
    },
  },
  Identity: { infer: likeFirst, passes: ([x]) => x, gradient: ({ gradients }) => gradients },
  /** In inference nothing is dropped. */
  Dropout: {
    infer: (inputs, _, outputs) => {
      if (outputs > 1) throw new Error('its mask is used, as only training does');
      if (inputs[2]?.constant !== undefined && Number(inputs[2].constant.data[0]) !== 0) {
        throw new Error('it is switched to training');
      }
      return likeFirst(inputs);
    },
    passes: ([x]) => x,
    gradient: ({ gradients }) => gradients,
  },
  /** Gradients pass between floats; there is one float type here. */
  Cast: {
    infer: (inputs, attributes) => {
      const type = typeOfCode(numberOf(attributes, 'to'));
      if (type === undefined) throw new Error('it makes a type of number that is not known here');
      return [{ type, shape: required(inputs, 0).shape }];
    },
    evaluate: ([x], _, [output]) => [mapElements([x!], output!, (value) => value)],
    passes: ([x], _, [output]) => (x!.type === output!.type ? x : undefined),
    gradient: 'none',
  },
};
