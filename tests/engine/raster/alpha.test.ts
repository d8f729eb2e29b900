import {
  bleedColour,
  constantAlpha,
  fillAlpha,
  limitToSource,
  restoreHiddenColour,
  smoothSoftEdges,
} from '../../../src/engine/raster/alpha';
import { alphaOf, colourOf, copyRect, createRaster, crop, joinAlpha } from '../../../src/engine/raster/planes';
import type { Raster } from '../../../src/engine/raster/raster';
import { resize } from '../../../src/engine/raster/resample';
import { drawn, largestDifference, noise } from './support';

/** A disc with a soft edge, orange where visible, `hidden` under full transparency. */
function softDisc(hidden: number, side = 24): Raster {
  return drawn(side, side, 4, (channel, row, column) => {
    const distance = Math.hypot(row - side / 2 + 0.5, column - side / 2 + 0.5);
    const alpha = Math.min(1, Math.max(0, (side / 3 - distance) / 3));
    if (channel === 3) return alpha;
    return alpha === 0 ? hidden : [0.9, 0.5, 0.1][channel]!;
  });
}

/** Alpha as the last step to any size makes it. */
function resizeAlpha(alpha: Raster, width: number, height: number): Raster {
  const result = resize(alpha, width, height, 'bicubic');
  limitToSource(result, alpha);
  return result;
}

/** What is seen over a background of one value. */
function over(background: number, raster: Raster): Float32Array {
  const alpha = alphaOf(raster)!.data;
  return colourOf(raster).data.map((value, i) => {
    const a = alpha[i % alpha.length]!;
    return value * a + background * (1 - a);
  });
}

/** The way a picture with alpha goes, with a resampler for the network. */
function enlarge(source: Raster, bleed: boolean): Raster {
  const prepared = crop(source, { x: 0, y: 0, width: source.width, height: source.height });
  if (bleed) bleedColour(prepared, 8);
  const [width, height] = [source.width * 4, source.height * 4];
  return joinAlpha(resize(colourOf(prepared), width, height, 'lanczos3'), resizeAlpha(alphaOf(source)!, width, height));
}

describe('soft edges', () => {
  test.each([
    ['black', 0],
    ['white', 1],
  ])('have no halo over hidden %s', (_, hidden) => {
    const clean = drawn(96, 96, 4, (channel) => [0.9, 0.5, 0.1, 1][channel]!);
    const source = softDisc(hidden);
    for (const background of [0, 1]) {
      const result = enlarge(source, true);
      clean.data.set(alphaOf(result)!.data, 3 * 96 * 96);
      expect(largestDifference(over(background, result), over(background, clean))).toBeLessThan(1e-5);
      // Without the bleed there is one: the test can fail.
      expect(largestDifference(over(background, enlarge(source, false)), over(background, clean))).toBeGreaterThan(
        0.02,
      );
    }
  });

  test('noise in the colour of nearly transparent pixels is not trusted', () => {
    const source = softDisc(0);
    const alpha = alphaOf(source)!;
    for (let i = 0; i < alpha.data.length; i++) {
      if (alpha.data[i] !== 0) continue;
      alpha.data[i] = 1 / 255; // as an 8-bit premultiplied picture leaves it
      source.data[i] = i % 2;
    }
    bleedColour(source, 64);
    expect(largestDifference(source.data.subarray(0, 576), new Float32Array(576).fill(0.9))).toBeLessThan(1e-5);
  });
});

describe('colour bleed', () => {
  test('keeps visible colour to the bit and does nothing without transparency', () => {
    const picture = joinAlpha(
      noise(9, 7, 3),
      drawn(9, 7, 1, (_, row) => (row < 3 ? 0.2 : 0)),
    );
    const before = picture.data.slice();
    bleedColour(picture, 3);
    for (let channel = 0; channel < 3; channel++) {
      expect(picture.data.subarray(channel * 63, channel * 63 + 27)).toEqual(
        before.subarray(channel * 63, channel * 63 + 27),
      );
    }
    expect(alphaOf(picture)!.data).toEqual(before.subarray(189));
    const opaque = joinAlpha(
      noise(5, 5, 1),
      drawn(5, 5, 1, () => 1),
    );
    const same = opaque.data.slice();
    bleedColour(opaque, 3);
    expect(opaque.data).toEqual(same);
  });

  test('reaches as far as asked, mid-gray beyond', () => {
    const picture = drawn(9, 1, 2, (channel, _, column) => (column === 0 ? 1 : channel === 0 ? 0.1 : 0));
    bleedColour(picture, 3);
    expect([...picture.data.subarray(0, 9)]).toEqual([1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5]);
  });

  test('depends on what is within reach only, so that tiles agree', () => {
    const picture = joinAlpha(
      noise(40, 40, 3),
      drawn(40, 40, 1, (_, row, column) => ((row * 7 + column * 13) % 41 === 0 ? 1 : 0)),
    );
    const whole = crop(picture, { x: 0, y: 0, width: 40, height: 40 });
    bleedColour(whole, 4);
    const tile = crop(picture, { x: 10, y: 6, width: 20, height: 22 });
    bleedColour(tile, 4);
    const inner = { x: 4, y: 4, width: 12, height: 14 };
    expect(crop(tile, inner).data).toEqual(crop(whole, { ...inner, x: 14, y: 10 }).data);
  });

  test('a picture without alpha stays as it is', () => {
    const picture = noise(5, 5, 3);
    bleedColour(picture, 3);
    expect(picture).toEqual(noise(5, 5, 3));
  });

  test('what is as visible as 8 bits can tell keeps its colour', () => {
    const picture = drawn(2, 1, 2, (channel, _, column) => (channel === 0 ? column : (column === 0 ? 2 : 1) / 255));
    bleedColour(picture, 3);
    expect([...picture.data.subarray(0, 2)]).toEqual([0, 0]);
  });

  test('fully transparent pictures end', () => {
    const picture = createRaster(5, 5, 4);
    bleedColour(picture, 100);
    expect(colourOf(picture).data.every((value) => value === 0.5)).toBe(true);
  });
});

describe('alpha', () => {
  test('is filled, and nothing but it', () => {
    const picture = noise(3, 2, 4);
    fillAlpha(picture, 0.25);
    expect(colourOf(picture).data).toEqual(colourOf(noise(3, 2, 4)).data);
    expect([...alphaOf(picture)!.data]).toEqual(new Array(6).fill(0.25));
  });

  test('is held between the extremes of the 3 × 3 pixels around, to the last row and column', () => {
    const [width, height] = [9, 7];
    const source = noise(width, height, 1, 3);
    const invented = drawn(width, height, 1, (_, row, column) => ((row + column) % 2 ? 2 : -1));
    limitToSource(invented, source);
    const around = (row: number, column: number) =>
      [-1, 0, 1].flatMap((y) =>
        [-1, 0, 1]
          .filter((x) => row + y >= 0 && row + y < height && column + x >= 0 && column + x < width)
          .map((x) => source.data[(row + y) * width + column + x]!),
      );
    expect(invented).toEqual(
      drawn(width, height, 1, (_, row, column) =>
        (row + column) % 2 ? Math.max(...around(row, column)) : Math.min(...around(row, column)),
      ),
    );
  });

  test.each([
    [3, 3],
    [2, 4],
    [1, 2],
    [2, 1],
    [4, 3],
  ] as const)('hidden colour of %i channels does not come back into %i', (from, to) => {
    expect(() => restoreHiddenColour(noise(4, 4, to), noise(2, 2, from))).toThrow(RangeError);
  });

  test('constant alpha is recognised', () => {
    expect(constantAlpha(drawn(3, 3, 1, () => 0.25))).toBe(0.25);
    expect(constantAlpha(drawn(3, 3, 1, (_, row) => row))).toBeNull();
  });

  test('enlarged has no ringing and keeps hard 0 and 1', () => {
    const mask = drawn(16, 16, 1, (_, row, column) => (column < 8 && row > 3 ? 1 : 0));
    for (const [width, height] of [
      [64, 64],
      [41, 23],
    ] as const) {
      const result = resizeAlpha(mask, width, height);
      expect(Math.min(...result.data)).toBe(0);
      expect(Math.max(...result.data)).toBe(1);
      expect(result.data[width * (height - 2)]).toBe(1); // deep inside, exactly
      expect(result.data[width - 1]).toBe(0);
    }
  });

  test('what a network invents is held within the neighbourhood', () => {
    const source = drawn(8, 8, 1, (_, __, column) => (column < 4 ? 0 : 1));
    const invented = noise(32, 32, 1);
    for (let i = 0; i < invented.data.length; i++) invented.data[i] = invented.data[i]! * 4 - 2;
    limitToSource(invented, source);
    for (let row = 0; row < 32; row++) {
      for (let column = 0; column < 32; column++) {
        const value = invented.data[row * 32 + column]!;
        if (column < 12) expect(value).toBe(0);
        else if (column >= 20) expect(value).toBe(1);
        else expect(value >= 0 && value <= 1).toBe(true);
      }
    }
  });

  test('hidden colour comes back, but not beside what is visible', () => {
    const source = drawn(12, 1, 2, (channel, _, column) => (channel === 1 ? (column < 4 ? 1 : 0) : column / 12));
    const enlarged = createRaster(24, 1, 2);
    copyRect(resizeAlpha(alphaOf(source)!, 24, 1), { x: 0, y: 0, width: 24, height: 1 }, alphaOf(enlarged)!, 0, 0);
    colourOf(enlarged).data.fill(0.99);
    restoreHiddenColour(enlarged, source);
    expect([...enlarged.data.subarray(0, 12)].every((value) => value === Math.fround(0.99))).toBe(true);
    for (let i = 12; i < 24; i++) expect(enlarged.data[i]).toBeCloseTo(Math.floor(i / 2) / 12, 6);
  });
});

describe('edges of alpha', () => {
  /** An edge over `slope` pixels from `top` down to 0, and what a network might make of it: here, whole pixels. */
  const edge = (slope: number, top: number) => {
    const source = drawn(32, 6, 1, (_, __, column) => top * Math.min(1, Math.max(0, (16 - column) / slope + 0.5)));
    const given = drawn(128, 24, 1, (_, __, column) => source.data[Math.floor(column / 4)]!);
    const smoothed = crop(given, { x: 0, y: 0, width: 128, height: 24 });
    smoothSoftEdges(smoothed, source);
    return { given, smoothed, bicubic: resize(source, 128, 24, 'bicubic') };
  };

  test.each([
    [4, 1],
    [6, 0.5],
    [9, 1],
  ])('that are soft, over %i pixels up to %d, are bicubic', (slope, top) => {
    const { given, smoothed, bicubic } = edge(slope, top);
    const before = largestDifference(given.data, bicubic.data);
    expect(before).toBeGreaterThan(0.03);
    // At the ends of a short slope there is a little of both.
    expect(largestDifference(smoothed.data, bicubic.data)).toBeLessThan(before / 4);
  });

  test.each([
    [0.5, 1],
    [0.5, 0.5],
    [1, 0.2],
  ])('that are hard, over %d pixels up to %d, are the network’s', (slope, top) => {
    const { given, smoothed } = edge(slope, top);
    const middle = { x: 58, y: 0, width: 12, height: 24 };
    expect(largestDifference(crop(smoothed, middle).data, crop(given, middle).data)).toBeLessThan(0.02);
  });
});
