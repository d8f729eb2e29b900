// Breaks source files in many small ways, one at a time, and runs tests that should notice: what no test notices is listed.
//
//   node scripts/mutate.mjs src/engine/raster/tiles.ts [more files or folders] [--tests tests/engine/raster]
//     --tests T    files or folders of tests instead of all unit tests; may be repeated
//     --sample N   so many mutants in all, chosen by --seed (0)
//     --seconds S  how much computing the tests that a mutant meets may cost in all, as they did without it (180); the first
//                  one is always among them. Not time by the clock: a busy machine finds as many as a quiet one
//     --json F     keep the result there: the next run with the same file tries only what was not killed
//     --coverage   only find out what each test reaches, and keep it
//     --help       print this
//
// Each unit test is run once with coverage (kept in node_modules/.cache until it or a file that it loads changes); for a
// mutant run those that reach its line, all in one process, until one fails: first those that noticed most of the mutants
// of its file, then its file's own, those of its folder, and the quick ones before the slow. A mutant that they let pass, in
// a file that only a page loads (engine/browser/ and *.browser.ts), meets the tests in tests/browser as well, with pages
// built from it. What code in other threads and processes reaches is not seen otherwise. Works in a git worktree of its
// own, on what is committed. Not part of `npm test`: a mutant costs a run of tests.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { ensureChromium } from './chromium.mjs';

const env = { ...process.env };
const project = fileURLToPath(new URL('..', import.meta.url));
const swaps = {
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '**': '*',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '&&': '||',
  '||': '&&',
  '??': '&&',
  '+=': '-=',
  '-=': '+=',
  '*=': '/=',
  '/=': '*=',
};
const otherFunction = { min: 'max', max: 'min', floor: 'ceil', ceil: 'floor', every: 'some', some: 'every' };

/** @returns {{ start: number, end: number, text: string }[]} replacements, each a mutant */
export function mutantsOf(source, name = 'file.ts') {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true);
  const mutants = [];
  const replace = (node, text) => mutants.push({ start: node.getStart(), end: node.end, text });
  const condition = (node, both = true) => {
    if (both) replace(node, 'true');
    replace(node, 'false');
  };
  const visit = (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    // The words of errors are for people; tests look at codes.
    if (ts.isThrowStatement(node)) return;
    if (ts.isBinaryExpression(node)) {
      const other = swaps[node.operatorToken.getText()];
      if (other && !ts.isStringLiteralLike(node.left) && !ts.isStringLiteralLike(node.right))
        replace(node.operatorToken, other);
    } else if (ts.isNumericLiteral(node)) replace(node, `${Number(node.text.replaceAll('_', '')) + 1}`);
    else if (node.kind === ts.SyntaxKind.TrueKeyword) replace(node, 'false');
    else if (node.kind === ts.SyntaxKind.FalseKeyword) replace(node, 'true');
    else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
      replace(node, node.operand.getText());
    else if (ts.isConditionalExpression(node)) condition(node.condition);
    else if (ts.isIfStatement(node)) condition(node.expression);
    else if (ts.isWhileStatement(node)) condition(node.expression, false);
    else if (ts.isForStatement(node) && node.condition) condition(node.condition, false);
    else if (ts.isExpressionStatement(node) && !/^super\(/.test(node.getText())) replace(node, ';');
    else if (ts.isPropertyAccessExpression(node) && ts.isCallExpression(node.parent)) {
      const other = otherFunction[node.name.text];
      if (other && node.parent.expression === node) replace(node.name, other);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return mutants;
}

const filesUnder = (path) =>
  statSync(path).isDirectory()
    ? readdirSync(path).flatMap((name) => filesUnder(join(path, name)))
    : /\.ts$/.test(path) && !/\.d\.ts$/.test(path)
      ? [path]
      : [];

const isTest = (name) => name.endsWith('.test.ts');

/** How near a test is to a file: 2 for the file's own test, 1 for one of its folder, else 0. */
function nearness(test, path) {
  const own = path.replace(/^src/, 'tests').replace(/\.ts$/, '.test.ts');
  return test === own ? 2 : dirname(test) === dirname(own) ? 1 : 0;
}

/** Tests that need what `npm run build` makes. */
const needsBuild = (test) => /^tests.(browser|library)\b/.test(test);

/** Is this a file that only pages load? */
const isForPages = (path) => /\.browser\.ts$|\bengine.browser\b/.test(path);

/** What tells a mutant from others as long as neither its line nor the number of lines above changes. */
const nameOf = ({ path, source, start, end, text }) =>
  `${path}:${lineOf(source, start)}:${start - source.lastIndexOf('\n', start - 1)} ${source.slice(start, end)} ${text}`;

/** `count` of the mutants, the same ones for the same seed. */
function sampleOf(mutants, count, seed) {
  const rank = (mutant) =>
    createHash('sha256')
      .update(`${seed} ${nameOf(mutant)}`)
      .digest('hex');
  const ranked = mutants.map((mutant) => ({ mutant, rank: rank(mutant) }));
  return ranked
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, count)
    .map(({ mutant }) => mutant);
}

const lineOf = (source, at) => source.slice(0, at).split('\n').length;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      tests: { type: 'string', multiple: true },
      sample: { type: 'string' },
      seed: { type: 'string', default: '0' },
      seconds: { type: 'string', default: '180' },
      json: { type: 'string' },
      coverage: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    const head = readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\nimport ')[0];
    console.log(head.replaceAll(/^\/\/ ?/gm, ''));
    return;
  }
  if (positionals.length === 0) throw new Error('Which files? See the head of scripts/mutate.mjs.');
  process.chdir(project);
  const folder = join(mkdtempSync(join(tmpdir(), 'lway-mutate-')), 'tree');
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
  execFileSync('git', ['worktree', 'add', '--detach', '--quiet', folder, commit]);
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'), 'junction');
  const leave = () => {
    execFileSync('git', ['worktree', 'remove', '--force', folder]);
    rmSync(dirname(folder), { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => {
      leave();
      process.exit(1);
    });

  /**
   * Runs tests one after the other, in this order, until one fails.
   *
   * @param limit seconds by the clock
   * @returns {Promise<{ failed: string | null, seconds: number }>} the test that failed, or that took too long; seconds of
   *   computing that all took
   */
  const runTests = (tests, limit, { more = [], kind = 'unit' } = {}) =>
    new Promise((resolve) => {
      const args = ['--expose-gc', 'node_modules/jest/bin/jest.js', '-i', '--bail', '--silent', ...more];
      const order = ['--testSequencer', join(project, 'scripts', 'given-order.cjs')];
      const reports = ['--reporters', 'default', '--reporters', join(project, 'scripts', 'computing-time.cjs')];
      const computing = join(dirname(folder), 'computing.txt');
      rmSync(computing, { force: true });
      const child = spawn(
        process.execPath,
        [...args, ...order, ...reports, '--selectProjects', kind, '--runTestsByPath', ...tests],
        {
          cwd: folder,
          stdio: ['ignore', 'ignore', 'pipe'],
          timeout: Math.ceil(limit * 1000),
          killSignal: 'SIGKILL',
          env: { ...env, LWAY_TESTS_IN_ORDER: JSON.stringify(tests), LWAY_COMPUTING_TIME: computing },
        },
      );
      let report = '';
      child.stderr.on('data', (data) => (report += data));
      child.once('close', (code) => {
        const seconds = existsSync(computing) ? Number(readFileSync(computing, 'utf8')) : 0;
        if (code === 0) return resolve({ failed: null, seconds });
        const passed = new Set([...report.matchAll(/^PASS \S+ (\S+)/gm)].map(([, test]) => test.replaceAll('/', sep)));
        resolve({ failed: tests.find((test) => !passed.has(test)) ?? tests.at(-1), seconds });
      });
    });

  /** The tests in tests/browser, with pages built from what lies in the folder, until one fails. */
  async function runInPages() {
    env.LWAY_CHROMIUM ??= ensureChromium();
    const build = spawnSync(process.execPath, ['node_modules/webpack-cli/bin/cli.js', '--stats', 'errors-only'], {
      cwd: folder,
      stdio: 'ignore',
    });
    if (build.status !== 0) return 'the build';
    return (await runTests(filesUnder(join('tests', 'browser')).filter(isTest), 3600, { kind: 'browser' })).failed;
  }

  const hashes = new Map(
    execFileSync('git', ['ls-tree', '-r', commit], { encoding: 'utf8', maxBuffer: 1 << 26 })
      .trim()
      .split('\n')
      .map((line) => [line.split('\t')[1].replaceAll('/', sep), line.split(/\s/)[2]]),
  );
  const cache = join('node_modules', '.cache', 'lway-mutate');
  mkdirSync(cache, { recursive: true });
  /** Which lines of which files a test reaches, and in how many seconds of computing. */
  async function coverageOf(test) {
    const kept = join(cache, `${test.replaceAll(sep, '+')}.json`);
    if (existsSync(kept)) {
      const known = JSON.parse(readFileSync(kept, 'utf8'));
      if (Object.entries(known.loaded).every(([path, hash]) => hashes.get(path) === hash)) return known;
    }
    const more = ['--coverage', '--coverageProvider=v8', '--coverageReporters=json', '--coverageDirectory=.covered'];
    const { failed, seconds } = await runTests([test], 1800, { more });
    if (failed !== null) {
      console.log(`${test} fails without a mutant, and is not asked.`);
      return { seconds: 0, reached: {} };
    }
    const reached = {};
    const loaded = { [test]: hashes.get(test) };
    for (const { path, statementMap, s } of Object.values(
      JSON.parse(readFileSync(join(folder, '.covered', 'coverage-final.json'), 'utf8')),
    )) {
      const name = relative(folder, path);
      loaded[name] = hashes.get(name);
      reached[name] = Object.keys(s)
        .filter((id) => s[id] > 0)
        .map((id) => statementMap[id].start.line);
    }
    const result = { seconds, reached, loaded };
    writeFileSync(kept, JSON.stringify(result));
    return result;
  }

  const paths = positionals.flatMap(filesUnder).map((path) => relative('.', path));
  const results = [];
  try {
    const all = paths.flatMap((path) => {
      const source = readFileSync(join(folder, path), 'utf8');
      return mutantsOf(source, path).map((mutant) => ({ ...mutant, path, source }));
    });
    const mutants = values.sample ? sampleOf(all, Number(values.sample), values.seed) : all;
    const before = values.json && existsSync(values.json) ? JSON.parse(readFileSync(values.json, 'utf8')) : [];
    const killedBefore = new Map(before.filter(({ killedBy }) => killedBy).map((result) => [result.name, result]));
    for (const mutant of mutants) {
      const known = killedBefore.get(nameOf(mutant));
      if (known) results.push(known);
    }

    const keep = () => {
      const tried = new Set(results.map(({ name }) => name));
      const others = before.filter(({ name }) => !tried.has(name));
      writeFileSync(values.json, JSON.stringify([...others, ...results], null, 2));
    };

    const wanted = new Set(
      (values.tests ?? ['tests']).flatMap(filesUnder).filter((name) => isTest(name) && !needsBuild(name)),
    );
    console.log(
      `${mutants.length} of ${all.length} mutants, ${results.length} killed before; ${wanted.size} test files`,
    );
    const tests = [];
    for (const test of wanted) tests.push({ test, ...(await coverageOf(test)) });
    tests.sort((a, b) => a.seconds - b.seconds);
    if (values.coverage) {
      for (const { test, seconds } of tests) console.log(`${seconds.toFixed(0).padStart(4)} s  ${test}`);
      return;
    }

    // What was not tried before comes first.
    const survivors = new Set(before.map(({ name }) => name));
    const left = mutants.filter((mutant) => !killedBefore.has(nameOf(mutant)));
    for (const mutant of [
      ...left.filter((each) => !survivors.has(nameOf(each))),
      ...left.filter((each) => survivors.has(nameOf(each))),
    ]) {
      const { path, source, start, end, text } = mutant;
      const name = nameOf(mutant);
      const line = lineOf(source, start);
      let time = 0;
      const rank = ({ test }) => results.filter((each) => each.path === path && each.killedBy === test).length;
      const watching = tests
        .filter(({ reached }) => reached[path]?.includes(line))
        .sort((a, b) => rank(b) - rank(a) || nearness(b.test, path) - nearness(a.test, path))
        .filter(({ seconds }, i) => {
          const fits = i === 0 || time + seconds <= Number(values.seconds);
          if (fits) time += seconds;
          return fits;
        });
      let killedBy = null;
      writeFileSync(join(folder, path), source.slice(0, start) + text + source.slice(end));
      if (watching.length > 0) {
        // What never comes back is noticed as well; what is only slow, on a busy machine, is waited for.
        const limit = watching.reduce((sum, { seconds }) => sum + 10 * seconds, 60);
        killedBy = (
          await runTests(
            watching.map(({ test }) => test),
            limit,
          )
        ).failed;
      }
      const inPages = killedBy === null && isForPages(path) && !values.tests;
      if (inPages) killedBy = await runInPages();
      writeFileSync(join(folder, path), source);
      const change = `${source.slice(start, end).split('\n')[0]} → ${text}`;
      results.push({ name, path, line, change, killedBy, watching: watching.length, inPages });
      const asked = inPages ? `${watching.length} and all in pages` : `${watching.length}`;
      const fate = killedBy
        ? `killed by ${killedBy}`
        : watching.length > 0 || inPages
          ? `survived ${asked}`
          : 'no test reaches it';
      console.log(`${path}:${line}  ${change}  ${fate}`);
      if (values.json) keep();
    }
  } finally {
    leave();
  }
  for (const path of paths) {
    const own = results.filter((result) => result.path === path);
    if (own.length > 0)
      console.log(`${path}: ${own.filter(({ killedBy }) => killedBy).length} of ${own.length} killed`);
  }
  const killed = results.filter(({ killedBy }) => killedBy).length;
  console.log(`${killed} of ${results.length} killed, ${((100 * killed) / results.length).toFixed(1)} %`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
