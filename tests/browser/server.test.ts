import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { contentSecurityPolicy, servePage } from '../../scripts/serve.mjs';

let folder: string;
let server: { url: string; close(): Promise<void> };
let port: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lway-serve-'));
  mkdirSync(join(folder, 'page/ort'), { recursive: true });
  writeFileSync(join(folder, 'page/index.html'), '<!doctype html><title>LWay</title>');
  writeFileSync(join(folder, 'page/ort/a.wasm'), 'wasm');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'page/link.txt'));
  server = await servePage(join(folder, 'page'));
  port = Number(new URL(server.url).port);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A request as anybody could send it, without a browser's manners. */
function ask(path: string, { method = 'GET', headers = {} as Record<string, string> } = {}) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }>((done, fail) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('end', () => done({ status: response.statusCode!, headers: response.headers, body }));
    });
    sent.on('error', fail).end();
  });
}

test('serves the page with the headers that keep it to itself', async () => {
  const { status, headers, body } = await ask('/');
  expect(status).toBe(200);
  expect(body).toContain('LWay');
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'cross-origin-resource-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(contentSecurityPolicy).not.toMatch(/https?:|\*|unsafe-inline|'unsafe-eval'/);
  expect((await ask('/ort/a.wasm')).headers['content-type']).toBe('application/wasm');
});

test('answers HEAD without a body, and nothing but GET and HEAD', async () => {
  expect(await ask('/', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    expect(await ask('/', { method })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  }
});

test('answers to its own name only', async () => {
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port + 1}`, '0.0.0.0']) {
    expect((await ask('/', { headers: { host } })).status).toBe(403);
  }
  expect((await ask('/', { headers: { host: `localhost:${port}` } })).status).toBe(200);
});

test('answers no other site’s page', async () => {
  for (const origin of ['https://evil.example', 'null', `http://127.0.0.1:${port + 1}`]) {
    expect((await ask('/', { headers: { origin } })).status).toBe(403);
  }
  expect((await ask('/', { headers: { origin: `http://127.0.0.1:${port}` } })).status).toBe(200);
});

test.each([
  '/../secret.txt',
  '/ort/../../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/..%5csecret.txt',
  '/ort%00/../../secret.txt',
  '/%',
  '/link.txt',
  '/ort',
  '/ort/',
  '/none.js',
])('%s leads nowhere', async (path) => {
  const { status, body } = await ask(path);
  expect(status).toBe(404);
  expect(body).not.toContain('secret');
});

test('listens on the loopback address only', async () => {
  const { networkInterfaces } = await import('node:os');
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((one) => one && !one.internal && one.family === 'IPv4');
  if (!outside) return;
  const reached = await new Promise<boolean>((done) => {
    const socket = connect({ host: outside.address, port, timeout: 2000 });
    const end = (answer: boolean) => () => {
      socket.destroy();
      done(answer);
    };
    socket.on('connect', end(true)).on('error', end(false)).on('timeout', end(false));
  });
  expect(reached).toBe(false);
});

describe('npm start', () => {
  const start = (...args: string[]) => {
    const child = spawn(process.execPath, [resolve('scripts/start.mjs'), ...args], {
      env: { ...process.env, BROWSER: 'none' },
    });
    let text = '';
    child.stdout.on('data', (part) => (text += String(part)));
    child.stderr.on('data', (part) => (text += String(part)));
    const ended = new Promise<number | null>((done) => child.on('exit', done));
    return { child, ended, text: () => text };
  };

  test('explains a wrong option', async () => {
    const wrong = start('--port', 'seven');
    expect(await wrong.ended).toBe(2);
    expect(wrong.text()).toContain('not a port number');
  });

  test('says so where the port is taken', async () => {
    const second = start('--port', String(port), '--no-build');
    expect(await second.ended).toBe(1);
    expect(second.text()).toContain(`Port ${port} is taken`);
  });

  test('prints its address, serves the page and ends cleanly on Ctrl-C', async () => {
    const running = start('--no-build');
    while (!running.text().includes('http://127.0.0.1:')) await new Promise((done) => setTimeout(done, 20));
    const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(running.text())![0];
    const answer = await fetch(url);
    expect(await answer.text()).toContain('<title>LWay</title>');
    running.child.kill('SIGINT');
    expect(await running.ended).toBe(0);
  });
});
