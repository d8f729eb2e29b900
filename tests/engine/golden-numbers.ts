import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a test found out: numbers, and words that must be the same. */
export type Found =
  | number
  | string
  | boolean
  | null
  | undefined
  | ArrayLike<number>
  | readonly Found[]
  | { readonly [name: string]: Found };

type Recorded = number | string | boolean | null | Recorded[] | { [name: string]: Recorded };

/**
 * Numbers recorded in tests/golden/engine: what the code gave when somebody last looked at it. They say that nothing has
 * changed, not that it is right; other tests do that. Renewed, once a change is meant, with
 *
 *   LWAY_RENEW_GOLDEN=1 npx jest --selectProjects unit --runTestsByPath tests/engine/…
 *
 * @param file name without its ending
 * @param tolerance as a share of a number; in a list, of it and a tenth of the list's root mean square
 */
export function goldenNumbers(file: string, tolerance: number): (name: string, found: Found) => void {
  const path = join(__dirname, '../golden/engine', `${file}.json`);
  const renewing = process.env.LWAY_RENEW_GOLDEN !== undefined;
  const all = (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}) as Record<string, Recorded>;
  return (name, found) => {
    const now = plain(found);
    if (renewing) {
      all[name] = now;
      writeFileSync(path, `${written(all)}\n`);
    }
    expect(differences(all[name], now, tolerance, name)).toEqual([]);
  };
}

/**
 * Some numbers that tell a long list from others: its length, mean and root mean square, three sums with random signs,
 * and the first, middle and last value. A single value that is a little different shows in the sums.
 */
export function tellTale(values: ArrayLike<number>): Found {
  const list = Array.from(values);
  const root = Math.sqrt(list.length);
  const signed = (seed: number) =>
    list.reduce((sum, value, i) => sum + (Math.imul(i + seed, 0x9e3779b1) & 0x10000 ? value : -value), 0) / root;
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  const square = list.reduce((sum, value) => sum + value * value, 0) / list.length;
  const some = [list[0]!, list[list.length >> 1]!, list.at(-1)!];
  return { length: list.length, numbers: [mean, Math.sqrt(square), signed(1), signed(1000), signed(70_000), ...some] };
}

function plain(found: Found): Recorded {
  if (found === undefined || found === null) return null;
  if (typeof found === 'number') return Number.isFinite(found) ? Number(found.toPrecision(8)) : String(found);
  if (typeof found !== 'object') return found;
  if (Array.isArray(found) || ArrayBuffer.isView(found)) return Array.from(found as ArrayLike<number>, plain);
  return Object.fromEntries(
    Object.entries(found as Record<string, Found>).map(([name, value]) => [name, plain(value)]),
  );
}

/** JSON with lists of numbers on one line. */
function written(value: Recorded, indent = ''): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent} `;
  if (Array.isArray(value)) {
    if (value.every((each) => typeof each !== 'object' || each === null)) return JSON.stringify(value);
    return `[\n${value.map((each) => inner + written(each, inner)).join(',\n')}\n${indent}]`;
  }
  const lines = Object.entries(value).map(([name, each]) => `${inner}${JSON.stringify(name)}: ${written(each, inner)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

function differences(recorded: Recorded | undefined, now: Recorded, tolerance: number, name: string): string[] {
  const differ = [`${name}: ${JSON.stringify(now)} and not ${JSON.stringify(recorded)}`];
  if (Array.isArray(recorded) && Array.isArray(now)) {
    if (recorded.length !== now.length) return differ;
    const numbers = recorded.filter((each) => typeof each === 'number');
    const scale = Math.sqrt(numbers.reduce((sum, each) => sum + each * each, 0) / Math.max(1, numbers.length)) / 10;
    return recorded.flatMap((each, i) =>
      typeof each === 'number' && typeof now[i] === 'number'
        ? Math.abs(now[i] - each) <= tolerance * (Math.abs(each) + scale)
          ? []
          : [`${name}[${i}]: ${now[i]} and not ${each}`]
        : differences(each, now[i]!, tolerance, `${name}[${i}]`),
    );
  }
  if (typeof recorded === 'object' && typeof now === 'object' && recorded !== null && now !== null) {
    const [before, after] = [recorded as Record<string, Recorded>, now as Record<string, Recorded>];
    const names = Object.keys(before);
    if (names.join() !== Object.keys(after).join()) return differ;
    return names.flatMap((each) => differences(before[each], after[each]!, tolerance, `${name}.${each}`));
  }
  if (typeof recorded === 'number' && typeof now === 'number') {
    return Math.abs(now - recorded) <= tolerance * Math.abs(recorded) ? [] : differ;
  }
  return recorded === now ? [] : differ;
}
