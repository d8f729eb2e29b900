import type { ModelEntry } from './registry';

export interface AdaptationNetworks {
  readonly encoder: ModelEntry;
  readonly reconstructor: ModelEntry;
  readonly features: ModelEntry;
  readonly start?: ModelEntry;
}

/**
 * The networks that adapt an SR network; null where one is missing. Where no reconstructor has its scale any other stands
 * in, and the adaptation does without what only a fitting one can do.
 */
export function adaptationNetworks(
  models: readonly ModelEntry[],
  { scale, start: wanted }: Pick<ModelEntry, 'scale' | 'start'>,
): AdaptationNetworks | null {
  const find = (kind: ModelEntry['kind']) => {
    const all = models.filter((entry) => entry.kind === kind);
    return all.find((entry) => entry.scale === scale) ?? all[0];
  };
  const [encoder, reconstructor, features] = [find('encoder'), find('reconstructor'), find('features')];
  const start = models.find(({ id, kind }) => kind === 'start' && id === wanted);
  return encoder && reconstructor && features ? { encoder, reconstructor, features, start } : null;
}
