import { createRaster, plane } from '../../../src/engine/raster/planes';
import type { Raster } from '../../../src/engine/raster/raster';
import { grayPlaces } from '../../../src/engine/upscaling/gray';
import { enlargeTile } from '../../../src/engine/upscaling/tile-picture';

/** A network that tints everything: red up, blue down. */
const tinting = async ({ width, height }: Raster): Promise<Raster> => {
  const result = createRaster(width * 2, height * 2, 3);
  plane(result, 0).fill(0.6);
  plane(result, 1).fill(0.5);
  plane(result, 2).fill(0.4);
  return result;
};

/** Gray noise as 8 bits hold it, with one red pixel where wanted. */
function noisy(red?: { x: number; y: number }): Raster {
  const raster = createRaster(20, 16, 3);
  const size = 20 * 16;
  for (let i = 0; i < size; i++) {
    const value = ((i * 7919) % 200) / 255;
    for (let channel = 0; channel < 3; channel++) raster.data[channel * size + i] = value;
    // What rounding of a gray scan leaves.
    raster.data[size + i] = value + 1 / 255;
  }
  if (red) raster.data[red.y * 20 + red.x] = 1;
  return raster;
}

const chroma = ({ data, width, height }: Raster, x: number, y: number): number => {
  const [i, size] = [y * width + x, width * height];
  return (
    Math.max(data[i]!, data[size + i]!, data[2 * size + i]!) - Math.min(data[i]!, data[size + i]!, data[2 * size + i]!)
  );
};

test('what is gray stays gray, whatever the network says', async () => {
  const result = await enlargeTile(noisy(), 'display', 2, tinting);
  expect(new Set([...plane(result, 0)])).toEqual(new Set([Math.fround(0.5)]));
  expect(plane(result, 2)).toEqual(plane(result, 0));
});

test('colour keeps its colour, and what is gray beside it is gray', async () => {
  const result = await enlargeTile(noisy({ x: 10, y: 8 }), 'display', 2, tinting);
  expect(chroma(result, 20, 16)).toBeCloseTo(0.2, 6);
  expect(chroma(result, 2 * 12, 2 * 8)).toBeCloseTo(0.2, 6);
  expect(chroma(result, 2 * 13, 2 * 8)).toBe(0);
  expect(chroma(result, 0, 0)).toBe(0);
});

test('a picture in colour throughout is left alone', () => {
  const picture = noisy();
  plane(picture, 0).fill(1);
  expect(grayPlaces(picture)).toBeNull();
});
