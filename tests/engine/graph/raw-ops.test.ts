import {
  GraphBuilder,
  sizeOf,
  writeGraph,
  type Graph,
  type Tensor,
  type Value,
  type ValueInfo,
} from '../../../src/engine/graph';
import * as ort from '../../../src/engine/runtime/onnxruntime.node';
import { defaultCases, forwardCases } from './support/default-cases';
import { runNative, type Feeds } from './support/native';
import { Random } from './support/random';
import { ruleCases, type RuleCase } from './support/rule-cases';

// What is recorded of an op, written out in others or left as it is, means what ONNX Runtime makes of the op itself.

/** The op as a file has it, without a builder. */
function raw(
  { op, attributes = {}, outputs = 1 }: RuleCase,
  operands: readonly (ValueInfo | Tensor | undefined)[],
): Graph {
  const initializers = new Map<string, Tensor>();
  const names = operands.map((operand, i) => {
    if (operand === undefined) return '';
    if ('dims' in operand) initializers.set(`c${i}`, operand);
    return 'dims' in operand ? `c${i}` : operand.name;
  });
  while (names.at(-1) === '') names.pop();
  const graph: Graph = {
    name: 'raw',
    inputs: operands.filter((operand): operand is ValueInfo => operand !== undefined && 'name' in operand),
    outputs: [],
    nodes: [{ name: op, op, inputs: names, outputs: Array.from({ length: outputs }, (_, i) => `y${i}`), attributes }],
    initializers,
  };
  return graph;
}

async function rawOutputs(graph: Graph, results: readonly Value[], feeds: Feeds) {
  const outputs = results.map(({ type, shape }, i): ValueInfo => ({
    name: `y${i}`,
    type,
    shape: shape.map((_, axis) => `y${i}_${axis}`),
  }));
  const session = await ort.InferenceSession.create(writeGraph({ ...graph, outputs }), { logSeverityLevel: 4 });
  try {
    const tensors = Object.entries(feeds).map(
      ([name, { data, dims }]) => [name, new ort.Tensor('float32', data, dims)] as const,
    );
    return await session.run(Object.fromEntries(tensors));
  } finally {
    await session.release();
  }
}

async function compare(ruleCase: RuleCase): Promise<void> {
  const { op, shapes, constants = [], leading = false, attributes = {}, outputs = 1, values } = ruleCase;
  const what = `${op} ${JSON.stringify({ shapes, attributes })}`;
  const random = Random.named(what);
  const b = new GraphBuilder('recorded');
  const feeds: Feeds = {};
  const inputs = shapes.map((shape, i) => {
    feeds[`x${i}`] = { data: random.array(sizeOf(shape), values === 'positive' ? 0.3 : -2, 2), dims: shape };
    return b.input(`x${i}`, shape);
  });
  const known = constants.map((constant) => (typeof constant === 'number' ? b.constant(constant).constant : constant));
  const results = b.apply(op, leading ? [...known, ...inputs] : [...inputs, ...known], attributes, { outputs });
  const recorded = await runNative(b.build(Object.fromEntries(results.map((value, i) => [`y${i}`, value]))), feeds);

  const infos = shapes.map((shape, i): ValueInfo => ({ name: `x${i}`, type: 'float32', shape }));
  const tensors = known as (Tensor | undefined)[];
  const graph = raw(ruleCase, leading ? [...tensors, ...infos] : [...infos, ...tensors]);
  const expected = await rawOutputs(graph, results, feeds);
  results.forEach(({ shape }, i) => {
    const { data, dims } = expected[`y${i}`]!;
    expect([what, shape]).toEqual([what, dims]);
    (data as Float32Array).forEach((wanted: number | bigint, k: number) => {
      const given: number | bigint = recorded[`y${i}`]![k]!;
      const near =
        Object.is(given, wanted) ||
        Math.abs(Number(given) - Number(wanted)) <= 2e-5 * Math.max(1, Math.abs(Number(wanted)));
      if (!near) throw new Error(`${what}: ${given} instead of ${wanted} at ${k}`);
    });
  });
}

const cases = [...ruleCases(), ...defaultCases, ...forwardCases];

test.each([...new Set(cases.map(({ op }) => op))])('%s', async (op) => {
  for (const each of cases.filter((candidate) => candidate.op === op)) await compare(each);
});
