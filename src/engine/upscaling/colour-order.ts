import type { ImageInput } from '../network/registry';
import { createRaster } from '../raster/planes';
import type { Raster } from '../raster/raster';
import { resize } from '../raster/resample';
import { fromYCbCr, toYCbCr } from '../raster/ycbcr';
import { leavesPicture } from './probe-pictures';

type Order = ImageInput['channels'];

/** Side of the probes, LR pixels. */
export const probeSide = 64;
/** Probes after which the usual order is believed unless it is behind, and how many there are at most. */
const [FEW, MANY] = [3, 16];
/**
 * What is asked of the other order: mean logarithm of the ratio of the errors, and how many times its standard error that
 * is. Of 55 networks that people use, turned round, 46 come to that; of the others six show nothing, and three, trained on
 * damaged videos, repair the damage better in the order that they do not have (docs/networks.md).
 */
const [LEAST, LEAST_TIMES] = [0.002, 3];

/**
 * Whether a network wants red or blue first, told by a damage that is not alike in both: JPEG files keep colour at half
 * size beside luma, of which blue is a ninth and red a third (JFIF, BT.601). Networks that have seen photographs repair it a
 * little better in the order that they know. Each probe is given with red and blue exchanged as well, so that what its
 * colours have to do with it cancels.
 *
 * @param run the network's answer under an order of channels, 0..1, any whole number of times as large
 */
export async function orderOf(
  run: (picture: Raster, order: Order) => Promise<Raster>,
  width: number,
  height: number,
): Promise<Order> {
  const favours: number[] = [];
  while (favours.length < MANY) {
    const picture = leavesPicture(width, height, favours.length + 1);
    favours.push((await favourOf(run, picture)) + (await favourOf(run, exchanged(picture))));
    if (favours.length === FEW && meanOf(favours) >= 0) return 'RGB';
  }
  const mean = meanOf(favours);
  const spread = meanOf(favours.map((favour) => (favour - mean) ** 2));
  return -mean > LEAST && -mean > LEAST_TIMES * Math.sqrt(spread / MANY) ? 'BGR' : 'RGB';
}

const meanOf = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** Half the logarithm of the error with blue first over the error with red first, squares. */
async function favourOf(run: (picture: Raster, order: Order) => Promise<Raster>, picture: Raster): Promise<number> {
  const damaged = colourHalved(picture);
  const [red, blue] = [await run(damaged, 'RGB'), await run(damaged, 'BGR')];
  return Math.log(squaredError(blue, picture) / squaredError(red, picture)) / 2;
}

/** The picture as JPEG files keep it before anything is rounded: both colour differences at half size. */
function colourHalved(picture: Raster): Raster {
  const { width, height } = picture;
  const split = toYCbCr(picture);
  const half = resize(split, Math.ceil(width / 2), Math.ceil(height / 2), 'area');
  const back = resize(half, width, height, 'area');
  back.data.set(split.data.subarray(0, width * height));
  const damaged = fromYCbCr(back);
  return { ...damaged, data: damaged.data.map((value) => Math.min(1, Math.max(0, value))) };
}

/** The picture with its first and last channel exchanged. */
function exchanged({ width, height, data }: Raster): Raster {
  const result = createRaster(width, height, 3);
  const size = width * height;
  for (let channel = 0; channel < 3; channel++)
    result.data.set(data.subarray(channel * size, (channel + 1) * size), (2 - channel) * size);
  return result;
}

/** Sum of squared differences between the picture and its enlargement brought back to its size by area averaging. */
function squaredError(enlarged: Raster, picture: Raster): number {
  const answer = resize(enlarged, picture.width, picture.height, 'area');
  return answer.data.reduce((sum, value, i) => sum + (value - picture.data[i]!) ** 2, 0);
}
