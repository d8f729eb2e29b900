import { LWayError } from '../common/errors';
import { crop } from '../raster/planes';
import type { Raster } from '../raster/raster';
import { resize } from '../raster/resample';
import { roundUp } from '../raster/tiles';
import type { InputValues } from '../network/fit-ports';
import { sha256 } from '../network/load-network';
import type { NetworkFile, PortDescription } from '../network/network-file';
import { readNetworkFile } from '../network/network-file';
import type { ImageInput, NetworkEntry } from '../network/registry';
import type { InferenceSession, Runtime, Tensor } from '../runtime/runtime';
import { LoadedNetwork } from '../network/loaded-network';
import { fromTensor, toTensor, type Convention } from '../network/tensors';
import { orderOf, probeSide } from './colour-order';
import { darkPicture, noisePicture, noisierPicture, smoothPicture } from './probe-pictures';

/** What a person says of a network, because they know: it is believed rather than guessed. */
export interface SaidOfNetwork extends Partial<Pick<ImageInput, 'channels' | 'range'>> {
  /** Numbers for inputs besides the picture, by name. */
  readonly values?: InputValues;
}

/** The network answers with a picture that lacks `border` LR pixels at each side. */
export class BorderLost extends Error {
  constructor(readonly border: number) {
    super(`the result lacks ${border} pixels on each side`);
  }
}

/** Ranges of values that networks have, the usual one first. */
export const knownRanges = [
  [0, 1],
  [0, 255],
  [-1, 1],
] as const;

/** Largest receptive-field radius, in LR pixels, that is measured; beyond it a network counts as one without end. */
const largestRadius = 64;
/** Outputs that change by less do not count: an eighth of what tiled and untiled pictures may differ by, and more. */
const change = 1e-5;
/** How far tiled and untiled may differ where the margin is the radius that was found. */
const agreement = 5e-5;
/** Mean error, 0..1, between the reduced answer and the probe beyond which a network does something else. */
const likeness = 0.08;
/**
 * An unusual range is believed when its error is this much smaller than that of the usual one. Of 15 networks that people use,
 * put into other ranges by operations around them, those that are told wrongly by this give as good an answer in 0..1.
 */
const clearlyBetter = 0.8;
/**
 * The same for -1..1 where nothing is enlarged: what only removes noise and adds the rest to its input answers well to any
 * range, and -1..1 makes the noise twice as strong for it.
 */
const farBetter = 0.3;
/**
 * Where it enlarges, -1..1 is believed unless a dark picture comes out this many times worse so: networks of 0..1 have never
 * seen a number below 0, while those of -1..1 know the upper half, which 0..1 is for them, nearly as well as the whole. Of 26
 * networks (published ones, and ours) put into either range, those of 0..1 do 4.6 times worse and more, those of -1..1 at
 * most 1.4 times.
 */
const worseInTheDark = 2.5;
/** Standard deviation of the noise that networks which do not enlarge are tried with, 0..1. */
const probeNoise = 0.05;
/** Two ranges whose answers differ by less than this share of their error are one to the network: the usual it is. */
const sameToIt = 0.3;
/** Pictures of a fixed size with more pixels are too slow to be asked for the order of colours as well. */
const mostForOrder = 256 ** 2;
const largestScale = 8;

/**
 * Finds out by trying how a network that a person brings wants its image: layout, order of channels, range, type,
 * size, scale, and how far its pixels see.
 *
 * The probe is a smooth picture: under the right hypothesis the reduced answer is the probe again. The receptive
 * field is measured by changing single pixels and confirmed by comparing a cut-out with the whole.
 *
 * @param runtime a CPU device: the GPU's would pay for every size that is tried
 * @param name for people, e.g. the file's name without its extension
 * @param said what need not be guessed
 * @throws LWayError `bad-model` with the reason why it cannot be used; BorderLost
 */
export async function inspectNetwork(
  signal: AbortSignal,
  bytes: Uint8Array,
  runtime: Runtime,
  name: string,
  said: SaidOfNetwork = {},
): Promise<NetworkEntry> {
  const file = readNetworkFile(bytes);
  const port = imageInput(file);
  const session = await runtime.createSession(bytes);
  try {
    const probing = new Probing(signal, runtime, session, port, said);
    const found = await probing.findConvention();
    const entry: NetworkEntry = {
      id: slug(name),
      file: `${slug(name)}.onnx`,
      kind: 'sr',
      name,
      scale: found.scale,
      input: found.input,
      output: found.output,
      receptiveField: null,
      multipleOf: found.multipleOf,
      parameters: file.parameters,
      bytes: bytes.length,
      sha256: await sha256(bytes),
      licence: 'unknown',
    };
    const network = new LoadedNetwork(runtime, { entry, bytes });
    try {
      entry.receptiveField = await measureRadius(signal, network);
    } finally {
      await network.close();
    }
    return entry;
  } finally {
    await session.release();
  }
}

const float = { FLOAT: 'float32', FLOAT16: 'float16' } as const;

/** The one input, if it can be an image. */
function imageInput(file: NetworkFile): PortDescription & { shape: (number | string)[] } {
  const [input, ...others] = file.inputs;
  if (!input) throw refuse('This network has no input.');
  if (others.length > 0)
    throw refuse(`This network has ${file.inputs.length} inputs (${file.inputs.map((each) => each.name).join(', ')}).`);
  if (!(input.type in float))
    throw refuse(
      `This network takes ${input.type.toLowerCase()} values; only float32 and float16 pictures are possible.`,
      'Export it with a float32 input, not quantised.',
    );
  for (const operator of ['Loop', 'Scan'])
    if (file.operators.has(operator)) throw refuse(`This network contains a loop (${operator}).`);
  for (const operator of file.operators)
    if (/^(Random|Multinomial|Bernoulli)/.test(operator))
      throw refuse(`This network gives a different result each time (${operator}).`);
  const shape = input.shape ?? ['', '', '', ''];
  if (shape.length !== 4)
    throw refuse(
      `This network's input has ${shape.length} dimensions; a picture has 4 (batch, channels, height, width).`,
    );
  if (typeof shape[0] === 'number' && shape[0] !== 1) throw refuse(`This network takes ${shape[0]} pictures at once.`);
  return { ...input, shape };
}

/** The network's answer to a picture in that range of values and that order of channels. */
type Ask = (picture: Raster, range: ImageInput['range'], channels?: ImageInput['channels']) => Promise<Raster>;

interface Found {
  input: ImageInput;
  output: string;
  scale: number;
  multipleOf: number;
}

/** Multiples that sizes may have to be of, each with a size that is a multiple of no later one. */
const sizes: readonly (readonly [multiple: number, size: number])[] = [
  [1, 37],
  [2, 38],
  [3, 39],
  [4, 44],
  [5, 35],
  [6, 42],
  [7, 49],
  [8, 40],
  [12, 60],
  [16, 48],
  [24, 72],
  [32, 96],
  [48, 144],
  [64, 192],
  [128, 384],
];

class Probing {
  constructor(
    private readonly signal: AbortSignal,
    private readonly runtime: Runtime,
    private readonly session: InferenceSession,
    private readonly port: PortDescription & { shape: (number | string)[] },
    private readonly said: SaidOfNetwork,
  ) {}

  async findConvention(): Promise<Found> {
    const { shape } = this.port;
    // Where the file names 3 channels the layout is clear; a free or unknown axis may be anything.
    const said = (['NCHW', 'NHWC'] as const).filter((layout) => shape[layout === 'NCHW' ? 1 : 3] === 3);
    const open = (['NCHW', 'NHWC'] as const).filter((layout) => typeof shape[layout === 'NCHW' ? 1 : 3] === 'string');
    const layouts = said.length > 0 ? said : open;
    if (layouts.length === 0)
      throw refuse(
        `This network's input is ${shape.map((side) => (side === '' ? '?' : side)).join('×')}: it has no 3 colour channels.`,
        'Choose a network for RGB pictures.',
      );
    let failure: unknown;
    for (const layout of layouts) {
      const fixed = this.fixedSize(layout);
      for (const [multipleOf, size] of fixed ? ([[1, 0]] as const) : sizes) {
        // A side more, not a square: what mixes up width and height is found out.
        const [width, height] = fixed ? [fixed.width, fixed.height] : [size, size + multipleOf];
        try {
          const shaped = await this.tryShape(layout, width, height);
          if (!shaped) continue;
          if (shaped.border > 0) {
            // Of sizes that do not suit it a network may lose anything: a border is as wide for a larger picture.
            const larger = await this.tryShape(layout, width + 2 * multipleOf, height + 2 * multipleOf);
            if (larger?.border !== shaped.border || larger.scale !== shaped.scale) continue;
            throw new BorderLost(shaped.border);
          }
          // A mask that an exporter has fixed for some number of windows suits a few sides together, not each of them.
          if (multipleOf > 1 && (await this.tryShape(layout, width, width)) === null) continue;
          const best = await this.findValues(layout, width, height, {
            ...shaped,
            multipleOf,
            fixed: fixed !== undefined,
          });
          const { output, scale } = shaped;
          return { output, scale, multipleOf, input: { ...best, size: fixed } };
        } catch (error) {
          this.signal.throwIfAborted();
          // A failed run tells that this is no size for the network; all else is the answer.
          if (error instanceof BorderLost || (error instanceof LWayError && error.code !== 'internal')) throw error;
          failure = error instanceof LWayError ? error.cause : error;
        }
      }
    }
    const reason = failure instanceof Error ? ` (${failure.message.trim().split('\n', 1)[0]!.slice(0, 200)})` : '';
    throw refuse(`This network gave no enlarged picture at any of the sizes tried${reason}.`);
  }

  private fixedSize(layout: ImageInput['layout']): { width: number; height: number } | undefined {
    const { shape } = this.port;
    const [height, width] = layout === 'NCHW' ? [shape[2], shape[3]] : [shape[1], shape[2]];
    if (typeof width === 'number' && typeof height === 'number') {
      if (width < 8 || height < 8 || width > 4096 || height > 4096)
        throw refuse(`This network takes pictures of ${width}×${height} pixels only.`);
      return { width, height };
    }
    if (typeof width === 'number' || typeof height === 'number')
      throw refuse(
        'This network fixes one side of its pictures and leaves the other free.',
        'Export it with both free.',
      );
    return undefined;
  }

  /**
   * Whether the answer to a picture of this size is a picture, how much larger, and how many LR pixels it lacks at each
   * side; `null` where it is none.
   */
  private async tryShape(
    layout: ImageInput['layout'],
    width: number,
    height: number,
  ): Promise<{ output: string; scale: number; border: number } | null> {
    const answers = await this.run(smoothPicture(width, height), {
      layout,
      channels: 'RGB',
      range: [0, 1],
      type: this.type,
    });
    for (const [output, { dims, type }] of Object.entries(answers)) {
      if (dims.length !== 4 || dims[0] !== 1 || (type !== 'float32' && type !== 'float16')) continue;
      const [channels, h, w] = layout === 'NCHW' ? [dims[1], dims[2], dims[3]] : [dims[3], dims[1], dims[2]];
      if (channels !== 3) continue;
      const found = proportions([width, w!], [height, h!]);
      if (found === null) continue;
      if (found.scale > largestScale)
        throw refuse(`This network enlarges ${found.scale} times; at most ${largestScale} is possible.`);
      return { output, ...found };
    }
    return null;
  }

  /** Range and order of channels under which the network gives the probes back best. */
  private async findValues(
    layout: ImageInput['layout'],
    width: number,
    height: number,
    { output, scale, multipleOf, fixed }: { output: string; scale: number; multipleOf: number; fixed: boolean },
  ): Promise<ImageInput> {
    const { channels: said } = this.said;
    const { name } = this.port;
    const answerTo: Ask = async (picture, range, channels = said ?? 'RGB') => {
      const convention = { layout, channels, range, type: this.type };
      const answer = (await this.run(picture, convention))[output]!;
      return fromTensor(answer, picture.width * scale, picture.height * scale, convention);
    };
    const range = await this.findRange(answerTo, width, height, scale);
    const found = { name, layout, range, type: this.type };
    if (said !== undefined) return { ...found, channels: said };
    const side = roundUp(probeSide, multipleOf);
    const [wide, tall] = fixed ? [width, height] : [side, side];
    if (wide * tall > mostForOrder) return { ...found, channels: 'RGB' };
    const channels = await orderOf((picture, order) => answerTo(picture, range, order), wide, tall);
    return { ...found, channels };
  }

  private async findRange(answerTo: Ask, width: number, height: number, scale: number): Promise<ImageInput['range']> {
    const probe = smoothPicture(width, height);
    // What is left when noise should go: what adds little to its input, as in a range that is too wide for it, leaves it all.
    const noiseLeft = async (range: ImageInput['range']) =>
      difference(probe, await answerTo(noisierPicture(probe, probeNoise), range));
    const errorOf = async (picture: Raster, range: ImageInput['range']) => {
      const answer = await answerTo(picture, range);
      return { range, answer, error: difference(picture, answer) };
    };
    // The usual first: another must be clearly better to be taken for right.
    const ranges = this.said.range ? [this.said.range] : knownRanges;
    let best = await errorOf(probe, ranges[0]);
    for (const range of ranges.slice(1)) {
      const other = await errorOf(probe, range);
      if (other.error < best.error * (range[0] < 0 && scale === 1 ? farBetter : clearlyBetter)) {
        if (scale > 1 || (await noiseLeft(range)) <= (await noiseLeft(best.range))) best = other;
      } else if (range[0] < 0 && scale > 1 && other.error < best.error * worseInTheDark) {
        const dark = darkPicture(width, height);
        const [usual, signed] = [await errorOf(dark, best.range), await errorOf(dark, range)];
        const differs = apart(usual.answer, signed.answer) > usual.error * sameToIt;
        if (differs && signed.error < usual.error * worseInTheDark) best = other;
      }
    }
    if (!(best.error <= likeness))
      throw refuse(
        'The result of this network does not look like the picture enlarged.',
        'Choose a network that enlarges or restores pictures, with input and output in the same range.',
      );
    return best.range;
  }

  private get type(): ImageInput['type'] {
    return float[this.port.type as keyof typeof float];
  }

  private async run(picture: Raster, convention: Convention): Promise<Record<string, Tensor>> {
    this.signal.throwIfAborted();
    const feeds = { [this.port.name]: toTensor(this.runtime.ort, picture, convention) };
    return (await this.session.run(feeds)) as Record<string, Tensor>;
  }
}

/** How much larger, and how many pixels before that are lost at each side; `null` where the two sides do not agree. */
function proportions(
  [width, wide]: readonly [number, number],
  [height, tall]: readonly [number, number],
): { scale: number; border: number } | null {
  const whole = wide / width;
  if (Number.isInteger(whole) && tall / height === whole) return { scale: whole, border: 0 };
  // What is lost does not depend on the size, so two different sides tell it from the scale.
  const scale = (tall - wide) / (height - width);
  const border = (width - wide / scale) / 2;
  const fits = Number.isInteger(scale) && scale >= 1 && Number.isInteger(border) && border > 0;
  return fits ? { scale, border } : null;
}

/** Mean absolute difference between a picture and its enlargement brought back to its size by area averaging. */
function difference(picture: Raster, enlarged: Raster): number {
  return apart(picture, resize(enlarged, picture.width, picture.height, 'area'));
}

/** Mean absolute difference between two pictures of one size. */
function apart(one: Raster, other: Raster): number {
  let sum = 0;
  for (let i = 0; i < one.data.length; i++) {
    const distance = Math.abs(one.data[i]! - other.data[i]!);
    // NaN must not win.
    sum += distance === distance ? distance : 1e9;
  }
  return sum / one.data.length;
}

/**
 * Radius, in LR pixels, within which a pixel of the input changes the output; `null` where no end of it was found.
 * Theoretical fields can be far larger than what comes out of them: what counts here is what changes.
 */
async function measureRadius(signal: AbortSignal, network: LoadedNetwork): Promise<number | null> {
  const { input, multipleOf } = network.entry;
  const run = (picture: Raster) => {
    signal.throwIfAborted();
    return network.run(picture);
  };
  // Small first: most networks see little, and a large picture is slow with those that are large.
  const fixed = input.size && [Math.floor((Math.min(input.size.width, input.size.height) - 1) / 2)];
  for (const reach of fixed ?? [largestRadius / 4, largestRadius / 2, largestRadius]) {
    const side = roundUp(2 * reach + 1 + multipleOf, multipleOf);
    const { width, height } = input.size ?? { width: side, height: side };
    let radius = 0;
    // What sees to the end once needs no second picture: with large networks each takes seconds.
    for (let seed = 1; seed <= 3 && radius < reach; seed++)
      radius = Math.max(radius, await perturb(run, network.scale, width, height, seed));
    if (radius >= reach) continue;
    if (fixed) return radius;
    const confirmed = await confirm(run, network.scale, radius + multipleOf - 1, multipleOf);
    if (confirmed !== null) return confirmed;
  }
  return null;
}

type Run = (picture: Raster) => Promise<Raster>;

/** Changes one pixel near the middle of a noise picture: how far from it, in LR pixels, the output changes. */
async function perturb(run: Run, scale: number, width: number, height: number, seed: number): Promise<number> {
  const picture = noisePicture(width, height, seed);
  const [x, y] = [Math.floor(width / 2) - (seed % 2), Math.floor(height / 2) - (seed % 2)];
  const before = await run(picture);
  const changed = { ...picture, data: picture.data.slice() };
  for (let channel = 0; channel < 3; channel++) {
    const i = (channel * height + y) * width + x;
    changed.data[i] = picture.data[i]! < 0.5 ? 1 : 0;
  }
  const after = await run(changed);
  let radius = 0;
  for (let i = 0; i < after.data.length; i++) {
    if (Math.abs(after.data[i]! - before.data[i]!) <= change) continue;
    const column = i % after.width;
    const row = Math.floor(i / after.width) % after.height;
    radius = Math.max(radius, Math.abs(Math.floor(column / scale) - x), Math.abs(Math.floor(row / scale) - y));
  }
  return radius;
}

/**
 * Whether a cut-out with this margin gives what the whole picture gives: many small influences from beyond the radius
 * can add up to more than a pixel's. The radius, enlarged where that helps; `null` where it does not.
 */
async function confirm(run: Run, scale: number, radius: number, multipleOf: number): Promise<number | null> {
  const core = roundUp(8, multipleOf);
  for (let margin = radius; margin <= largestRadius; margin = Math.ceil(margin * 1.25) + 1) {
    const around = roundUp(margin, multipleOf);
    const beyond = roundUp(16, multipleOf);
    const side = core + 2 * (around + beyond);
    const picture = noisePicture(side, side, 4);
    // White beyond: a network that looks at the mean of all sees another one in the cut-out.
    for (let i = 0; i < picture.data.length; i++) {
      const [column, row] = [i % side, Math.floor(i / side) % side];
      if (Math.min(column, row, side - 1 - column, side - 1 - row) < beyond) picture.data[i] = 1;
    }
    const whole = await run(picture);
    const inner = core + 2 * around;
    const part = await run(crop(picture, { x: beyond, y: beyond, width: inner, height: inner }));
    const size = core * scale;
    const expected = crop(whole, {
      x: (beyond + around) * scale,
      y: (beyond + around) * scale,
      width: size,
      height: size,
    });
    const found = crop(part, { x: around * scale, y: around * scale, width: size, height: size });
    if (expected.data.every((value, i) => Math.abs(value - found.data[i]!) <= agreement)) return margin;
  }
  return null;
}

function slug(name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  return plain || 'network';
}

function refuse(message: string, advice = 'Choose a network that enlarges RGB pictures.'): LWayError {
  return new LWayError('bad-model', message, advice);
}
