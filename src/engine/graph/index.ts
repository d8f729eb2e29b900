/** ONNX graphs as data: read, write, build, differentiate, turn into a training step and run it. */
export { float32, int64, sizeOf, numbersOf, tensorOf, type DataType, type Tensor } from './tensor';
export { OPSET, type Attribute, type Attributes, type Graph, type Node, type ValueInfo } from './graph';
export type { Operand, Operation, Value } from './value';
export type { ConvOptions, ConvTransposeOptions, ResizeOptions } from './builder';
export { GraphBuilder } from './graph-builder';
export type { CallOptions } from './splice';
export { lowerings, type Lowering } from './lowering';
export { knownOps } from './ops/op-table';
export { readGraph } from './read';
export { writeGraph } from './write';
export { fixShapes } from './shapes';
export { differentiate, type Differentiated, type DifferentiateOptions, type Obstacle } from './differentiate';
export { parametersOf, type LearnedWeight, type Trainable } from './parameters';
export { scheduleOf, type Optimizer } from './optimizer';
export {
  packWeights,
  trainingStep,
  withWeights,
  type Loss,
  type LossValues,
  type Parameter,
  type TrainingReport,
  type TrainingStep,
  type TrainingStepOptions,
} from './training-step';
export { latterWeights, multiplyAdds, workOf, type NetworkWork } from './multiply-adds';
export { foldEmbedding } from './fold-embedding';
export { TrainingRun, type Losses, type TrainingData, type TrainingRunOptions } from './run';
/** Where it runs: over any of ONNX Runtime's packages. */
export { OrtRuntime, type OrtRuntimeOptions } from '../runtime/ort-runtime';
export type { Device, InferenceSession, Ort, Runtime, SessionOptions } from '../runtime/runtime';
