import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPageServer, type PageServer } from '../../src/cli/page-server/server';
import { LWayError } from '../../src/engine/common/errors';

// No page but the one window may get anything out of the server: each test is one way to try.
let folder: string;
let server: PageServer;
let asked: string[];
let address: URL;
let ticket: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lway-panel-'));
  writeFileSync(join(folder, 'panel.html'), '<!doctype html>');
  asked = [];
  server = await startPageServer(folder, 'panel.html', {
    echo: async (_signal, body) => {
      asked.push(Buffer.from(body).toString());
      return Buffer.concat([Buffer.from('> '), body]);
    },
    fail: async () => {
      throw new LWayError('unsupported', 'It does not work.', 'Try another way.');
    },
  });
  address = new URL(server.url);
  ticket = address.hash.slice(1);
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  status: number;
  text: string;
}

function ask(path: string, body: string, headers: Record<string, string> = {}, method = 'POST'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { origin: address.origin, ...headers };
    const sent = request({ host: '127.0.0.1', port: address.port, path, method, headers: all }, (response) => {
      let text = '';
      response.on('data', (piece: Buffer) => (text += piece.toString()));
      response.on('end', () => resolve({ status: response.statusCode!, text }));
    });
    sent.on('error', reject);
    sent.end(method === 'GET' ? undefined : body);
  });
}

async function token(): Promise<string> {
  const { text } = await ask('/api/session', ticket);
  return (JSON.parse(text) as { token: string }).token;
}

test('listens on this machine only, on a port that the system chose', () => {
  expect(address.hostname).toBe('127.0.0.1');
  expect(Number(address.port)).toBeGreaterThan(1023);
  expect(ticket).toMatch(/^[0-9a-f]{64}$/);
});

test('who has the token gets answers, and errors in a sentence', async () => {
  const headers = { 'x-lway-token': await token() };
  expect(await ask('/api/echo', 'hello', headers)).toEqual({ status: 200, text: '> hello' });
  const { status, text } = await ask('/api/fail', '', headers);
  expect(status).toBe(400);
  expect(JSON.parse(text)).toEqual({ code: 'unsupported', message: 'It does not work.', advice: 'Try another way.' });
  expect((await ask('/api/other', '', headers)).status).toBe(400);
});

test('what every object has by itself is not served', async () => {
  const headers = { 'x-lway-token': await token() };
  for (const name of ['constructor', 'valueof', 'hasownproperty', 'tostring'])
    expect((await ask(`/api/${name}`, '', headers)).status).toBe(400);
});

test('who has no token is refused before a byte of the body is taken in', async () => {
  const status = await new Promise<number>((resolve, reject) => {
    const headers = { origin: address.origin, 'x-lway-token': '0'.repeat(64), 'content-length': 2 ** 30 };
    const sent = request({ host: '127.0.0.1', port: address.port, path: '/api/echo', method: 'POST', headers });
    sent.on('response', (response) => {
      resolve(response.statusCode!);
      sent.destroy();
    });
    sent.on('error', reject);
    sent.write('only the beginning');
  });
  expect(status).toBe(403);
});

test('the ticket is taken once, and only the right one', async () => {
  expect((await ask('/api/session', 'f'.repeat(64))).status).toBe(403);
  expect((await ask('/api/session', '')).status).toBe(403);
  expect((await ask('/api/session', ticket)).status).toBe(200);
  expect((await ask('/api/session', ticket)).status).toBe(403);
});

test.each<[string, Record<string, string>, string]>([
  ['no token', { 'x-lway-token': '' }, 'POST'],
  ['a wrong token', { 'x-lway-token': '0'.repeat(64) }, 'POST'],
  ['the ticket for a token', { 'x-lway-token': 'TICKET' }, 'POST'],
  ['another page’s origin', { 'x-lway-token': 'TOKEN', origin: 'http://127.0.0.1:1' }, 'POST'],
  ['a file’s origin', { 'x-lway-token': 'TOKEN', origin: 'null' }, 'POST'],
  ['another name for this machine (DNS rebinding)', { 'x-lway-token': 'TOKEN', host: 'attacker.example' }, 'POST'],
  ['a plain GET', { 'x-lway-token': 'TOKEN' }, 'GET'],
])('%s: nothing is done', async (_what, headers, method) => {
  const right = await token();
  const given = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace('TOKEN', right).replace('TICKET', ticket)]),
  );
  expect((await ask('/api/echo', 'hello', given, method)).status).toBe(403);
  expect(asked).toEqual([]);
});

test('a request that names no origin (no page of a browser’s does that by POST) is refused', async () => {
  const right = await token();
  const answer = await new Promise<number>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: address.port, path: '/api/echo', method: 'POST' };
    request({ ...options, headers: { 'x-lway-token': right } }, (response) => resolve(response.statusCode!))
      .on('error', reject)
      .end();
  });
  expect(answer).toBe(403);
  expect(asked).toEqual([]);
});

test('tells when the page comes, goes and comes again', async () => {
  const headers = { 'x-lway-token': await token(), origin: address.origin };
  const seen: boolean[] = [];
  const changed = () => new Promise<void>((resolve) => (notify = resolve));
  let notify: () => void = () => undefined;
  server.onPage((open) => {
    seen.push(open);
    notify();
  });
  for (let i = 0; i < 2; i++) {
    let next = changed();
    const page = request({ host: '127.0.0.1', port: address.port, path: '/api/alive', method: 'POST', headers });
    page.on('error', () => undefined).end();
    await next;
    next = changed();
    page.destroy();
    await next;
  }
  expect(seen).toEqual([false, true, false, true, false]);
});
