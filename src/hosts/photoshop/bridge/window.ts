/**
 * How much may be on the way at once. Neither side of the WebView's channel says when it is full, so the sender counts:
 * it waits until what it has sent has been acknowledged.
 */
export class SendWindow {
  private used = 0;
  private readonly waiting: { size: number; enter: () => void }[] = [];

  constructor(private readonly capacity: number) {}

  /** Resolves, in order of asking, when `size` fits; something larger than the whole window goes alone. */
  take(size: number): Promise<void> {
    return new Promise((enter) => {
      this.waiting.push({ size, enter });
      this.admit();
    });
  }

  give(size: number): void {
    this.used -= size;
    this.admit();
  }

  private admit(): void {
    for (;;) {
      const next = this.waiting[0];
      if (!next || (this.used > 0 && this.used + next.size > this.capacity)) return;
      this.waiting.shift();
      this.used += next.size;
      next.enter();
    }
  }
}
