import { writeGraph, type Graph } from '../graph';
import { crop } from '../raster/planes';
import type { Raster } from '../raster/raster';
import type { Runtime } from '../runtime/runtime';
import { runAll, type Values } from '../network/run';
import type { Sample } from './samples';

/** A crop of the picture and its reduced copy: what the picture itself knows about enlarging (ZSSR, Shocher et al. 2018). */
export interface SelfPair {
  /** RGB 0..1, smaller by the scale. */
  readonly low: Values;
  readonly high: Raster;
}

/** Crops that are copied at most: enough to tell, quickly enough not to be waited for. */
const MOST_PAIRS = 8;

/**
 * The pictures' crops, each with its reduced copy: smooth places and all.
 *
 * @returns none where there is no reconstructor, or the pictures are smaller than the scale
 */
export async function selfPairs(
  signal: AbortSignal,
  runtime: Runtime,
  samples: readonly Sample[],
  scale: number,
): Promise<readonly SelfPair[]> {
  const pairs: SelfPair[] = [];
  const most = Math.ceil(MOST_PAIRS / samples.length);
  for (const { crops, reconstructor } of samples) {
    if (reconstructor === undefined) continue;
    const step = Math.max(1, crops.length / most);
    const chosen = crops.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
    const whole = (side: number) => Math.floor(side / scale) * scale;
    const large = chosen
      .filter(({ pixels }) => Math.min(pixels.width, pixels.height) >= scale)
      .map(({ pixels }) => crop(pixels, { x: 0, y: 0, width: whole(pixels.width), height: whole(pixels.height) }));
    const low = await takenDown(signal, runtime, reconstructor, large);
    large.forEach((high, i) => {
      const shape = [1, 3, high.height / scale, high.width / scale];
      pairs.push({ low: { data: low[i]!, shape }, high });
    });
  }
  return pairs;
}

/** Pieces of a picture, RGB 0..1 with sides that its reconstructor can take, as it takes them down; 0..1. */
export async function takenDown(
  signal: AbortSignal,
  runtime: Runtime,
  reconstructor: Graph,
  pieces: readonly Raster[],
): Promise<Float32Array[]> {
  const feeds = pieces.map(({ data, width, height }) => ({
    [reconstructor.inputs[0]!.name]: { data, shape: [1, 3, height, width] } satisfies Values,
  }));
  const results = await runAll(signal, runtime, writeGraph(reconstructor), feeds);
  for (const data of results) for (let i = 0; i < data.length; i++) data[i] = Math.min(1, Math.max(0, data[i]!));
  return results;
}
