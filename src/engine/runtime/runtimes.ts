import type { Device, Runtime } from './runtime';

/** A runtime and what has to be said about how it was chosen. */
export interface OpenedRuntime {
  runtime: Runtime;
  /** Reasons why it is not the device one would expect: said to the person, never swallowed. */
  notices: string[];
}

/**
 * Where runtimes come from: Node and the browser each have one.
 * `auto` takes the GPU if there really is one, else the CPU (`wasm` in a browser).
 *
 * @throws LWayError `no-device` where the device asked for does not exist
 */
export interface Runtimes {
  open(device: 'auto' | Device): Promise<OpenedRuntime>;
  /** The CPU device of this place, to fall back on. */
  readonly fallback: Device;
}
