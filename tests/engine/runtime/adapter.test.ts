import { findAdapter, speed } from '../../../src/engine/runtime/adapter.browser';
import { wasmThreads } from '../../../src/engine/runtime/threads.browser';

// What a page finds out about its graphics adapter and threads, in browsers of all kinds.

const places = ['navigator', 'crossOriginIsolated'] as const;
const before = places.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
afterEach(() => {
  const none = { value: undefined, configurable: true, writable: true };
  places.forEach((name, i) => Object.defineProperty(globalThis, name, before[i] ?? none));
});
function browser(navigator: object, crossOriginIsolated = false): void {
  const values = { navigator, crossOriginIsolated };
  for (const name of places)
    Object.defineProperty(globalThis, name, { value: values[name], configurable: true, writable: true });
}
const gpu = (info: object, limits = { maxBufferSize: 300, maxStorageBufferBindingSize: 200 }) => ({
  requestAdapter: async () => ({ info, limits }),
});
const nothing = { vendor: '', architecture: '', device: '', description: '' };

test.each([
  [{ ...nothing, description: 'Apple M2' }, 'Apple M2 (WebGPU)', false],
  [{ ...nothing, vendor: 'intel', architecture: 'gen-12', device: 'x' }, 'intel gen-12 (WebGPU)', false],
  [{ ...nothing, architecture: 'rdna' }, 'rdna (WebGPU)', false],
  [nothing, 'GPU (WebGPU)', false],
  [{ ...nothing, vendor: 'google', architecture: 'swiftshader' }, 'SwiftShader (software)', true],
  [{ ...nothing, device: 'SwiftShader Device', description: 'Some' }, 'SwiftShader (software)', true],
  [{ ...nothing, description: 'llvmpipe' }, 'llvmpipe (software)', true],
  [{ ...nothing, description: 'Microsoft Basic Render Driver' }, 'Microsoft Basic Render Driver (software)', true],
  [{ ...nothing, description: 'A card', isFallbackAdapter: true }, 'A card (software)', true],
])('an adapter that says %p', async (info, name, software) => {
  browser({ gpu: gpu(info) });
  expect(await findAdapter()).toEqual({ name, software, largestBuffer: 200 });
});

test('the largest buffer is what both limits allow', async () => {
  browser({ gpu: gpu(nothing, { maxBufferSize: 100, maxStorageBufferBindingSize: 200 }) });
  expect(await findAdapter()).toMatchObject({ largestBuffer: 100 });
});

test.each<[object, RegExp]>([
  [{}, /no WebGPU/],
  [{ gpu: { requestAdapter: async () => null } }, /finds no graphics adapter/],
  [{ gpu: { requestAdapter: () => Promise.reject(new Error('blocked')) } }, /says “blocked”/],
  [{ gpu: { requestAdapter: () => Promise.reject('blocked') } }, /says “blocked”/],
])('without one there is a reason: %#', async (navigator, reason) => {
  browser(navigator);
  expect(await findAdapter()).toEqual({ reason: expect.stringMatching(reason) });
});

test.each([
  [true, 6, 6],
  [true, 8, 8],
  [true, 64, 8],
  [true, 1, 1],
  [true, undefined, 1],
  [true, 0, 1],
  [false, 6, 1],
])('isolated %p with %p cores there are %i threads', (isolated, hardwareConcurrency, threads) => {
  browser({ hardwareConcurrency }, isolated);
  expect(wasmThreads()).toBe(threads);
});

test('the speed is that of the graphics card, of several threads, or of one', async () => {
  const card = gpu({ ...nothing, description: 'Apple M2' });
  const software = gpu({ ...nothing, description: 'llvmpipe' });
  browser({ gpu: card, hardwareConcurrency: 1 });
  expect(await speed()).toBe('gpu');
  browser({ gpu: software, hardwareConcurrency: 2 }, true);
  expect(await speed()).toBe('threads');
  browser({ hardwareConcurrency: 2 }, true);
  expect(await speed()).toBe('threads');
  browser({ gpu: software, hardwareConcurrency: 2 });
  expect(await speed()).toBe('slow');
});
