import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packWeights, readGraph, sizeOf, trainingStep } from '../../../src/engine/graph';
import { decodeFloats, goldenFolder, readGolden, type NetworkCase } from './golden';
import { runNative } from './support/native';
import { firstFeeds } from './support/slope';

// Transformers, quantised and diffusion networks as people export them: what learns, and that it does.

/** Values of a codebook, which stays as it is; the file has it twice, once turned for the product with it. */
const codebook: Readonly<Record<string, number>> = { femasr: 6 * 4, sinsr: 8 * 3 };

test.each(readGolden<NetworkCase>('architectures.json').map((golden) => [golden.name, golden] as const))(
  '%s: all of it learns, but for codebooks, and a step lowers the loss',
  async (name, golden) => {
    const { input, target } = golden;
    const network = readGraph(readFileSync(join(goldenFolder, golden.exports.plain!.file)));
    const step = trainingStep({
      network,
      inputs: { input: input.shape, target: target.shape },
      loss: (b, { output, inputs }) => ({ total: b.mean(b.abs(b.sub(output, inputs['target']!))) }),
      optimizer: { type: 'adam' },
    });
    expect(step.report.obstacles).toEqual([]);
    for (const { name: stays } of step.report.frozen) {
      expect(sizeOf(network.initializers.get(stays)!.dims)).toBe(codebook[name]);
    }
    // Without the codebook, and without what the exporter has folded into constants.
    expect(step.size).toBeGreaterThan(0.8 * golden.parameters);
    const data = {
      input: { data: decodeFloats(input), dims: input.shape },
      target: { data: decodeFloats(target), dims: target.shape },
    };
    const { losses, ['next.weights']: next } = await runNative(step.graph, firstFeeds(step, data, 1e-5));
    const after = await runNative(step.evaluation, { ...data, weights: { data: next!, dims: [step.size] } });
    expect(next).not.toEqual(packWeights(step));
    expect(after['losses']![0]!).toBeLessThan(losses![0]!);
  },
  60_000,
);
