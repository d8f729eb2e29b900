import type { Builder } from '../builder';
import type { Attributes } from '../graph';
import { numbersOf, sameShape, sizeOf, stridesOf, tensorOf } from '../tensor';
import type { Value } from '../value';
import type { Inputs, OpDefinition, OpTable } from './definition';
import {
  axisOf,
  broadcastStrides,
  known,
  listOr,
  numberOf,
  numberOr,
  optionallyKnown,
  rearrange,
  required,
  sumTo,
  textOr,
} from './support';

/** Ops that only read the same elements in another shape. */
const relabel = (shapeOf: (inputs: Inputs, attributes: Attributes) => readonly number[]): OpDefinition => ({
  infer: (inputs, attributes) => {
    const x = required(inputs, 0);
    const shape = shapeOf(inputs, attributes);
    if (sizeOf(shape) !== sizeOf(x.shape)) throw new Error(`they cannot take the shape [${shape.join(', ')}]`);
    return [{ type: x.type, shape }];
  },
  evaluate: ([x], _, [output]) => [{ ...x!, dims: output!.shape }],
  passes: ([x], _, [output]) => (sameShape(x!.shape, output!.shape) ? x : undefined),
  gradient: ({ b, inputs: [x], dy }) => [b.reshape(dy, x!.shape)],
});

function reshaped(inputs: Inputs, attributes: Attributes): number[] {
  const { shape: from } = required(inputs, 0);
  const keepsZero = numberOr(attributes, 'allowzero', 0) === 0;
  const to = known(inputs, 1, 'sizes').map((dim, i) => (dim === 0 && keepsZero ? from[i]! : dim));
  const rest = sizeOf(from) / sizeOf(to.filter((dim) => dim !== -1)) || 0;
  return to.map((dim) => (dim === -1 ? rest : dim));
}

function squeezed(inputs: Inputs): number[] {
  const { shape } = required(inputs, 0);
  const axes = optionallyKnown(inputs, 1, 'axes')?.map((axis) => axisOf(axis, shape.length));
  return shape.filter((dim, i) => (axes === undefined ? dim !== 1 : !axes.includes(i)));
}

function unsqueezed(inputs: Inputs): number[] {
  const { shape } = required(inputs, 0);
  const given = known(inputs, 1, 'axes');
  const rank = shape.length + given.length;
  const axes = new Set(given.map((axis) => axisOf(axis, rank)));
  const rest = [...shape];
  return Array.from({ length: rank }, (_, i) => (axes.has(i) ? 1 : rest.shift()!));
}

const inverse = (perm: readonly number[]): number[] => perm.map((_, i) => perm.indexOf(i));

const permOf = (attributes: Attributes, rank: number): readonly number[] =>
  listOr(
    attributes,
    'perm',
    Array.from({ length: rank }, (_, i) => rank - 1 - i),
  );

/** Shape and order of the six-dimensional view in which pixel shuffling is a transpose. */
function shuffle([n, c, h, w]: readonly number[], size: number, mode: string): { view: number[]; perm: number[] } {
  return mode === 'CRD'
    ? { view: [n!, c! / size ** 2, size, size, h!, w!], perm: [0, 1, 4, 2, 5, 3] }
    : { view: [n!, size, size, c! / size ** 2, h!, w!], perm: [0, 3, 4, 1, 5, 2] };
}

const pictureOf = (inputs: Inputs): { x: Value; dims: [number, number, number, number] } => {
  const x = required(inputs, 0);
  if (x.shape.length !== 4) throw new Error('it takes a picture of four dimensions');
  return { x, dims: x.shape as [number, number, number, number] };
};

/** Zeros, without storing them where they are many. */
const zeros = (b: Builder, shape: readonly number[]): Value => b.expand(b.constant(0), shape);

/** Where each part begins along the axis that a list of sizes divides. */
const beginnings = (sizes: readonly number[]): number[] =>
  sizes.map((_, i) => sizes.slice(0, i).reduce((a, c) => a + c, 0));

function splitSizes(inputs: Inputs, attributes: Attributes, outputs: number): number[] {
  const { shape } = required(inputs, 0);
  const size = shape[axisOf(numberOr(attributes, 'axis', 0), shape.length)]!;
  const given = optionallyKnown(inputs, 1, 'sizes');
  if (given !== undefined) return given;
  const piece = Math.ceil(size / outputs);
  return Array.from({ length: outputs }, (_, i) => Math.min(piece, size - i * piece));
}

/** Ops that move elements and leave them as they are. */
export const layout: OpTable = {
  Reshape: relabel(reshaped),
  Squeeze: relabel(squeezed),
  Unsqueeze: relabel(unsqueezed),
  Flatten: relabel((inputs, attributes) => {
    const { shape } = required(inputs, 0);
    const given = numberOr(attributes, 'axis', 1);
    const axis = given < 0 ? given + shape.length : given;
    return [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))];
  }),
  Transpose: {
    infer: (inputs, attributes) => {
      const x = required(inputs, 0);
      const perm = permOf(attributes, x.shape.length);
      if (perm.length !== x.shape.length) throw new Error('its order of axes has another length');
      return [{ type: x.type, shape: perm.map((axis) => x.shape[axis]!) }];
    },
    evaluate: ([x], attributes, [output]) => {
      const strides = stridesOf(x!.dims);
      return [
        rearrange(
          x!,
          output!.shape,
          permOf(attributes, strides.length).map((axis) => strides[axis]!),
        ),
      ];
    },
    passes: ([x], attributes) => (permOf(attributes, x!.shape.length).every((axis, i) => axis === i) ? x : undefined),
    gradient: ({ b, inputs: [x], dy, attributes }) => [b.transpose(dy, inverse(permOf(attributes, x!.shape.length)))],
  },
  Expand: {
    infer: (inputs) => {
      const { type, shape } = required(inputs, 0);
      const wanted = known(inputs, 1, 'sizes');
      const rank = Math.max(shape.length, wanted.length);
      const at = (dims: readonly number[], i: number): number => dims[i - rank + dims.length] ?? 1;
      const result = Array.from({ length: rank }, (_, i) => {
        const [have, want] = [at(shape, i), at(wanted, i)];
        if (have !== 1 && want !== 1 && have !== want) throw new Error(`${have} cannot become ${want}`);
        return have === 1 ? want : have;
      });
      return [{ type, shape: result }];
    },
    evaluate: ([x], _, [output]) => [rearrange(x!, output!.shape, broadcastStrides(x!.dims, output!.shape))],
    passes: ([x], _, [output]) => (sameShape(x!.shape, output!.shape) ? x : undefined),
    gradient: ({ b, inputs: [x], dy }) => [sumTo(b, dy, x!.shape)],
  },
  Tile: {
    infer: (inputs) => {
      const { type, shape } = required(inputs, 0);
      const repeats = known(inputs, 1, 'repeats');
      if (repeats.length !== shape.length) throw new Error('it needs one repeat per axis');
      return [{ type, shape: shape.map((dim, i) => dim * repeats[i]!) }];
    },
    evaluate: ([x, repeats], _, [output]) => {
      const times = numbersOf(repeats!);
      const view = x!.dims.flatMap((dim, i) => [times[i]!, dim]);
      const strides = stridesOf(x!.dims).flatMap((stride) => [0, stride]);
      return [{ ...rearrange(x!, view, strides), dims: output!.shape }];
    },
    passes: ([x], _, [output]) => (sameShape(x!.shape, output!.shape) ? x : undefined),
    gradient: ({ b, inputs, dy }) => {
      const { shape } = required(inputs, 0);
      const repeats = known(inputs, 1, 'repeats');
      const view = shape.flatMap((dim, i) => [repeats[i]!, dim]);
      const axes = shape.map((_, i) => 2 * i);
      return [b.reshape(b.reduceSum(b.reshape(dy, view), axes), shape)];
    },
  },
  Concat: {
    infer: (inputs, attributes) => {
      const { type, shape } = required(inputs, 0);
      const axis = axisOf(numberOf(attributes, 'axis'), shape.length);
      let total = 0;
      for (let i = 0; i < inputs.length; i++) {
        const other = required(inputs, i).shape;
        if (other.length !== shape.length || other.some((dim, k) => k !== axis && dim !== shape[k])) {
          throw new Error('they differ in more than the axis that they are joined along');
        }
        total += other[axis]!;
      }
      return [{ type, shape: shape.map((dim, i) => (i === axis ? total : dim)) }];
    },
    evaluate: (inputs, attributes, [output]) => {
      const axis = axisOf(numberOf(attributes, 'axis'), output!.shape.length);
      const result = new Float64Array(sizeOf(output!.shape));
      const row = sizeOf(output!.shape.slice(axis));
      let begin = 0;
      for (const input of inputs) {
        const piece = sizeOf(input!.dims.slice(axis));
        Array.from(numbersOf(input!)).forEach(
          (value, i) => (result[Math.floor(i / piece) * row + begin + (i % piece)] = value),
        );
        begin += piece;
      }
      return [tensorOf(output!.type, result, output!.shape)];
    },
    passes: (inputs) => (inputs.length === 1 ? inputs[0] : undefined),
    // Parts without elements are left out.
    expand: (b, inputs, attributes) => {
      const full = inputs.filter((value) => sizeOf(value!.shape) > 0);
      return full.length === inputs.length || full.length === 0 ? undefined : b.op('Concat', full, attributes);
    },
    gradient: ({ b, inputs, outputs: [y], dy, attributes }) => {
      const axis = axisOf(numberOf(attributes, 'axis'), y!.shape.length);
      const sizes = inputs.map((input) => input!.shape[axis]!);
      return beginnings(sizes).map((begin, i) => b.slice(dy, [begin], [begin + sizes[i]!], [axis]));
    },
  },
  Split: {
    infer: (inputs, attributes, outputs) => {
      const { type, shape } = required(inputs, 0);
      const axis = axisOf(numberOr(attributes, 'axis', 0), shape.length);
      const sizes = splitSizes(inputs, attributes, outputs);
      if (sizes.length !== outputs || sizes.reduce((a, c) => a + c, 0) !== shape[axis]) {
        throw new Error(`its parts [${sizes.join(', ')}] do not make up axis ${axis}`);
      }
      return sizes.map((size) => ({ type, shape: shape.map((dim, i) => (i === axis ? size : dim)) }));
    },
    evaluate: ([x], attributes, outputs) => {
      const axis = axisOf(numberOr(attributes, 'axis', 0), x!.dims.length);
      const strides = stridesOf(x!.dims);
      return beginnings(outputs.map(({ shape }) => shape[axis]!)).map((begin, i) =>
        rearrange(x!, outputs[i]!.shape, strides, begin * strides[axis]!),
      );
    },
    gradient: ({ b, outputs, inputs: [x], gradients, attributes }) => [
      b.concat(
        gradients.map((dy, i) => dy ?? zeros(b, outputs[i]!.shape)),
        axisOf(numberOr(attributes, 'axis', 0), x!.shape.length),
      ),
    ],
  },
  DepthToSpace: {
    infer: (inputs, attributes) => {
      const { x, dims } = pictureOf(inputs);
      const [n, c, h, w] = dims;
      const size = numberOf(attributes, 'blocksize');
      if (c % size ** 2 !== 0) throw new Error(`${c} channels do not make blocks of ${size}×${size}`);
      return [{ type: x.type, shape: [n, c / size ** 2, h * size, w * size] }];
    },
    evaluate: ([x], attributes, [output]) => {
      const { view, perm } = shuffle(x!.dims, numberOf(attributes, 'blocksize'), textOr(attributes, 'mode', 'DCR'));
      const strides = stridesOf(view);
      const moved = rearrange(
        x!,
        perm.map((axis) => view[axis]!),
        perm.map((axis) => strides[axis]!),
      );
      return [{ ...moved, dims: output!.shape }];
    },
    gradient: ({ b, dy, attributes }) => [
      b.spaceToDepth(dy, numberOf(attributes, 'blocksize'), textOr(attributes, 'mode', 'DCR') as 'DCR' | 'CRD'),
    ],
  },
  SpaceToDepth: {
    infer: (inputs, attributes) => {
      const { x, dims } = pictureOf(inputs);
      const [n, c, h, w] = dims;
      const size = numberOf(attributes, 'blocksize');
      if (h % size !== 0 || w % size !== 0) throw new Error(`its sides are no multiples of ${size}`);
      return [{ type: x.type, shape: [n, c * size ** 2, h / size, w / size] }];
    },
    expand: (b, [x], attributes) => b.spaceToDepth(x!, numberOf(attributes, 'blocksize'), 'DCR'),
  },
};
