import type { ErrorCode } from './common/errors';
import type { PixelSink, PixelSource } from './raster/raster';
import type { Device } from './runtime/runtime';
import type { Estimators } from './network/adaptation-networks';
import type { EndName, Network } from './network/registry';

// What the engine is asked, what it says meanwhile and what it came to: types only, for whatever has a part in a job.

/** Result size: a factor of 1..8, or exact pixels. */
export type OutputSize = { scale: number } | { width: number; height: number };

/** Networks that adaptation needs besides the SR network. */
export interface AdaptationNetworks {
  encoder: Network;
  reconstructor: Network;
  features: Network;
  /** Tells noise from texture by the encoder's embedding; without it all that looks like noise passes for it. */
  readOut?: Network;
  /** Where the SR network has one: moves its weights to suit the picture before they learn. */
  start?: Network;
}

export interface AdaptOptions {
  level: 'quick' | 'standard' | 'thorough';
  /** 0..1, mix of original and adapted weights. */
  strength: number;
  networks: AdaptationNetworks;
  /** Aborting this one stops the adaptation early and keeps what has been learned. */
  enough?: AbortSignal;
}

/** Networks of one graph, trained towards different ends, or files of the offsets to them. */
export type Ends = Readonly<Partial<Record<EndName, Network>>>;

/** What a person sets, 0..100. */
export interface Tuning {
  /** From faithful (0) to crisp (100). */
  readonly detail: number;
  /** From keep (0) to clean (100). */
  readonly noise: number;
  /** From keep (0) to sharpen (100). */
  readonly blur: number;
}

/** What a network is mixed by: what a person sets, and how far towards the weights for drawings, 0..100. */
export interface Mix extends Tuning {
  readonly drawn?: number;
}

/**
 * What is told of a picture: by its degradation embedding, noise by the fine detail of the flattest places as well; `jpeg` by its DCT
 * coefficients, `drawn` by a network of its own.
 */
export interface Estimate {
  /** Standard deviation of the noise in 8-bit steps. */
  readonly noise: number;
  /** 100 less the JPEG quality; 0: nothing was lost. */
  readonly compression: number;
  /** JPEG quality, 30..90, that the picture was last saved with; null where no grid of blocks shows, left out where not looked for. */
  readonly jpeg?: number | null;
  /** Width of the blur in pixels of the picture: the standard deviation of a Gaussian that spreads as far. */
  readonly blur: number;
  /** Probability that the picture is drawn and not photographed, 0..1; left out where that was not asked. */
  readonly drawn?: number;
}

/** Detail, Noise and Blur of a network that has ends to mix its weights towards. */
export interface TuningOptions {
  /** 0 faithful … 100 crisp, or what suits the picture. */
  detail: number | 'auto';
  /** 0 keep … 100 clean, or what suits the picture. */
  noise: number | 'auto';
  /** 0 keep … 100 sharpen, or what suits the picture. */
  blur: number | 'auto';
  /** How far towards the weights for drawings, 0..100; left out: as suits the picture where Detail is 'auto'. */
  drawn?: number;
  ends: Ends;
  /** What looks at the picture: without it 'auto' is the network as it came. */
  estimators?: Estimators<Network>;
}

/** What Detail, Noise and Blur came to, 0..100, how far the weights are those for drawings, and what was told of the picture. */
export interface TuningReport extends Mix {
  estimate?: Estimate;
}

export interface UpscaleOptions {
  network: Network;
  size: OutputSize;
  device: 'auto' | Device;
  /** Side of a square tile in LR pixels, margin included; chosen for the device when left out. */
  tile?: number;
  tuning?: TuningOptions;
  adapt?: AdaptOptions;
  /** A finished adaptation to apply instead of adapting again: an ONNX file's bytes of the same network. */
  weights?: Uint8Array;
  /** 0..1, how much of `weights` is mixed into the original; 1 if left out. */
  strength?: number;
  onEvent?: (event: EngineEvent) => void;
}

/** What the engine says while it works. Plain data: it crosses workers and bridges. */
export type EngineEvent =
  | { type: 'device'; device: Device; name: string }
  /** Something is not as asked for: a fall-back to another device, a smaller tile, a tile done twice. */
  | { type: 'notice'; message: string }
  | { type: 'phase'; phase: 'preparing' | 'adapting' | 'upscaling' | 'writing' }
  /** `analysis`: what comes before the first step of an adaptation. `secondsLeft` is undefined until it can be told. */
  | { type: 'progress'; done: number; total: number; unit: 'analysis' | 'step' | 'tile'; secondsLeft?: number }
  | { type: 'adaptation'; step: number; loss: number; heldOut?: number }
  /** What the network makes of a piece of the picture that it does not learn from; 0 steps: as it came. */
  | { type: 'preview'; step: number; image: PreviewImage };

/** A small picture for the screen: RGBA, 8 bits, row by row. */
export interface PreviewImage {
  width: number;
  height: number;
  data: Uint8ClampedArray<ArrayBuffer>;
}

/** What happened, for the panel's last line, `--json` and the actions' report. */
export interface UpscaleReport {
  width: number;
  height: number;
  device: Device;
  deviceName: string;
  tiles: number;
  tilesRedone: number;
  seconds: number;
  notices: string[];
  tuning?: TuningReport;
  adaptation?: AdaptationReport;
}

/** What an adaptation came to. */
export interface AdaptationReport {
  /** False: there was nothing to learn or nothing improved; the original network was used. */
  used: boolean;
  /** What made the adaptation impossible, where something did: the original network was used. */
  stopped?: ErrorCode;
  /** How many pictures it learned from: more than one where a series shares it. */
  pictures?: number;
  steps: number;
  /** Where a start network chose the weights to begin with: their share for clean pictures, 0..1. */
  start?: number;
  /** Share by which the held-out disagreement with the picture fell, 0..1. */
  improvement: number;
  /**
   * What is clearly closer to the picture, colours or edges, and what of it was kept out of the learning, noise or
   * compression.
   */
  change?: { colours: boolean; edges: boolean; noise: boolean; compression: boolean };
  message: string;
  seconds: number;
  /** The adapted network as an ONNX file. */
  weights?: Uint8Array;
  /** Weights of this network that could not learn, with the reason; empty where all could. */
  frozen?: readonly string[];
  /** What Detail, Noise and Blur came to, where it was adapted for a series. */
  tuning?: TuningReport;
  /** Seconds by part, for benchmarks. */
  split?: Readonly<Record<string, number>>;
}

/**
 * The one door of the engine. Reads `source` tile by tile, writes the result into `sink` piece by piece and resolves
 * when all of it is there.
 *
 * @param signal cancels within one tile or one step; the promise then rejects with the signal's reason
 * @throws LWayError with a sentence that says what to do
 */
export interface Engine {
  upscale(signal: AbortSignal, source: PixelSource, sink: PixelSink, options: UpscaleOptions): Promise<UpscaleReport>;
  dispose(): Promise<void>;
}

/** {@link UpscaleOptions} as far as an adaptation alone needs them. */
export interface SeriesOptions extends Pick<UpscaleOptions, 'network' | 'device' | 'tuning' | 'onEvent'> {
  adapt: AdaptOptions;
}

/** An engine that also adapts without upscaling: once for a series, whose pictures are then upscaled with `weights`. */
export interface SeriesEngine extends Engine {
  /**
   * Learns from pictures that were taken in the same way. They are read one after the other, each in crops, all before
   * the first step; one that cannot be read is an error here.
   *
   * @param sources one at least
   * @returns with the weights fully adapted, whatever the strength
   */
  adapt(signal: AbortSignal, sources: readonly PixelSource[], options: SeriesOptions): Promise<AdaptationReport>;
}
