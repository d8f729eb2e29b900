// onnxruntime-node with its telemetry off: the only way to it (a lint rule holds this). The order of these lines matters.
import './no-telemetry.node';
export { env, InferenceSession, Tensor } from 'onnxruntime-node';
