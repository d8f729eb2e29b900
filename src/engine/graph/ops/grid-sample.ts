import type { Builder } from '../builder';
import type { Value } from '../value';
import type { OpTable } from './definition';
import { numberOr, required, textOr } from './support';

/** Places of one axis, in pixels, from -1..1. */
function pixels(b: Builder, places: Value, size: number, aligned: boolean, border: boolean): Value {
  const shifted = b.add(places, 1);
  const inPixels = aligned ? b.mul(shifted, (size - 1) / 2) : b.sub(b.mul(shifted, size / 2), 0.5);
  return border ? b.clip(inPixels, 0, size - 1) : inPixels;
}

/**
 * https://onnx.ai/onnx/operators/onnx__GridSample.html, of pictures: written out as Gathers, whose gradients are known,
 * for picture and grid alike. Cubic sampling and reflected borders are left to the runtime, and have no gradient.
 */
export const gridSample: OpTable = {
  GridSample: {
    infer: (inputs) => {
      const { type, shape } = required(inputs, 0);
      return [{ type, shape: [...shape.slice(0, 2), ...required(inputs, 1).shape.slice(1, -1)] }];
    },
    expand: (b, inputs, attributes) => {
      const [x, grid] = [required(inputs, 0), required(inputs, 1)];
      const mode = textOr(attributes, 'mode', 'linear');
      const padding = textOr(attributes, 'padding_mode', 'zeros');
      if (x.shape.length !== 4 || !['linear', 'nearest'].includes(mode) || !['zeros', 'border'].includes(padding)) {
        return undefined;
      }
      const [n, c, h, w] = x.shape as [number, number, number, number];
      const [, height, width] = grid.shape as [number, number, number, number];
      const count = height * width;
      const aligned = numberOr(attributes, 'align_corners', 0) !== 0;
      const axis = (i: number, size: number) =>
        pixels(b, b.reshape(b.slice(grid, [i], [i + 1], [3]), [n, 1, count]), size, aligned, padding === 'border');
      const [across, down] = [axis(0, w), axis(1, h)];
      const flat = b.reshape(x, [n, c, h * w]);
      const read = (column: Value, row: Value): Value => {
        const place = b.add(b.mul(b.clip(row, 0, h - 1), w), b.clip(column, 0, w - 1));
        const values = b.op('GatherElements', [flat, b.expand(b.cast(place, 'int64'), [n, c, count])], { axis: 2 });
        if (padding === 'border') return values;
        const within = (value: Value, size: number) => b.op('And', [b.greaterOrEqual(value, 0), b.less(value, size)]);
        return b.where(b.op('And', [within(column, w), within(row, h)]), values, 0);
      };
      let result: Value;
      if (mode === 'nearest') {
        result = read(b.op('Round', [across]), b.op('Round', [down]));
      } else {
        const [left, top] = [b.op('Floor', [across]), b.op('Floor', [down])];
        const [right, bottom] = [b.sub(across, left), b.sub(down, top)];
        const corners: Value[] = [];
        for (const [dy, share] of [
          [0, b.sub(1, bottom)],
          [1, bottom],
        ] as const) {
          for (const [dx, part] of [
            [0, b.sub(1, right)],
            [1, right],
          ] as const) {
            corners.push(b.mul(read(b.add(left, dx), b.add(top, dy)), b.mul(share, part)));
          }
        }
        result = b.sum(corners);
      }
      return b.reshape(result, [n, c, height, width]);
    },
  },
};
