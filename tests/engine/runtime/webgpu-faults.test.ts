import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { miscomputesChannelsLast } from '../../../src/engine/runtime/webgpu-faults';
import { describeWithSwiftShader, openDevice, runOnce, type OrtDevice } from '../../support/ort-device';
import { decode, decodeFloats, goldenFolder, readGolden, relativeError, type NetworkCase } from '../graph/golden';

const networks = readGolden<NetworkCase>('networks.json');
const golden = (wanted: string): NetworkCase => networks.find(({ name }) => name === wanted)!;
const modelOf = ({ exports }: NetworkCase): Uint8Array => readFileSync(join(goldenFolder, exports.folded!.file));

test.each([
  // 6 channels to 12 of the pixel shuffle.
  ['span', true],
  // 9 channels to 12.
  ['safmn', true],
  // 3 to 8, 8 to 8 and 8 to 12.
  ['srvgg', false],
  ['edsr', false],
])('whether %s would be computed wrongly: %s', (name, expected) => {
  expect(miscomputesChannelsLast(modelOf(golden(name)))).toBe(expected);
});

test('what is no ONNX file is left to ONNX Runtime to refuse', () => {
  expect(miscomputesChannelsLast(Uint8Array.of(1, 2, 3))).toBe(false);
});

describeWithSwiftShader('on WebGPU', () => {
  let device: OrtDevice;
  beforeAll(() => {
    device = openDevice('WebGPU');
  });
  afterAll(() => device.close());

  // The first half fails when ONNX Runtime computes rightly: then all of this can go.
  test('6 channels come out wrong with channels last, right with channels first', async () => {
    const span = golden('span');
    const feeds = { input: decode(span.input) };
    const expected = decodeFloats(span.output);
    const last = await runOnce(device, modelOf(span), feeds);
    expect(relativeError(last['output']!.data as Float32Array, expected)).toBeGreaterThan(0.1);
    const first = await runOnce(device, modelOf(span), feeds, { preferredLayout: 'NCHW' });
    expect(relativeError(first['output']!.data as Float32Array, expected)).toBeLessThan(1e-5);
  });
});
