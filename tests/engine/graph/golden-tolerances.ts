/**
 * What is asked of gradients against float64 PyTorch: the largest difference as a part of the largest value of that
 * gradient. All computing here is float32, whose unit of rounding is 6e-8.
 */
export const defaultTolerance = 1e-4;

/** Ops that need more, and why. */
export const exceptions: Readonly<Record<string, { readonly tolerance: number; readonly reason: string }>> = {};

export const toleranceOf = (op: string): number => exceptions[op]?.tolerance ?? defaultTolerance;
