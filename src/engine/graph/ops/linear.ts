import type { Builder } from '../builder';
import { numbersOf, sizeOf, tensorOf } from '../tensor';
import type { Value } from '../value';
import type { OpTable } from './definition';
import { broadcast, broadcastStrides, numberOr, rearrange, required, sumTo, walk } from './support';

/** Swaps the last two axes. */
const transposed = (b: Builder, x: Value): Value => {
  const rank = x.shape.length;
  return b.transpose(x, [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2]);
};

const rows = (x: readonly number[]): readonly number[] => (x.length === 1 ? [1, ...x] : x);
const columns = (x: readonly number[]): readonly number[] => (x.length === 1 ? [...x, 1] : x);

export const linear: OpTable = {
  /** As numpy.matmul: a vector on the left is a row, on the right a column; leading axes broadcast. */
  MatMul: {
    infer: (inputs) => {
      const [x, w] = [required(inputs, 0), required(inputs, 1)];
      const [a, c] = [rows(x.shape), columns(w.shape)];
      if (a[a.length - 1] !== c[c.length - 2]) throw new Error('the inner dimensions differ');
      const batch = broadcast([a.slice(0, -2), c.slice(0, -2)]);
      const left = x.shape.length === 1 ? [] : a.slice(-2, -1);
      const right = w.shape.length === 1 ? [] : c.slice(-1);
      return [{ type: x.type, shape: [...batch, ...left, ...right] }];
    },
    evaluate: ([x, w], _, [output]) => {
      const [a, c] = [rows(x!.dims), columns(w!.dims)];
      const batch = broadcast([a.slice(0, -2), c.slice(0, -2)]);
      const [m, k] = a.slice(-2) as [number, number];
      const n = c[c.length - 1]!;
      const [left, right] = [numbersOf(x!), numbersOf(w!)];
      const result = new Float64Array(sizeOf(batch) * m * n);
      const strides = [a, c].map((dims) => broadcastStrides(dims.slice(0, -2), batch));
      walk(batch, strides, (position, [i, j]) => {
        for (let row = 0; row < m; row++) {
          for (let column = 0; column < n; column++) {
            let sum = 0;
            for (let l = 0; l < k; l++) sum += left[(i! * m + row) * k + l]! * right[(j! * k + l) * n + column]!;
            result[(position * m + row) * n + column] = sum;
          }
        }
      });
      return [tensorOf('float32', result, output!.shape)];
    },
    gradient: ({ b, inputs: [x, w], dy }) => {
      const a = b.reshape(x!, rows(x!.shape));
      const c = b.reshape(w!, columns(w!.shape));
      const batch = broadcast([a.shape.slice(0, -2), c.shape.slice(0, -2)]);
      const [m, k] = a.shape.slice(-2) as [number, number];
      const n = c.shape[c.shape.length - 1]!;
      const dOut = b.reshape(dy, [...batch, m, n]);
      // A weight matrix that serves all of a batch: one large product instead of many small ones and their sum.
      const plain = c.shape.length === 2 && sizeOf(a.shape) === sizeOf(batch) * m * k;
      const dWeight = plain
        ? b.gemm(b.reshape(a, [sizeOf(batch) * m, k]), b.reshape(dOut, [sizeOf(batch) * m, n]), { transA: true })
        : sumTo(b, b.matmul(transposed(b, a), dOut), c.shape);
      return [b.reshape(sumTo(b, b.matmul(dOut, transposed(b, c)), a.shape), x!.shape), b.reshape(dWeight, w!.shape)];
    },
  },
  /** alpha A' B' + beta C, where ' transposes on request. */
  Gemm: {
    infer: (inputs, attributes) => {
      const [a, w] = [required(inputs, 0), required(inputs, 1)];
      if (a.shape.length !== 2 || w.shape.length !== 2) throw new Error('it takes matrices');
      const [m, k] = numberOr(attributes, 'transA', 0) ? [...a.shape].reverse() : a.shape;
      const [inner, n] = numberOr(attributes, 'transB', 0) ? [...w.shape].reverse() : w.shape;
      if (k !== inner) throw new Error('the inner dimensions differ');
      return [{ type: a.type, shape: [m!, n!] }];
    },
    evaluate: ([a, w, c], attributes, [output]) => {
      const [m, n] = output!.shape as [number, number];
      const transA = numberOr(attributes, 'transA', 0) !== 0;
      const transB = numberOr(attributes, 'transB', 0) !== 0;
      const k = a!.dims[transA ? 0 : 1]!;
      const [left, right] = [numbersOf(a!), numbersOf(w!)];
      const alpha = numberOr(attributes, 'alpha', 1);
      const beta = numberOr(attributes, 'beta', 1);
      const bias = c && rearrange(c, [m, n], broadcastStrides(c.dims, [m, n])).data;
      const result = Array.from({ length: m * n }, (_unused, at) => {
        const [i, j] = [Math.floor(at / n), at % n];
        let sum = 0;
        for (let l = 0; l < k; l++) {
          sum += left[transA ? l * m + i : i * k + l]! * right[transB ? j * k + l : l * n + j]!;
        }
        return alpha * sum + beta * Number(bias?.[at] ?? 0);
      });
      return [tensorOf('float32', result, output!.shape)];
    },
    gradient: ({ b, inputs: [a, w, c], dy, attributes }) => {
      const transA = numberOr(attributes, 'transA', 0) !== 0;
      const transB = numberOr(attributes, 'transB', 0) !== 0;
      const alpha = numberOr(attributes, 'alpha', 1);
      const beta = numberOr(attributes, 'beta', 1);
      const scaled = alpha === 1 ? dy : b.mul(dy, alpha);
      return [
        transA ? b.gemm(w!, scaled, { transA: transB, transB: true }) : b.gemm(scaled, w!, { transB: !transB }),
        transB ? b.gemm(scaled, a!, { transA: true, transB: transA }) : b.gemm(a!, scaled, { transA: !transA }),
        c && sumTo(b, beta === 1 ? dy : b.mul(dy, beta), c.shape),
      ];
    },
  },
};
