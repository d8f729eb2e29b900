import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readGolden, type NetworkCase, type OpCase } from './golden';

/** First two cells of the rows of docs/gradients.md under a heading. */
function documented(heading: string): Map<string, number> {
  const page = readFileSync(resolve(__dirname, '../../../docs/gradients.md'), 'utf8');
  const section = page.split('\n## ').find((each) => each.startsWith(`${heading}\n`))!;
  return new Map([...section.matchAll(/^\| (\S+) +\| (\d+) /gm)].map(([, name, count]) => [name!, Number(count)]));
}

// Where it fails: node scripts/gradient-table.mjs.

test('docs/gradients.md has a row for every op, with all of its cases', () => {
  const counts = new Map<string, number>();
  for (const { op } of readGolden<OpCase>('ops.json')) counts.set(op, (counts.get(op) ?? 0) + 1);
  expect(documented('Ops')).toEqual(counts);
});

test('docs/gradients.md has a row for every network', () => {
  const golden = ['networks.json', 'architectures.json'].flatMap((file) => readGolden<NetworkCase>(file));
  expect(documented('Whole networks')).toEqual(new Map(golden.map(({ name, parameters }) => [name, parameters])));
});
