import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readGraph, trainingStep, writeGraph, type Optimizer } from '../../../src/engine/graph';
import { scheduleOf } from '../../../src/engine/graph/optimizer';
import { packWeights } from '../../../src/engine/graph/training-step';
import {
  describeWithSwiftShader,
  openDevice,
  type DeviceName,
  type OrtDevice,
  type PlainTensor,
} from '../../support/ort-device';
import {
  decode,
  decodeFloats,
  goldenFolder,
  loweringOf,
  Measurements,
  measureAll,
  readGolden,
  relativeError,
  type NetworkCase,
  type OptimizerCase,
} from './golden';
import { gradientTolerance } from './golden-tolerances';

// Ten training steps of the tiny SRVGG against PyTorch's in float64: loss and gradient norm before each step, weights
// after it.

const networks = readGolden<NetworkCase>('networks.json');
const cases = readGolden<OptimizerCase>('optimizers.json');
const measurements = new Measurements();
afterAll(() => measurements.save('optimizers'));

function optimizerOf({ name, options, 'clip norm': clipNorm }: OptimizerCase): Optimizer {
  if (name === 'sgd') return { type: 'sgd', momentum: options['momentum'] as number, clipNorm };
  const betas = options['betas'] as readonly [number, number];
  return { type: 'adam', betas, epsilon: options['epsilon'] as number, clipNorm };
}

/** From our vector of weights to PyTorch's order of parameters. */
function inOrder(
  packed: Float32Array,
  step: ReturnType<typeof trainingStep>,
  golden: NetworkCase,
  order: readonly string[],
) {
  const { parameters } = golden.exports.folded!;
  return order.flatMap((wanted) => {
    const found = step.parameters.find(({ name }) => parameters[name]?.[0] === wanted)!;
    return [...packed.subarray(found.offset, found.offset + found.size)];
  });
}

function describeOn(describeDevice: jest.Describe, deviceName: DeviceName, listed: readonly OptimizerCase[]): void {
  describeDevice(`optimizers on ${deviceName}`, () => {
    let device: OrtDevice;
    beforeAll(() => {
      device = openDevice(deviceName);
    });
    afterAll(() => device.close());

    test.each(listed)(
      "ten steps of $name equal PyTorch's",
      async (golden) => {
        const network = networks.find(({ name }) => name === golden.network)!;
        const optimizer = optimizerOf(golden);
        const step = trainingStep({
          network: readGraph(readFileSync(join(goldenFolder, network.exports.folded!.file))),
          inputs: { input: network.input.shape, target: network.target.shape, mask: network.mask.shape },
          loss: (b, { output, inputs: { target, mask } }) => ({
            total: b.mean(b.mul(mask!, b.abs(b.sub(output, target!)))),
          }),
          optimizer,
          lowering: loweringOf(deviceName),
        });
        expect(step.report.frozen).toEqual([]);
        const session = await device.createSession(writeGraph(step.graph));
        const vector = (data: Float32Array): PlainTensor => ({ type: 'float32', dims: [data.length], data });
        let state: Record<string, PlainTensor> = {
          weights: vector(packWeights(step)),
          health: vector(Float32Array.of(1)),
        };
        for (const moment of step.moments) state[moment] = vector(new Float32Array(step.size));
        const data = { input: decode(network.input), target: decode(network.target), mask: decode(network.mask) };
        const rate = golden.options['learning rate'] as number;

        for (const [i, expected] of golden.steps.entries()) {
          const schedule = vector(scheduleOf(optimizer, i + 1, rate));
          const results = await session.run({ ...data, ...state, schedule });
          const losses = results['losses']!.data as Float32Array;
          const values = { loss: losses[0]!, 'gradient norm': losses[step.losses.indexOf('gradientNorm')]! };
          for (const [what, value] of Object.entries(values)) {
            const error = relativeError([value], [expected[what as 'loss']]);
            measurements.add(`${golden.name}: ${what}`, golden.steps.length, gradientTolerance, deviceName, error);
            expect({ step: i + 1, what, error }).toEqual({ step: i + 1, what, error: expect.closeTo(0, 4) });
          }
          const weights = inOrder(results['next.weights']!.data as Float32Array, step, network, golden.order);
          const error = relativeError(weights, decodeFloats(expected.weights));
          measurements.add(`${golden.name}: weights`, golden.steps.length, gradientTolerance, deviceName, error);
          expect(error).toBeLessThan(gradientTolerance);
          state = Object.fromEntries(Object.keys(state).map((name) => [name, results[`next.${name}`]!]));
        }
        await session.release();
      },
      600_000,
    );
  });
}

describeOn(describe, 'native', cases);
describeOn(describe, 'WASM', cases);
describeOn(describeWithSwiftShader, 'WebGPU', measureAll ? cases : cases.slice(0, 1));
