import type { Network, NetworkEntry } from './registry';

export interface AdaptationEntries {
  readonly encoder: NetworkEntry;
  readonly reconstructor: NetworkEntry;
  readonly features: NetworkEntry;
  readonly readOut?: NetworkEntry;
  readonly start?: NetworkEntry;
}

/** What says of a picture how it suits a network: noise, compression and blur, and whether it is drawn. */
export interface Estimators<T> {
  readonly encoder: T;
  /** Reads noise, compression and blur from the encoder's embedding, the noise from fine detail as well. */
  readonly readOut: T;
  /** Tells drawn pictures from photographs. */
  readonly drawing?: T;
}

/** What estimates a picture; undefined where that is not here. */
export function estimateNetworks(models: readonly NetworkEntry[]): Estimators<NetworkEntry> | undefined {
  const readOut = models.find(({ kind }) => kind === 'estimate');
  const encoder = models.find(({ kind, scale }) => kind === 'encoder' && scale === readOut?.scale);
  return readOut && encoder && { encoder, readOut, drawing: models.find(({ kind }) => kind === 'drawing') };
}

/** Loads what estimates a picture with `load`; undefined where that is not here. */
export async function loadEstimators(
  models: readonly NetworkEntry[],
  load: (entry: NetworkEntry) => Promise<Network>,
): Promise<Estimators<Network> | undefined> {
  const entries = estimateNetworks(models);
  if (!entries) return undefined;
  const { encoder, readOut, drawing } = entries;
  return { encoder: await load(encoder), readOut: await load(readOut), drawing: drawing && (await load(drawing)) };
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
