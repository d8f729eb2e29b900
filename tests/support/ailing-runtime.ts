import * as ortNode from '../../src/engine/runtime/onnxruntime.node';
import { OrtRuntime } from '../../src/engine/runtime/ort-runtime';
import type { InferenceSession, Ort, Runtime } from '../../src/engine/runtime/runtime';

type Outputs = InferenceSession.OnnxValueMapType;

/** What goes wrong around the runs of an otherwise sound ONNX Runtime. */
export interface Ailment {
  /** Before a run; may throw what the runtime would. `session`: how many sessions were made before its own. */
  before?: (feeds: Readonly<Record<string, { readonly dims: readonly number[] }>>, session: number) => unknown;
  /** After a run; may spoil what came out. */
  after?: (outputs: Outputs) => void;
}

/**
 * The engine's own runtime over the native CPU, under the name of another device: what fails, fails inside ONNX Runtime,
 * as it does on a person's machine.
 */
export function ailingRuntime(
  { before, after }: Ailment,
  device: Runtime['device'] = 'webgpu',
  deviceName = 'An ailing GPU',
): Runtime {
  const { InferenceSession: sound, Tensor, env } = ortNode as unknown as Ort;
  let sessions = 0;
  const create = async (model: Uint8Array): Promise<InferenceSession> => {
    const number = sessions++;
    // Whatever device is asked for: the CPU.
    const session = await sound.create(model, { intraOpNumThreads: 1, enableCpuMemArena: false, logSeverityLevel: 4 });
    const run = session.run.bind(session) as (...args: unknown[]) => Promise<Outputs>;
    session.run = (async (feeds: InferenceSession.OnnxValueMapType, ...rest: unknown[]) => {
      await before?.(feeds as never, number);
      const outputs = await run(feeds, ...rest);
      after?.(outputs);
      return outputs;
    }) as InferenceSession['run'];
    return session;
  };
  const ort = { InferenceSession: { create }, Tensor, env } as unknown as Ort;
  return new OrtRuntime(ort, { device, deviceName });
}
