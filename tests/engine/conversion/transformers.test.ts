import { convert } from '../../../src/engine/conversion';
import { differentiate, GraphBuilder, parametersOf, readGraph, type Value } from '../../../src/engine/graph';
import { relativeError } from '../graph/golden';
import { gradientTolerance } from '../graph/golden-tolerances';
import { runNative } from '../graph/support/native';
import { answer, bytesOf, distance, floatsOf, readCases, type WeightsCase } from './support';

// Networks of attention from weights: what they compute at any size, and that all of them learns.

const cases = readCases<WeightsCase>('transformers.json');

test.each(cases.map((each) => [each.name, each] as const))('%s', async (_, each) => {
  const { bytes, architecture } = convert({ name: each.file, bytes: bytesOf(each.bytes) });
  expect(architecture).toBe(each.architecture);
  const { shape, data } = await answer(bytes, each.input);
  expect(shape).toEqual(each.output.shape);
  expect(distance(data, floatsOf(each.output))).toBeLessThan(1e-5);
  // Batch and sizes stay open.
  const channels = each.input.shape[1]!;
  expect(readGraph(bytes).inputs).toEqual([
    { name: 'image', type: 'float32', shape: ['batch', channels, 'height', 'width'] },
  ]);
});

const learning = cases.filter(({ gradients }) => gradients !== undefined);

test.each(learning.map((each) => [each.name, each] as const))('%s: gradients equal PyTorch’s', async (_, each) => {
  const network = readGraph(convert({ name: each.file, bytes: bytesOf(each.bytes) }).bytes);
  const expected = each.gradients!;
  const learned = parametersOf(network).map(({ name }) => name);
  expect([...learned].sort()).toEqual(Object.keys(expected).sort());

  const b = new GraphBuilder('gradients');
  const weights: Record<string, Value> = {};
  for (const name of learned) weights[name] = b.weight(name, network.initializers.get(name)!);
  const [output] = b.call(network, [b.input('input', each.input.shape)], { weights });
  const loss = b.mean(b.abs(b.sub(output!, b.input('target', each.output.shape))));
  const { graph, obstacles } = differentiate(b.build({ loss }), { loss: 'loss', wrt: learned });
  expect(obstacles).toEqual([]);
  const found = await runNative(graph, {
    input: { data: floatsOf(each.input), dims: each.input.shape },
    target: { data: floatsOf(each.target!), dims: each.output.shape },
  });
  const wrong: string[] = [];
  for (const name of learned) {
    const error = relativeError(found[`gradient.${name}`]!, floatsOf(expected[name]!));
    if (!(error <= gradientTolerance)) wrong.push(`${name}: ${error.toExponential(1)}`);
  }
  expect(wrong).toEqual([]);
});
