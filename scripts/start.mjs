// `npm start`: builds the page where it is missing or old, serves it on this machine only, opens it.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openBrowser } from './browser.mjs';
import { servePage } from './serve.mjs';

const project = fileURLToPath(new URL('..', import.meta.url));
const page = join(project, 'dist', 'page');

/** The same each time: Photopea keeps the plug-in's address. */
const photopeaPort = 48650;
const photopea = 'https://www.photopea.com';

const usage = `npm start -- [--port N] [--no-open] [--build | --no-build]
  --port N    listen on this port instead of a free one
  --no-open   print the address, open nothing
  --build     build even where nothing has changed
  --no-build  serve what was built before
  --photopea  serve the panel for Photopea (docs/photopea.md) on port ${photopeaPort}, or the one named`;

function options() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string' },
        'no-open': { type: 'boolean' },
        build: { type: 'boolean' },
        'no-build': { type: 'boolean' },
        photopea: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    const port = Number(values.port ?? (values.photopea ? photopeaPort : 0));
    if (!Number.isInteger(port) || port < 0 || port > 65535)
      throw new Error(`--port ${values.port}: not a port number`);
    return { ...values, port };
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

/** The icon goes along in the address: nothing of this server is for other sites to load. */
function dataUrl(path) {
  return `data:image/png;base64,${readFileSync(path, 'base64')}`;
}

function newest(path) {
  const info = statSync(path, { throwIfNoEntry: false });
  if (!info) return 0;
  if (!info.isDirectory()) return info.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function buildIsCurrent() {
  const built = statSync(join(page, 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return ['src', 'models', 'webpack.config.js', 'package-lock.json'].every(
    (name) => newest(join(project, name)) < built,
  );
}

const { port, build, help, photopea: forPhotopea, 'no-open': noOpen, 'no-build': noBuild } = options();
if (help) {
  console.log(usage);
  process.exit(0);
}
if (build || !(noBuild || buildIsCurrent())) {
  console.log('Building the page…');
  const webpack = join(project, 'node_modules', 'webpack-cli', 'bin', 'cli.js');
  if (!existsSync(webpack)) {
    console.error('The packages are not installed: run `npm ci` first.');
    process.exit(1);
  }
  const { status } = spawnSync(process.execPath, [webpack, '--config-name', 'page'], {
    stdio: 'inherit',
    cwd: project,
  });
  if (status !== 0) process.exit(status ?? 1);
}

try {
  const { url, close } = await servePage(page, port, forPhotopea ? { framedBy: photopea } : {});
  const plugin = {
    name: 'LWay',
    url: `${url}photopea.html`,
    icon: dataUrl(join(project, 'icons', 'plugin@1x.png')),
    width: 340,
    height: 640,
  };
  const address = forPhotopea
    ? `${photopea}#${encodeURIComponent(JSON.stringify({ environment: { plugins: [plugin] } }))}`
    : url;
  console.log(forPhotopea ? `Photopea with LWay is at ${address}` : `LWay is at ${address}`);
  console.log('Your pictures stay on this machine. Ctrl-C stops it.');
  if (!noOpen) openBrowser(address);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => close().then(() => process.exit(0)));
} catch (error) {
  console.error(
    error.code === 'EADDRINUSE'
      ? `Port ${port} is taken: choose another with --port, or leave it out for a free one.`
      : `The server could not start: ${error.message}`,
  );
  process.exit(1);
}
