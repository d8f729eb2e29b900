import type { NetworkBuilder } from './network-builder';

/** Rows and columns. */
export type Pair = readonly [number, number];

/**
 * A picture as transformers have it: a row of numbers for each pixel ("tokens", [batch · height · width, channels]), of a
 * size that is known only when the network runs.
 */
export class Tokens {
  private readonly batch: string;
  private readonly height: string;
  private readonly width: string;
  private readonly shapes = new Map<string, string>();

  /** @param picture [batch, channels, height, width]: all tokens are of this size */
  constructor(
    readonly s: NetworkBuilder,
    picture: string,
  ) {
    const side = (axis: number) => s.op('Shape', [picture], { start: axis, end: axis + 1 });
    [this.batch, this.height, this.width] = [side(0), side(2), side(3)];
  }

  fromPicture(x: string, channels: number): string {
    return this.rows(this.s.op('Transpose', [x], { perm: [0, 2, 3, 1] }), channels);
  }

  toPicture(x: string, channels: number): string {
    return this.s.op('Transpose', [this.channelsLast(x, channels)], { perm: [0, 3, 1, 2] });
  }

  /** A picture's channels by heads, its pixels in a row: [batch, heads, depth, height · width]. */
  byHeads(picture: string, heads: number, depth: number): string {
    return this.s.op('Reshape', [picture, this.shape('batch', heads, depth, -1)]);
  }

  /** The inverse of {@link byHeads}. */
  likePicture(x: string, channels: number): string {
    return this.s.op('Reshape', [x, this.shape('batch', channels, 'height', 'width')]);
  }

  /** Whatever holds `channels` for each pixel, as tokens. */
  rows(x: string, channels: number): string {
    return this.s.op('Reshape', [x, this.s.ints([-1, channels])]);
  }

  /** torch.roll: everything moves down and right, and comes in again at the other side. */
  roll(x: string, channels: number, shift: Pair): string {
    const along = (value: string, axis: number, by: number): string => {
      const part = (from: number, to: number) =>
        this.s.op('Slice', [value, this.s.ints([from]), this.s.ints([to]), this.s.ints([axis])]);
      return this.s.op('Concat', [part(-by, END), part(0, -by)], { axis });
    };
    const picture = this.channelsLast(x, channels);
    return this.rows(along(along(picture, 1, shift[0]), 2, shift[1]), channels);
  }

  /** [batch, height, width, channels]. */
  channelsLast(x: string, channels: number): string {
    return this.s.op('Reshape', [x, this.shape('batch', 'height', 'width', channels)]);
  }

  /**
   * Tokens by windows: [batch, windows down, windows across, rows, columns, channels].
   *
   * Sizes that are no multiple of the window fail when the network runs.
   */
  toWindows(x: string, channels: number, [rows, columns]: Pair): string {
    const shape = this.shape('batch', ['height', rows], rows, ['width', columns], columns, channels);
    return this.s.op('Transpose', [this.s.op('Reshape', [x, shape])], { perm: SWAPPED });
  }

  /** The inverse of {@link toWindows}, for values that hold the windows in that order, in whatever shape. */
  fromWindows(x: string, channels: number, [rows, columns]: Pair): string {
    const shape = this.shape('batch', ['height', rows], ['width', columns], rows, columns, channels);
    return this.rows(this.s.op('Transpose', [this.s.op('Reshape', [x, shape])], { perm: SWAPPED }), channels);
  }

  /**
   * For each window of `side` × `side` the `wide` × `wide` pixels around its middle, zeros beyond the picture:
   * [batch, windows down, windows across, wide, wide, channels].
   */
  aroundWindows(x: string, channels: number, side: number, wide: number): string {
    const { s } = this;
    const more = wide - side;
    const part = (value: string, axis: number, from: number, to: number) =>
      s.op('Slice', [value, s.ints([from]), s.ints([to]), s.ints([axis])]);
    /** An axis by windows, each with the beginning of the next behind it. */
    const widened = (value: string, axis: number, shape: string): string => {
      const own = s.op('Reshape', [part(value, axis, 0, -side), shape]);
      const next = s.op('Reshape', [part(value, axis, side, END), shape]);
      return s.op('Concat', [own, part(next, axis + 1, 0, more)], { axis: axis + 1 });
    };
    // As far to the right and below as a whole window, so that all pieces are windows.
    const pads = [0, more / 2, more / 2, 0, 0, side - more / 2, side - more / 2, 0];
    const padded = s.op('Pad', [this.channelsLast(x, channels), s.ints(pads)]);
    const rows = widened(padded, 1, this.shape('batch', ['height', side], side, -1, channels));
    const shape = this.shape('batch', ['height', side], wide, ['width', side], side, channels);
    return s.op('Transpose', [widened(rows, 3, shape)], { perm: SWAPPED });
  }

  /**
   * Scores with a mask for each window added: 0 where two pixels of a window may look at each other, far below where a roll
   * by `shift` up and left has brought them together from opposite sides of the picture.
   *
   * @param scores [batch · windows, heads, pixels, pixels]
   */
  masked(scores: string, heads: number, window: Pair, shift: Pair): string {
    const { s } = this;
    const pixels = window[0] * window[1];
    const count = s.op('Mul', [this.size(['height', window[0]]), this.size(['width', window[1]])]);
    const each = s.op('Concat', [s.ints([-1]), count, s.ints([heads, pixels, pixels])], { axis: 0 });
    const all = s.op('Add', [s.op('Reshape', [scores, each]), this.mask(window, shift)]);
    return s.op('Reshape', [all, s.ints([-1, heads, pixels, pixels])]);
  }

  /** [windows, 1, pixels, pixels]; one value, however often it is asked for. */
  private mask(window: Pair, [down, across]: Pair): string {
    return this.once(`mask ${window} ${down} ${across}`, () => {
      const { s } = this;
      // What has come in from the other side lies at the end.
      const cameIn = (side: 'height' | 'width', shift: number): string => {
        const length = s.op('Squeeze', [this.size(side), s.ints([0])]);
        const places = s.op('Range', [s.whole(0), length, s.whole(1)]);
        const first = s.op('Sub', [length, s.whole(shift)]);
        return s.op('Cast', [s.op('GreaterOrEqual', [places, first])], { to: INT64 });
      };
      const rows = s.op('Reshape', [cameIn('height', down), s.ints([-1, 1])]);
      const columns = s.op('Mul', [cameIn('width', across), s.whole(2)]);
      const [high, wide] = window;
      const shape = this.shape(1, ['height', high], high, ['width', wide], wide, 1);
      const regions = s.op('Transpose', [s.op('Reshape', [s.op('Add', [rows, columns]), shape])], { perm: SWAPPED });
      const [one, other] = [
        [-1, 1, high * wide, 1],
        [-1, 1, 1, high * wide],
      ].map((dims) => s.op('Reshape', [regions, s.ints(dims)]));
      return s.op('Where', [s.op('Equal', [one!, other!]), s.number(0), s.number(HIDDEN)]);
    });
  }

  /** Sizes as an input of a Reshape; a pair is a side divided into windows. */
  private shape(...sizes: readonly Size[]): string {
    return this.once(`shape ${JSON.stringify(sizes)}`, () =>
      this.s.op(
        'Concat',
        sizes.map((size) => this.size(size)),
        { axis: 0 },
      ),
    );
  }

  private size(size: Size): string {
    if (typeof size === 'number') return this.s.ints([size]);
    if (typeof size === 'string') return this[size];
    const [side, window] = size;
    return this.once(`windows ${side} ${window}`, () => this.s.op('Div', [this[side], this.s.ints([window])]));
  }

  private once(key: string, make: () => string): string {
    let value = this.shapes.get(key);
    if (value === undefined) this.shapes.set(key, (value = make()));
    return value;
  }
}

type Size = number | 'batch' | 'height' | 'width' | readonly ['height' | 'width', number];

/** Windows and the pixels in them change places, either way. */
const SWAPPED = [0, 1, 3, 2, 4, 5];
/** Added to scores that do not count; the number that these networks were trained with. */
const HIDDEN = -100;
/** Beyond the end of any axis. */
const END = 2 ** 31 - 1;
/** ONNX's code of the type. */
const INT64 = 7;
