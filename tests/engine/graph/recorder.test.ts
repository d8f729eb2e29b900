import { float32, GraphBuilder, int64, type Graph } from '../../../src/engine/graph';
import { GraphBuilder as Builder } from '../../../src/engine/graph/graph-builder';

// What a recorder does with constants, names and memory.

const zeros = (size: number) => float32(new Float32Array(size));

describe('constants', () => {
  test('small ones that are equal are one; named and larger ones are not compared', () => {
    const b = new GraphBuilder('constants');
    expect(b.constant(zeros(16))).toBe(b.constant(zeros(16)));
    expect(b.constant(zeros(17))).not.toBe(b.constant(zeros(17)));
    expect(b.constant(zeros(2), 'name')).not.toBe(b.constant(zeros(2)));
    expect(b.constant(0)).toBe(b.constant(0));
    expect(b.constant(0)).not.toBe(b.constant(-0));
    expect(b.constant(0)).not.toBe(b.constant(1));
    expect(b.constant(0)).not.toBe(b.constant([0]));
    expect(b.constant(0)).not.toBe(b.constant(int64(0)));
  });

  test('what follows from them is computed at once where it is small, or hardly more than they are', () => {
    const b = new GraphBuilder('folding');
    const known = (value: { constant?: unknown }) => value.constant !== undefined;
    const spread = (size: number) => b.expand(b.constant(1), [size]);
    expect(known(spread(2 ** 12))).toBe(true);
    expect(known(spread(2 ** 12 + 1))).toBe(false);
    const large = b.constant(zeros(5000));
    const times = (count: number) => b.op('Tile', [large, b.ints([count])]);
    expect(known(times(2))).toBe(true);
    expect(known(times(3))).toBe(false);
  });

  test('places may be many more', () => {
    const b = new GraphBuilder('places');
    const mask = b.constant({ type: 'bool', dims: [1], data: Uint8Array.of(1) });
    expect(b.expand(mask, [2 ** 22]).constant).toBeDefined();
    expect(b.expand(mask, [2 ** 22 + 1]).constant).toBeUndefined();
  });
});

describe('operations', () => {
  test('those that were there before give the same values, others do not', () => {
    const b = new GraphBuilder('twice');
    const x = b.input('x', [2, 3, 4]);
    expect(b.op('Transpose', [x], { perm: [2, 1, 0] })).toBe(b.op('Transpose', [x], { perm: [2, 1, 0] }));
    expect(b.op('Transpose', [x], { perm: [2, 1, 0] })).not.toBe(b.op('Transpose', [x], { perm: [2, 0, 1] }));
    expect(b.clip(x, undefined, 1)).not.toBe(b.clip(x, 1, undefined));
    const many = (value: number) => b.op('ConstantOfShape', [b.ints([2 ** 22 + 1])], { value: int64([value]) });
    expect(many(1)).toBe(many(1));
    expect(many(1)).not.toBe(many(2));
  });

  test('inputs left out at the end are not written down', () => {
    const b = new GraphBuilder('left out');
    const x = b.input('x', [2]);
    const inputs = (graph: Graph) => graph.nodes.map((node) => node.inputs);
    expect(inputs(b.build({ y: b.clip(x, undefined, undefined) }))).toEqual([['x']]);
    expect(inputs(b.build({ y: b.clip(x, undefined, 1) }))).toEqual([['x', '', expect.any(String)]]);
  });

  test('two inputs of one name are refused', () => {
    const b = new GraphBuilder('names');
    b.input('x', [2]);
    expect(() => b.input('x', [2])).toThrow('x');
  });
});

describe('memory', () => {
  test('each type has its size', () => {
    const b = new Builder('types');
    const x = b.input('x', [3, 2]);
    const bytesOf = (code: number) => {
      const value = b.op('Cast', [x], { to: code });
      return b.largestBytes([value]);
    };
    expect([7, 6, 9].map(bytesOf)).toEqual([48, 24, 6]);
    expect(b.largestBytes([b.neg(x)])).toBe(24);
    expect(b.largestBytes([x])).toBe(0);
  });

  test('values make room once they were read for the last time', () => {
    const b = new Builder('chain');
    const x = b.input('x', [6]);
    const [first, second] = [b.exp(x), b.exp(b.exp(x))];
    expect(b.liveBytes([second])).toBe(48);
    expect(b.liveBytes([b.reduceSum(second)])).toBe(48);
    // The first is a result: it stays.
    expect(b.liveBytes([b.exp(second), first])).toBe(72);
    expect(b.liveBytes([first])).toBe(24);
    expect(b.liveBytes([x])).toBe(0);
  });

  test('a value seen in another shape stays as long as that is read', () => {
    const b = new Builder('views');
    const x = b.input('x', [6]);
    const view = b.reshape(b.reshape(b.exp(x), [2, 3]), [3, 2]);
    const other = b.neg(b.tanh(b.sigmoid(x)));
    expect(b.liveBytes([b.mul(view, b.reshape(other, [3, 2]))])).toBe(72);
    expect(b.liveBytes([view])).toBe(24);
  });
});
