/**
 * Tells how long the rest will take. The first step pays for what is set up once (shaders, memory) and does not count;
 * the mean over all others settles, as an estimate from the last few would not.
 */
export class Eta {
  private first: number | undefined;

  constructor(
    private readonly total: number,
    private done = 0,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** To be called when a step is done; seconds left, `undefined` until they can be told. */
  step(): number | undefined {
    this.done++;
    if (this.done >= this.total) return 0;
    if (this.first === undefined) {
      this.first = this.now();
      this.start = this.done;
      return undefined;
    }
    const perStep = (this.now() - this.first) / (this.done - this.start);
    return ((this.total - this.done) * perStep) / 1000;
  }

  private start = 0;
}
