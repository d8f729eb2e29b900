/** Seconds of an adaptation by part. */
export class Stopwatch {
  private readonly began = performance.now();
  private lapBegan = performance.now();
  readonly split = { embedding: 0, graphs: 0, sessions: 0, steps: 0 };

  lap(part: keyof Stopwatch['split']): void {
    const now = performance.now();
    this.split[part] += (now - this.lapBegan) / 1000;
    this.lapBegan = now;
  }

  get seconds(): number {
    return (performance.now() - this.began) / 1000;
  }
}
