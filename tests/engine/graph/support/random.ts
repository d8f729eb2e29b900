import { randomFrom } from '../../../../src/engine/adaptation/random';

/** A reproducible source of random numbers. */
export class Random {
  /** Uniform in [0, 1). */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = randomFrom(seed);
  }

  /** Always the same numbers for a name, whatever else draws: an added case leaves all others as they were. */
  static named(name: string): Random {
    let seed = 0;
    for (const character of name) seed = (Math.imul(seed, 31) + character.codePointAt(0)!) >>> 0;
    return new Random(seed);
  }

  uniform(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Values uniform in [low, high). */
  array(size: number, low = -1, high = 1): Float32Array {
    return Float32Array.from({ length: size }, () => this.uniform(low, high));
  }
}
