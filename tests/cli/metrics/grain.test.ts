import { grain } from '../../../src/cli/evaluate/metrics/grain';
import { luma } from '../../../src/cli/evaluate/metrics/luma';
import { createRaster } from '../../../src/engine/raster/planes';
import type { Raster } from '../../../src/engine/raster/raster';
import { Random } from '../../engine/graph/support/random';

const SIDE = 96;

/** Left a slope of brightness, right stripes; `change` is added to all channels alike: its luma. */
function picture(change: (x: number) => number = () => 0): Raster {
  const raster = createRaster(SIDE, SIDE, 3);
  const added = Array.from({ length: SIDE * SIDE }, (_, i) => change(i % SIDE));
  raster.data.forEach((_, i) => {
    const x = i % SIDE;
    const shade = x < SIDE / 2 ? 0.3 + x / 400 : 0.5 + 0.3 * Math.sin(x);
    raster.data[i] = shade + added[i % (SIDE * SIDE)]!;
  });
  return luma(raster);
}

test('grain of the flat places is counted in steps of luma, detail elsewhere is not', () => {
  const random = new Random(8);
  const flat = grain(picture(), picture(), 4);
  expect(flat).toBeLessThan(0.3);
  // Uniform between −0.02 and 0.02: a deviation of 0.04 / √12, and luma has 219 steps.
  const noisy = picture(() => random.array(1, -0.02, 0.02)[0]!);
  const wanted = (219 * 0.04) / Math.sqrt(12);
  expect(Math.abs(grain(noisy, picture(), 4) - wanted)).toBeLessThan(0.1 * wanted);
  const livelier = picture((x) => (x < SIDE / 2 ? 0 : 0.1 * Math.sin(2 * x)));
  expect(grain(livelier, picture(), 4)).toBeCloseTo(flat, 1);
});
