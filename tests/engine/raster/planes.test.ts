import { sourceOf } from '../../../src/engine/raster/memory-source';
import {
  alphaOf,
  colourChannels,
  colourOf,
  copyRect,
  createRaster,
  crop,
  grayToRgb,
  joinAlpha,
  meanOfRgb,
  plane,
} from '../../../src/engine/raster/planes';
import { relativeTo } from '../../../src/engine/raster/rect';
import { drawn, never, noise } from './support';

describe('a raster', () => {
  test.each([
    [0, 4],
    [4, 0],
    [-2, -2],
    [NaN, 1],
    [1.5, 1],
    [2 ** 30, 2 ** 30],
  ])('of %d × %d cannot be made', (width, height) => {
    expect(() => createRaster(width, height, 1)).toThrow(RangeError);
    expect(() => createRaster(width, height, 1, new Float32Array(1))).toThrow(/cannot be made/);
  });

  test('of one pixel can; over data, it is of that many values', () => {
    expect(createRaster(1, 1, 1).data).toEqual(Float32Array.of(0));
    const data = new Float32Array(12);
    expect(createRaster(2, 2, 3, data).data).toBe(data);
    for (const length of [11, 13]) expect(() => createRaster(2, 2, 3, new Float32Array(length))).toThrow(RangeError);
  });

  test('has planes that are views, colour first and alpha last', () => {
    for (const [channels, colours] of [
      [1, 1],
      [2, 1],
      [3, 3],
      [4, 3],
    ] as const) {
      expect(colourChannels(channels)).toBe(colours);
      const raster = drawn(3, 2, channels, (channel) => channel);
      expect(colourOf(raster)).toMatchObject({ width: 3, height: 2, channels: colours });
      expect(colourOf(raster).data).toHaveLength(6 * colours);
      for (let channel = 0; channel < channels; channel++)
        expect([...plane(raster, channel)]).toEqual(new Array(6).fill(channel));
      const alpha = alphaOf(raster);
      if (colours === channels) expect(alpha).toBeNull();
      else expect(alpha).toEqual({ width: 3, height: 2, channels: 1, data: new Float32Array(6).fill(channels - 1) });
    }
  });
});

test('colour and alpha are joined where they are of one size', () => {
  const joined = joinAlpha(noise(3, 2, 3, 1), noise(3, 2, 1, 2));
  expect(joined.channels).toBe(4);
  expect(colourOf(joined).data).toEqual(noise(3, 2, 3, 1).data);
  expect(alphaOf(joined)!.data).toEqual(noise(3, 2, 1, 2).data);
  for (const [width, height] of [
    [2, 3],
    [3, 1],
    [2, 2],
  ] as const)
    expect(() => joinAlpha(noise(3, 2, 3), noise(width, height, 1))).toThrow(RangeError);
});

test('gray becomes three equal planes, and of three planes comes their mean', () => {
  const gray = noise(3, 2, 1);
  const rgb = grayToRgb(gray);
  expect(rgb).toMatchObject({ width: 3, height: 2, channels: 3 });
  for (const channel of [0, 1, 2]) expect(plane(rgb, channel)).toEqual(gray.data);
  const mean = meanOfRgb(drawn(3, 2, 3, (channel, row, column) => [1, 2, 6][channel]! + row + 10 * column));
  expect(mean).toEqual(drawn(3, 2, 1, (_, row, column) => 3 + row + 10 * column));
});

describe('a rectangle', () => {
  // Of a picture of 4 × 3 into one of 6 × 5: each case would be well but for one side.
  test.each([
    [{ x: -1, y: 0, width: 2, height: 2 }, 0, 0],
    [{ x: 0, y: -1, width: 2, height: 2 }, 0, 0],
    [{ x: 3, y: 0, width: 2, height: 2 }, 0, 0],
    [{ x: 0, y: 2, width: 2, height: 2 }, 0, 0],
    [{ x: 0, y: 0, width: 2, height: 2 }, -1, 0],
    [{ x: 0, y: 0, width: 2, height: 2 }, 0, -1],
    [{ x: 0, y: 0, width: 2, height: 2 }, 5, 0],
    [{ x: 0, y: 0, width: 2, height: 2 }, 0, 4],
  ])('that reaches outside is not copied: %p to %i, %i', (rect, x, y) => {
    const to = createRaster(6, 5, 2);
    expect(() => copyRect(noise(4, 3, 2), rect, to, x, y)).toThrow(RangeError);
    expect(to.data.every((value) => value === 0)).toBe(true);
  });

  test('is copied up to the last row and column, and nothing else is touched', () => {
    const from = drawn(4, 3, 2, (channel, row, column) => 100 * (channel + 1) + 10 * row + column);
    const to = createRaster(6, 5, 2);
    copyRect(from, { x: 2, y: 1, width: 2, height: 2 }, to, 4, 3);
    expect(to).toEqual(
      drawn(6, 5, 2, (channel, row, column) =>
        row >= 3 && column >= 4 ? 100 * (channel + 1) + 10 * (row - 2) + column - 2 : 0,
      ),
    );
    expect(() => copyRect(from, { x: 0, y: 0, width: 1, height: 1 }, createRaster(6, 5, 1), 0, 0)).toThrow(RangeError);
  });

  test('is told as seen from a window', () => {
    expect(relativeTo({ x: 7, y: 5, width: 2, height: 3 }, { x: 4, y: 1 })).toEqual({
      x: 3,
      y: 4,
      width: 2,
      height: 3,
    });
  });
});

test('a source over a raster is of 8 bits for a display unless told otherwise', async () => {
  const raster = noise(4, 3, 3);
  const source = sourceOf(raster);
  expect(source.info).toEqual({ width: 4, height: 3, channels: 3, bitDepth: 8, encoding: 'display' });
  expect(sourceOf(raster, { bitDepth: 32, encoding: 'linear', width: 99 }).info).toEqual({
    ...source.info,
    bitDepth: 32,
    encoding: 'linear',
  });
  const rect = { x: 1, y: 1, width: 2, height: 2 };
  expect(await source.read(never, rect)).toEqual(crop(raster, rect));
  await expect(source.read(AbortSignal.abort(new Error('enough')), rect)).rejects.toThrow('enough');
});
