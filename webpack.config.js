import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** What every target shares; `target` says where the code will run. */
function bundle(name, target, entry, extra = {}) {
  return {
    name,
    target,
    mode: 'production',
    devtool: 'source-map',
    entry,
    output: { path: path(`dist/${name}`), filename: '[name].js', clean: true },
    resolve: { extensions: ['.ts', '.mjs', '.js'] },
    module: {
      rules: [
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
    performance: { hints: false },
    stats: 'errors-warnings',
    ...extra,
  };
}

export default [
  bundle(
    'cli',
    'node20',
    { lway: './src/entries/cli.node.ts' },
    {
      // Native addons and their loaders stay packages of their own.
      externals: { sharp: 'commonjs sharp', 'onnxruntime-node': 'commonjs onnxruntime-node' },
      output: { path: path('dist/cli'), filename: '[name].cjs', clean: true },
    },
  ),
];
