import { LWayError } from '../engine/errors';
import type { ModelEntry } from '../engine/runtime/registry';

export async function inspect(_bytes: Uint8Array, _name: string): Promise<ModelEntry> {
  throw new LWayError('unsupported', 'Networks from files are not ready.', 'Choose an id from "lway models".');
}
