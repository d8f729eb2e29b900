// The loopback server for the built page: fixed root, GET and HEAD only, nobody but this machine's own browser.
import { createReadStream, promises as fs } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

/** No remote origin anywhere: a page that cannot reach the network cannot leak a picture. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "connect-src 'self'",
  "img-src 'self' blob: data:",
  "style-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/plain; charset=utf-8',
};

// Cross-origin isolation is what gives WebAssembly its threads.
const headersFor = (framedBy) => ({
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': `${contentSecurityPolicy}; frame-ancestors ${framedBy ?? "'none'"}`,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
});

/** Path of the asked file inside `root`, or null where the address points anywhere else. */
function locate(root, url) {
  let path;
  try {
    path = decodeURIComponent(url.split(/[?#]/, 1)[0]);
  } catch {
    return null;
  }
  if (path.includes('\0') || path.includes('\\') || path.split('/').some((part) => part === '..')) return null;
  const file = normalize(join(root, path.endsWith('/') ? `${path}index.html` : path));
  return file.startsWith(root + sep) ? file : null;
}

/**
 * Serves the folder `root` on 127.0.0.1. `port` 0 takes a free one; `framedBy` is the one origin that may show the page
 * in a frame, nobody when left out. `answer` gets each request of this machine's own pages first and says whether it took
 * it.
 * @returns the address to open and how to stop, cutting connections that are still open
 */
export async function servePage(root, port = 0, { framedBy, answer } = {}) {
  const headers = headersFor(framedBy);
  let allowedHosts = [];

  const server = createServer(async (request, response) => {
    const refuse = (status, text) => {
      response.writeHead(status, { ...headers, 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(request.method === 'HEAD' ? undefined : text);
    };
    // A foreign name in Host is DNS rebinding, a foreign Origin another site's page: neither gets an answer.
    const { host, origin } = request.headers;
    if (!allowedHosts.includes(host)) return refuse(403, 'This server answers its own loopback address only.');
    if (origin !== undefined && origin !== `http://${host}`) return refuse(403, 'Other origins are not served.');
    if (await answer?.(request, response)) return;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return refuse(405, 'Only GET and HEAD are served here.');
    }

    const file = locate(root, request.url ?? '/');
    if (!file) return refuse(404, 'Not found.');
    try {
      // A link inside the folder must not lead out of it.
      const real = await fs.realpath(file);
      const info = await fs.stat(real);
      if (!info.isFile() || !real.startsWith((await fs.realpath(root)) + sep)) return refuse(404, 'Not found.');
      response.writeHead(200, {
        ...headers,
        'Content-Type': types[extname(file)] ?? 'application/octet-stream',
        'Content-Length': info.size,
      });
      if (request.method === 'HEAD') return response.end();
      createReadStream(real)
        .on('error', () => response.destroy())
        .pipe(response);
    } catch {
      refuse(404, 'Not found.');
    }
  });

  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const actual = server.address().port;
  allowedHosts = [`127.0.0.1:${actual}`, `localhost:${actual}`];
  return {
    url: `http://127.0.0.1:${actual}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
