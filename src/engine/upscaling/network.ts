import { LWayError } from '../errors';
import { createRaster } from '../raster/planes';
import type { Raster } from '../raster/raster';
import { fromHalves, toHalves } from '../half';
import { readModelFile } from '../runtime/model-file';
import { fromOrtError } from '../runtime/ort-errors';
import type { ImageInput, Model } from '../runtime/registry';
import type { InferenceSession, Ort, Runtime, Tensor } from '../runtime/runtime';

/**
 * An SR network on one device, wanting its image as it may: for the caller it maps planar RGB, 0..1, to planar RGB,
 * about 0..1, `scale` times as large. One call at a time.
 */
export class Network {
  readonly scale: number;
  /** Names of the input's free sides, where the file gives them names. */
  private readonly sides: { width?: string; height?: string };
  private session: InferenceSession | null = null;
  private shape = '';

  /** @throws LWayError `bad-model` where the file cannot be read */
  constructor(
    readonly runtime: Runtime,
    readonly model: Model,
  ) {
    const { input, scale } = model.entry;
    this.scale = scale;
    const shape = readModelFile(model.bytes).inputs.find(({ name }) => name === input.name)?.shape ?? [];
    const [height, width] = input.layout === 'NCHW' ? [shape[2], shape[3]] : [shape[1], shape[2]];
    this.sides = {
      width: typeof width === 'string' && width !== '' ? width : undefined,
      height: typeof height === 'string' && height !== '' ? height : undefined,
    };
  }

  /**
   * @param image 3 channels
   * @throws LWayError `bad-output` where the answer has the wrong size, `out-of-memory`, `device-lost`
   */
  async run(image: Raster): Promise<Raster> {
    const { input, output } = this.model.entry;
    const { width, height } = image;
    const session = await this.open(width, height);
    let answer: Tensor;
    try {
      const answers = await session.run({ [input.name]: toTensor(this.runtime.ort, image, input) }, [output]);
      answer = answers[output] as Tensor;
    } catch (error) {
      throw fromOrtError(error, 'run', this.runtime.lost);
    }
    try {
      return fromTensor(answer, width * this.scale, height * this.scale, input);
    } finally {
      answer.dispose();
    }
  }

  /** A session for images of this size: one that fits all, where the device gains nothing from knowing the size. */
  private async open(width: number, height: number): Promise<InferenceSession> {
    const named = this.runtime.device === 'webgpu' && (this.sides.width ?? this.sides.height) !== undefined;
    const shape = named ? `${width}×${height}` : 'any';
    if (this.session && this.shape === shape) return this.session;
    await this.close();
    const dimensions: Record<string, number> = {};
    if (this.sides.height) dimensions[this.sides.height] = height;
    if (this.sides.width) dimensions[this.sides.width] = width;
    // One name for both sides fixes squares only.
    const usable = named && !(this.sides.width === this.sides.height && width !== height);
    this.session = await this.runtime.createSession(this.model.bytes, usable ? { dimensions } : {});
    this.shape = shape;
    return this.session;
  }

  /** Frees the session; the next run opens a new one. */
  async close(): Promise<void> {
    const session = this.session;
    this.session = null;
    await session?.release();
  }
}

/** How values lie in a tensor and what they mean. */
export type Convention = Pick<ImageInput, 'layout' | 'channels' | 'range' | 'type'>;

/** Planar RGB, 0..1, as the tensor that a network wants. */
export function toTensor(ort: Ort, image: Raster, convention: Convention): Tensor {
  const { type, layout } = convention;
  const values = toNetwork(image, convention);
  const data = type === 'float16' ? toHalves(values) : values;
  return new ort.Tensor(
    type,
    data,
    layout === 'NCHW' ? [1, 3, image.height, image.width] : [1, image.height, image.width, 3],
  );
}

/**
 * A network's answer as planar RGB, about 0..1; may share memory with it.
 *
 * @throws LWayError `bad-output` where it is not a picture of this size
 */
export function fromTensor(answer: Tensor, width: number, height: number, convention: Convention): Raster {
  const dims = convention.layout === 'NCHW' ? [1, 3, height, width] : [1, height, width, 3];
  if (answer.dims.length !== 4 || answer.dims.some((dim, i) => dim !== dims[i]))
    throw new LWayError(
      'bad-output',
      `The network answered with ${answer.dims.join('×')} values where ${dims.join('×')} were expected.`,
      'Choose another model, or add this one again so that it is measured anew.',
    );
  const data = answer.data as Float32Array | Uint16Array;
  const values =
    answer.type === 'float16'
      ? fromHalves(new Uint16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length))
      : (data as Float32Array);
  return fromNetwork(values, width, height, convention);
}

type Arrangement = Pick<ImageInput, 'layout' | 'channels' | 'range'>;

function isPlain({ layout, channels, range }: Arrangement): boolean {
  return layout === 'NCHW' && channels === 'RGB' && range[0] === 0 && range[1] === 1;
}

/** Planar RGB 0..1 → the values in the order and range that a network wants. */
export function toNetwork(image: Raster, convention: Arrangement): Float32Array {
  if (isPlain(convention)) return image.data;
  const [black, white] = convention.range;
  const size = image.width * image.height;
  const result = new Float32Array(size * 3);
  for (let channel = 0; channel < 3; channel++) {
    const { at, step } = place(channel, size, convention);
    const from = channel * size;
    for (let i = 0; i < size; i++) result[at + i * step] = black + image.data[from + i]! * (white - black);
  }
  return result;
}

/** The inverse of {@link toNetwork} for a network's answer; shares memory with it where nothing is to be done. */
export function fromNetwork(values: Float32Array, width: number, height: number, convention: Arrangement): Raster {
  if (isPlain(convention)) return createRaster(width, height, 3, values);
  const [black, white] = convention.range;
  const size = width * height;
  const result = createRaster(width, height, 3);
  for (let channel = 0; channel < 3; channel++) {
    const { at, step } = place(channel, size, convention);
    const to = channel * size;
    for (let i = 0; i < size; i++) result.data[to + i] = (values[at + i * step]! - black) / (white - black);
  }
  return result;
}

function place(channel: number, size: number, { layout, channels }: Arrangement): { at: number; step: number } {
  const index = channels === 'RGB' ? channel : 2 - channel;
  return layout === 'NCHW' ? { at: index * size, step: 1 } : { at: index, step: 3 };
}
