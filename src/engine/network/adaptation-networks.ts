import type { ModelEntry } from './registry';

export interface AdaptationNetworks {
  readonly encoder: ModelEntry;
  readonly reconstructor: ModelEntry;
  readonly features: ModelEntry;
  readonly readOut?: ModelEntry;
  readonly start?: ModelEntry;
}

/** The encoder and the read-out of its embedding, which say how noisy and compressed a picture is; undefined: not here. */
export function estimateNetworks(
  models: readonly ModelEntry[],
): { readonly encoder: ModelEntry; readonly readOut: ModelEntry } | undefined {
  const readOut = models.find(({ kind }) => kind === 'estimate');
  const encoder = models.find(({ kind, scale }) => kind === 'encoder' && scale === readOut?.scale);
  return readOut && encoder && { encoder, readOut };
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
  const readOut = models.find((entry) => entry.kind === 'estimate' && entry.scale === encoder?.scale);
  return encoder && reconstructor && features ? { encoder, reconstructor, features, readOut, start } : null;
}
