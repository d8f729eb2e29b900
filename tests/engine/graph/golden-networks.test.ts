import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { differentiate, GraphBuilder, readGraph, writeGraph, type Value } from '../../../src/engine/graph';
import {
  describeWithSwiftShader,
  openDevice,
  runOnce,
  type DeviceName,
  type OrtDevice,
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
  transposed,
  type NetworkCase,
} from './golden';
import { forwardTolerance, gradientTolerance } from './golden-tolerances';

// Whole tiny networks: gradients of a masked L1 loss for all parameters and the input, against float64 PyTorch's
// (tests/golden/graph/make_networks.py), from two exports of each; of the families that people use, transformers, quantised
// and diffusion networks among them (make_architectures.py), from one.

const cases = readGolden<NetworkCase>('networks.json');
const families = readGolden<NetworkCase>('architectures.json');
const measurements = new Measurements();
afterAll(() => measurements.save('networks'));

const modelOf = (golden: NetworkCase, variant: 'folded' | 'plain') =>
  readFileSync(join(goldenFolder, golden.exports[variant]!.file));

function gradientGraph(golden: NetworkCase, variant: 'folded' | 'plain', device: DeviceName): Uint8Array {
  const network = readGraph(modelOf(golden, variant));
  const wrt = Object.keys(golden.exports[variant]!.parameters);
  const b = new GraphBuilder(golden.name);
  const weights: Record<string, Value> = {};
  for (const name of wrt) weights[name] = b.weight(name, network.initializers.get(name)!);
  const [output] = b.call(network, [b.input('input', golden.input.shape)], { weights });
  const difference = b.abs(b.sub(output!, b.input('target', golden.target.shape)));
  const loss = b.mean(b.mul(b.input('mask', golden.mask.shape), difference));
  const forward = b.build({ output: output!, loss });
  const { graph, obstacles } = differentiate(forward, {
    loss: 'loss',
    wrt: ['input', ...wrt],
    lowering: loweringOf(device),
  });
  expect(obstacles).toEqual([]);
  return writeGraph(graph);
}

function describeOn(describeDevice: jest.Describe, deviceName: DeviceName, listed: readonly NetworkCase[]): void {
  describeDevice(`gradients of whole networks on ${deviceName} equal PyTorch's`, () => {
    let device: OrtDevice;
    beforeAll(() => {
      device = openDevice(deviceName);
    });
    afterAll(() => device.close());

    const variants = deviceName === 'WebGPU' ? (['folded'] as const) : (['folded', 'plain'] as const);
    const exported = (golden: NetworkCase) => variants.filter((variant) => golden.exports[variant] !== undefined);
    test.each(listed.flatMap((golden) => exported(golden).map((variant) => ({ golden, variant, name: golden.name }))))(
      '$name, $variant export',
      async ({ golden, variant }) => {
        const { input, target, mask } = golden;
        const feeds = { input: decode(input), target: decode(target), mask: decode(mask) };
        const results = await runOnce(device, gradientGraph(golden, variant, deviceName), feeds);
        const floats = (name: string) => results[name]!.data as Float32Array;
        expect(relativeError(floats('output'), decodeFloats(golden.output))).toBeLessThan(forwardTolerance);
        expect(relativeError(floats('loss'), [golden.loss])).toBeLessThan(forwardTolerance);

        const failures: string[] = [];
        const compare = (what: string, actual: Float32Array, expected: Float32Array) => {
          const error = relativeError(actual, expected);
          measurements.add(golden.name, golden.parameters, gradientTolerance, deviceName, error);
          if (!(error <= gradientTolerance)) failures.push(`${what}: ${error.toExponential(1)}`);
        };
        compare('input', floats('gradient.input'), decodeFloats(golden['input gradient']));
        for (const [name, [parameter, turned]] of Object.entries(golden.exports[variant]!.parameters)) {
          const { shape, ...rest } = golden.gradients[parameter]!;
          const expected = decodeFloats({ shape, ...rest });
          const inFile = turned ? transposed(expected, shape[0]!, shape[1]!) : expected;
          compare(name, floats(`gradient.${name}`), inFile);
        }
        expect(failures).toEqual([]);
      },
      600_000,
    );
  });
}

describeOn(describe, 'native', [...cases, ...families]);
describeOn(describe, 'WASM', measureAll ? [...cases, ...families] : cases);
describeOn(
  describeWithSwiftShader,
  'WebGPU',
  measureAll ? cases : cases.filter(({ name }) => name === 'edsr' || name === 'span'),
);
