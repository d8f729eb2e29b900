import * as ortWasm from 'onnxruntime-web/wasm';
import * as ortWebGpu from 'onnxruntime-web/webgpu';
import type { OrtBuild, OrtFiles } from '../../../src/engine/runtime/ort-files';
import { browserRuntimes } from '../../../src/engine/runtime/runtime.browser';

// Which build a page takes on which device, and how it is told of its files; what they compute is tested in tests/browser.

const places = ['navigator', 'crossOriginIsolated'] as const;
const before = places.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
afterEach(() => {
  const none = { value: undefined, configurable: true, writable: true };
  places.forEach((name, i) => Object.defineProperty(globalThis, name, before[i] ?? none));
});
function browser(card: string | null, cores = 6): void {
  const info = { vendor: '', architecture: '', device: '', description: card };
  const limits = { maxBufferSize: 300, maxStorageBufferBindingSize: 200 };
  const gpu = card === null ? undefined : { requestAdapter: async () => ({ info, limits }) };
  const values = { navigator: { gpu, hardwareConcurrency: cores }, crossOriginIsolated: true };
  for (const name of places)
    Object.defineProperty(globalThis, name, { value: values[name], configurable: true, writable: true });
}
const addresses: OrtFiles = { wasm: 'https://here/a.wasm', mjs: 'https://here/a.mjs' };
function runtimes(files: OrtFiles = addresses) {
  const asked: OrtBuild[] = [];
  const load = async (build: OrtBuild) => {
    asked.push(build);
    return files;
  };
  return { asked, ...browserRuntimes(load) };
}

test('a card is taken, by the build for it', async () => {
  browser('Apple M2');
  for (const device of ['auto', 'webgpu'] as const) {
    const { asked, open, fallback } = runtimes();
    const { runtime, notices } = await open(device);
    expect(runtime).toMatchObject({ device: 'webgpu', deviceName: 'Apple M2 (WebGPU)', largestBuffer: 200 });
    expect([notices, asked, fallback]).toEqual([[], ['webgpu'], 'wasm']);
    expect(ortWebGpu.env.webgpu.powerPreference).toBe('high-performance');
    expect(ortWebGpu.env.wasm.wasmPaths).toEqual(addresses);
  }
});

test('a card in software is taken where it is asked for, else the CPU and it is said', async () => {
  browser('llvmpipe');
  expect((await runtimes().open('webgpu')).runtime.device).toBe('webgpu');
  const { asked, open } = runtimes();
  const { runtime, notices } = await open('auto');
  expect(runtime).toMatchObject({ device: 'wasm', deviceName: 'CPU (WASM, 6 threads)' });
  expect(notices).toEqual([expect.stringContaining('llvmpipe (software)')]);
  expect(asked).toEqual(['wasm']);
});

test('without a card the CPU is taken and it is said; asking for the card is an error', async () => {
  browser(null);
  const { open } = runtimes();
  const { runtime, notices } = await open('auto');
  expect(runtime.device).toBe('wasm');
  expect(notices).toEqual([expect.stringMatching(/^No GPU can be used here, so LWay computes on the CPU: /)]);
  await expect(open('webgpu')).rejects.toMatchObject({ code: 'no-device' });
  await expect(open('cpu')).rejects.toMatchObject({ code: 'no-device' });
});

test('the CPU is asked for no card, and its files are got once', async () => {
  browser('Apple M2', 1);
  const { asked, open } = runtimes();
  for (let i = 0; i < 2; i++)
    expect(await open('wasm')).toMatchObject({ runtime: { deviceName: 'CPU (WASM, 1 thread)' }, notices: [] });
  expect(asked).toEqual(['wasm']);
});

test('files at addresses give threads; bytes alone give one', async () => {
  browser(null);
  ortWasm.env.wasm.proxy = true;
  await runtimes().open('wasm');
  expect(ortWasm.env.wasm).toMatchObject({ proxy: false, wasmPaths: addresses, numThreads: 6 });
  const binary = Uint8Array.of(1, 2);
  const { runtime } = await runtimes({ binary }).open('wasm');
  expect(runtime.deviceName).toBe('CPU (WASM, 1 thread)');
  expect(ortWasm.env.wasm).toMatchObject({ numThreads: 1 });
  expect(ortWasm.env.wasm.wasmBinary).toBe(binary);
});
