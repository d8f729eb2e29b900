import fc from 'fast-check';
import { copyRect, createRaster, crop } from '../../../src/engine/raster/planes';
import { Resampler, resize, resampleReach, type ResampleKernel } from '../../../src/engine/raster/resample';
import { drawn, largestDifference, noise } from './support';

const kernels: ResampleKernel[] = ['area', 'bicubic', 'lanczos3'];

describe.each(kernels)('resampling by %s', (kernel) => {
  test('a constant stays that constant at any size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 90 }),
        (w, h, outW, outH) => {
          const result = resize(
            drawn(w, h, 1, () => 0.7),
            outW,
            outH,
            kernel,
          );
          expect(largestDifference(result.data, new Float32Array(outW * outH).fill(0.7))).toBeLessThan(1e-6);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('the same size changes nothing', () => {
    const picture = noise(13, 9, 3);
    expect(largestDifference(resize(picture, 13, 9, kernel).data, picture.data)).toBeLessThan(1e-6);
  });

  test('pieces are equal to the whole to the last bit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 25 }),
        (w, h, outW, outH, step) => {
          const picture = noise(w, h, 2, w * 31 + h);
          const resampler = new Resampler(w, h, outW, outH, kernel);
          const pieced = createRaster(outW, outH, 2);
          for (let y = 0; y < outH; y += step) {
            for (let x = 0; x < outW; x += step) {
              const rect = { x, y, width: Math.min(step, outW - x), height: Math.min(step, outH - y) };
              const needed = resampler.needed(rect);
              const piece = resampler.resample(crop(picture, needed), needed, rect);
              copyRect(piece, { ...rect, x: 0, y: 0 }, pieced, x, y);
            }
          }
          expect(pieced.data).toEqual(resize(picture, outW, outH, kernel).data);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('centres do not move: a ramp stays on its line inside', () => {
    for (const out of [23, 64, 200]) {
      const ramp = resize(
        drawn(64, 1, 1, (_, __, x) => (x + 0.5) / 64),
        out,
        1,
        kernel,
      );
      const margin = Math.ceil((resampleReach(64, out, kernel) * out) / 64);
      for (let x = margin; x < out - margin; x++) {
        // Sampled kernels keep a ramp only nearly; area averages enlarge in steps of one pixel.
        const tolerance = kernel === 'area' && out > 64 ? 0.5 / 64 + 1e-6 : 5e-4;
        expect(Math.abs(ramp.data[x]! - (x + 0.5) / out)).toBeLessThanOrEqual(tolerance);
      }
    }
  });

  test('the result is the same mirrored', () => {
    const picture = noise(17, 1, 1);
    const mirrored = drawn(17, 1, 1, (_, __, x) => picture.data[16 - x]!);
    for (const out of [7, 40]) {
      const there = resize(picture, out, 1, kernel).data;
      const back = resize(mirrored, out, 1, kernel).data;
      expect(largestDifference(there, [...back].reverse())).toBeLessThan(1e-6);
    }
  });

  test('does not read outside what it says it needs', () => {
    const resampler = new Resampler(20, 20, 50, 50, kernel);
    const rect = { x: 10, y: 10, width: 5, height: 5 };
    const { x, y, width, height } = resampler.needed(rect);
    const smaller = { x: x + 1, y, width: width - 1, height };
    expect(() => resampler.resample(noise(width - 1, height, 1), smaller, rect)).toThrow(RangeError);
  });
});

test('area reduction by a whole number is the mean of the block', () => {
  const picture = noise(12, 8, 1);
  const mean = drawn(3, 2, 1, (_, row, column) => {
    let sum = 0;
    for (let y = 0; y < 4; y++) for (let x = 0; x < 4; x++) sum += picture.data[(row * 4 + y) * 12 + column * 4 + x]!;
    return sum / 16;
  });
  expect(largestDifference(resize(picture, 3, 2, 'area').data, mean.data)).toBeLessThan(1e-6);
});

test('area enlargement by a whole number repeats pixels', () => {
  const picture = noise(5, 4, 1);
  const repeated = drawn(
    15,
    12,
    1,
    (_, row, column) => picture.data[Math.floor(row / 3) * 5 + Math.floor(column / 3)]!,
  );
  expect(resize(picture, 15, 12, 'area').data).toEqual(repeated.data);
});

test('area reduction by 2/3 weighs the pixels by their share', () => {
  const result = resize(createRaster(3, 1, 1, Float32Array.of(0, 0.6, 0.3)), 2, 1, 'area').data;
  expect(largestDifference(result, [0.2, 0.4])).toBeLessThan(1e-6);
});

// Pillow 9.4.0, Image.resize in mode "F" of [0, 1, 4, 9, 16, 25, 36, 49], away from the edges (where Pillow cuts the
// kernel off and LWay repeats the last pixel).
test.each([
  ['bicubic', 16, 6, [7.5625, 10.5625, 14.0625]],
  ['bicubic', 11, 4, [7.688016414642334, 12.25, 17.869834899902344]],
  ['bicubic', 5, 2, [12.187723159790039]],
  ['lanczos3', 16, 6, [7.6713948249816895, 10.433806419372559, 14.210992813110352, 17.894207000732422]],
] as const)('%s to %d agrees with Pillow', (kernel, out, from, expected) => {
  const squares = createRaster(
    8,
    1,
    1,
    Float32Array.from({ length: 8 }, (_, i) => i * i),
  );
  const result = resize(squares, out, 1, kernel).data;
  expect(largestDifference(result.slice(from, from + expected.length), expected)).toBeLessThan(1e-5);
});
