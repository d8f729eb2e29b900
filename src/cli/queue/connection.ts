import { Redis, type RedisOptions } from 'ioredis';
import { LWayError } from '../../engine';
import { firstLine, systemCode } from '../files/file-errors';
import type { QueueAddress } from './address';

/** What all keys in the database begin with. */
export const prefix = 'lway';
export const queueName = 'pictures';

/** For a connection that is made again for as long as it takes. */
export function redisOptions({ host, port, database, tls, username, password }: QueueAddress): RedisOptions {
  return {
    host,
    port,
    db: database,
    username,
    password,
    tls: tls ? { servername: host } : undefined,
    connectTimeout: 5000,
    // What is asked for while the queue is gone waits until it is back.
    maxRetriesPerRequest: null,
    retryStrategy: (tries) => Math.min(100 * tries, 2000),
  };
}

/**
 * Waits until the queue answers.
 * @param patience milliseconds that it may take: it may be starting beside us
 * @throws LWayError `no-queue`, the signal's reason
 */
export async function connect(signal: AbortSignal, address: QueueAddress, patience = 10_000): Promise<Redis> {
  const began = performance.now();
  for (;;) {
    signal.throwIfAborted();
    const problem = await tryOut(address);
    if (problem === null) break;
    if (problem.lasting || performance.now() - began > patience) throw unreachable(address, problem.error);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  const redis = new Redis(redisOptions(address));
  redis.on('error', () => undefined);
  return redis;
}

async function tryOut(address: QueueAddress): Promise<{ error: unknown; lasting: boolean } | null> {
  const options = { ...redisOptions(address), lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 };
  const redis = new Redis(options);
  // The reason comes as an event; the promise only says that the connection is closed.
  let reason: unknown;
  redis.on('error', (error: unknown) => (reason ??= error));
  try {
    await redis.connect();
    await redis.ping();
    return null;
  } catch (thrown) {
    const error = reason ?? thrown;
    return { error, lasting: isLasting(error) };
  } finally {
    // One that has ended already would be waited for another two seconds.
    if (redis.status !== 'end') redis.disconnect();
  }
}

const refusal = /NOAUTH|WRONGPASS|invalid password|without any password configured|NOPERM/i;
const noTls = /wrong version number|packet length too long|SSL|TLS/i;

function isLasting(error: unknown): boolean {
  const message = String(error);
  return refusal.test(message) || isCertificate(error) || noTls.test(message) || systemCode(error) === 'ENOTFOUND';
}

function isCertificate(error: unknown): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(systemCode(error) ?? '');
}

function unreachable({ shown }: QueueAddress, error: unknown): LWayError {
  const message = firstLine(error instanceof Error ? error.message : String(error));
  const said = (text: string, advice: string) => new LWayError('no-queue', text, advice, { cause: error });
  if (refusal.test(message)) {
    return said(
      `The queue at ${shown} refuses the name or the password.`,
      'Put both in the address (redis://NAME:PASSWORD@HOST), or the password in LWAY_QUEUE_PASSWORD.',
    );
  }
  if (isCertificate(error)) {
    return said(
      `The certificate of the queue at ${shown} is not trusted (${message}).`,
      'Name the file of its certificate authority in NODE_EXTRA_CA_CERTS.',
    );
  }
  if (noTls.test(message)) {
    return said(`The queue at ${shown} does not speak TLS (${message}).`, 'Use redis:// for a queue without TLS.');
  }
  return said(
    `The queue at ${shown} cannot be reached (${systemCode(error) ?? message}).`,
    'Check the address, and that Redis or Valkey runs there.',
  );
}
