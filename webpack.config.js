import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import CopyPlugin from 'copy-webpack-plugin';
import HtmlPlugin from 'html-webpack-plugin';
import webpack from 'webpack';
import { NoticesPlugin } from './scripts/notices.mjs';
import { PackedAssetsPlugin } from './scripts/packed-assets.mjs';
import { contentSecurityPolicy } from './scripts/serve.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** What every target shares; `target` says where the code will run, `packaged` which packages' files are copied into it. */
function bundle(name, target, entry, { packaged, ...extra } = {}) {
  return {
    name,
    target,
    mode: 'production',
    devtool: 'source-map',
    entry,
    // Written even where nothing has changed: scripts/start.mjs tells by the time whether a build is current.
    output: { path: path(`dist/${name}`), filename: '[name].js', clean: true, compareBeforeEmit: false },
    resolve: { extensions: ['.ts', '.mjs', '.js'] },
    module: {
      // Looked up at run time, in node_modules, not replaced by a number of the bundle's own.
      parser: { javascript: { createRequire: false } },
      rules: [
        // Of what the engine's doors name only what is used comes along.
        { test: /src[\\/]engine[\\/]((browser|node)[\\/])?index\.ts$/, sideEffects: false },
        // ONNX Runtime gets its files by name (below), not as assets of this build.
        { test: /node_modules[\\/]onnxruntime-web/, parser: { url: false } },
        {
          test: /\.ts$/,
          exclude: /node_modules/,
          loader: 'swc-loader',
          options: {
            jsc: { target: 'es2022', parser: { syntax: 'typescript' }, transform: { useDefineForClassFields: false } },
          },
        },
      ],
    },
    cache: {
      type: 'filesystem',
      cacheDirectory: path('.cache/webpack'),
      name,
      buildDependencies: { config: [path('webpack.config.js')] },
    },
    performance: { hints: false },
    stats: 'errors-warnings',
    ...extra,
    plugins: [...(extra.plugins ?? []), new NoticesPlugin(packaged)],
  };
}

/** What ONNX Runtime loads at run time, beside the page; from its package, so that they always fit together. */
const ortFiles = ['ort-wasm-simd-threaded', 'ort-wasm-simd-threaded.asyncify'].flatMap((name) =>
  ['mjs', 'wasm'].map((type) => `node_modules/onnxruntime-web/dist/${name}.${type}`),
);

/** A page of the loopback server. */
function htmlPage(filename, chunk) {
  return new HtmlPlugin({
    title: 'LWay',
    filename,
    chunks: [chunk],
    scriptLoading: 'defer',
    inject: 'head',
    template: './src/entries/page.html',
    meta: { csp: { 'http-equiv': 'Content-Security-Policy', content: contentSecurityPolicy } },
  });
}

/** A page from `file://` can fetch nothing, nor start a worker from a file: scripts of its own folder are all it has. */
const filePolicy = [
  "default-src 'none'",
  "script-src 'self' file: plugin: 'wasm-unsafe-eval'",
  'worker-src blob:',
  "connect-src 'self' file: plugin:",
  'img-src blob: data:',
  "style-src 'self' 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** What the page in Photoshop's WebView needs beside its code, as classic scripts (scripts/packed-assets.mjs). */
const packedFiles = Object.fromEntries([
  ...readdirSync(path('models'))
    .filter((name) => /\.(onnx|json)$/.test(name))
    .map((name) => [`models/${name}`, path(`models/${name}`)]),
  ...ortFiles.filter((name) => name.endsWith('.wasm')).map((name) => [`ort/${name.split('/').pop()}`, path(name)]),
]);

export default [
  bundle(
    'page',
    ['web', 'es2022'],
    {
      embedded: './src/entries/embedded.page.ts',
      photopea: './src/entries/photopea.page.ts',
      gimp: './src/entries/gimp.page.ts',
      'engine.worker': './src/entries/engine.worker.ts',
    },
    {
      packaged: ['onnxruntime-web'],
      plugins: [
        // Where bundles ask for their own address; webpack would write this machine's path there.
        new webpack.DefinePlugin({ 'import.meta.url': 'self.location.href' }),
        htmlPage('index.html', 'embedded'),
        htmlPage('photopea.html', 'photopea'),
        htmlPage('gimp.html', 'gimp'),
        new CopyPlugin({
          patterns: [
            'LICENSE',
            { from: 'src/hosts/embedded/sample.png' },
            { from: 'models', to: 'models' },
            ...ortFiles.map((from) => ({ from, to: 'ort/[name][ext]', info: { minimized: true } })),
          ],
        }),
      ],
    },
  ),
  bundle(
    'cli',
    'node20',
    {
      lway: './src/entries/cli.node.ts',
      'gimp-plug-in': './src/entries/gimp-plug-in.node.ts',
      'keep-locks': './src/entries/keep-locks.node.ts',
    },
    {
      // Native addons and their loaders stay packages of their own, and so does what only a queue needs.
      externals: Object.fromEntries(
        ['sharp', 'onnxruntime-node', 'bullmq', 'ioredis', 'prom-client', '@aws-sdk/client-s3'].map((name) => [
          name,
          `commonjs ${name}`,
        ]),
      ),
      // bin/lway.mjs loads it, and onnxruntime-node is looked up from where it lies.
      output: { path: path('dist/cli'), filename: '[name].cjs', library: { type: 'commonjs2' }, clean: true },
      node: { __filename: false, __dirname: false },
      // GIMP 3 runs the plug-in by its own Python.
      plugins: [new CopyPlugin({ patterns: [{ from: 'src/hosts/gimp/plug-in3/lway.py' }] })],
    },
  ),
  // What other programs import (`exports` in package.json). Readable, since it is stepped through.
  bundle(
    'library',
    'node20',
    { graph: './src/entries/graph.library.ts', node: './src/entries/node.library.ts' },
    {
      experiments: { outputModule: true },
      externals: { 'onnxruntime-node': 'node-commonjs onnxruntime-node' },
      output: {
        path: path('dist/library'),
        filename: '[name].js',
        chunkFilename: '[name].js',
        library: { type: 'module' },
        chunkFormat: 'module',
        clean: { keep: /\.d\.ts$/ },
      },
      node: { __filename: 'node-module' },
      optimization: { minimize: false },
    },
  ),
  bundle(
    'photoshop',
    ['web', 'es2022'],
    { photoshop: './src/entries/photoshop.uxp.ts' },
    {
      // Photoshop's own modules. The page lies in a folder of this one.
      externals: { photoshop: 'commonjs photoshop', uxp: 'commonjs uxp', os: 'commonjs os' },
      output: { path: path('dist/photoshop'), filename: '[name].js', clean: { keep: /^page[\\/]?/ } },
      plugins: [
        new CopyPlugin({
          patterns: [
            'LICENSE',
            { from: 'models/DATA-ATTRIBUTION.md' },
            { from: 'manifest.json' },
            { from: 'icons', to: 'icons' },
            { from: 'src/entries/photoshop.html', to: 'index.html', info: { minimized: true } },
          ],
        }),
      ],
    },
  ),
  bundle(
    'photoshop-page',
    ['web', 'es2022'],
    { page: './src/entries/photoshop.page.ts', 'engine.worker': './src/entries/engine.worker.ts' },
    {
      packaged: ['onnxruntime-web'],
      output: { path: path('dist/photoshop/page'), filename: '[name].js', clean: true },
      plugins: [
        new webpack.DefinePlugin({ 'import.meta.url': 'self.location.href' }),
        new HtmlPlugin({
          title: 'LWay',
          chunks: ['page'],
          // A module would be refused; a deferred classic script is not.
          scriptLoading: 'defer',
          inject: 'head',
          template: './src/entries/page.html',
          meta: { csp: { 'http-equiv': 'Content-Security-Policy', content: filePolicy } },
        }),
        new PackedAssetsPlugin(packedFiles, ['engine.worker.js']),
      ],
    },
  ),
];
