// `node typescript.cjs script.ts ...`: TypeScript, and packages that are published as ES modules only, in a plain process.
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { transformSync } = require('@swc/core');

const compile = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    filename,
    jsc: { target: 'es2022', parser: { syntax: 'typescript' }, transform: { useDefineForClassFields: false } },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  });
  module._compile(code, filename);
};
const plain = Module._extensions['.js'];
Module._extensions['.ts'] = compile;
Module._extensions['.js'] = (module, filename) =>
  /node_modules[\\/](onnx-buf|@bufbuild)[\\/]/.test(filename) ? compile(module, filename) : plain(module, filename);

const [, , script] = process.argv;
process.argv.splice(1, 1);
require(require('node:path').resolve(script));
