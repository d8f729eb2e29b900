/** The two builds of ONNX Runtime: `ort-wasm-simd-threaded.asyncify` with WebGPU, `ort-wasm-simd-threaded` without. */
export type OrtBuild = 'webgpu' | 'wasm';

/**
 * Where a build's WebAssembly comes from: its bytes, which is all that a `file://` page can have (one thread), or the
 * addresses of both of its files on the page's own origin (threads, where the page is cross-origin isolated).
 */
export type OrtFiles = { binary: Uint8Array } | { wasm: string; mjs: string };

/** Gets a build's files, when it is clear that it is needed: they are large. */
export type LoadOrtFiles = (build: OrtBuild) => Promise<OrtFiles>;
