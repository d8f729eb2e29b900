import { coefficientsAt, fitOf, jpegQuality, quantisationErrors } from '../../../src/engine/adaptation/compression';
import { addInverseDct } from '../../../src/engine/raster/dct';
import { createRaster } from '../../../src/engine/raster/planes';

// Blocks put together of single coefficients: on the grid of a quality, or beside it.

/** Places in a block, row by row, that qualities are told by. */
const told = [1, 2, 3, 8, 9, 10, 16, 17, 24];
const stepAt = (place: number, quality: number) => Math.round(510 * quantisationErrors(quality)[place]!);

/** Luma of so many blocks, 8 in a row; `value` in steps of 255 for a place of a block. */
function blocks(count: number, value: (place: number, block: number) => number) {
  const luma = createRaster(64, 8 * Math.ceil(count / 8), 1);
  for (let block = 0; block < count; block++) {
    const coefficients = new Float32Array(64);
    for (const place of told) coefficients[place] = value(place, block) / 255;
    addInverseDct(coefficients, luma.data, 64 * 8 * (block >> 3) + 8 * (block % 8), 64);
  }
  return luma;
}
const piece = (luma: ReturnType<typeof blocks>, x = 0, y = 0) => ({
  rect: { x, y, width: luma.width, height: luma.height },
  luma,
});
/** One, two or three steps to either side of zero. */
const multiple = (i: number) => [1, -2, 3, -1, 2, -3][i % 6]!;

test.each(Array.from({ length: 21 }, (_, i) => 30 + 3 * i))('a quality of %i is told exactly', (quality) => {
  const luma = blocks(8, (place, block) => multiple(block + place) * stepAt(place, quality));
  expect(jpegQuality([piece(luma)])).toBe(quality);
});

test('what is better than 90 does not show', () => {
  const luma = blocks(8, (place, block) => multiple(block + place) * stepAt(place, 93));
  expect(jpegQuality([piece(luma)])).toBeNull();
  expect(quantisationErrors(90)).toHaveLength(192);
});

test('all phases are tried, as seen from where a piece lies', () => {
  const luma = blocks(16, (place, block) => multiple(block + place) * stepAt(place, 51));
  expect(jpegQuality([piece(luma, 3, 5)])).toBe(51);
  // In two pieces: neither has enough by itself.
  const half = piece(blocks(4, (place, block) => multiple(block + place) * stepAt(place, 75)));
  expect(jpegQuality([half])).toBeNull();
  expect(jpegQuality([half, { ...half, rect: { ...half.rect, x: 64, y: 160 } }])).toBe(75);
  expect(jpegQuality([])).toBeNull();
});

describe('a fit', () => {
  /** Values of one place, in steps of a quality of 50. */
  const fit = (steps: readonly number[], k = 0) =>
    fitOf(
      told.map((place, i) => (i === k ? steps.map((each) => each * stepAt(place, 50)) : [])),
      50,
    );
  const sixty = (step: number) => new Array<number>(60).fill(step);

  test('is the mean cosine of the phase', () => {
    expect(fit(sixty(1))).toBeCloseTo(1, 9);
    expect(fit(sixty(-3))).toBeCloseTo(1, 9);
    expect(fit(sixty(1.125))).toBeCloseTo(Math.SQRT1_2, 9);
    expect(fit(sixty(2.5))).toBeCloseTo(-1, 9);
    expect(fit([...sixty(2), ...sixty(1.25)])).toBeCloseTo(0.5, 9);
  });

  test('has a step for each place', () => {
    told.forEach((_, k) => expect(fit(sixty(2), k)).toBeCloseTo(1, 9));
  });

  test('needs sixty values, from half a step to three and a half', () => {
    expect(fit(sixty(1).slice(1))).toBe(0);
    expect(fit([...sixty(1).slice(1), 0.49])).toBe(0);
    expect(fit([...sixty(1).slice(1), 3.51])).toBe(0);
    expect(fit([...sixty(1).slice(1), 0.5])).toBeCloseTo(58 / 60, 9);
    expect(fit([...sixty(1).slice(1), -3.5])).toBeCloseTo(58 / 60, 9);
    expect(fit([...sixty(1), ...sixty(0.25), ...sixty(3.75)])).toBeCloseTo(1, 9);
  });
});

describe('coefficients', () => {
  test('are those of whole blocks at a phase, in steps of 255', () => {
    const luma = blocks(16, (place, block) => place + 100 * block);
    const values = coefficientsAt([piece(luma)], 0, 0);
    told.forEach((place, k) => {
      expect(values[k]).toHaveLength(16);
      values[k]!.forEach((value, block) => expect(value).toBeCloseTo(place + 100 * block, 2));
    });
    // Seen from (5, 3) the same corners lie at other phases, and one row and one column less is whole.
    expect(coefficientsAt([piece(luma, 5, 3)], 5, 3)).toEqual(values);
    expect(coefficientsAt([piece(luma, 5, 3)], 4, 3)[0]).toHaveLength(7 * 2);
    expect(coefficientsAt([piece(luma, 5, 3)], 5, 2)[0]).toHaveLength(8);
    expect(coefficientsAt([piece(luma)], 7, 7)[0]).toHaveLength(7);
    expect(coefficientsAt([piece(luma), piece(luma)], 0, 0)[0]).toHaveLength(32);
  });

  test('of many blocks are those of three hundred, spread evenly', () => {
    const luma = blocks(600, (_, block) => block);
    const [values] = coefficientsAt([piece(luma)], 0, 0);
    expect(values).toHaveLength(300);
    values!.forEach((value, i) => expect(value).toBeCloseTo(2 * i, 2));
    // And 450: every one and a half.
    const [most, rest] = [blocks(448, (_, block) => block), createRaster(16, 8, 1)];
    const [some] = coefficientsAt([piece(most), piece(rest)], 0, 0);
    expect(some).toHaveLength(300);
    some!.slice(0, -2).forEach((value, i) => expect(value).toBeCloseTo(Math.floor(1.5 * i), 2));
  });
});
