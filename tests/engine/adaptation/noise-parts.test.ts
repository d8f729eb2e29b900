import sharp from 'sharp';
import { quantisationErrors } from '../../../src/engine/adaptation/compression';
import {
  blockStarts,
  isSeen,
  levelsOf,
  limitedBy,
  noiseAmong,
  noiseOf,
  strengthOf,
  withoutNoise,
  type Noise,
} from '../../../src/engine/adaptation/noise';
import { randomFrom } from '../../../src/engine/adaptation/random';
import { addInverseDct } from '../../../src/engine/raster/dct';
import { createRaster } from '../../../src/engine/raster/planes';
import type { Raster } from '../../../src/engine/raster/raster';
import { toYCbCr } from '../../../src/engine/raster/ycbcr';

// Noise put together by hand, and pictures of a single block, so that every threshold is a number.

const nothing = () => new Float32Array(3 * 64);
const even = (deviation: number) => nothing().fill(deviation);
const noise = (levels: Noise['levels'], more: Partial<Noise> = {}): Noise => ({
  levels,
  quality: null,
  errors: nothing(),
  ...more,
});

/** The values of a quantisation table, row by row, as a JPEG file has them in zigzag order (ITU-T T.81, B.2.4.1). */
async function tablesOf(quality: number): Promise<number[][]> {
  const gray = { width: 16, height: 16, channels: 3, background: { r: 90, g: 130, b: 60 } } as const;
  const file = await sharp({ create: gray }).jpeg({ quality, mozjpeg: false }).toBuffer();
  const places = Array.from({ length: 64 }, (_, i) => i).sort((a, b) => {
    const [rowA, rowB] = [a >> 3, b >> 3];
    const [diagonalA, diagonalB] = [rowA + (a % 8), rowB + (b % 8)];
    if (diagonalA !== diagonalB) return diagonalA - diagonalB;
    return diagonalA % 2 === 0 ? rowB - rowA : rowA - rowB;
  });
  const tables: number[][] = [];
  for (let at = 2; file[at] === 0xff && file[at + 1] !== 0xda; at += 2 + file.readUInt16BE(at + 2)) {
    if (file[at + 1] !== 0xdb) continue;
    for (let from = at + 4; from < at + 2 + file.readUInt16BE(at + 2); from += 65) {
      const table = new Array<number>(64);
      places.forEach((place, i) => (table[place] = file[from + 1 + i]!));
      tables[file[from]!] = table;
    }
  }
  return tables;
}

test.each([30, 45, 50, 51, 75, 90])(
  'errors of quality %i are half the steps that a JPEG file of it has',
  async (quality) => {
    const [luma, chroma] = await tablesOf(quality);
    const errors = quantisationErrors(quality);
    for (let i = 0; i < 64; i++) {
      expect(510 * errors[i]!).toBeCloseTo(luma![i]!, 3);
      const [row, column] = [i >> 3, i % 8];
      // Colour of half the size knows nothing of the upper half of the frequencies.
      const step = row < 4 && column < 4 ? chroma![16 * row + 2 * column]! : 510;
      expect(510 * errors[64 + i]!).toBeCloseTo(step, 3);
      expect(errors[128 + i]).toBe(errors[64 + i]);
    }
  },
);

describe('strength', () => {
  test('is the root mean square over levels and frequencies of luma; means and colour do not count', () => {
    const dark = even(0.01);
    dark[0] = 9;
    dark.fill(5, 64);
    expect(strengthOf(noise([{ brightness: 0.2, deviations: dark }]))).toBeCloseTo(0.01, 7);
    const both = [0.01, 0.03].map((deviation) => ({ brightness: 0.5, deviations: even(deviation) }));
    expect(strengthOf(noise(both))).toBeCloseTo(Math.sqrt(5e-4), 7);
    expect(strengthOf(noise([]))).toBe(0);
  });

  test('is seen from 1.2 of 255 on, and where compression shows', () => {
    const of = (deviation: number) => noise([{ brightness: 0.5, deviations: even(deviation / 255) }]);
    expect([isSeen(of(1.198)), isSeen(of(1.202)), isSeen(noise([])), isSeen(noise([], { quality: 90 }))]).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });

  test('is limited in all frequencies and colours alike, to half a step at least', () => {
    const deviations = Float32Array.from({ length: 192 }, (_, i) => 0.01 + i / 1e4);
    const given = noise([{ brightness: 0.5, deviations }], { quality: 60 });
    const limited = limitedBy(given, -1);
    const share = 0.5 / 255 / strengthOf(given);
    limited.levels[0]!.deviations.forEach((value, i) => expect(value).toBeCloseTo(share * deviations[i]!, 7));
    expect(limited).toMatchObject({ quality: 60, levels: [{ brightness: 0.5 }] });
    expect(limitedBy(noise([]), 0)).toEqual(noise([]));
  });

  test('is what it is up to half as much again as what is told, and half a step', () => {
    const given = noise([{ brightness: 0.5, deviations: even(0.01) }]);
    expect(strengthOf(limitedBy(given, 0.004))).toBeCloseTo(1.5 * 0.004 + 0.5 / 255, 7);
    const enough = (0.01 - 0.5 / 255) / 1.5;
    for (const more of [1.0001, 1.5, 9]) expect(limitedBy(given, more * enough)).toBe(given);
    expect(limitedBy(given, 0.999 * enough)).not.toBe(given);
  });
});

/** Gray of one shade, and one frequency more. */
function block(shade: number, frequency: number, amplitude: number, side = 8): Raster {
  const coefficients = new Float32Array(64);
  coefficients[frequency] = amplitude;
  const tile = new Float32Array(64);
  addInverseDct(coefficients, tile, 0, 8);
  const raster = createRaster(side, side, 3);
  for (let i = 0; i < raster.data.length; i++) {
    const [x, y] = [i % side, Math.floor(i / side) % side];
    raster.data[i] = shade + (x < 8 && y < 8 ? tile[8 * y + x]! : 0);
  }
  return raster;
}
const farthest = (a: Raster, b: Raster) => a.data.reduce((most, v, i) => Math.max(most, Math.abs(v - b.data[i]!)), 0);

describe('what noise cannot explain', () => {
  const one = (deviations: Float32Array, errors = nothing()) => noise([{ brightness: 0.5, deviations }], { errors });

  test.each([1, 7, 8, 9, 56, 63])('frequency %i goes below three deviations, and stays above', (frequency) => {
    const deviations = nothing();
    deviations[frequency] = 0.01;
    const [below, above] = [block(0.5, frequency, 0.0295), block(0.5, frequency, 0.0305)];
    expect(farthest(withoutNoise(below, below, one(deviations)), block(0.5, 0, 0))).toBeLessThan(1e-5);
    expect(farthest(withoutNoise(above, above, one(deviations)), above)).toBeLessThan(1e-5);
  });

  test('noise and errors of compression add up as lengths of sides do', () => {
    const errors = nothing();
    errors[10] = 0.04;
    const deviations = nothing();
    deviations[10] = 0.01;
    const [below, above] = [block(0.5, 10, 0.0495), block(0.5, 10, 0.0505)];
    expect(farthest(withoutNoise(below, below, one(deviations, errors)), block(0.5, 0, 0))).toBeLessThan(1e-5);
    expect(farthest(withoutNoise(above, above, one(deviations, errors)), above)).toBeLessThan(1e-5);
  });

  test('the mean is no noise, however much of it there is', () => {
    const picture = block(0.5, 0, 0);
    expect(farthest(withoutNoise(picture, picture, one(even(9))), picture)).toBeLessThan(1e-5);
  });

  test.each([
    [0.2, 0.01],
    [0.45, 0.01],
    [0.55, 0.05],
    [0.9, 0.05],
  ])('brightness %f has the noise of the nearest level', (shade, deviation) => {
    const levels = [
      { brightness: 0.3, deviations: even(0.01) },
      { brightness: 0.7, deviations: even(0.05) },
    ];
    const [below, above] = [2.9, 3.1].map((times) => block(shade, 5, times * deviation));
    expect(farthest(withoutNoise(below!, below!, noise(levels)), block(shade, 0, 0))).toBeLessThan(1e-5);
    expect(farthest(withoutNoise(above!, above!, noise(levels)), above!)).toBeLessThan(1e-5);
    // Of a difference, the brightness of the picture counts.
    const difference = block(0, 5, 2.9 * deviation);
    expect(farthest(withoutNoise(difference, block(shade, 0, 0), noise(levels)), block(0, 0, 0))).toBeLessThan(1e-5);
  });

  test('a colour has a threshold of its own', () => {
    const deviations = even(0.1);
    deviations.fill(0, 64);
    const red = block(0.5, 20, 0.02);
    red.data.fill(0.5, 64);
    const left = withoutNoise(red, red, one(deviations));
    // Of the pattern its luma goes: what it has of both colours stays.
    const green = left.data[64 + 9]! - 0.5;
    expect(green).toBeCloseTo(-0.299 * (red.data[9]! - 0.5), 4);
    expect(left.data[9]! - 0.5).toBeCloseTo(0.701 * (red.data[9]! - 0.5), 4);
    // And the other way round: its luma stays, and green gets as much of it as red.
    const other = nothing();
    other.fill(0.1, 64);
    const gray = withoutNoise(red, red, one(other));
    for (const at of [9, 64 + 9, 128 + 9]) {
      expect(gray.data[at]! - 0.5).toBeCloseTo(0.299 * (red.data[9]! - 0.5), 4);
    }
  });

  test('blocks that overlap agree on what is even, in pictures of any size', () => {
    for (const side of [9, 10, 13]) {
      const picture = block(0.4, 0, 0, side);
      expect(farthest(withoutNoise(picture, picture, one(even(0.01))), picture)).toBeLessThan(1e-5);
      const spot = block(0.4, 12, 0.02, side);
      // All that there is of it is below the threshold.
      const clean = withoutNoise(spot, spot, one(even(0.1)));
      expect(farthest(clean, picture)).toBeLessThan(0.003);
    }
  });

  test('pictures smaller than a block, and those without a level, stay as they are', () => {
    const small = createRaster(7, 20, 3);
    expect(withoutNoise(small, small, one(even(1)))).toBe(small);
    const low = createRaster(20, 7, 3);
    expect(withoutNoise(low, low, one(even(1)))).toBe(low);
    const picture = block(0.5, 9, 0.01);
    expect(withoutNoise(picture, picture, noise([]))).toBe(picture);
  });
});

test('blocks begin at every other pixel, and the last ends with the picture', () => {
  expect([8, 9, 10, 13, 14].map(blockStarts)).toEqual([[0], [0, 1], [0, 2], [0, 2, 4, 5], [0, 2, 4, 6]]);
});

describe('what of measured deviations can be noise', () => {
  const highest = (i: number) => (i >> 3) + (i % 8) >= 8;
  /** Deviations of luma by frequency, and one for both colours. */
  const among = (luma: (i: number) => number, colour = 0) =>
    noiseAmong(Float64Array.from({ length: 192 }, (_, i) => (i < 64 ? luma(i) : colour)));

  test('in luma three times the median of the highest frequencies, or half as much again as colour has', () => {
    // Of 28 highest ones, the fifteenth.
    let seen = 0;
    const ranks = Array.from({ length: 64 }, (_, i) => (highest(i) ? ++seen : 0));
    const luma = (i: number) => (highest(i) ? ranks[i]! / 1000 : 1);
    const limited = among(luma);
    for (let i = 1; i < 64; i++) expect(limited[i]).toBeCloseTo(highest(i) ? ranks[i]! / 1000 : 0.045, 6);
    expect(among(luma, 0.1)[20]).toBeCloseTo(0.15, 6);
    expect(among(luma, 0.02)[20]).toBeCloseTo(0.045, 6);
    expect(among(() => 0.01)[20]).toBeCloseTo(0.01, 6);
  });

  test('of the colour at the same frequency', () => {
    const measured = new Float64Array(192).fill(0, 0, 64);
    measured.fill(1, 0, 64);
    for (let i = 0; i < 64; i++) if (highest(i)) measured[i] = 0.001;
    measured[64 + 20] = 0.02;
    measured[128 + 20] = 0.08;
    const limited = noiseAmong(measured);
    expect(limited[20]).toBeCloseTo(0.075, 6);
    expect(limited[21]).toBeCloseTo(0.003, 6);
  });

  test.each([0, 64, 128])('no mean, and of slopes as much as at the next frequency: from %i', (from) => {
    const own = (wanted: number, value: number) => {
      const measured = new Float64Array(192).fill(0.01);
      measured[from + wanted] = value;
      return [...noiseAmong(measured).subarray(from, from + 64)].map((each) => Number(each.toFixed(6)));
    };
    const usual = [0, ...new Array<number>(63).fill(0.01)];
    for (const place of [0, 1, 8]) expect(own(place, 0.02)).toEqual(usual);
    for (const place of [1, 2, 8, 16]) expect(own(place, 0.005)).toEqual(usual.with(place, 0.005));
    expect(own(9, 0.004)).toEqual(usual.with(1, 0.004).with(8, 0.004).with(9, 0.004));
  });
});

describe('levels', () => {
  /** Y, Cb and Cr of a single block. */
  function piece(brightness: number, luma: readonly [frequency: number, amplitude: number][] = [], colour = 0): Raster {
    const raster = createRaster(8, 8, 3);
    const coefficients = new Float32Array(64);
    coefficients[0] = 8 * brightness;
    for (const [frequency, amplitude] of luma) coefficients[frequency] = amplitude;
    addInverseDct(coefficients, raster.data.subarray(0, 64), 0, 8);
    for (const channel of [1, 2]) {
      addInverseDct(new Float32Array(64).fill(colour, 21, 22), raster.data.subarray(64 * channel), 0, 8);
    }
    return raster;
  }

  test('are those of the flattest tenth of each third of the blocks, from dark to bright', () => {
    // Dark, middle and bright ones take turns; of each kind 160, and the flattest 16 are not the first.
    const pieces = Array.from({ length: 480 }, (_, i) => {
      const [kind, rank, shade] = [i % 3, (7 * Math.floor(i / 3)) % 160, (11 * Math.floor(i / 3)) % 160];
      return piece(0.2 + 0.3 * kind + shade / 1e4, [[63, (rank + 1) / 1e4]], (kind + 1) / 1e3);
    });
    const levels = levelsOf(pieces);
    expect(levels).toHaveLength(3);
    const shades = Array.from({ length: 160 }, (_, j) => j).filter((j) => (7 * j) % 160 < 16);
    const shade = shades.reduce((sum, j) => sum + ((11 * j) % 160) / 16, 0);
    const square = [...Array(16).keys()].reduce((sum, rank) => sum + ((rank + 1) / 1e4) ** 2 / 16, 0);
    levels.forEach(({ brightness, deviations }, kind) => {
      expect(brightness).toBeCloseTo(0.2 + 0.3 * kind + shade / 1e4, 5);
      for (const at of [64 + 21, 128 + 21]) expect(deviations[at]).toBeCloseTo((1.2 * (kind + 1)) / 1e3, 5);
      // The median of the highest frequencies is none.
      expect(deviations[63]).toBeCloseTo(0, 5);
    });
    // As long as colour has none of it.
    const gray = pieces.map((each) => ({ ...each, data: each.data.map((_, i) => each.data[i % 64]!) }));
    const coloured = levelsOf(gray);
    coloured.forEach(({ deviations }) => expect(deviations[63]).toBeCloseTo(1.2 * Math.sqrt(square), 5));
  });

  test.each([
    [159, 1],
    [319, 1],
    [320, 2],
    [479, 2],
    [480, 3],
    [640, 3],
  ])('of %i blocks there are %i', (blocks, count) => {
    expect(levelsOf(Array.from({ length: blocks }, (_, i) => piece(0.3 + i / 2000)))).toHaveLength(count);
  });

  test('a block more than ten has two flat ones', () => {
    const few = (count: number) =>
      levelsOf(Array.from({ length: count }, (_, i) => piece(0.3 + i / 100)))[0]!.brightness;
    expect(few(1)).toBeCloseTo(0.3, 5);
    expect(few(10)).toBeCloseTo(0.3, 5);
    expect(few(11)).toBeCloseTo(0.305, 5);
  });

  test('what is nearly black or white takes no part', () => {
    for (const [brightness, seen] of [
      [0.019, 0],
      [0.021, 1],
      [0.979, 1],
      [0.981, 0],
    ] as const) {
      expect(levelsOf([piece(brightness)])).toHaveLength(seen);
    }
  });

  test('of a large picture not every block is looked at', () => {
    // White but for a corner: how many blocks lie there shows in the number of groups.
    const corner = (width: number, height: number) => {
      const raster = createRaster(width, height, 3);
      raster.data.fill(1, 0, width * height);
      for (let y = 0; y < 100; y++) raster.data.fill(0.5, y * width, y * width + 100);
      return levelsOf([raster]).length;
    };
    expect(corner(400, 240)).toBe(3);
    // 16 × 6001 pixels: the next step.
    expect(corner(353, 272)).toBe(2);
  });
});

describe('measured', () => {
  /** Gray noise on shades from left to right. */
  function grainy(width: number, height: number, shade: (x: number) => number, deviation = 0.01): Raster {
    const random = randomFrom(9);
    const normal = () => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
    const raster = createRaster(width, height, 3);
    for (let i = 0; i < width * height; i++) {
      const value = shade(i % width) + deviation * normal();
      for (let c = 0; c < 3; c++) raster.data[c * width * height + i] = value;
    }
    return raster;
  }
  const measured = (...pixels: Raster[]) => ({ levels: levelsOf(pixels.map(toYCbCr)) });

  test.each([
    [48, 1],
    [72, 1],
    [80, 2],
    [96, 3],
  ])('a picture of %i pixels a side has noise of %i brightnesses', (side, count) => {
    const { levels } = measured(grainy(side, side, (x) => 0.2 + (0.6 * x) / side));
    expect(levels).toHaveLength(count);
    const brightnesses = levels.map(({ brightness }) => brightness);
    expect(brightnesses).toEqual([...brightnesses].sort((a, b) => a - b));
  });

  test('pieces count together', () => {
    const piece = grainy(48, 48, () => 0.5);
    expect(measured(piece, piece, piece).levels).toHaveLength(2);
  });

  test('each brightness has its own noise; means have none, nor has colour where all channels have the same', () => {
    const side = 96;
    const raster = grainy(side, side, (x) => (x < 48 ? 0.25 : 0.75), 0);
    const grain = grainy(side, side, () => 0, 0.01).data;
    for (let i = 0; i < raster.data.length; i++) raster.data[i]! += (i % side < 48 ? 1 : 3) * grain[i]!;
    const { levels } = measured(raster);
    expect(levels[0]!.brightness).toBeCloseTo(0.25, 1);
    expect(levels[2]!.brightness).toBeCloseTo(0.75, 1);
    const strength = (i: number) => strengthOf(noise([levels[i]!]));
    expect(Math.abs(strength(0) - 0.01)).toBeLessThan(0.0025);
    expect(Math.abs(strength(2) - 0.03)).toBeLessThan(0.0075);
    for (const { deviations } of levels) {
      for (const mean of [0, 64, 128]) expect(deviations[mean]).toBe(0);
      expect(Math.max(...deviations.subarray(64))).toBeLessThan(1e-5);
    }
  });

  test('where white or black is cut off nothing is seen', () => {
    expect(measured(grainy(64, 64, () => 1, 0)).levels).toEqual([]);
    expect(measured(grainy(64, 64, () => 0, 0)).levels).toEqual([]);
    expect(measured(grainy(64, 64, () => 0.03, 0)).levels).toHaveLength(1);
    expect(measured(grainy(64, 64, () => 0.97, 0)).levels).toHaveLength(1);
    expect(measured(grainy(7, 7, () => 0.5)).levels).toEqual([]);
    expect(measured(grainy(8, 8, () => 0.5)).levels).toHaveLength(1);
  });

  test('a slope is no noise: the lowest frequencies have no more than the next', () => {
    const { levels } = measured(grainy(64, 64, (x) => 0.2 + x / 110));
    for (const at of [0, 64, 128]) {
      expect(levels[0]!.deviations[at + 1]).toBeLessThanOrEqual(levels[0]!.deviations[at + 9]!);
      expect(levels[0]!.deviations[at + 8]).toBeLessThanOrEqual(levels[0]!.deviations[at + 9]!);
    }
  });

  test('a coarse pattern without a flat place is hardly noise: at most three times the highest frequencies', () => {
    const random = randomFrom(2);
    const coarse = createRaster(64, 64, 3);
    const spots = Float32Array.from({ length: 18 * 18 }, () => random());
    for (let i = 0; i < 64 * 64; i++) {
      const value = 0.5 + 0.2 * (spots[Math.floor(i / 256) * 18 + ((i % 64) >> 2)]! - 0.5) + 0.002 * (random() - 0.5);
      for (let c = 0; c < 3; c++) coarse.data[c * 4096 + i] = value;
    }
    const [{ deviations }] = measured(coarse).levels as [Noise['levels'][number]];
    const high = [...deviations.subarray(0, 64)].filter((_, i) => (i >> 3) + (i % 8) >= 8).sort((a, b) => a - b);
    // Of the highest ones some are held down as well: the median is not.
    expect(Math.max(...deviations.subarray(0, 64))).toBeLessThanOrEqual(3.0001 * high[high.length >> 1]!);
  });

  test('where compression shows, its quality and errors are told; elsewhere there are none', () => {
    const on = createRaster(64, 8, 3);
    for (let k = 0; k < 8; k++) {
      const coefficients = new Float32Array(64);
      coefficients[0] = 4;
      [1, 2, 3, 8, 9, 10, 16, 17, 24].forEach((place, i) => {
        coefficients[place] = [1, -2, 3, -1, 2, -3][(k + i) % 6]! * 2 * quantisationErrors(60)[place]!;
      });
      for (let c = 0; c < 3; c++) addInverseDct(coefficients, on.data.subarray(c * 512, (c + 1) * 512), 8 * k, 64);
    }
    const all = (pixels: Raster) =>
      noiseOf([{ rect: { x: 0, y: 0, width: pixels.width, height: pixels.height }, pixels }]);
    expect(all(on)).toMatchObject({ quality: 60, errors: quantisationErrors(60) });
    const grain = grainy(32, 32, () => 0.5);
    expect(all(grain)).toEqual({ ...measured(grain), quality: null, errors: nothing() });
  });
});
