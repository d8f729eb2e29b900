// One TypeScript project per runtime (page, Node, Photoshop…), so that a wrong import is a type error. Not `tsc -b`: its
// references save a third of the computing of a first check (49 s instead of 76), but each project has to list all that it
// imports, and what tests, benchmarks and two runtimes share would need projects of its own.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

let failed = false;
for (const project of readdirSync('tsconfig')) {
  try {
    // What has not changed since the last check is not checked again.
    const known = ['--incremental', '--tsBuildInfoFile', `node_modules/.cache/typecheck/${project}.tsbuildinfo`];
    execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', `tsconfig/${project}`, ...known], {
      stdio: 'inherit',
    });
  } catch {
    console.error(`tsconfig/${project}: type errors above`);
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
