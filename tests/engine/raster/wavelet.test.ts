import fc from 'fast-check';
import { createRaster } from '../../../src/engine/raster/planes';
import { haar, highFrequencyMap, inverseHaar } from '../../../src/engine/raster/wavelet';
import { drawn, largestDifference, noise } from './support';

describe('Haar transform', () => {
  test('has the values and the convention of PyWavelets', () => {
    // pywt.dwt2([[1, 2, 3], [4, 6, 8], [10, 13, 20]], 'haar'): cA, (cH, cV, cD); odd sides by mode='symmetric'
    const { approximation, horizontal, vertical, diagonal } = haar(
      createRaster(3, 3, 1, Float32Array.of(1, 2, 3, 4, 6, 8, 10, 13, 20)),
    );
    expect([...approximation.data]).toEqual([6.5, 11, 23, 40]);
    expect([...horizontal.data]).toEqual([-3.5, -5, 0, 0]);
    expect([...vertical.data]).toEqual([-1.5, 0, -3, 0]);
    expect([...diagonal.data]).toEqual([0.5, 0, 0, 0]);
  });

  test('comes back, at odd sizes too, and keeps energy at even ones', () => {
    const side = fc.integer({ min: 1, max: 21 });
    fc.assert(
      fc.property(side, side, fc.nat(), (width, height, seed) => {
        const picture = noise(width, height, 3, seed);
        const bands = haar(picture);
        expect(largestDifference(inverseHaar(bands, width, height).data, picture.data)).toBeLessThan(1e-6);
        if (width % 2 || height % 2) return;
        const energy = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
        const parts = Object.values(bands).reduce((sum, band) => sum + energy(band.data), 0);
        expect(parts / energy(picture.data)).toBeCloseTo(1, 5);
      }),
    );
  });
});

test('bands of another size are refused', () => {
  const bands = haar(noise(8, 6, 1));
  for (const [width, height] of [
    [9, 6],
    [8, 7],
    [6, 6],
    [8, 4],
  ] as const)
    expect(() => inverseHaar(bands, width, height)).toThrow(RangeError);
});

describe('high-frequency map', () => {
  test('is all zeros where all has the same detail', () => {
    const map = highFrequencyMap(drawn(6, 4, 1, (_, row, column) => (row + column) % 2));
    expect(map.data.every((value) => value === 0)).toBe(true);
  });

  test('is all zeros without detail, whatever the size', () => {
    for (const [width, height] of [
      [1, 1],
      [7, 1],
      [5, 4],
    ] as const) {
      const map = highFrequencyMap(drawn(width, height, 3, (channel) => 0.1 + channel * 0.3));
      expect([map.width, map.height, map.channels]).toEqual([width, height, 1]);
      expect(map.data.every((value) => value === 0)).toBe(true);
    }
  });

  test('has one value for every 2 × 2 pixels, from none where there is least detail to one where there is most', () => {
    // Blocks with steps of 0, 1, 2 and 4 across, each of the detail that the step is.
    const step = [
      [0, 1],
      [2, 4],
    ];
    const map = highFrequencyMap(drawn(4, 4, 1, (_, row, column) => (column & 1) * step[row >> 1]![column >> 1]!));
    const expected = [0, 0, 0.25, 0.25, 0, 0, 0.25, 0.25, 0.5, 0.5, 1, 1, 0.5, 0.5, 1, 1];
    expected.forEach((value, i) => expect(map.data[i]).toBeCloseTo(value, 6));
  });

  test('spans 0..1 and is highest where the detail is', () => {
    const map = highFrequencyMap(drawn(9, 9, 1, (_, row, column) => (column >= 5 && column % 2 && row < 4 ? 1 : 0)));
    expect(Math.min(...map.data)).toBe(0);
    expect(Math.max(...map.data)).toBe(1);
    expect(map.data[7]).toBe(1);
    expect(map.data[8 * 9]).toBe(0);
  });
});
