import { judged } from '../../../src/engine/runtime/webgpu-probe.node';

// What is said of a GPU after a try, from the drivers that were loaded or from what ONNX Runtime and Dawn wrote.

test.each([
  [['libvk_swiftshader.so'], 'SwiftShader (software)'],
  [['libvulkan_lvp.so'], 'llvmpipe (software)'],
  [['libvulkan_lvp.so', 'libvk_swiftshader.so'], 'SwiftShader or llvmpipe (software)'],
])('%j computes in software', (drivers, name) => {
  expect(judged({ drivers })).toEqual({ works: true, software: true, name });
});

test.each([
  [[], 'GPU'],
  [['libvulkan_other.so'], 'GPU'],
  [['libGLX_nvidia.so.0'], 'NVIDIA GPU'],
  [['libvulkan_radeon.so'], 'AMD GPU'],
  [['libvulkan_intel.so', 'libvulkan_lvp.so'], 'Intel GPU'],
  [['libvulkan_intel.so', 'libnvidia-vulkan-producer.so'], 'NVIDIA GPU or Intel GPU'],
])('%j is a card', (drivers, name) => {
  expect(judged({ drivers })).toEqual({
    works: true,
    software: false,
    name: expect.stringMatching(new RegExp(`^${name} through (Vulkan|Metal|Direct3D 12)$`)),
  });
});

test.each([
  ['dlopen: libvulkan.so.1: cannot open shared object file', 'Vulkan is not installed (libvulkan.so.1 is missing).'],
  ['Error: Failed to get a WebGPU adapter: no driver\nmore', 'WebGPU found none (no driver).'],
  ['Failed to get a WebGPU adapter: ', 'WebGPU found no adapter.'],
  ['it computes wrongly.', 'it computes wrongly.'],
  [' a line\nanother', 'a line'],
  ['', 'WebGPU found no adapter.'],
  ['a'.repeat(300), 'a'.repeat(200)],
])('%j', (error, reason) => {
  const { works, ...said } = judged({ error, drivers: [] });
  expect(works).toBe(false);
  if (reason === 'WebGPU found no adapter.' && error !== '') expect(said).toHaveProperty('reason');
  else expect(said).toEqual({ reason });
});
