import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { luma } from '../../../src/cli/evaluate/metrics/luma';
import { psnr } from '../../../src/cli/evaluate/metrics/psnr';
import { ssim } from '../../../src/cli/evaluate/metrics/ssim';
import { crop } from '../../../src/engine/raster/planes';
import { blurred, darker, draw, noisy, reference, type Picture } from './pictures';

interface Golden {
  border: number;
  cases: { name: string; width: number; height: number; psnr: number; ssim: number }[];
}

const golden = JSON.parse(readFileSync(resolve(__dirname, '../../golden/metrics/golden.json'), 'utf8')) as Golden;

const changes: Record<string, (picture: Picture) => Picture> = {
  'noisy 4': (picture) => noisy(picture, 4),
  'noisy 40': (picture) => noisy(picture, 40),
  blurred,
  darker,
  'blurred and noisy': (picture) => noisy(blurred(picture), 12),
};

describe('PSNR-Y and SSIM-Y agree with scikit-image', () => {
  test.each(golden.cases)('$name, $width×$height', ({ name, width, height, psnr: dB, ssim: similarity }) => {
    const picture = reference(width, height);
    const [a, b] = [luma(draw(picture)), luma(draw(changes[name]!(picture)))];
    expect(Math.abs(psnr(a, b, { border: golden.border }) - dB)).toBeLessThan(1e-3);
    const inner = {
      x: golden.border,
      y: golden.border,
      width: width - 2 * golden.border,
      height: height - 2 * golden.border,
    };
    expect(Math.abs(ssim(crop(a, inner), crop(b, inner)) - similarity)).toBeLessThan(1e-4);
  });
});

test('equal pictures: infinite PSNR, SSIM 1', () => {
  const y = luma(draw(reference(32, 32)));
  expect(psnr(y, y)).toBe(Infinity);
  expect(ssim(y, y)).toBeCloseTo(1, 12);
});

test('luma has the studio range of BT.601', () => {
  const picture = (value: number) => draw({ width: 1, height: 1, value: () => value });
  expect(luma(picture(0)).data[0]).toBe(16);
  expect(luma(picture(255)).data[0]).toBeCloseTo(235, 4);
});

test('sizes that cannot be compared are refused', () => {
  const [a, b] = [luma(draw(reference(12, 12))), luma(draw(reference(12, 13)))];
  expect(() => psnr(a, b)).toThrow(RangeError);
  expect(() => ssim(a, b)).toThrow(RangeError);
  expect(() => psnr(a, a, { border: 6 })).toThrow(/leaves nothing/);
  expect(() =>
    ssim(crop(a, { x: 0, y: 0, width: 10, height: 12 }), crop(a, { x: 0, y: 0, width: 10, height: 12 })),
  ).toThrow(/smaller than the window/);
});
