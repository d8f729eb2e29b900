import { LWayError } from '../../../src/engine/common/errors';
import { fromOrtError } from '../../../src/engine/runtime/ort-errors';

// Texts as ONNX Runtime, Dawn and the browsers write them.
test.each<[string, 'create' | 'run', string]>([
  ['std::bad_alloc', 'run', 'out-of-memory'],
  ['Failed to allocate memory for requested buffer of size 1073741824', 'run', 'out-of-memory'],
  ['failed to call OrtRun(). ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc', 'run', 'out-of-memory'],
  ['memory access out of bounds', 'run', 'out-of-memory'],
  ['Aborted(OOM). Build with -sASSERTIONS for more info.', 'run', 'out-of-memory'],
  ['WebGPU device lost (1): Device was destroyed.', 'run', 'device-lost'],
  ['VK_ERROR_DEVICE_LOST', 'run', 'device-lost'],
  ['Load model failed: Protobuf parsing failed.', 'create', 'bad-model'],
  ['Non-zero status code returned while running Conv node.', 'run', 'internal'],
])('%s (%s) is %s', (text, during, code) => {
  expect(fromOrtError(new Error(text), during)).toMatchObject({ code, advice: expect.stringMatching(/\w/) });
});

test('a size that cannot be is for want of memory', () => {
  for (const during of ['create', 'run'] as const)
    expect(fromOrtError(new RangeError('Invalid typed array length: -1'), during).code).toBe('out-of-memory');
});

test('what has its code already keeps it, and what is no error at all has a cause', () => {
  const known = new LWayError('timeout', 'It took too long.', '');
  expect(fromOrtError(known, 'run', true)).toBe(known);
  expect(fromOrtError('words', 'run')).toMatchObject({ code: 'internal', cause: 'words' });
});

test('a long story is cut, to its first line and 300 letters of it', () => {
  const message = (text: string) => fromOrtError(new Error(text), 'run').message;
  const before = message('').length;
  expect(message(`${'a'.repeat(300)}\nmore`)).toHaveLength(before + 300);
  expect(message('a'.repeat(301))).toMatch(/a{300}…$/);
  expect(message('a'.repeat(301))).toHaveLength(before + 301);
});

test('a device known to be lost explains any error', () => {
  expect(fromOrtError(new Error('mapAsync failed'), 'run', true)).toMatchObject({ code: 'device-lost' });
});

test('the path of the runtime’s own source is left out', () => {
  const text =
    '/onnxruntime_src/onnxruntime/core/graph/model.cc:183 onnxruntime::Model::Model(ModelProto&&) Unsupported model IR version: 99';
  expect(fromOrtError(new Error(text), 'create').message).toBe(
    'ONNX Runtime cannot load this network: Unsupported model IR version: 99',
  );
});

test('an operation that refuses what it is given is no matter of the tile', () => {
  const text =
    "Non-zero status code returned while running Reshape node. Name:'r' Status Message: The input tensor cannot be reshaped to the requested shape.";
  const { advice } = fromOrtError(new Error(text), 'run');
  expect(advice).toMatch(/^Export this network again/);
  for (const error of [advice, fromOrtError(new Error('wasm trap'), 'run').advice]) expect(error).not.toMatch(/tile/);
});
