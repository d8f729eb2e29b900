import type { NetworkEntry } from './registry';

export interface AdaptationEntries {
  readonly encoder: NetworkEntry;
  readonly reconstructor: NetworkEntry;
  readonly features: NetworkEntry;
  readonly readOut?: NetworkEntry;
  readonly start?: NetworkEntry;
}

/** The encoder and the read-out of its embedding, which say how noisy and compressed a picture is; undefined: not here. */
export function estimateNetworks(
  models: readonly NetworkEntry[],
): { readonly encoder: NetworkEntry; readonly readOut: NetworkEntry } | undefined {
  const readOut = models.find(({ kind }) => kind === 'estimate');
  const encoder = models.find(({ kind, scale }) => kind === 'encoder' && scale === readOut?.scale);
  return readOut && encoder && { encoder, readOut };
}

/**
 * The networks that adapt an SR network; null where one is missing. Where no reconstructor has its scale any other stands
 * in, and the adaptation does without what only a fitting one can do.
 */
export function adaptationNetworks(
  models: readonly NetworkEntry[],
  { scale, start: wanted }: Pick<NetworkEntry, 'scale' | 'start'>,
): AdaptationEntries | null {
  const find = (kind: NetworkEntry['kind']) => {
    const all = models.filter((entry) => entry.kind === kind);
    return all.find((entry) => entry.scale === scale) ?? all[0];
  };
  const [encoder, reconstructor, features] = [find('encoder'), find('reconstructor'), find('features')];
  const start = models.find(({ id, kind }) => kind === 'start' && id === wanted);
  const readOut = models.find((entry) => entry.kind === 'estimate' && entry.scale === encoder?.scale);
  return encoder && reconstructor && features ? { encoder, reconstructor, features, readOut, start } : null;
}
