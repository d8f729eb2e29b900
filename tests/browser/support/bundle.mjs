// Bundles one TypeScript file for a page: node bundle.mjs ENTRY OUTPUT
import { basename, dirname, resolve } from 'node:path';
import webpack from 'webpack';

const [entry, output] = process.argv.slice(2).map((path) => resolve(path));
const typescript = { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } };
const compiler = webpack({
  mode: 'development',
  devtool: false,
  target: ['web', 'es2022'],
  entry,
  output: { path: dirname(output), filename: basename(output) },
  resolve: { extensions: ['.ts', '.js'] },
  module: { rules: [{ test: /\.ts$/, loader: 'swc-loader', options: typescript }] },
});
compiler.run((error, stats) => {
  if (!error && !stats.hasErrors()) return;
  console.error(error ?? stats.toString('errors-only'));
  process.exitCode = 1;
});
