import { adapt, mixWeights, type NetworkPicture } from './adaptation';
import type { Adapt } from './engine-core';
import { seenByNetwork } from './network/picture';
import { createRaster } from './raster/planes';
import type { PixelSource, Raster } from './raster/raster';

/** Joins the adaptation with the engine: any layer becomes what a network sees, and the strength is mixed in. */
export const adaptJob: Adapt = async (signal, { runtime, model, source, others, options, onEvent }) => {
  const picture = networkPicture(source);
  const series = others?.map(networkPicture);
  const { weights, ...result } = await adapt(signal, runtime, { picture, series, model, options, onEvent });
  const bytes = weights === undefined ? model.bytes : mixWeights(model.bytes, weights, options.strength);
  return { model: { entry: model.entry, bytes }, report: { ...result, weights } };
};

/** A layer of any depth, encoding and channels as RGB, display-encoded, 0..1. */
export function networkPicture(source: PixelSource): NetworkPicture {
  const { width, height, encoding } = source.info;
  return {
    width,
    height,
    async read(signal, rect) {
      // A copy: what was read may be the picture itself, which is not ours to change.
      const raster = copyOf(await source.read(signal, rect));
      return seenByNetwork(raster, encoding).rgb;
    },
  };
}

function copyOf({ width, height, channels, data }: Raster): Raster {
  return createRaster(width, height, channels, data.slice());
}
