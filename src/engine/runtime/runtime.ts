import type { InferenceSession, Tensor, TensorConstructor, Env, InferenceSessionFactory } from 'onnxruntime-common';

/** `cpu` is the native runtime in Node; `wasm` the same work in a browser. */
export type Device = 'webgpu' | 'wasm' | 'cpu';

/** The part of ONNX Runtime's API that all its packages share (onnxruntime-node, onnxruntime-web/webgpu, /wasm). */
export interface Ort {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
  readonly env: Env;
}

export interface SessionOptions {
  /** Outputs that stay on the device (all, or by name); only WebGPU makes a difference of it. */
  keepOnDevice?: boolean | readonly string[];
  /** Free dimensions of the graph by name, fixed for this session: `{ height: 128, width: 128 }`. */
  dimensions?: Readonly<Record<string, number>>;
  /**
   * A graph of fixed shapes that runs many times and holds much at once. Memory that a run has freed is kept for the next;
   * elsewhere it goes back to the system after each run.
   */
  training?: boolean;
  /**
   * Run the graph as it stands on a CPU: no time is spent on making it faster, which for tens of thousands of nodes takes
   * longer than it saves.
   */
  asItStands?: boolean;
  /** Refuse nodes that would fall back to the CPU (tests, benchmarks). */
  noFallback?: boolean;
}

/** ONNX Runtime on one device. Everything that runs a graph goes through one of these. */
export interface Runtime {
  readonly ort: Ort;
  readonly device: Device;
  /** What really computes, for people: "Apple M2", "SwiftShader (software)", "CPU, 2 threads". */
  readonly deviceName: string;
  /** Bytes of the largest buffer that the device gives, and so of a tensor; no limit where left out. */
  readonly largestBuffer?: number;
  /** Whether the device is gone: whatever fails from then on fails for that. */
  readonly lost?: boolean;
  /**
   * @param model an ONNX file's bytes
   * @returns a session whose `run` throws LWayErrors too: `out-of-memory`, `device-lost`, else `internal`
   * @throws LWayError `bad-model` where the runtime refuses it, `out-of-memory`, `device-lost`
   */
  createSession(model: Uint8Array, options?: SessionOptions): Promise<InferenceSession>;
  /** Frees the device; sessions made by it are dead afterwards. */
  dispose(): Promise<void>;
}

export type { InferenceSession, Tensor };
