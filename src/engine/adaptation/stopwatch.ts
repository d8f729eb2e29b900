import { secondsSince } from '../common/elapsed';

/** Seconds of an adaptation by part. */
export class Stopwatch {
  private readonly began = performance.now();
  private lapBegan = performance.now();
  readonly split = { embedding: 0, graphs: 0, sessions: 0, steps: 0 };

  lap(part: keyof Stopwatch['split']): void {
    this.split[part] += secondsSince(this.lapBegan);
    this.lapBegan = performance.now();
  }

  get seconds(): number {
    return secondsSince(this.began);
  }
}
