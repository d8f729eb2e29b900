import { differentiate, GraphBuilder, knownOps, sizeOf, type Graph, type Value } from '../../../src/engine/graph';
import { runSession, sessionFor, type Feeds } from './support/native';
import { Random } from './support/random';
import { defaultCases } from './support/default-cases';
import { ruleCases, type RuleCase, type Values } from './support/rule-cases';

// Every rule against central differences, through ONNX Runtime in float32: for one input after the other, the change of
// sum(output * cotangent) along a random direction. Steps and tolerances: support/rule-cases.ts.

const cases = [...ruleCases(), ...defaultCases];

function valuesFor(random: Random, kind: Values, size: number, share: number): Float32Array {
  if (typeof kind !== 'string') return random.array(size, kind[0], kind[1]);
  if (kind === 'positive') return random.array(size, 0.3, 2);
  if (kind === 'nonzero') return random.array(size, 0.2, 2).map((value) => (random.next() < 0.5 ? -value : value));
  if (kind === 'any') return random.array(size, -2, 2);
  // Distinct within one input and, shifted by a share of the spacing, from other inputs too.
  const places = Array.from({ length: size }, (_, i) => i - size / 2);
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(random.uniform(0, i + 1));
    [places[i], places[j]] = [places[j]!, places[i]!];
  }
  return Float32Array.from(places, (place) => 0.2 * (place + share));
}

function graphOf({ op, shapes, constants = [], leading = false, attributes = {}, outputs = 1 }: RuleCase): Graph {
  const b = new GraphBuilder(op);
  const inputs = shapes.map((shape, i) => b.input(`x${i}`, shape));
  const operands = leading ? [...constants, ...inputs] : [...inputs, ...constants];
  const results = b.apply(op, operands, attributes, { outputs });
  const named: Record<string, Value> = {};
  const terms = results.map((result, i) => {
    named[`y${i}`] = result;
    return b.reduceSum(b.mul(result, b.input(`d${i}`, result.shape)), undefined, false);
  });
  const loss = b.sum(terms);
  return differentiate(b.build({ ...named, loss }), { loss: 'loss', wrt: shapes.map((_, i) => `x${i}`) }).graph;
}

async function worstError(ruleCase: RuleCase): Promise<number> {
  const { op, shapes, attributes, values = 'any', step = 0.01 } = ruleCase;
  const random = Random.named(`${op} ${JSON.stringify({ shapes, attributes })}`);
  const graph = graphOf(ruleCase);
  const session = await sessionFor(graph);
  try {
    const feeds: Feeds = {};
    graph.inputs.forEach(({ name, shape }, i) => {
      const dims = shape as number[];
      const kinds = (
        typeof values === 'string' || typeof values[0] === 'number' ? shapes.map(() => values) : values
      ) as Values[];
      const kind = name.startsWith('d') ? ([-1, 1] as const) : kinds[i]!;
      feeds[name] = { data: valuesFor(random, kind, sizeOf(dims), i / graph.inputs.length), dims };
    });
    const results = await runSession(session, feeds);
    // In double precision here: the sum in float32 would lose what the step changes.
    const total = (run: Record<string, Float32Array>): number => {
      let sum = 0;
      for (const [name, { data }] of Object.entries(feeds)) {
        if (name.startsWith('d')) data.forEach((weight, i) => (sum += weight * run[`y${name.slice(1)}`]![i]!));
      }
      return sum;
    };
    let worst = 0;
    for (const [i, dims] of shapes.entries()) {
      const [x, gradient] = [feeds[`x${i}`]!.data, results[`gradient.x${i}`]!];
      expect(gradient).toHaveLength(sizeOf(dims));
      const direction = x.map(() => (random.next() < 0.5 ? -1 : 1));
      const moved = async (by: number): Promise<number> =>
        total(
          await runSession(session, {
            ...feeds,
            [`x${i}`]: { data: x.map((value, k) => value + by * direction[k]!), dims },
          }),
        );
      const numeric = ((await moved(step)) - (await moved(-step))) / (2 * step);
      const parts = Array.from(gradient, (value, k) => value * direction[k]!);
      const expected = parts.reduce((sum, part) => sum + part, 0);
      const scale = Math.sqrt(parts.reduce((sum, part) => sum + part * part, 0)) + 1e-2;
      worst = Math.max(worst, Math.abs(numeric - expected) / scale);
    }
    return worst;
  } finally {
    await session.release();
  }
}

const ops = [...new Set(cases.map(({ op }) => op))];

test.each(ops)('%s', async (op) => {
  for (const ruleCase of cases.filter((candidate) => candidate.op === op)) {
    const { shapes, attributes, tolerance = 0.003 } = ruleCase;
    const error = await worstError(ruleCase);
    if (!(error <= tolerance)) {
      throw new Error(`${op} ${JSON.stringify({ shapes, attributes })} is off by ${error} (allowed: ${tolerance})`);
    }
  }
});

test('every op with a gradient is tested', () => {
  const constant = ['Constant', 'ConstantOfShape', 'Shape', 'Size', 'Range'];
  const flat = ['Mod', 'Sign', 'Floor', 'Ceil', 'Round', 'ArgMax', 'ArgMin', 'IsNaN', 'OneHot'];
  // Against PyTorch, in golden-ops.test.ts.
  const golden = ['ScatterND', 'ScatterElements', 'GatherElements', 'GatherND', 'TopK', 'GridSample'];
  const questions = ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'And', 'Or', 'Xor', 'Not'];
  const untested = knownOps().filter(({ op, gradient }) => gradient && !ops.includes(op));
  const elsewhere = [...constant, ...flat, ...questions, ...golden];
  expect(untested.map(({ op }) => op).filter((op) => !elsewhere.includes(op))).toEqual([]);
});
