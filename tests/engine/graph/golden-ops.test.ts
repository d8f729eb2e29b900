import { writeGraph, type Lowering } from '../../../src/engine/graph';
import {
  describeWithSwiftShader,
  openDevice,
  runOnce,
  type DeviceName,
  type OrtDevice,
  type PlainTensor,
} from '../../support/ort-device';
import {
  decode,
  decodeFloats,
  loweringOf,
  Measurements,
  measureAll,
  readGolden,
  relativeError,
  saveForTable,
  type OpCase,
} from './golden';
import { gradientGraph } from './support/op-gradients';
import { exceptions, forwardToleranceOf, gradientTolerance, refuses, toleranceOf } from './golden-tolerances';

// Each op's gradients against float64 PyTorch's (tests/golden/graph/make_ops.py), on every device.

const cases = readGolden<OpCase>('ops.json');
const ops = [...new Set(cases.map(({ op }) => op))];
const countOf = (op: string) => cases.filter((golden) => golden.op === op).length;
const measurements = new Measurements();
afterAll(() => {
  measurements.save('ops');
  saveForTable('exceptions', exceptions);
});

async function check(
  device: OrtDevice,
  golden: OpCase,
  lowering: Partial<Lowering> = loweringOf(device.name),
): Promise<string[]> {
  const { op, name, inputs, outputs, cotangents, gradients } = golden;
  const failures: string[] = [];
  const feeds: Record<string, PlainTensor> = {};
  for (const [input, tensor] of Object.entries(inputs)) feeds[input] = decode(tensor);
  const given = { ...feeds };
  for (const [output, tensor] of Object.entries(cotangents)) given[`d.${output}`] = decode(tensor);
  const results = await runOnce(device, writeGraph(gradientGraph(golden, { lowering })), given);
  const compare = (
    what: string,
    actual: PlainTensor | undefined,
    expected: OpCase['outputs'][string],
    limit: number,
  ) => {
    const error = actual === undefined ? Infinity : relativeError(actual.data as Float32Array, decodeFloats(expected));
    if (actual?.dims.join() !== expected.shape.join()) failures.push(`${name}: ${what} has shape [${actual?.dims}]`);
    if (!(error <= limit)) failures.push(`${name}: ${what} is off by ${error.toExponential(1)}`);
    return error;
  };
  for (const [output, expected] of Object.entries(outputs)) {
    compare(`our ${output}`, results[`forward.${output}`], expected, forwardToleranceOf(op, device.name));
  }
  if (device.name === 'native') {
    // The emulation in PyTorch must mean what ONNX Runtime means, or its gradients prove nothing.
    const reference = await runOnce(device, Buffer.from(golden.model, 'base64'), feeds);
    for (const [output, expected] of Object.entries(outputs)) {
      compare(`ONNX Runtime's ${output}`, reference[output], expected, forwardToleranceOf(op, device.name));
    }
  }
  for (const [input, expected] of Object.entries(gradients)) {
    const actual = results[`gradient.${input}`];
    // Where the loss does not depend on the input there is no such output; PyTorch says zero.
    const zero = actual === undefined && decodeFloats(expected).every((value) => value === 0);
    const error = zero ? 0 : compare(`the gradient of ${input}`, actual, expected, toleranceOf(op, device.name));
    measurements.add(op, countOf(op), gradientTolerance, device.name, error);
  }
  return failures;
}

function describeOn(describeDevice: jest.Describe, deviceName: DeviceName, listed: readonly string[]): void {
  describeDevice(`gradients of single ops on ${deviceName} equal PyTorch's`, () => {
    let device: OrtDevice;
    beforeAll(() => {
      device = openDevice(deviceName);
    });
    afterAll(() => device.close());

    test.each(listed)(
      '%s',
      async (op) => {
        const failures: string[] = [];
        for (const golden of cases.filter((golden) => golden.op === op)) {
          const refused = refuses(op, deviceName, golden.name);
          try {
            const found = await check(device, golden);
            failures.push(...(refused ? [`${golden.name}: runs after all`] : found));
          } catch (error) {
            if (!refused) failures.push(`${golden.name}: ${(error as Error).message}`);
          }
        }
        expect(failures).toEqual([]);
      },
      600_000,
    );
  });
}

describe("gradients of convolutions equal PyTorch's however they are written down", () => {
  const convolutions = cases.filter(({ op }) => op === 'Conv' || op === 'ConvTranspose');
  const lowerings: Partial<Lowering>[] = [
    { inputGradient: 'conv-transpose' },
    { filterGradient: 'conv' },
    { filterGradient: 'matmul' },
    { filterGradient: 'matmul', chunks: 2 },
    { filterGradient: 'matmul', chunks: 3, inputGradient: 'conv-transpose' },
    { filterGradient: 'crossed-matmul' },
  ];
  test.each(lowerings)(
    '%j',
    async (lowering) => {
      const device = openDevice('native');
      const failures: string[] = [];
      for (const golden of convolutions) failures.push(...(await check(device, golden, lowering)));
      expect(failures).toEqual([]);
    },
    60_000,
  );
});

describeOn(describe, 'native', ops);
describeOn(describe, 'WASM', ops);
if (measureAll) describeOn(describeWithSwiftShader, 'WebGPU', ops);
