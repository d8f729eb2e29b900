import type { Speed } from './speed';
import { wasmThreads } from './threads.browser';

/** The graphics adapter that WebGPU gives, or why there is none. */
export type Adapter = { name: string; software: boolean; largestBuffer: number } | { reason: string };

/** Asks the browser for its best adapter; nothing is kept of it. */
export async function findAdapter(): Promise<Adapter> {
  const gpu = (navigator as { gpu?: GPU }).gpu;
  if (!gpu) return { reason: 'this browser has no WebGPU.' };
  let adapter: GPUAdapter | null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch (error) {
    return { reason: `WebGPU says “${error instanceof Error ? error.message : String(error)}”.` };
  }
  if (!adapter) return { reason: 'WebGPU finds no graphics adapter.' };
  const { vendor, architecture, device, description } = adapter.info;
  const text = [vendor, architecture, device, description].join(' ');
  const software = adapter.info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(text);
  const known = description || [vendor, architecture].filter(Boolean).join(' ') || 'GPU';
  const name = /swiftshader/i.test(text) ? 'SwiftShader' : known;
  // ONNX Runtime asks for as much as there is.
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const largestBuffer = Math.min(maxBufferSize, maxStorageBufferBindingSize);
  return { name: software ? `${name} (software)` : `${name} (WebGPU)`, software, largestBuffer };
}

/** What would compute here: one thread of WASM is the slow case. A GPU emulated in software is slower than the CPU. */
export async function speed(): Promise<Speed> {
  const found = await findAdapter();
  if (!('reason' in found) && !found.software) return 'gpu';
  return wasmThreads() > 1 ? 'threads' : 'slow';
}
