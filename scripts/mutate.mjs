// Breaks source files in many small ways, one at a time, and runs tests that should notice: what no test notices is listed.
//
//   node scripts/mutate.mjs src/engine/raster/tiles.ts [more files or folders] [--tests tests/engine/raster]
//     --tests    what is run, by default the folder of tests/ that follows the file's
//     --sample N at most so many mutants of each file, spread over it
//     --json F   write the result there as well
//
// Works in a git worktree of its own, on what is committed. Not part of `npm test`: a mutant costs a run of the tests.
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import ts from 'typescript';

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

/** The nearest folder of tests that follows the file's, or the test of the file itself. */
function testsOf(path) {
  const own = path.replace(/^src/, 'tests').replace(/\.ts$/, '.test.ts');
  if (existsSync(own)) return own;
  let folder = dirname(own);
  while (!existsSync(folder)) folder = dirname(folder);
  return folder;
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { tests: { type: 'string', multiple: true }, sample: { type: 'string' }, json: { type: 'string' } },
  });
  if (positionals.length === 0) throw new Error('Which files? See the head of scripts/mutate.mjs.');
  process.chdir(project);
  const folder = join(mkdtempSync(join(tmpdir(), 'lway-mutate-')), 'tree');
  execFileSync('git', ['worktree', 'add', '--detach', '--quiet', folder, 'HEAD']);
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

  /** @returns {Promise<{ code: number | null, seconds: number }>} code null: it took too long */
  const runTests = (tests, limit) =>
    new Promise((resolve) => {
      const began = performance.now();
      const args = ['--expose-gc', 'node_modules/jest/bin/jest.js', '-i', '--bail', '--silent', '--selectProjects'];
      const child = spawn(process.execPath, [...args, 'unit', '--runTestsByPath', ...tests], {
        cwd: folder,
        stdio: 'ignore',
        timeout: Math.ceil(limit * 1000),
        killSignal: 'SIGKILL',
      });
      child.once('close', (code) => resolve({ code, seconds: (performance.now() - began) / 1000 }));
    });

  const results = [];
  try {
    for (const path of positionals.flatMap(filesUnder)) {
      const wanted = values.tests ?? [testsOf(relative('.', path))];
      const tests = wanted.flatMap(filesUnder).filter((name) => name.endsWith('.test.ts'));
      const source = readFileSync(join(folder, path), 'utf8');
      const all = mutantsOf(source, path);
      const every = values.sample ? Math.max(1, all.length / Number(values.sample)) : 1;
      const mutants = all.filter((_, i) => Math.floor(i / every) !== Math.floor((i - 1) / every));
      const usual = await runTests(tests, 600);
      if (usual.code !== 0) throw new Error(`${path}: its tests fail without a mutant (${tests.join(', ')}).`);
      let killed = 0;
      for (const { start, end, text } of mutants) {
        writeFileSync(join(folder, path), source.slice(0, start) + text + source.slice(end));
        // What never comes back is noticed as well.
        const { code } = await runTests(tests, 30 + 5 * usual.seconds);
        if (code !== 0) killed += 1;
        else {
          const line = source.slice(0, start).split('\n').length;
          console.log(`survived ${path}:${line}  ${source.slice(start, end).split('\n')[0]} → ${text}`);
        }
      }
      writeFileSync(join(folder, path), source);
      results.push({ path, mutants: mutants.length, of: all.length, killed });
      console.log(`${path}: ${killed} of ${mutants.length} killed`);
      if (values.json) writeFileSync(values.json, JSON.stringify(results, null, 2));
    }
  } finally {
    leave();
  }
  const sum = (key) => results.reduce((total, each) => total + each[key], 0);
  console.log(`${sum('killed')} of ${sum('mutants')} killed, ${((100 * sum('killed')) / sum('mutants')).toFixed(1)} %`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
