import { LWayError } from '../common/errors';
import { fromHalves, toHalves } from '../common/half';
import { createRaster } from '../raster/planes';
import type { Raster } from '../raster/raster';
import type { ImageInput } from './registry';
import type { Ort, Tensor } from '../runtime/runtime';
import { layoutOf, type Arrangement } from './layout';

/** How values lie in a tensor, what they mean, and of what type they are. */
export type Convention = Arrangement & Pick<ImageInput, 'type'>;

/** Planar RGB, 0..1, as the tensor that a network wants. */
export function toTensor(ort: Ort, { width, height, data }: Raster, convention: Convention): Tensor {
  const { type } = convention;
  const layout = layoutOf(convention);
  const values = layout.toNetwork(data, height, width);
  return new ort.Tensor(type, type === 'float16' ? toHalves(values) : values, layout.shape(1, height, width));
}

/**
 * A network's answer as planar RGB, about 0..1; may share memory with it.
 *
 * @throws LWayError `bad-output` where it is not a picture of this size
 */
export function fromTensor(answer: Tensor, width: number, height: number, convention: Convention): Raster {
  const layout = layoutOf(convention);
  const dims = layout.shape(1, height, width);
  if (answer.dims.length !== 4 || answer.dims.some((dim, i) => dim !== dims[i]))
    throw new LWayError(
      'bad-output',
      `The network answered with ${answer.dims.join('×')} values instead of ${dims.join('×')}.`,
      'Choose another network, or add this one again.',
    );
  const data = answer.data as Float32Array | Uint16Array;
  const values =
    answer.type === 'float16'
      ? fromHalves(new Uint16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length))
      : (data as Float32Array);
  return createRaster(width, height, 3, layout.fromNetwork(values, height, width));
}
