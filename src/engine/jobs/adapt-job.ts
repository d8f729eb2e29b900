import { adapt, mixWeights, networkPicture } from '../adaptation';
import type { Adapt } from './local-engine';

/** Joins the adaptation with the engine: any layer becomes what a network sees, and the strength is mixed in. */
export const adaptJob: Adapt = async (
  signal,
  { runtime, network, drawn, toldDrawn, source, others, options, onEvent },
) => {
  const picture = networkPicture(source);
  const series = others?.map(networkPicture);
  const request = { picture, series, network, drawn, toldDrawn, options, onEvent };
  const { weights, ...result } = await adapt(signal, runtime, request);
  const bytes = weights === undefined ? network.bytes : mixWeights(network.bytes, weights, options.strength);
  return { network: { entry: network.entry, bytes }, report: { ...result, weights } };
};
