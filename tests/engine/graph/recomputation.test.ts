import { float32, GraphBuilder, type Value } from '../../../src/engine/graph';
import { gradients } from '../../../src/engine/graph/differentiate';
import { lowerings } from '../../../src/engine/graph/lowering';
import { runNative } from './support/native';
import { Random } from './support/random';

// Where a history is cut, which values are kept, and what is computed again, told by memory and number of operations.

const SIZE = 250;
const bytes = 4 * SIZE;

type Write = (b: GraphBuilder, x: Value, w: Value) => Value;

/** d(mean)/dw, with every value kept and with most computed again. */
function both(write: Write) {
  return [false, true].map((frugal) => {
    const b = new GraphBuilder('chain');
    const w = b.weight('w', float32(new Random(1).array(SIZE, 0.5, 1)));
    const loss = b.mean(b.square(write(b, b.input('x', [SIZE]), w)));
    const { of } = gradients(b, loss, [w], lowerings.cpu, frugal);
    const result = of.get(w)!;
    const graph = b.build({ gradient: result });
    const count = (op: string) => graph.nodes.filter((node) => node.op === op).length;
    return { graph, count, live: b.liveBytes([result]) / bytes };
  }) as [Made, Made];
}
interface Made {
  graph: Parameters<typeof runNative>[0];
  count: (op: string) => number;
  /** In values of the chain. */
  live: number;
}

const chain =
  (length: number, each: (b: GraphBuilder, y: Value, i: number, w: Value) => Value): Write =>
  (b, x, w) => {
    let y = b.mul(x, w);
    for (let i = 0; i < length; i++) y = each(b, y, i, w);
    return y;
  };

async function same(write: Write): Promise<[Made, Made]> {
  const [kept, frugal] = both(write);
  const x = { data: new Random(2).array(SIZE, 0.2, 1), dims: [SIZE] };
  const [expected, found] = [await runNative(kept.graph, { x }), await runNative(frugal.graph, { x })];
  const largest = Math.max(...expected['gradient']!.map(Math.abs));
  found['gradient']!.forEach((value, i) =>
    expect(Math.abs(value - expected['gradient']![i]!)).toBeLessThan(1e-5 * largest),
  );
  return [kept, frugal];
}

// Measured with what is there: whoever cuts better may lower the numbers. In memory every value is one, were all of them
// kept it would be as many as are made.
test.each<
  [title: string, write: Write, kept: number, most: { live: number; nodes: number; again: Record<string, number> }]
>([
  ['a plain chain', chain(60, (b, y) => b.op('Sin', [y])), 62, { live: 16, nodes: 90, again: { Sin: 49 } }],
  [
    'waists, where cuts cost nothing',
    chain(60, (b, y, i) => (i % 7 === 3 ? b.expand(b.tanh(b.slice(y, [0], [1], [0])), [SIZE]) : b.op('Sin', [y]))),
    53.036,
    { live: 12.032, nodes: 102, again: { Sin: 34 } },
  ],
  [
    'skips, of which cuts meet as few as they can',
    chain(40, (b, y) => b.add(y, b.mul(b.op('Sin', [b.op('Cos', [y])]), 0.02))),
    83,
    { live: 25, nodes: 210, again: { Sin: 19, Cos: 38 } },
  ],
  [
    'what is made of weights alone is kept',
    chain(40, (b, y, i, w) => b.mul(b.op('Sin', [y]), b.exp(b.mul(w, 0.002 * (i + 1))))),
    123,
    { live: 60, nodes: 180, again: { Sin: 26, Exp: 0 } },
  ],
  [
    'single numbers',
    chain(40, (b, y) => b.mul(b.op('Sin', [y]), b.add(b.mean(y), 0.9))),
    83.156,
    { live: 20.012, nodes: 218, again: { Sin: 38, ReduceMean: 38 } },
  ],
  [
    'views of values take no memory',
    (b, x, w) => {
      const turned = chain(40, (_, y, i) => b.op('Sin', [b.reshape(y, i % 2 === 1 ? [SIZE] : [SIZE / 10, 10])]));
      return b.reshape(turned(b, x, w), [SIZE]);
    },
    42,
    { live: 14, nodes: 100, again: { Sin: 29 } },
  ],
])('%s', async (_, write, most, { live, nodes, again }) => {
  const [kept, frugal] = await same(write);
  expect(kept.live).toBeCloseTo(most, 2);
  expect(frugal.live).toBeLessThanOrEqual(live + 1e-3);
  expect(frugal.graph.nodes.length - kept.graph.nodes.length).toBeLessThanOrEqual(nodes);
  for (const [op, count] of Object.entries(again)) {
    expect(frugal.count(op) - kept.count(op)).toBeLessThanOrEqual(count);
  }
});
