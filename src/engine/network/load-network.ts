import * as v from 'valibot';
import { LWayError } from '../common/errors';
import { readNetworkFile } from './network-file';
import type { Network, NetworkEntry, NetworkRegistry } from './registry';
import { faultOf, registrySchema } from './registry-schema';

/**
 * Reads the text of a `models.json`.
 *
 * @throws LWayError `bad-model` naming the field that is wrong
 */
export function parseRegistry(text: string): NetworkRegistry {
  let registry: unknown;
  try {
    registry = JSON.parse(text);
  } catch (cause) {
    throw new LWayError('bad-model', 'The list of networks (models.json) cannot be read.', advice, { cause });
  }
  const checked = v.safeParse(registrySchema, registry);
  if (!checked.success) {
    const fault = faultOf(checked.issues[0]);
    throw new LWayError('bad-model', `The list of networks (models.json) is wrong: ${fault}.`, advice);
  }
  // Entries of all kinds seen as one: what a kind lacks is undefined. The outputs of feature networks: `outputsOf`.
  return checked.output as NetworkRegistry;
}

const advice = 'Reinstall LWay, or restore models.json from its package.';

/** Feature networks have several outputs, and their entries a list of names. */
function outputsOf({ output }: NetworkEntry): string[] {
  return [output].flat();
}

/** The id of the network that is taken where none is named; `slow`: neither a GPU nor more than one thread computes. */
export function defaultId(registry: NetworkRegistry, slow: boolean): string {
  return (slow ? registry.defaultWhereSlow : undefined) ?? registry.default;
}

/**
 * The entry with this id; `default` is the registry's own choice.
 *
 * @throws LWayError `missing-model`
 */
export function findEntry(registry: NetworkRegistry, id: string): NetworkEntry {
  const wanted = id === 'default' ? registry.default : id;
  const entry = registry.models.find((candidate) => candidate.id === wanted);
  if (entry) return entry;
  const known = registry.models.filter(({ kind }) => kind === 'sr').map((candidate) => candidate.id);
  throw new LWayError(
    'missing-model',
    `There is no network called ${wanted}.`,
    known.length > 0 ? `Choose one of: ${known.join(', ')}.` : 'Reinstall LWay: it came without networks.',
  );
}

/**
 * Joins an entry with its bytes once they are what the entry says.
 *
 * @throws LWayError `bad-model` where size, SHA-256, inputs or outputs differ
 */
export async function checkNetwork(entry: NetworkEntry, bytes: Uint8Array): Promise<Network> {
  const refuse = (reason: string) =>
    new LWayError('bad-model', `The network ${entry.name} (${entry.file}) ${reason}.`, 'Download or install it again.');
  if (bytes.length !== entry.bytes) throw refuse(`has ${bytes.length} bytes instead of ${entry.bytes}`);
  if ((await sha256(bytes)) !== entry.sha256.toLowerCase())
    throw refuse('is damaged or was changed: its SHA-256 differs');
  const file = readNetworkFile(bytes);
  const input = file.inputs.find(({ name }) => name === entry.input.name);
  const missing = outputsOf(entry).filter((output) => !file.outputs.some(({ name }) => name === output));
  if (!input || missing.length > 0)
    throw refuse('does not have the inputs and outputs that the list of networks names');
  return { entry, bytes };
}

/** SHA-256 (FIPS 180-4) as 64 lower-case hexadecimal digits. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
