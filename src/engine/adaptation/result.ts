import type { Change } from './change';

/** What an adaptation came to. */
export interface AdaptationResult {
  /** False: there was nothing to learn, or nothing got better; the network stays as it was. */
  readonly used: boolean;
  /** How many pictures it learned from: of a series, those that are large enough and have something to teach. */
  readonly pictures: number;
  /** Steps after which the kept weights stood. */
  readonly steps: number;
  /** Where a start network chose the weights to begin with: their share for clean pictures, 0..1. */
  readonly start?: number;
  /** Share by which the held-out disagreement with the picture fell, 0..1. */
  readonly improvement: number;
  /** What that means in the picture; left out where `used` is false. */
  readonly change?: Change;
  /** One sentence for the person. */
  readonly message: string;
  readonly seconds: number;
  /** The adapted network, an ONNX file; left out where `used` is false. */
  readonly weights?: Uint8Array;
  /** Seconds by part, for benchmarks. */
  readonly split: Readonly<Record<'embedding' | 'graphs' | 'sessions' | 'steps', number>>;
  /** What does not learn in this network and why, if anything. */
  readonly frozen: readonly string[];
}
