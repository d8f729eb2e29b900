// Writes dist/library/*.d.ts: one file of types for each entry of the library, with its documentation.
import { mkdirSync, writeFileSync } from 'node:fs';
import { generateDtsBundle } from 'dts-bundle-generator';

const entries = ['graph', 'node'];
const declarations = generateDtsBundle(
  entries.map((name) => ({
    filePath: `src/entries/${name}.library.ts`,
    // Its types are what a caller hands over and gets.
    libraries: { importedLibraries: ['onnxruntime-common'], allowedTypesLibraries: [] },
    output: { exportReferencedTypes: false, noBanner: true },
  })),
  { preferredConfigPath: 'tsconfig/node.json' },
);
mkdirSync('dist/library', { recursive: true });
entries.forEach((name, i) => writeFileSync(`dist/library/${name}.d.ts`, declarations[i]));
