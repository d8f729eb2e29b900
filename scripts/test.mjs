// Everything that must hold before a change lands: lint, formatting, types, build, units, real Chromium.
// Ends with one line, `N passed, N failed, N skipped`, over all tests (each check counts as one).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureChromium } from './chromium.mjs';
import { installFromDebian } from './debian.mjs';
import { ensureGimps } from './gimp.mjs';
import { checkPython } from './python.mjs';
import { ensureRedis } from './redis.mjs';

const totals = { passed: 0, failed: 0, skipped: 0 };
const env = { ...process.env, NODE_OPTIONS: '--max-old-space-size=6144' };

function check(name, command, args, more = {}) {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(command, args, { stdio: 'inherit', env: { ...env, ...more } });
  totals[status === 0 ? 'passed' : 'failed'] += 1;
  if (status !== 0) console.error(`${name}: failed`);
}

function skip(name, reason) {
  console.log(`\n== ${name}: skipped, ${reason}`);
  totals.skipped += 1;
}

const node = process.execPath;
check('eslint', node, ['node_modules/eslint/bin/eslint.js', '--max-warnings', '0', '.']);
check('prettier', node, ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.']);
check('circles', node, ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', 'src']);
check('types', node, ['scripts/typecheck.mjs']);
check('build', node, ['node_modules/webpack-cli/bin/cli.js', '--stats', 'errors-only']);
check('types of the library', node, ['scripts/library-types.mjs']);
check('publint', node, ['node_modules/publint/src/cli.js', 'run', '--strict', '--pack', 'false']);
checkPython(check, skip);

try {
  env.LWAY_CHROMIUM = ensureChromium();
} catch (error) {
  console.error(error.message);
  totals.failed += 1;
}

// Without it the watch over system calls is skipped (tests/privacy).
if (process.platform === 'linux' && !existsSync('/usr/bin/strace')) installFromDebian('strace');
ensureGimps();
// Without it the test of its script is skipped (tests/integrations).
if (process.platform === 'linux' && !existsSync('/usr/bin/darktable')) installFromDebian('darktable', 'dbus');
ensureRedis();
if (spawnSync('python3', ['-c', 'import moto.server']).status !== 0)
  console.log("Pictures in a store are not tested here: pip install 'moto[server,s3]'.");

console.log('\n== jest');
const folder = mkdtempSync(join(tmpdir(), 'lway-test-'));
const report = join(folder, 'jest.json');
const jest = spawnSync(
  node,
  [
    '--expose-gc',
    'node_modules/jest/bin/jest.js',
    '--maxWorkers=2',
    '--json',
    `--outputFile=${report}`,
    ...process.argv.slice(2),
  ],
  { stdio: ['ignore', 'inherit', 'inherit'], env },
);
try {
  const result = JSON.parse(readFileSync(report, 'utf8'));
  totals.passed += result.numPassedTests;
  // A suite that does not even load has no failed tests of its own.
  totals.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  totals.skipped += result.numPendingTests + result.numTodoTests;
  if (jest.status !== 0 && result.numFailedTests + result.numRuntimeErrorTestSuites === 0) totals.failed += 1;
} catch {
  console.error('jest wrote no report');
  totals.failed += 1;
}
rmSync(folder, { recursive: true, force: true });

console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed === 0 ? 0 : 1);
