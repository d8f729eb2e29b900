// `npm run package`: builds everything and writes release/*.ccx, which a double click installs into Photoshop.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { problemsOf, writeCcx } from './ccx.mjs';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const folder = 'dist/photoshop';
const target = `release/lway-${version}-photoshop.ccx`;

if (!process.argv.includes('--no-build')) {
  const webpack = [
    'node_modules/webpack-cli/bin/cli.js',
    '--config-name',
    'photoshop',
    '--config-name',
    'photoshop-page',
  ];
  execFileSync(process.execPath, webpack, { stdio: 'inherit' });
}
const problems = problemsOf(folder, version);
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
rmSync(target, { force: true });
const { bytes, files } = await writeCcx(folder, target);
console.log(`${target}: ${(bytes / 1e6).toFixed(1)} MB, ${files.length} files`);
