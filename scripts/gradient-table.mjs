// Writes docs/gradients.md: runs the golden tests of the gradients on every device, and tables what they measured.
//   node scripts/gradient-table.mjs        (some minutes: software WebGPU is slow)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lway-gradients-'));
const { status } = spawnSync(
  process.execPath,
  ['node_modules/jest/bin/jest.js', 'tests/engine/graph/golden', '--selectProjects', 'unit', '--runInBand'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, LWAY_GRADIENT_TABLE: folder } },
);
const read = (name) => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
const [ops, networks, optimizers, exceptions] = ['ops', 'networks', 'optimizers', 'exceptions'].map(read);
rmSync(folder, { recursive: true, force: true });
if (status !== 0) {
  console.error('The golden tests failed: docs/gradients.md is left as it was.');
  process.exit(1);
}

const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const version = (name) => ({ ...dependencies, ...devDependencies })[name];
const devices = ['native', 'WASM', 'WebGPU'];
const scientific = (value) => (value === undefined ? 'not run' : value === 0 ? '0' : value.toExponential(1));
const table = (heads, rows) => {
  const cells = [heads, ...rows];
  const widths = heads.map((_, i) => Math.max(3, ...cells.map((row) => [...row[i]].length)));
  const line = (row) => `| ${row.map((cell, i) => cell + ' '.repeat(widths[i] - [...cell].length)).join(' | ')} |`;
  return [line(heads), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join('\n');
};
const errorTable = (subject, tests, measured) =>
  table(
    [subject, tests, 'tolerance', ...devices],
    Object.entries(measured).map(([name, { tests: count, tolerance, errors }]) => [
      name,
      String(count),
      scientific(tolerance),
      ...devices.map((device) => scientific(errors[device])),
    ]),
  );
const describeException = ({ op, device, name, tolerance, reason }) =>
  `- ${op}${name ? `, ${name},` : ''} on ${device}: ${tolerance ? `tolerance ${scientific(tolerance)}` : 'not run'}, because ${reason}.`;
const cases = Object.values(ops).reduce((sum, { tests }) => sum + tests, 0);

writeFileSync(
  join(root, 'docs/gradients.md'),
  `# How right the gradients are

The numbers below are the largest differences between our gradients, computed by ONNX Runtime in float32, and
PyTorch's in float64, as a part of the largest value of the gradient in question. This file is written by
\`node scripts/gradient-table.mjs\`, from the tests in \`tests/engine/graph/golden-*.test.ts\`; the expected values are
made by \`make_ops.py\`, \`make_networks.py\` and \`make_architectures.py\` in \`tests/golden/graph\`.

Devices: \`native\` is onnxruntime-node ${version('onnxruntime-node')} on the CPU, \`WASM\` is onnxruntime-web ${version('onnxruntime-web')} on one thread, \`WebGPU\` is
onnxruntime-node's WebGPU on SwiftShader, a GPU in software (that it computes in another order shows in the last
digits). \`npm test\` runs native in full, on WASM the ops and the first seven networks, and on WebGPU two of the networks
and the steps of Adam; the rest is measured when this table is made.

## Ops

${cases} models of ${Object.keys(ops).length} kinds, mostly of one op with attributes varied. Each is also run as it is, so that the
PyTorch emulation that made the golden is known to mean the same as ONNX Runtime. Inputs lie away from kinks. Besides
these, directional derivatives on random shapes test every rule (\`tests/engine/graph/rules.test.ts\`). All gradients
below and the training steps of the first seven networks run on WebGPU without falling back to the CPU, but for casts to int64
(\`tests/engine/graph/run-devices.test.ts\`).

${errorTable('op', 'cases', ops)}

Judged otherwise:

${exceptions.map(describeException).join('\n')}

## Whole networks

Gradients of a masked L1 loss for all parameters and the input. The first seven networks in two exports: opset 13 with
constants folded, opset 17 with nothing folded and, where PyTorch's exporter can, height and width left open (on WebGPU
the first only). The others, transformers, quantised and diffusion networks among them, in one at opset 17, not on WebGPU;
gradients of quantised ones against PyTorch's with \`detach\`.

${errorTable('network', 'parameters', networks)}

## Optimisers

Ten steps on the tiny SRVGG network, gradients clipped by their global norm: the largest difference of any weight after
any step, as a part of the largest weight; of the loss and the gradient's norm, as a part of their value.

${errorTable('what', 'steps', optimizers)}
`,
);
console.log('docs/gradients.md is written.');
