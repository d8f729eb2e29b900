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
// Each unit test that is asked is run once with coverage (kept in node_modules/.cache until it or a file that it loads
// changes); for a mutant run those that reach its line, all in one process, until one fails: first those that noticed most
// of the mutants of its file, then its file's own, those of its folder, and the quick ones before the slow. What the tests
// of its part of the code (tests/engine, and so on) let pass meets those of the other parts. A mutant that they let pass, in
// a file that only a page loads (engine/browser/ and *.browser.ts), meets the tests in tests/browser as well, with pages
// built from it. What code in other threads and processes reaches is not seen otherwise. Time limits are of computing, so
// that a busy machine does not kill what no test notices; those of single tests are by the clock, and what they end is said
// to have taken too long. Works in a git worktree of its own, on what is committed. Not part of `npm test`: a mutant costs a
// run of tests.
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

/** How near a test is to a file: 3 for the file's own test, 2 for one of its folder, 1 for one of its part of the code. */
function nearness(test, path) {
  const own = path.replace(/^src/, 'tests').replace(/\.ts$/, '.test.ts');
  const part = (name) => name.split(sep)[1];
  return test === own ? 3 : dirname(test) === dirname(own) ? 2 : part(test) === part(own) ? 1 : 0;
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
  let running = null;
  const leave = () => {
    running?.kill('SIGKILL');
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
   * @param limit seconds of computing, in this process and its threads
   * @returns {Promise<{ failed: string | null, late: boolean, seconds: number }>} the test that failed, or that computed too
   *   long; whether it was for want of time; seconds of computing that all took
   */
  const runTests = (tests, limit, { more = [], kind = 'unit' } = {}) =>
    new Promise((resolve) => {
      const args = ['--expose-gc', 'node_modules/jest/bin/jest.js', '-i', '--bail', '--silent', '--forceExit', ...more];
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
          env: {
            ...env,
            LWAY_TESTS_IN_ORDER: JSON.stringify(tests),
            LWAY_COMPUTING_TIME: computing,
            LWAY_COMPUTING_LIMIT: `${limit}`,
          },
        },
      );
      running = child;
      let report = '';
      child.stderr.on('data', (data) => (report += data));
      child.once('close', (code, signal) => {
        running = null;
        const seconds = existsSync(computing) ? Number(readFileSync(computing, 'utf8')) : 0;
        if (code === 0) return resolve({ failed: null, late: false, seconds });
        const passed = new Set([...report.matchAll(/^PASS \S+ (\S+)/gm)].map(([, test]) => test.replaceAll('/', sep)));
        const late = signal === 'SIGKILL' || report.includes('Exceeded timeout of');
        resolve({ failed: tests.find((test) => !passed.has(test)) ?? tests.at(-1), late, seconds });
      });
    });

  /** The tests in tests/browser, with pages built from what lies in the folder, until one fails. */
  async function runInPages() {
    env.LWAY_CHROMIUM ??= ensureChromium();
    const build = spawnSync(process.execPath, ['node_modules/webpack-cli/bin/cli.js', '--stats', 'errors-only'], {
      cwd: folder,
      stdio: 'ignore',
    });
    if (build.status !== 0) return { failed: 'the build', late: false };
    return runTests(filesUnder(join('tests', 'browser')).filter(isTest), 3600, { kind: 'browser' });
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
    const known = new Map();
    const among = async (list) => {
      for (const test of list)
        if (!known.has(test)) {
          known.set(test, { test, ...(await coverageOf(test)) });
          if (values.coverage) console.log(`${known.get(test).seconds.toFixed(1).padStart(6)} s  ${test}`);
        }
      return list.map((test) => known.get(test)).sort((a, b) => a.seconds - b.seconds);
    };
    if (values.coverage) {
      await among([...wanted]);
      return;
    }

    // What was not tried before comes first.
    const survivors = new Set(before.map(({ name }) => name));
    const left = mutants.filter((mutant) => !killedBefore.has(nameOf(mutant)));
    for (const mutant of [
      ...left.filter((each) => !survivors.has(nameOf(each))),
      ...left.filter((each) => survivors.has(nameOf(each))),
    ]) {
      const { path, source, start, end: stop, text } = mutant;
      const name = nameOf(mutant);
      const line = lineOf(source, start);
      const rank = ({ test }) => results.filter((each) => each.path === path && each.killedBy === test).length;
      let time = 0;
      let asked = 0;
      let end = { failed: null, late: false };
      const write = (content) => writeFileSync(join(folder, path), content);
      // Those of the same part of the code, then the others.
      for (const near of [true, false]) {
        if (end.failed !== null) break;
        write(source);
        const tests = await among([...wanted].filter((test) => nearness(test, path) > 0 === near));
        write(source.slice(0, start) + text + source.slice(stop));
        const watching = tests
          .filter(({ reached }) => reached[path]?.includes(line))
          .sort((a, b) => rank(b) - rank(a) || nearness(b.test, path) - nearness(a.test, path))
          .filter(({ seconds }) => {
            const fits = asked === 0 || time + seconds <= Number(values.seconds);
            if (fits) [time, asked] = [time + seconds, asked + 1];
            return fits;
          });
        if (watching.length === 0) continue;
        // What never comes back is noticed as well.
        const limit = watching.reduce((sum, { seconds }) => sum + 10 * seconds, 60);
        end = await runTests(
          watching.map(({ test }) => test),
          limit,
        );
      }
      const inPages = end.failed === null && isForPages(path) && !values.tests;
      if (inPages) end = await runInPages();
      write(source);
      const change = `${source.slice(start, stop).split('\n')[0]} → ${text}`;
      const { failed: killedBy, late } = end;
      results.push({ name, path, line, change, killedBy, late, asked, inPages });
      const fate =
        killedBy !== null
          ? `killed by ${killedBy}${late ? ', which took too long' : ''}`
          : asked > 0 || inPages
            ? `survived ${asked} files of tests${inPages ? ' and all in pages' : ''}`
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
