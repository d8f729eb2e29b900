import type { Crop } from '../../../src/engine/adaptation/crops';
import { makePairs } from '../../../src/engine/adaptation/prepare';
import { GraphBuilder } from '../../../src/engine/graph';
import { createRaster } from '../../../src/engine/raster/planes';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import { Random } from '../graph/support/random';
import { tinyModel } from '../upscaling/tiny-networks';

// The internal pairs of a gray picture with noise, taken down by area means that get the colour wrong.

const SIDE = 64;
const SCALE = 4;
const GRAY = 0.5;
const random = new Random(13);
const signal = new AbortController().signal;

/** Noise with a deviation of 0.029. */
const noisy = (() => {
  const pixels = createRaster(SIDE, SIDE, 3);
  pixels.data.set(random.array(pixels.data.length, GRAY - 0.05, GRAY + 0.05));
  return pixels;
})();
const grain = {
  levels: [{ brightness: GRAY, deviations: new Float32Array(3 * 64).fill(0.03) }],
  quality: null,
  errors: new Float32Array(3 * 64),
};
const crop: Crop = {
  rect: { x: 0, y: 0, width: SIDE, height: SIDE },
  pixels: noisy,
  map: createRaster(SIDE, SIDE, 1),
  grain,
};

function reconstructor() {
  const b = new GraphBuilder('reconstructor');
  const x = b.input('x', [1, 3, SIDE, SIDE]);
  return b.build({ y: b.add(b.averagePool(x, [SCALE, SCALE]), 0.06) });
}

const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: Float32Array) => {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / values.length);
};

async function pairs() {
  const { entry } = await tinyModel();
  const runtime = cpuRuntime(1);
  try {
    const samples = [{ crops: [crop], embedding: new Float32Array(4), reconstructor: reconstructor() }];
    const made = await makePairs(signal, runtime, samples, 48, { ...entry, scale: SCALE });
    if (made === null) throw new Error('no pairs');
    return made;
  } finally {
    await runtime.dispose();
  }
}

test('the large picture of a pair has no noise, the small one as much as the picture, and its colours', async () => {
  const { low, high, side } = await pairs();
  expect(side).toBe(SIDE / SCALE);
  expect(high[0]).toHaveLength(3 * SIDE ** 2);
  expect(deviation(high[0]!)).toBeLessThan(0.25 * deviation(noisy.data));
  expect(Math.abs(mean(high[0]!) - GRAY)).toBeLessThan(0.002);
  // Area means of 4 × 4 pixels alone would leave a quarter of the noise.
  expect(deviation(low[0]!)).toBeGreaterThan(0.8 * deviation(noisy.data));
  expect(Math.abs(mean(low[0]!) - GRAY)).toBeLessThan(0.005);
});
