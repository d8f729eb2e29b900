// Writes docs/gradients.md: runs the golden tests of the gradients on every device, and tables what they measured.
//   node scripts/gradient-table.mjs            everything (a quarter of an hour and more: WebGPU in software is slow)
//   node scripts/gradient-table.mjs Conv Gelu  these ops; the other rows stay as they are
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lway-gradients-'));
const golden = JSON.parse(readFileSync(join(root, 'tests/golden/graph/ops.json'), 'utf8')).cases.map(({ op }) => op);
const kinds = [...new Set(golden)];
const asked = process.argv.slice(2);
const unknown = asked.filter((op) => !kinds.includes(op));
if (unknown.length > 0) {
  console.error(`There is no golden case of ${unknown.join(', ')}: see tests/golden/graph/make_ops.py.`);
  process.exit(2);
}
const tests =
  asked.length === 0
    ? ['tests/engine/graph/golden']
    : ['tests/engine/graph/golden-ops.test.ts', '-t', `equal PyTorch's (${asked.join('|')})$`];
const { status } = spawnSync(
  process.execPath,
  ['node_modules/jest/bin/jest.js', ...tests, '--selectProjects', 'unit', '--runInBand'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, LWAY_GRADIENT_TABLE: folder } },
);
const read = (name) => {
  const file = join(folder, `${name}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
};
const [ops, networks, optimizers] = ['ops', 'networks', 'optimizers'].map(read);
const exceptions = status === 0 ? read('exceptions') : [];
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
const before = readFileSync(join(root, 'docs/gradients.md'), 'utf8').split('\n');
/** Rows of the table that the file has now under this heading. */
const present = (subject) => {
  const first = before.findIndex((line) => line.startsWith(`| ${subject} `)) + 2;
  const end = before.findIndex((line, i) => i >= first && !line.startsWith('|'));
  return before.slice(first, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
};
/** What was measured just now; where only some ops were, the other rows as they are. In the order of `order`, if given. */
const errorTable = (subject, tests, measured, order) => {
  const rows = new Map(asked.length === 0 ? [] : present(subject).map((row) => [row[0], row]));
  for (const [name, { tests: count, tolerance, errors }] of Object.entries(measured)) {
    const cells = devices.map((device) => scientific(errors[device]));
    rows.set(name, [name, String(count), scientific(tolerance), ...cells]);
  }
  const names = order ?? [...rows.keys()];
  const missing = names.filter((name) => !rows.has(name));
  if (missing.length > 0) {
    console.error(`No row for ${missing.join(', ')} yet: name them, too. docs/gradients.md is left as it was.`);
    process.exit(1);
  }
  return table(
    [subject, tests, 'tolerance', ...devices],
    names.map((name) => rows.get(name)),
  );
};
const describeException = ({ op, device, name, tolerance, reason }) =>
  `- ${op}${name ? `, ${name},` : ''} on ${device}: ${tolerance ? `tolerance ${scientific(tolerance)}` : 'not run'}, because ${reason}.`;

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

${golden.length} models of ${kinds.length} kinds, mostly of one op with attributes varied. Each is also run as it is, so that the
PyTorch emulation that made the golden is known to mean the same as ONNX Runtime. Inputs lie away from kinks. Besides
these, directional derivatives on random shapes test every rule (\`tests/engine/graph/rules.test.ts\`). All gradients
below and the training steps of the first seven networks run on WebGPU without falling back to the CPU, but for casts to int64
(\`tests/engine/graph/run-devices.test.ts\`).

${errorTable('op', 'cases', ops, kinds)}

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
