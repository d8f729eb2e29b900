import { readdirSync } from 'node:fs';
import js from '@eslint/js';
import globals from 'globals';
import tseslint from 'typescript-eslint';
import importX from 'eslint-plugin-import-x';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import * as lit from 'eslint-plugin-lit';

/** Everything that is not the engine. */
const outside = './src/{actions,cli,entries,hosts,panel,pictures,ui}/**/*';

const editors = readdirSync(new URL('src/hosts', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'shared')
  .map(({ name }) => name);

const onnxRuntime = { name: 'onnxruntime-node', message: 'Import engine/runtime/onnxruntime.node.' };

/** What editors and what they show may know of the engine: pixels, and what may go wrong. */
const pixels = {
  regex: '/engine$',
  allowImportNames: [
    ...['fromPlainError', 'isAbort', 'LWayError', 'toPlainError', 'ErrorCode', 'PlainError'],
    ...['Channels', 'PictureInfo', 'PixelSink', 'PixelSource', 'Raster', 'Rect', 'TileStore', 'hasAlpha'],
    ...['contains', 'grow', 'intersect', 'relativeTo', 'copyRect', 'createRaster', 'crop', 'plane', 'sourceOf'],
    ...['bytesPerValue', 'ensureFinite', 'fromInterleaved', 'toInterleaved', 'Interleaved', 'fromHalves', 'toHalves'],
    ...[
      'resize',
      'Resampler',
      'ResampleKernel',
      'breathe',
      'untilAborted',
      'colourOfCodes',
      'colourOfPng',
      'profileOf',
      'Colour',
    ],
  ],
  message: 'Editors see pixels, nothing of what they are for.',
};

/** What each part of the engine may import of the others: nothing points back up. */
const engineParts = {
  common: [],
  raster: ['common'],
  runtime: ['common'],
  graph: ['common', 'runtime'],
  network: ['common', 'raster', 'runtime', 'graph'],
  conversion: ['common', 'graph', 'network'],
  'contract.ts': ['common', 'raster', 'runtime', 'network'],
  adaptation: ['common', 'raster', 'runtime', 'graph', 'network', 'contract.ts'],
  upscaling: ['common', 'raster', 'runtime', 'network', 'conversion', 'contract.ts'],
  jobs: ['common', 'raster', 'runtime', 'network', 'contract.ts', 'adaptation', 'upscaling'],
};

/** Who may import whom (docs/architecture.md draws it): every rule reads "code in `target` must not import from `from`". */
const layers = [
  // The engine knows no editor, no panel, no shell.
  {
    target: './src/engine',
    from: ['./src/panel', './src/hosts', './src/actions', './src/cli', './src/entries', './src/pictures', './src/ui'],
  },
  ...Object.entries(engineParts).map(([part, may]) => ({
    target: `./src/engine/${part}`,
    from: Object.keys(engineParts)
      .filter((other) => other !== part && !may.includes(other))
      .map((other) => `./src/engine/${other}`),
  })),
  // How the engine works inside is its own. `engine`, `engine/browser`, `engine/node` and `engine/graph` are its doors;
  // `for-evaluate` is for those who measure it, `graph` for other programs.
  {
    target: outside,
    from: './src/engine',
    except: ['./index.ts', './browser/index.ts', './node/index.ts', './graph/index.ts', './for-evaluate.ts'],
  },
  {
    target: ['./src/{actions,entries,hosts,panel,ui}/**/*', './src/cli/*', './src/cli/!(evaluate)/**/*'],
    from: './src/engine/for-evaluate.ts',
  },
  {
    target: ['./src/{actions,cli,hosts,panel,ui}/**/*', './src/entries/!(graph.library).ts'],
    from: './src/engine/graph',
  },
  // Inside, nobody goes round by a door.
  {
    target: ['./src/engine/*', './src/engine/!(browser|node)/**/*'],
    from: ['./src/engine/index.ts', './src/engine/for-evaluate.ts', './src/engine/browser', './src/engine/node'],
  },
  // A page has no Node and Node no page; only entries and the command line join the engine with the place where it runs.
  {
    target: ['./src/actions', './src/panel', './src/ui', './src/hosts'],
    from: ['./src/engine/browser', './src/engine/node'],
  },
  { target: './src/cli', from: './src/engine/browser' },
  { target: './src/hosts', from: ['./src/panel', './src/actions', './src/cli', './src/entries'] },
  // One editor knows nothing of another; what they share lies in `shared`.
  ...editors.map((editor) => ({
    target: `./src/hosts/${editor}`,
    from: editors.filter((other) => other !== editor).map((other) => `./src/hosts/${other}`),
  })),
  { target: './src/hosts/shared', from: editors.map((editor) => `./src/hosts/${editor}`) },
  // What panel and editors show is made of; it knows pixels, nothing of what they are for.
  {
    target: './src/ui',
    from: ['./src/panel', './src/hosts', './src/actions', './src/cli', './src/entries'],
  },
  // Readers of files know pixels, not who opens them.
  {
    target: './src/pictures',
    from: ['./src/panel', './src/hosts', './src/actions', './src/cli', './src/entries', './src/ui'],
  },
  { target: './src/actions', from: ['./src/panel', './src/cli', './src/entries'] },
  { target: './src/panel', from: ['./src/cli', './src/entries'] },
  { target: './src/cli', from: ['./src/panel', './src/entries'] },
  // The panel asks an EditorHost, never a particular editor.
  {
    target: './src/panel',
    from: [...editors, 'shared'].map((folder) => `./src/hosts/${folder}`),
  },
];

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'release/**',
      '.cache/**',
      'evaluation/**',
      'runs/**',
      'coverage/**',
      'node_modules/**',
      'training/**',
      'tests/golden/**',
      'tests/fixtures/**',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver({ project: './tsconfig.json' })] },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones: layers }],
      'no-console': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/no-non-null-assertion': 'off', // noUncheckedIndexedAccess makes `!` the plain way to index typed arrays
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    // Its telemetry is off only where it is loaded by this file.
    files: ['src/**', 'tests/**', 'bench/**', 'scripts/**'],
    ignores: ['src/engine/runtime/onnxruntime.node.ts'],
    rules: {
      'no-restricted-imports': ['error', { paths: [onnxRuntime] }],
      'no-restricted-syntax': [
        'error',
        {
          selector: "ImportExpression > Literal[value='onnxruntime-node']",
          message: 'Import engine/runtime/onnxruntime.node.',
        },
      ],
    },
  },
  {
    files: ['src/hosts/**', 'src/ui/**'],
    rules: { 'no-restricted-imports': ['error', { paths: [onnxRuntime], patterns: [pixels] }] },
  },
  { files: ['src/panel/**', 'src/ui/**', 'src/hosts/embedded/**'], ...lit.configs['flat/recommended'] },
  {
    files: ['**/*.{js,mjs,cjs}', 'tests/**', 'bench/**', 'scripts/**', 'src/cli/**'],
    languageOptions: { globals: { ...globals.node } },
    rules: { 'no-console': 'off', '@typescript-eslint/no-require-imports': 'off' },
  },
);
