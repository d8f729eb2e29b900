// Redis or Valkey, for the tests of the queue (tests/queue).
import { spawnSync } from 'node:child_process';
import { installFromDebian } from './debian.mjs';

/** Debian's tools are the server by another name; they set up no service. */
const programs = [
  { name: 'redis-server', argv0: 'redis-server' },
  { name: 'valkey-server', argv0: 'valkey-server' },
  { name: 'redis-check-rdb', argv0: 'redis-server' },
];

/** @returns {{ name: string, argv0: string, version: string } | null} the program to start, and under which name */
export function findRedis() {
  if (process.platform !== 'linux') return null;
  for (const { name, argv0 } of programs) {
    const version = /v=(\d[\d.]*)/.exec(String(spawnSync(name, ['--version'], { argv0 }).stdout))?.[1];
    if (version) return { name, argv0, version };
  }
  return null;
}

/** Fetches it from Debian where there is none, and says whether the queue is tested. */
export function ensureRedis() {
  if (!findRedis()) installFromDebian('redis-tools');
  const found = findRedis();
  if (found) console.log(`The queue is tested with ${found.argv0} ${found.version}.`);
  else console.error('The queue is not tested here: install Redis or Valkey (on Linux).');
}
