import { readFile } from 'node:fs/promises';
import { LWayError, plane, type Raster } from '../../engine';
import { cpuRuntime } from '../../engine/node';
import { systemCode } from '../files/file-errors';

/** ImageNet's mean and deviation per channel, which the network behind LPIPS expects taken out. */
const means = [0.485, 0.456, 0.406];
const deviations = [0.229, 0.224, 0.225];

export interface Lpips {
  /** Perceptual distance of two RGB pictures of the same size, 0..1; lower is closer. */
  distance(truth: Raster, result: Raster): Promise<number>;
  dispose(): Promise<void>;
}

/**
 * Learned perceptual image patch similarity (Zhang et al., CVPR 2018) by an ONNX file with inputs `ref` and `dist`
 * ([1, 3, H, W], ImageNet-normalised RGB) and output `score`.
 *
 * @throws LWayError `missing-model`, `bad-model`
 */
export async function openLpips(path: string): Promise<Lpips> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const reason = systemCode(error) ?? String(error);
    throw new LWayError('missing-model', `The LPIPS file "${path}" cannot be read (${reason}).`, 'Check its name.', {
      cause: error,
    });
  }
  const runtime = cpuRuntime();
  const session = await runtime.createSession(bytes);
  if (!['ref', 'dist'].every((name) => session.inputNames.includes(name)) || !session.outputNames.includes('score')) {
    throw new LWayError(
      'bad-model',
      `"${path}" is not an LPIPS network: its inputs are ${session.inputNames.join(', ')}.`,
      'Give an ONNX file with inputs ref and dist and the output score.',
    );
  }
  const tensor = (raster: Raster) => {
    const data = new Float32Array(raster.data.length);
    const size = raster.width * raster.height;
    for (let channel = 0; channel < 3; channel++) {
      const values = plane(raster, channel);
      for (let i = 0; i < size; i++) data[channel * size + i] = (values[i]! - means[channel]!) / deviations[channel]!;
    }
    return new runtime.ort.Tensor('float32', data, [1, 3, raster.height, raster.width]);
  };
  return {
    async distance(truth, result) {
      const { score } = await session.run({ ref: tensor(truth), dist: tensor(result) });
      return Number(score!.data[0]);
    },
    async dispose() {
      await session.release();
      await runtime.dispose();
    },
  };
}
