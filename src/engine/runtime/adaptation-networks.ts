import type { ModelEntry } from './registry';

export interface AdaptationNetworks {
  readonly encoder: ModelEntry;
  readonly reconstructor: ModelEntry;
  readonly features: ModelEntry;
}

/**
 * The networks that adapt an SR network of `scale`; null where one is missing. Where no reconstructor has that scale any
 * other stands in, and the adaptation does without what only a fitting one can do.
 */
export function adaptationNetworks(models: readonly ModelEntry[], scale: number): AdaptationNetworks | null {
  const find = (kind: ModelEntry['kind']) => {
    const all = models.filter((entry) => entry.kind === kind);
    return all.find((entry) => entry.scale === scale) ?? all[0];
  };
  const [encoder, reconstructor, features] = [find('encoder'), find('reconstructor'), find('features')];
  return encoder && reconstructor && features ? { encoder, reconstructor, features } : null;
}
