#!/usr/bin/env node
// Runs the built command line; in a checkout that has not been built yet, builds it first.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const bundle = join(root, 'dist', 'cli', 'lway.cjs');
const page = join(root, 'dist', 'page', 'gimp.html');

/** @param name of a configuration in webpack.config.js */
function build(name) {
  let webpack;
  try {
    webpack = require.resolve('webpack-cli/bin/cli.js');
  } catch {
    throw new Error(`LWay is not built here. Run "npm ci" and "npm run build" in ${root} first.`);
  }
  process.stderr.write(`Building ${name === 'cli' ? 'the command line' : 'the panel'}, once…\n`);
  const args = [webpack, '--config-name', name, '--stats', 'errors-only'];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('LWay could not be built; see the messages above.');
}

try {
  if (!existsSync(bundle)) build('cli');
  // The plug-in opens the panel's page.
  if (process.argv[2] === 'gimp' && process.argv[3] === 'install' && !existsSync(page)) build('page');
  const { main } = require(bundle);
  await main(root);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 3;
}
