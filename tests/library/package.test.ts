import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';

// What other programs and people get: `exports` of package.json, the examples, and the packed files.
const project = resolve(__dirname, '../..');
const run = promisify(execFile);
const node = (cwd: string, ...args: string[]) => run(process.execPath, args, { cwd });
let folder: string;

beforeAll(async () => {
  for (const file of ['graph.js', 'node.js', 'graph.d.ts', 'node.d.ts'])
    if (!existsSync(join(project, 'dist/library', file))) throw new Error('Run "npm run build" first.');
  folder = mkdtempSync(join(tmpdir(), 'lway-library-'));
  const ground = { width: 24, height: 18, channels: 3, background: { r: 200, g: 100, b: 50 } } as const;
  await sharp({ create: ground }).png().toFile(join(folder, 'small.png'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the example of the engine enlarges a picture four times, in its colours', async () => {
  await node(project, 'examples/upscale.mjs', join(folder, 'small.png'), join(folder, 'large.png'));
  const { data, info } = await sharp(join(folder, 'large.png')).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([96, 72]);
  const middle = 3 * (36 * 96 + 48);
  for (const [i, colour] of [200, 100, 50].entries()) expect(Math.abs(data[middle + i]! - colour)).toBeLessThan(12);
});

test('the example of the graphs trains a network, which is then another', async () => {
  const [from, to] = [join(project, 'models/lway-crisp-x2.onnx'), join(folder, 'trained.onnx')];
  const { stdout } = await node(project, 'examples/train.mjs', from, to);
  const [, before, after] = /loss ([\d.]+) → ([\d.]+)/.exec(stdout)!;
  expect(Number(after)).toBeLessThan(0.98 * Number(before));
  expect(readFileSync(to).equals(readFileSync(from))).toBe(false);
});

test('its types say what fits and what does not', async () => {
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--skipLibCheck', 'false', '--types', 'node'];
  const consumer = 'tests/library/consumer.mts';
  await node(project, 'node_modules/typescript/bin/tsc', ...options, '--target', 'es2022', consumer).catch((error) => {
    throw new Error((error as { stdout: string }).stdout);
  });
});

test('what npm packs runs by itself, command line and library, with the packages that it names', async () => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: project,
    shell: process.platform === 'win32',
    maxBuffer: 1 << 24,
  });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const packed = files.map(({ path }) => path);
  expect(packed).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'dist/page/gimp.html']));
  expect(packed.filter((path) => /^(src|tests|scripts|training)\/|\.map$/.test(path))).toEqual([]);

  const installed = join(folder, 'node_modules/lway');
  // The page is large, and tested by itself.
  for (const path of packed.filter((each) => !each.startsWith('dist/page/'))) {
    mkdirSync(dirname(join(installed, path)), { recursive: true });
    cpSync(join(project, path), join(installed, path));
  }
  const { dependencies, version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    version: string;
  };
  for (const name of Object.keys(dependencies))
    symlinkSync(join(project, 'node_modules', name), join(folder, 'node_modules', name), 'junction');

  const program = `import { LWayError, readRegistry } from 'lway/node';
import { knownOps } from 'lway/graph';
console.log(typeof LWayError, typeof readRegistry, knownOps().some(({ op }) => op === 'Conv'));`;
  writeFileSync(join(folder, 'program.mjs'), program);
  expect((await node(folder, 'program.mjs')).stdout).toBe('function function true\n');
  const lway = join(installed, 'bin/lway.mjs');
  expect((await node(folder, lway, '--version')).stdout.trim()).toBe(version);
  await node(folder, lway, 'upscale', 'small.png', '-o', 'packed.png', '--model', 'lway-crisp-x2', '--scale', '2');
  expect((await sharp(join(folder, 'packed.png')).metadata()).width).toBe(48);
});
