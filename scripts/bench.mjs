// Runs benchmarks: npm run bench -- [NAME...] [--write] [--anyway]
//
// A benchmark is a file bench/NAME.ts whose default export is a `Bench` (bench/bench.ts): a title, a sentence or two on
// what is measured, the heads of a table, and `parts`, each of which is measured in a process of its own by `run(part)`,
// which returns rows. Files without a default export (support code) are no benchmarks. Code runs in Node, bundled from
// TypeScript, with the checkout as its current folder; `global.gc` is there.
//
// NAME...    those benchmarks only; all whose names begin with NAME
// --write    puts the tables into bench/results.md: all of them, or the sections of those that are named
// --anyway   measures on a busy machine too; such numbers are marked, never written
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import webpack from 'webpack';
import { findChromium } from './chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, '.cache/bench');
const results = join(root, 'bench/results.md');
const mostLoad = 0.5;

/** Beginnings of names, in the order in which a reader wants to know; others come after these. */
const order = ['upscale-speed', 'adaptation', 'upscale-overhead', 'upscale-memory', 'page-frames', 'training-step'];
// -1 for none becomes the largest number.
const place = (name) => order.findIndex((begin) => name.startsWith(begin)) >>> 0;

const head = `# Benchmarks

What LWay costs on one machine. \`npm run bench -- --write\` measures everything anew and writes this file (about ten
minutes on two cores; nothing else may run meanwhile), \`npm run bench -- NAME --write\` a single section. The code is
in [bench/](.), one file a section.

Ratios compare two things that were measured by turns in the same run, and hold on other machines, too; seconds are this
machine's. The aims are the project's own, set before anything was built. How good the pictures are is another matter:
[docs/quality.md](../docs/quality.md).
`;

const flags = new Set(process.argv.slice(2).filter((word) => word.startsWith('--')));
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
for (const flag of flags)
  if (!['--write', '--anyway'].includes(flag)) fail(`There is no ${flag}; see the top of scripts/bench.mjs.`);

const names = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.ts') && /^export default /m.test(readFileSync(join(root, 'bench', file), 'utf8')))
  .map((file) => file.slice(0, -3))
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.startsWith(word)))
  .sort((a, b) => place(a) - place(b));
if (names.length === 0) fail(`There is no benchmark called ${wanted.join(' or ')}.`);

await bundle(names);
const load = await busyCores();
const averages = loadavg()
  .map((value) => value.toFixed(2))
  .join(', ');
console.log(`Load average ${averages}; other programs keep ${load.toFixed(2)} of ${cpus().length} cores busy now.\n`);
const busy = load > mostLoad;
if (busy && !flags.has('--anyway'))
  fail(
    `That is more than ${mostLoad}: numbers from a busy machine say nothing. Stop what runs, or measure with --anyway.`,
  );

const chromium = findChromium();
if (chromium) process.env.LWAY_CHROMIUM = chromium;
const descriptions = names.map((name) => ({ name, ...run(name) }));
if (descriptions.some(({ page }) => page)) buildPage();
if (flags.has('--write') && !busy && wanted.length === 0) writeFileSync(results, head);
const begun = performance.now();
const failed = [];
for (const { name, title, about, head: columns, parts } of descriptions) {
  try {
    const rows = parts.flatMap((part) => {
      process.stderr.write(`${name}: ${part}…\n`);
      return run(name, part);
    });
    const measured = `Measured on ${new Date().toISOString().slice(0, 10)} by \`npm run bench -- ${name}\` on ${machine()}.`;
    const section = [
      `## ${title}`,
      about,
      table(columns, rows),
      busy ? '**Not judged: the machine was busy.**' : measured,
    ].join('\n\n');
    console.log(`${section}\n`);
    if (flags.has('--write') && !busy) write(name, section);
  } catch (error) {
    console.error(error.message);
    failed.push(name);
  }
}
console.log(`${names.length} benchmarks in ${((performance.now() - begun) / 60000).toFixed(1)} minutes.`);
if (failed.length > 0) fail(`Failed: ${failed.join(', ')}.`);

/** The page that some are about, as it is now. */
function buildPage() {
  const webpackCli = join(root, 'node_modules/webpack-cli/bin/cli.js');
  const args = [webpackCli, '--config-name', 'page', '--stats', 'errors-only'];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) fail('The page could not be built.');
}

/** Bundles each benchmark for Node; packages stay outside. */
function bundle(entries) {
  mkdirSync(cache, { recursive: true });
  const compiler = webpack({
    context: root,
    mode: 'development',
    devtool: 'inline-source-map',
    target: 'node20',
    entry: Object.fromEntries(entries.map((name) => [name, `./bench/${name}.ts`])),
    output: { path: cache, filename: '[name].cjs', library: { type: 'commonjs2' } },
    resolve: { extensions: ['.ts', '.mjs', '.js'] },
    externals: [
      ({ request }, done) =>
        /^(onnxruntime-(node|web)|sharp|bullmq|ioredis|prom-client|@aws-sdk)/.test(request)
          ? done(null, `commonjs ${request}`)
          : done(),
    ],
    node: { __filename: false, __dirname: false },
    module: {
      rules: [
        {
          test: /\.ts$/,
          exclude: /node_modules/,
          loader: 'swc-loader',
          options: {
            jsc: { target: 'es2022', parser: { syntax: 'typescript' }, transform: { useDefineForClassFields: false } },
          },
        },
      ],
    },
  });
  return new Promise((resolve) => {
    compiler.run((error, stats) => {
      if (error || stats.hasErrors()) fail(error?.message ?? stats.toString({ all: false, errors: true }));
      compiler.close(resolve);
    });
  });
}

/** A benchmark's description, or the rows of one of its parts, from a process of its own. */
function run(name, part) {
  const script = `
    const bench = require(${JSON.stringify(join(cache, `${name}.cjs`))}).default;
    const answer = (value) => process.stdout.write('\\nbench-result ' + JSON.stringify(value) + '\\n', () => process.exit(0));
    const part = process.argv[1];
    if (part === undefined) answer(bench);
    else bench.run(part).then(answer, (error) => { console.error(error); process.exit(1); });`;
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--expose-gc', '-e', script, ...(part === undefined ? [] : [part])],
    {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      maxBuffer: 2 ** 28,
    },
  );
  const result = /^bench-result (.*)$/m.exec(stdout)?.[1];
  if (status !== 0 || result === undefined) throw new Error(`${name}${part === undefined ? '' : `, ${part}`}: failed.`);
  return JSON.parse(result);
}

/** How many cores other programs keep busy, over two seconds. */
async function busyCores() {
  const total = () =>
    cpus().reduce(
      (sum, { times }) => {
        const all = Object.values(times).reduce((a, b) => a + b, 0);
        return { busy: sum.busy + all - times.idle, all: sum.all + all };
      },
      { busy: 0, all: 0 },
    );
  const before = total();
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const after = total();
  return ((after.busy - before.busy) / (after.all - before.all)) * cpus().length;
}

function machine() {
  const model = cpus()[0].model.trim() || 'an unnamed CPU';
  const versions = ['onnxruntime-node', 'onnxruntime-web'].map((name) => {
    const { version } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
    return `${name} ${version}`;
  });
  return `${platform()} ${arch()}, ${cpus().length} cores of ${model}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, ${versions.join(', ')}`;
}

function table(columns, rows) {
  const cells = [columns, ...rows.map((row) => row.map(String))];
  const widths = columns.map((_, column) => Math.max(3, ...cells.map((row) => [...(row[column] ?? '')].length)));
  const line = (row) => `| ${row.map((cell, i) => cell + ' '.repeat(widths[i] - [...cell].length)).join(' | ')} |`;
  return [
    line(cells[0]),
    `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`,
    ...cells.slice(1).map(line),
  ].join('\n');
}

/** Replaces the benchmark's own section in results.md, or adds it at the end. */
function write(name, section) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const text = existsSync(results) ? readFileSync(results, 'utf8') : head;
  const block = `${begin}\n\n${section}\n\n${end}`;
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  const written =
    from >= 0 && to > from
      ? text.slice(0, from) + block + text.slice(to + end.length)
      : `${text.trimEnd()}\n\n${block}\n`;
  writeFileSync(results, written);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
