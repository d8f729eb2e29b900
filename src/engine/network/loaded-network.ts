import type { Raster } from '../raster/raster';
import { readNetworkFile } from './network-file';
import type { Network, NetworkEntry } from './registry';
import type { InferenceSession, Runtime, Tensor } from '../runtime/runtime';
import { fromTensor, toTensor } from './tensors';

/**
 * An SR network on one device, wanting its image as it may: for the caller it maps planar RGB, 0..1, to planar RGB,
 * about 0..1, `scale` times as large. One call at a time.
 */
export class LoadedNetwork {
  readonly scale: number;
  /** Names of the input's free sides, where the file gives them names. */
  private readonly sides: { width?: string; height?: string };
  private session: InferenceSession | null = null;
  private shape = '';

  /** @throws LWayError `bad-model` where the file cannot be read */
  constructor(
    readonly runtime: Runtime,
    readonly network: Network,
  ) {
    const { input, scale } = network.entry;
    this.scale = scale;
    const shape = readNetworkFile(network.bytes).inputs.find(({ name }) => name === input.name)?.shape ?? [];
    const [height, width] = input.layout === 'NCHW' ? [shape[2], shape[3]] : [shape[1], shape[2]];
    this.sides = {
      width: typeof width === 'string' && width !== '' ? width : undefined,
      height: typeof height === 'string' && height !== '' ? height : undefined,
    };
  }

  get entry(): NetworkEntry {
    return this.network.entry;
  }

  /**
   * @param image 3 channels
   * @throws LWayError `bad-output` where the answer has the wrong size, `out-of-memory`, `device-lost`
   */
  async run(image: Raster): Promise<Raster> {
    const { input, output } = this.entry;
    const { width, height } = image;
    const session = await this.open(width, height);
    const answers = await session.run({ [input.name]: toTensor(this.runtime.ort, image, input) }, [output]);
    const answer = answers[output] as Tensor;
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
    this.session = await this.runtime.createSession(this.network.bytes, usable ? { dimensions } : {});
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
