import { LWayError } from '../errors';
import { sha256 } from '../runtime/load-model';
import type { Model, ModelEntry, OwnRecipe } from '../runtime/registry';
import { mixWeights } from './strength';

/** One network in its two forms: the same architecture and names of weights, trained towards different ends. */
export interface Tempers {
  readonly faithful: ModelEntry;
  readonly crisp: ModelEntry;
}

/**
 * The two forms of `chosen`, which is one of them; null where it has no temper, is none of `models`, or no other one of
 * its scale and size has the other temper.
 */
export function tempersOf(models: readonly ModelEntry[], chosen: ModelEntry): Tempers | null {
  const { id, kind, temper, scale, parameters } = chosen;
  if (kind !== 'sr' || !temper || !models.some((entry) => entry.id === id)) return null;
  const wanted = temper === 'faithful' ? 'crisp' : 'faithful';
  const other = models.find(
    (entry) =>
      entry.kind === kind && entry.temper === wanted && entry.scale === scale && entry.parameters === parameters,
  );
  if (!other) return null;
  return temper === 'faithful' ? { faithful: chosen, crisp: other } : { faithful: other, crisp: chosen };
}

/**
 * The network between its faithful and its crisp form: (1 - c) faithful + c crisp, weight by weight.
 *
 * @param crispness c, 0..1; 0 and 1 give the forms themselves, as they were loaded
 * @throws LWayError `bad-model` where the two are not the same network
 */
export async function loadBetween(
  { faithful, crisp }: Tempers,
  crispness: number,
  load: (entry: ModelEntry) => Promise<Model>,
): Promise<Model> {
  if (crispness <= 0) return load(faithful);
  if (crispness >= 1) return load(crisp);
  const [first, second] = [await load(faithful), await load(crisp)];
  const bytes = mixed(first, second, crispness);
  const nearer = crispness < 0.5 ? first.entry : second.entry;
  const entry: ModelEntry = {
    ...nearer,
    name: `${faithful.name} – ${crisp.name} (${Math.round(crispness * 100)} %)`,
    // Neither the one nor the other, and measured as neither.
    temper: null,
    quality: undefined,
    adaptation: adaptationBetween(faithful, crisp, crispness),
    // Of these weights: by them, weights learned for another mix are told apart.
    bytes: bytes.length,
    sha256: await sha256(bytes),
  };
  return { entry, bytes };
}

function mixed(faithful: Model, crisp: Model, crispness: number): Uint8Array {
  try {
    return mixWeights(faithful.bytes, crisp.bytes, crispness);
  } catch (cause) {
    throw new LWayError(
      'bad-model',
      `${faithful.entry.name} and ${crisp.entry.name} are not one network with two sets of weights: nothing lies between.`,
      'Choose one of the two, without crispness.',
      { cause },
    );
  }
}

/** What was measured for both ends holds in between, in proportion; where one was not measured, nothing is known. */
function adaptationBetween(faithful: ModelEntry, crisp: ModelEntry, crispness: number): OwnRecipe | undefined {
  if (!faithful.adaptation || !crisp.adaptation) return undefined;
  const between: Partial<Record<keyof OwnRecipe, number>> = {};
  for (const [name, from] of Object.entries(faithful.adaptation) as [keyof OwnRecipe, number][]) {
    const to = crisp.adaptation[name];
    if (to !== undefined) between[name] = (1 - crispness) * from + crispness * to;
  }
  return between;
}
