import type { GraphBuilder } from './graph-builder';
import { bytesOf, SAME_MEMORY } from './recorder';
import type { Operation, Value } from './value';

/**
 * Parts of a history whose values are computed a second time when their gradients are due, instead of being kept until
 * then (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost").
 *
 * A part begins again from the values that later ones read as well: those are kept. So that no runtime does it too early,
 * what it begins with waits for the gradients that come before.
 */
export class Recomputation {
  private readonly cuts: readonly number[];
  /** Where a value is made in the history. */
  private readonly madeAt = new Map<Value, number>();
  private readonly lastRead = new Map<Value, number>();
  /** Values that have to do with weights only: few, and never computed again. */
  private readonly light: ReadonlySet<Value>;
  private part: { begin: number; end: number };
  private again = new Map<Value, Value>();
  private fresh: Value[] = [];

  /** @param weights the values whose gradients are wanted */
  constructor(
    private readonly b: GraphBuilder,
    private readonly history: readonly Operation[],
    weights: readonly Value[],
  ) {
    history.forEach(({ inputs, outputs }, at) => {
      for (const value of outputs) this.madeAt.set(value, at);
      for (const value of inputs) if (value !== undefined) this.lastRead.set(value, at);
    });
    this.light = this.withoutPicture(weights);
    this.cuts = this.chooseCuts();
    this.part = { begin: this.cuts.at(-1) ?? 0, end: history.length };
  }

  /** To be called before the gradients of operation `at`, in falling order. */
  enter(at: number): void {
    if (at >= this.part.begin) return;
    const begin = Math.max(0, ...this.cuts.filter((cut) => cut <= at));
    this.part = { begin, end: at + 1 };
    this.again = new Map();
    const due = this.due();
    if (due === undefined) return;
    const anchored = new Map<Value, Value>();
    const anchor = (value: Value): Value => {
      if (value.constant !== undefined || this.light.has(value) || value.type !== 'float32') return value;
      if (value.shape.length === 0) return value;
      let held = anchored.get(value);
      if (held === undefined) anchored.set(value, (held = this.b.add(value, due)));
      return held;
    };
    for (const { op, node, inputs, outputs, attributes } of this.history.slice(begin, at + 1)) {
      if (outputs.every((value) => this.light.has(value))) continue;
      const from = inputs.map((value) => value && (this.again.get(value) ?? anchor(value)));
      const made = this.b.apply(op, from, attributes, { outputs: outputs.length, node });
      // What later parts read as well is there still.
      outputs.forEach((value, i) => {
        if ((this.lastRead.get(value) ?? 0) <= at) this.again.set(value, made[i]!);
      });
    }
  }

  /** What stands for a value in the gradients of the present part. */
  readonly valueOf = (value: Value): Value => this.again.get(value) ?? value;

  /** To be told of each gradient, so that the next part waits for it. */
  note(value: Value, gradient: Value): void {
    if ((this.madeAt.get(value) ?? -1) < this.part.begin) this.fresh.push(gradient);
  }

  /** Zero [1], once all gradients that were noted since the last time are there. */
  private due(): Value | undefined {
    const { b, fresh: gradients } = this;
    this.fresh = [];
    if (gradients.length === 0) return undefined;
    const firsts = gradients.map((value) => b.slice(b.flat(value), [0], [1], [0]));
    return b.mul(b.reduceSum(b.concat(firsts, 0), [0]), 0);
  }

  private withoutPicture(weights: readonly Value[]): ReadonlySet<Value> {
    const light = new Set(weights);
    // What the weights are taken from.
    for (let at = this.history.length - 1; at >= 0; at--) {
      const { inputs, outputs } = this.history[at]!;
      if (outputs.some((value) => light.has(value))) for (const value of inputs) if (value) light.add(value);
    }
    const known = (value: Value | undefined) =>
      value === undefined || value.constant !== undefined || light.has(value) || this.b.isWeight(value);
    for (const { inputs, outputs } of this.history)
      if (inputs.every(known)) outputs.forEach((value) => light.add(value));
    return light;
  }

  /**
   * Positions that parts begin at, but for the first: where few values cross, and so that what crosses and the largest
   * part together are least.
   */
  private chooseCuts(): readonly number[] {
    const { made, crossing } = this.costs();
    const all = total(made);
    let best: { cuts: readonly number[]; bytes: number } = { cuts: [], bytes: KEPT_IN_PART * all };
    for (let limit = all / 2; limit > all / MOST_PARTS; limit /= 1.3) {
      const cuts = cutsOf(made, crossing, limit);
      const bytes = this.bytesKept(cuts) + KEPT_IN_PART * largestPart(made, cuts);
      if (bytes < best.bytes) best = { cuts, bytes };
    }
    return best.cuts;
  }

  /** Bytes that each operation makes, and that are read on both sides of it: made before, read at or after it. */
  private costs(): { made: number[]; crossing: number[] } {
    const made = this.history.map(({ op, outputs }) =>
      SAME_MEMORY.has(op) ? 0 : total(outputs.map((value) => this.weightOf(value))),
    );
    const change = new Array<number>(this.history.length + 1).fill(0);
    for (const [value, at] of this.madeAt) {
      change[at + 1]! += this.weightOf(value);
      change[(this.lastRead.get(value) ?? at) + 1]! -= this.weightOf(value);
    }
    let sum = 0;
    return { made, crossing: change.slice(0, -1).map((step) => (sum += step)) };
  }

  private weightOf(value: Value): number {
    return this.light.has(value) ? 0 : bytesOf(value);
  }

  private bytesKept(cuts: readonly number[]): number {
    let sum = 0;
    for (const [value, at] of this.madeAt) {
      const cut = cuts.find((each) => each > at) ?? Infinity;
      if ((this.lastRead.get(value) ?? at) >= cut) sum += this.weightOf(value);
    }
    return sum;
  }
}

/** Gradients of a part hold its values, as many gradients, and what products of the two are made from. */
const KEPT_IN_PART = 2.5;
const MOST_PARTS = 200;

const total = (all: readonly number[]): number => all.reduce((sum, each) => sum + each, 0);

function cutsOf(made: readonly number[], crossing: readonly number[], limit: number): number[] {
  const cuts: number[] = [];
  let [sum, place] = [0, -1];
  made.forEach((bytes, at) => {
    if (sum >= limit / 2 && (place < 0 || crossing[at]! <= crossing[place]!)) place = at;
    sum += bytes;
    if (sum < limit || place <= (cuts.at(-1) ?? 0)) return;
    cuts.push(place);
    sum = total(made.slice(place, at + 1));
    place = -1;
  });
  return cuts;
}

function largestPart(made: readonly number[], cuts: readonly number[]): number {
  return Math.max(...[0, ...cuts].map((begin, i) => total(made.slice(begin, cuts[i]))));
}
