// Bundles one TypeScript file for a page, or for Node: node bundle.mjs ENTRY OUTPUT [node]
import { basename, dirname, resolve } from 'node:path';
import webpack from 'webpack';

const [entry, output] = process.argv.slice(2, 4).map((path) => resolve(path));
const forNode = process.argv[4] === 'node';
const typescript = { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } };
const compiler = webpack({
  mode: 'development',
  devtool: false,
  target: forNode ? 'node20' : ['web', 'es2022'],
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
