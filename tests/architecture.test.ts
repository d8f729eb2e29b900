import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

// The drawing in docs/architecture.md, held against what the modules import.
const root = join(__dirname, '..');
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
const drawing = /```mermaid\n([^]*?)```/.exec(page)![1]!;

/** What a box holds, a folder or a file of src/, by the box's name in the drawing. */
const boxes = new Map([...drawing.matchAll(/^ *(\w+)\["<b>(.+?)<\/b>/gm)].map(([, box, path]) => [box!, path!]));
const groups = new Map(
  [...drawing.matchAll(/^ *subgraph (\w+).*\n([^]*?)^ *end$/gm)].map(([, name, body]) => [
    name!,
    [...boxes.keys()].filter((box) => new RegExp(`^ *${box}\\[`, 'm').test(body!)),
  ]),
);

interface Arrow {
  readonly from: string;
  readonly to: string;
  /** Dashed: nothing but types. */
  readonly types: boolean;
}

const members = (name: string) => groups.get(name) ?? [name];
const named = (list: string) => list.split(' & ').flatMap((name) => members(name));
/** Arrows as drawn, between boxes or groups of them, and the same from box to box. */
const drawn = [...drawing.matchAll(/^ *([\w &]+?) (-+>|-\.+->) ([\w &]+)$/gm)].flatMap(([, from, line, to]) =>
  from!.split(' & ').flatMap((source) => named(to!).map((to) => ({ from: source, to, types: line!.includes('.') }))),
);
const arrows: readonly Arrow[] = drawn.flatMap(({ from, ...arrow }) =>
  members(from).map((from) => ({ from, ...arrow })),
);

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
const known = new Set(files);

function boxOf(file: string): string | undefined {
  return [...boxes].find(([, path]) => (path.endsWith('/') ? file.startsWith(path) : file === path))?.[0];
}

/** All imports from one box of another. */
const imports = files.flatMap((file) => {
  const text = readFileSync(join(root, 'src', file), 'utf8');
  const found = [
    ...[...text.matchAll(/^(?:import|export)\s([^;'"]*?)\s*from '(\..*?)';/gm)].map(([, what, path]) => ({
      path: path!,
      types: /^type\s/.test(what!) || /^\{(\s*type\s[^,]*,?)+\s*\}$/.test(what!),
    })),
    ...[...text.matchAll(/^import '(\..*?)';/gm)].map(([, path]) => ({ path: path!, types: false })),
    ...[...text.matchAll(/(typeof )?\bimport\('(\..*?)'\)(\.[A-Z])?/g)].map(([, type, path, member]) => ({
      path: path!,
      types: Boolean(type ?? member),
    })),
  ];
  return found.flatMap(({ path, types }) => {
    const target = posix.join(posix.dirname(file), path);
    const to = [target, `${target}.ts`, `${target}/index.ts`].find((each) => known.has(each));
    const arrow = { from: boxOf(file)!, to: to && boxOf(to)!, types };
    return arrow.to && arrow.from !== arrow.to ? [{ ...(arrow as Arrow), file, path }] : [];
  });
});

/** Whether arrows lead from one box to another; to get at more than types, all of them have to be solid. */
function leads(from: string, to: string, types: boolean): boolean {
  return arrows.some(
    (arrow) => arrow.from === from && (types || !arrow.types) && (arrow.to === to || leads(arrow.to, to, types)),
  );
}

test('every module lies in a box, and no box is empty', () => {
  expect(files.filter((file) => boxOf(file) === undefined)).toEqual([]);
  expect([...boxes.keys()].filter((box) => !files.some((file) => boxOf(file) === box))).toEqual([]);
});

test('no arrow leads back', () => {
  // First, as what follows walks along them.
  const open: string[] = [];
  const walk = (box: string): string[] => {
    if (open.includes(box)) return [[...open, box].join(' → ')];
    open.push(box);
    const circles = arrows.filter(({ from }) => from === box).flatMap(({ to }) => walk(to));
    open.pop();
    return circles;
  };
  expect([...boxes.keys()].flatMap(walk)).toEqual([]);
});

test('every arrow is an import, a dashed one of types only', () => {
  const isTrue = ({ from, to, types }: Arrow) => {
    const of = (box: string) => imports.filter((each) => each.from === box && each.to === to);
    const all = members(from).map(of);
    return all.every((found) => found.length > 0) && all.flat().every((each) => each.types) === types;
  };
  expect(drawn.length).toBeGreaterThan(boxes.size);
  expect(drawn.filter((arrow) => !isTrue(arrow))).toEqual([]);
});

test('arrows lead to all that is imported', () => {
  expect(imports.length).toBeGreaterThan(files.length);
  expect(imports.filter(({ from, to, types }) => !leads(from, to, types))).toEqual([]);
});

test('what the page names is there', () => {
  const names = [...page.matchAll(/`([\w-]+\/[\w./-]*)`/g)].map(([, name]) => name!);
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => ![join(root, 'src', name), join(root, name)].some((path) => existsSync(path)))).toEqual(
    [],
  );
});
