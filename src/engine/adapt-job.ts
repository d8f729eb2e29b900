import { adapt, mixWeights, networkPicture } from './adaptation';
import type { Adapt } from './engine-core';

/** Joins the adaptation with the engine: any layer becomes what a network sees, and the strength is mixed in. */
export const adaptJob: Adapt = async (signal, { runtime, model, source, others, options, onEvent }) => {
  const picture = networkPicture(source);
  const series = others?.map(networkPicture);
  const { weights, ...result } = await adapt(signal, runtime, { picture, series, model, options, onEvent });
  const bytes = weights === undefined ? model.bytes : mixWeights(model.bytes, weights, options.strength);
  return { model: { entry: model.entry, bytes }, report: { ...result, weights } };
};
