import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** The photographs, test pairs and peers' networks beside the checkout; they are no part of the project. */
export const sharedData = resolve(process.env['LWAY_SHARED_DATA'] ?? '../shared/data');

/**
 * `describe` for tests that need files of the shared data: where they are absent the tests are reported as skipped,
 * so that nobody takes them for passed.
 */
export const describeWithSharedData = (...names: string[]): jest.Describe =>
  names.every((name) => existsSync(resolve(sharedData, name))) ? describe : describe.skip;
