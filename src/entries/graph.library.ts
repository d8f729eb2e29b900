/**
 * `lway/graph`: any ONNX network's training step as an ordinary ONNX graph, for any ONNX Runtime. Reads and writes ONNX
 * files, differentiates graphs, and runs the step.
 */
export * from '../engine/graph';
export { LWayError, type ErrorCode } from '../engine';
