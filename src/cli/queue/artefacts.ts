import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { LWayError } from '../../engine';
import { prefix } from './connection';

/** Seconds that an artefact is kept after it was last used. */
const kept = 30 * 24 * 3600;

/** Networks and weights that jobs need and workers may not have: in the queue's own database, named by their content. */
export class Artefacts {
  /** The last few, by their hash: the same bytes for all jobs that name them, so that the engine loads them once. */
  private readonly known = new Map<string, Uint8Array>();

  constructor(private readonly redis: Redis) {}

  /** @returns the hash that `get` takes */
  async put(bytes: Uint8Array): Promise<string> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await this.redis.set(keyOf(sha256), Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 'EX', kept);
    return sha256;
  }

  /** Whether it is there, and then for another while. */
  async has(sha256: string): Promise<boolean> {
    return (await this.redis.expire(keyOf(sha256), kept)) === 1;
  }

  /** @throws LWayError `missing-model` where it is gone or damaged */
  async get(sha256: string): Promise<Uint8Array> {
    const known = this.known.get(sha256);
    if (known) return known;
    const found = (await this.has(sha256)) ? await this.redis.getBuffer(keyOf(sha256)) : null;
    if (!found || createHash('sha256').update(found).digest('hex') !== sha256) {
      throw new LWayError(
        'missing-model',
        'The network that this picture needs is no longer in the queue.',
        'Put the pictures into the queue again with "lway play --queue".',
      );
    }
    const bytes = new Uint8Array(found);
    this.known.set(sha256, bytes);
    if (this.known.size > 4) this.known.delete(this.known.keys().next().value!);
    return bytes;
  }
}

function keyOf(sha256: string): string {
  return `${prefix}:artefact:${sha256}`;
}
