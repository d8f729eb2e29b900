import type { DeviceName } from '../../support/ort-device';

/**
 * What is asked of gradients against float64 PyTorch: the largest difference as a part of the largest value of that
 * gradient. All computing here is float32, whose unit of rounding is 6e-8.
 */
export const gradientTolerance = 1e-4;
/** The same for the values of the op itself. */
export const forwardTolerance = 1e-5;

interface Exception {
  readonly op: string;
  readonly device: DeviceName;
  /** For values and gradients; `undefined` where the named case cannot run. */
  readonly tolerance?: number;
  /** Only this case; all of the op's if left out. */
  readonly name?: string;
  readonly reason: string;
}

const trigonometry = 'WGSL asks for an absolute error of 2^-11 only, and SwiftShader stays near that';

/** Ops that are judged otherwise, and why. */
export const exceptions: readonly Exception[] = [
  { op: 'Sin', device: 'WebGPU', tolerance: 1e-3, reason: trigonometry },
  { op: 'Cos', device: 'WebGPU', tolerance: 1e-3, reason: trigonometry },
  { op: 'Conv', device: 'WebGPU', name: '3-D', reason: "ONNX Runtime's WebGPU has no three-dimensional kernels" },
];

const exceptionOf = (op: string, device: DeviceName, name?: string): Exception | undefined =>
  exceptions.find((entry) => entry.op === op && entry.device === device && entry.name === name);

export const toleranceOf = (op: string, device: DeviceName): number =>
  exceptionOf(op, device)?.tolerance ?? gradientTolerance;

export const forwardToleranceOf = (op: string, device: DeviceName): number =>
  exceptionOf(op, device)?.tolerance ?? forwardTolerance;

/** Whether the device is known to refuse this case: the test then expects it to, so that the list stays true. */
export const refuses = (op: string, device: DeviceName, name: string): boolean =>
  exceptionOf(op, device, name) !== undefined;
