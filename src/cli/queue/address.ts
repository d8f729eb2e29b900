import { LWayError } from '../../engine';
import type { Environment } from '../environment';

/** Where a queue is. Only `shown` may be printed. */
export interface QueueAddress {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  /** Without name and password. */
  readonly shown: string;
}

const expected = 'redis://HOST:PORT/DATABASE, or rediss:// for TLS';
const schemes: Readonly<Record<string, boolean>> = {
  'redis:': false,
  'rediss:': true,
  'valkey:': false,
  'valkeys:': true,
};

/**
 * The address given on the command line, or `LWAY_QUEUE` of the environment, which other people on the machine do not see;
 * a password that it does not hold may be in `LWAY_QUEUE_PASSWORD`.
 * @throws LWayError `bad-option`, which never repeats a password
 */
export function queueAddress({ env }: Pick<Environment, 'env'>, given: string | true | undefined): QueueAddress {
  const text = typeof given === 'string' ? given : env['LWAY_QUEUE'];
  if (!text) {
    throw new LWayError('bad-option', 'No queue address is given.', `Use --queue ${expected}, or set LWAY_QUEUE.`);
  }
  const url = URL.canParse(text) ? new URL(text) : null;
  const tls = url ? schemes[url.protocol] : undefined;
  const database = /^\/?(\d{1,4})?$/.exec(url?.pathname ?? '');
  if (!url || tls === undefined || !url.hostname || !database || url.search || url.hash) {
    // What stands before an @ may be a password.
    throw new LWayError(
      'bad-option',
      `"${text.replace(/.*@/, '…@')}" is not the address of a queue.`,
      `Use ${expected}.`,
    );
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || 6379);
  return {
    host,
    port,
    tls,
    database: Number(database[1] ?? 0),
    username: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || env['LWAY_QUEUE_PASSWORD'] || undefined,
    shown: `${tls ? 'rediss' : 'redis'}://${url.hostname}:${port}/${database[1] ?? 0}`,
  };
}
