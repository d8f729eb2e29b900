import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPageServer } from '../src/cli/page-server/server';
import type { Bench, Cell } from './bench';
import { generator, mutate, type Random } from './mutate';

const requests = Number(process.env['LWAY_FUZZ'] ?? 5000);
const mostMilliseconds = 10_000;
const mostMegabytes = 400;
const secret = 'SECRET-OUTSIDE-OF-THE-FOLDER';

interface Asked {
  bytes: Buffer;
  /** Whether anything but a refusal may come back. */
  mayAnswer: boolean;
}

/** A request that is right, or wrong in one or more ways that a program or another site's page could think of. */
function request(random: Random, port: number, token: string): Asked {
  const one = <T>(values: readonly T[]): T => values[random(values.length)]!;
  const own = `127.0.0.1:${port}`;
  const wrong = () => random(6) === 0;
  const host = wrong()
    ? one([
        'attacker.example',
        `127.0.0.1:${port + 1}`,
        '',
        'localhost',
        `${own}.attacker.example`,
        `[::1]:${port}`,
        `0.0.0.0:${port}`,
        own.toUpperCase() + '.',
      ])
    : one([own, `localhost:${port}`]);
  const origin = wrong()
    ? one([
        'null',
        'http://attacker.example',
        `https://${own}`,
        `http://127.0.0.1:${port + 1}`,
        `http://${own}.attacker.example`,
        `file://`,
      ])
    : `http://${host}`;
  const given = wrong()
    ? one(['', '0'.repeat(64), token.slice(1), `${token}x`, token.toUpperCase(), `${token}, ${token}`])
    : token;
  const api = random(2) === 0;
  const method = wrong()
    ? one(['GET', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'HEAD', 'PROPFIND', 'get', 'POST\t'])
    : api
      ? 'POST'
      : 'GET';
  const path = api
    ? one([
        '/api/echo',
        '/api/echo',
        '/api/session',
        '/api/nothing',
        '/api/../api/echo',
        '/api/echo/',
        '/API/echo',
        '//api/echo',
        '/api/constructor',
        '/api/toString',
        '/api/echo?x=1',
      ])
    : one([
        '/panel.html',
        '/',
        '/../secret.txt',
        '/%2e%2e/secret.txt',
        '/..%2fsecret.txt',
        '/link.txt',
        '/..\\secret.txt',
        '/%00',
        '/%ff',
        `//${host}/../secret.txt`,
        `http://attacker.example/panel.html`,
        '/folder',
        '/./panel.html',
        `/${'a/'.repeat(2000)}`,
      ]);
  const extra = one([
    '',
    '',
    `X-Long: ${'x'.repeat(one([100, 7000, 20_000, 200_000]))}\r\n`,
    'Transfer-Encoding: chunked\r\n',
    'Content-Length: 99999999999\r\n',
    'Expect: 100-continue\r\n',
    'Upgrade: websocket\r\nConnection: Upgrade\r\n',
    Array.from({ length: 3000 }, (_, i) => `X-${i}: y\r\n`).join(''),
    `Host: ${own}\r\n`,
  ]);
  const body = random(2) === 0 ? 'hello' : 'x'.repeat(random(100_000));
  const text = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\nX-LWay-Token: ${given}\r\n${extra}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
  const sound = Buffer.from(text, 'latin1');
  // Half of them are damaged as bytes, too. What those mean only the server can say: they are watched for secrets alone.
  const damaged = random(2) === 0;
  const ownOrigin = origin === `http://${host}`;
  const right = [own, `localhost:${port}`].includes(host) && ownOrigin;
  return {
    bytes: damaged ? mutate(random, sound, [sound]) : sound,
    mayAnswer: damaged || (right && (api ? given === token : true)),
  };
}

/** What comes back until the connection ends; null where it does not. */
function send(port: number, bytes: Buffer): Promise<string | null> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    const timer = setTimeout(() => {
      resolve(null);
      socket.destroy();
    }, mostMilliseconds);
    const end = () => {
      clearTimeout(timer);
      resolve(text);
    };
    socket.on('data', (piece) => {
      if (text.length < 1e6) text += piece.toString('latin1');
    });
    socket.on('close', end);
    socket.on('error', () => undefined);
    // Whoever asks goes away after that, as a page that is closed does.
    socket.end(bytes);
  });
}

async function run(): Promise<Cell[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'lway-fuzz-'));
  const faults: string[] = [];
  const count = { answered: 0, refused: 0, cut: 0, hung: 0, wrong: 0 };
  let slowest = 0;
  process.on('uncaughtException', (error) => faults.push(String(error)));
  process.on('unhandledRejection', (error) => faults.push(String(error)));
  try {
    const root = join(folder, 'root');
    mkdirSync(join(root, 'folder'), { recursive: true });
    writeFileSync(join(folder, 'secret.txt'), secret);
    writeFileSync(join(root, 'panel.html'), '<!doctype html>page');
    symlinkSync(join(folder, 'secret.txt'), join(root, 'link.txt'));
    const server = await startPageServer(root, 'panel.html', {
      echo: async (_, body) => Buffer.concat([Buffer.from('> '), body]),
    });
    const { port: given, hash, origin } = new URL(server.url);
    const port = Number(given);
    const session = await fetch(`${origin}/api/session`, { method: 'POST', headers: { origin }, body: hash.slice(1) });
    const { token } = (await session.json()) as { token: string };
    for (let seed = 0; seed < requests; seed++) {
      const { bytes, mayAnswer } = request(generator(seed), port, token);
      const began = performance.now();
      const text = await send(port, bytes);
      slowest = Math.max(slowest, performance.now() - began);
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(text ?? '')?.[1] ?? 0);
      if (text === null) count.hung++;
      else if (text.includes(secret) || (status === 200 && !mayAnswer)) {
        count.wrong++;
        process.stderr.write(`${seed}: ${bytes.toString('latin1').slice(0, 300)}\n→ ${text.slice(0, 200)}\n`);
      } else if (status === 200) count.answered++;
      else if (status >= 400) count.refused++;
      else count.cut++;
    }
    const last = await fetch(`${origin}/api/echo`, {
      method: 'POST',
      headers: { origin, 'x-lway-token': token },
      body: 'still there',
    });
    if ((await last.text()) !== '> still there') faults.push('It does not answer any more.');
    await server.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  const memory = Math.round(process.resourceUsage().maxRSS / 1024);
  return [
    [
      requests,
      count.answered,
      count.refused,
      count.cut,
      count.hung,
      count.wrong,
      faults.length,
      `${(slowest / 1000).toFixed(2)} s`,
      `${memory} MB`,
    ],
  ];
}

export default {
  title: 'Odd requests to the local server',
  about: `Requests to the server of the panel's page, made at random with right and wrong methods, hosts, origins, tokens, paths and headers of up to 200 KB, half of them damaged as bytes: ${requests} (\`LWAY_FUZZ\` sets another number), the same ones every time. Only who has the token and comes from the page's own origin gets an answer, nothing outside the folder is given away, no connection stays open for ${mostMilliseconds / 1000} seconds, the server goes on; memory stays under ${mostMegabytes} MB.`,
  head: ['requests', 'answered', 'refused', 'cut', 'hung', 'answered wrongly', 'errors', 'slowest', 'memory'],
  parts: ['all'],
  run,
} satisfies Bench;
