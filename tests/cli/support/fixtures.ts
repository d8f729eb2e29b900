import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { TestRoot } from './test-root';

/** Copies one of tests/fixtures/files into the working folder. */
export function takeFixture(root: TestRoot, name: string): string {
  cpSync(join(__dirname, '..', '..', 'fixtures', 'files', name), root.path(name));
  return name;
}
