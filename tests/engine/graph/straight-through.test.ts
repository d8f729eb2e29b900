import { differentiate, float32, GraphBuilder, int64, type Tensor } from '../../../src/engine/graph';
import type { Value } from '../../../src/engine/graph/value';
import { runNative } from './support/native';

// Look-ups have no slope of their own: the gradient of what was looked up is that of what was looked for.

const z = { data: Float32Array.of(0.2, 0.7, 1.4, -0.6, 2.1, -1.2), dims: [3, 2] };
const upstream = [1, 2, 3, 4, 5, 6];

/** d(loss)/d(name) where the loss is the sum of what `write` makes of z, [3, 2], each number weighed 1 to 6; null: none. */
async function slope(write: (b: GraphBuilder, z: Value) => Value, name = 'z'): Promise<number[] | null> {
  const b = new GraphBuilder('look-up');
  const y = write(b, b.input('z', z.dims));
  const weighed = b.mul(b.reshape(y, [6]), float32(upstream));
  const { graph } = differentiate(b.build({ loss: b.reduceSum(weighed, [0], false) }), { loss: 'loss', wrt: [name] });
  const found = (await runNative(graph, { z }))[`gradient.${name}`];
  return found === undefined ? null : [...found];
}

const round = (b: GraphBuilder, x: Value) => b.op('Round', [x]);

describe('rounded numbers: z + (q - z)', () => {
  test.each<[string, (b: GraphBuilder, z: Value) => Value]>([
    ['as it is', (b, z) => b.add(z, b.sub(round(b, z), z))],
    ['the other way round', (b, z) => b.add(b.sub(round(b, z), z), z)],
    ['on a finer grid', (b, z) => b.add(z, b.sub(b.div(round(b, b.mul(z, 4)), 4), z))],
    ['reshaped on the way', (b, z) => b.add(z, b.sub(b.reshape(round(b, b.reshape(z, [2, 3])), [3, 2]), z))],
  ])('%s: z has the gradient of the sum', async (_, write) => {
    expect(await slope(write)).toEqual(upstream);
  });

  test('the numbers themselves are the rounded ones', async () => {
    const b = new GraphBuilder('rounded');
    const x = b.input('z', z.dims);
    const { y } = await runNative(b.build({ y: b.add(x, b.sub(round(b, x), x)) }), { z });
    expect([...y!]).toEqual([0, 1, 1, -1, 2, -1]);
  });

  test('what chooses nothing has its own slope', async () => {
    expect(await slope((b, z) => b.add(z, b.sub(b.mul(z, 3), z)))).toEqual(upstream.map((value) => 3 * value));
  });

  test('what is subtracted has to be what it is added to', async () => {
    const write = (b: GraphBuilder, z: Value) => b.add(b.mul(z, 2), b.sub(round(b, z), z));
    expect(await slope(write)).toEqual(upstream);
    const negative = (b: GraphBuilder, z: Value) => b.sub(round(b, z), z);
    expect(await slope(negative)).toEqual(upstream.map((value) => -value));
  });

  test('a product is no sum', async () => {
    const write = (b: GraphBuilder, z: Value) => b.mul(z, b.sub(round(b, z), z));
    const slopes = Array.from(z.data, (value, i) => (i + 1) * (Math.round(value) - 2 * value));
    (await slope(write))!.forEach((value, i) => expect(value).toBeCloseTo(slopes[i]!, 5));
  });

  test('a single choice for all of z is no look-up', async () => {
    const write = (b: GraphBuilder, z: Value) => b.add(z, b.sub(round(b, b.mean(z)), z));
    expect(await slope(write)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('a choice far back is no look-up', async () => {
    const farther = (steps: number) => (b: GraphBuilder, z: Value) => {
      let q = round(b, z);
      for (let i = 0; i < steps; i++) q = b.tanh(q);
      return b.add(z, b.sub(q, z));
    };
    expect(await slope(farther(23))).toEqual(upstream);
    expect(await slope(farther(24))).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('entries of a codebook, chosen by the product with it', () => {
  const entries = [1, 0, 0, 1, -1, 0, 0, -1];
  const columns = [1, 0, -1, 0, 0, 1, 0, -1];
  const bias = float32([0.25, 0, 0.5, 0]);
  const book = (b: GraphBuilder) => b.weight('book', float32(entries, [4, 2]));
  /** The nearest entry for each row of z; `turned` is the codebook as the product takes it. */
  const place = (b: GraphBuilder, z: Value, turned: Value | Tensor) =>
    b.op('ArgMax', [b.add(b.matmul(z, turned), bias)], { axis: 1, keepdims: 0 });

  test.each<[string, (b: GraphBuilder, z: Value) => Value]>([
    [
      'turned in the graph',
      (b, z) => {
        const weight = book(b);
        return b.gather(weight, place(b, z, b.transpose(weight, [1, 0])), 0);
      },
    ],
    [
      'the same numbers twice, turned',
      (b, z) => {
        const known = b.constant(float32(entries, [4, 2]));
        return b.gather(known, place(b, z, float32(columns, [2, 4])), 0);
      },
    ],
    [
      'the same numbers twice, turned by the product',
      (b, z) => {
        const known = b.constant(float32(entries, [4, 2]));
        const scores = b.op('Gemm', [z, b.constant(float32(entries, [4, 2]), 'again'), bias], { transB: 1 });
        return b.gather(known, b.op('ArgMax', [scores], { axis: 1, keepdims: 0 }), 0);
      },
    ],
    [
      'as one-hot rows',
      (b, z) => {
        const weight = book(b);
        const at = place(b, z, b.transpose(weight, [1, 0]));
        const rows = b.op('OneHot', [at, b.ints([4]), float32([0, 1])], { axis: -1 });
        return b.matmul(rows, weight);
      },
    ],
  ])('%s: z has the gradient of the entry', async (_, write) => {
    expect(await slope(write)).toEqual(upstream);
  });

  test('a codebook of as many entries as numbers in each may be turned too', async () => {
    const square = (b: GraphBuilder) => b.constant(float32([1, 2, 3, 4], [2, 2]));
    for (const turned of [float32([1, 3, 2, 4], [2, 2]), float32([1, 2, 3, 4], [2, 2])]) {
      const write = (b: GraphBuilder, z: Value) =>
        b.gather(square(b), b.op('ArgMax', [b.matmul(z, turned)], { axis: 1, keepdims: 0 }), 0);
      expect(await slope(write)).toEqual(upstream);
    }
    const other = (b: GraphBuilder, z: Value) =>
      b.gather(square(b), b.op('ArgMax', [b.matmul(z, float32([1, 3, 2, 5], [2, 2]))], { axis: 1, keepdims: 0 }), 0);
    expect(await slope(other)).toBeNull();
  });

  test('a table that is computed, or a choice of other places, is no codebook', async () => {
    const computed = (b: GraphBuilder, z: Value) => {
      const table = b.exp(b.slice(z, [0], [2], [0]));
      const scores = b.matmul(z, b.transpose(table, [1, 0]));
      return b.gather(table, b.op('ArgMax', [scores], { axis: 1, keepdims: 0 }), 0);
    };
    const found = await slope(computed);
    expect(found!.slice(4)).toEqual([0, 0]);
    const known = (b: GraphBuilder, z: Value) => {
      const weight = book(b);
      return b.add(b.gather(weight, int64([2, 0, 1]), 0), b.mul(z, 2));
    };
    expect(await slope(known)).toEqual(upstream.map((value) => 2 * value));
    expect(await slope(known, 'book')).not.toBeNull();
  });

  test('the codebook does not learn', async () => {
    const write = (b: GraphBuilder, z: Value) => {
      const weight = book(b);
      return b.gather(weight, place(b, z, b.transpose(weight, [1, 0])), 0);
    };
    expect(await slope(write, 'book')).toBeNull();
  });

  test('numbers of another table, or of another order, are no codebook', async () => {
    const chosenBy = (turned: Tensor) => (b: GraphBuilder, z: Value) =>
      b.gather(b.constant(float32(entries, [4, 2])), place(b, z, turned), 0);
    for (const other of [columns.with(7, 1), entries]) expect(await slope(chosenBy(float32(other, [2, 4])))).toBeNull();
  });

  test('numbers that a choice was only a part of have their own slope', async () => {
    const write = (b: GraphBuilder, z: Value) => {
      const weight = book(b);
      const at = b.op('Cast', [place(b, z, b.transpose(weight, [1, 0]))], { to: 1 });
      const rows = b.mul(b.expand(b.reshape(at, [3, 1]), [3, 4]), b.concat([z, z], 1));
      return b.matmul(rows, weight);
    };
    const found = await slope(write);
    expect(found).not.toBeNull();
    expect(found).not.toEqual(upstream);
  });
});
