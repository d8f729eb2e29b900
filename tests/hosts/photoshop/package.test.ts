import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fromBuffer, type Entry, type ZipFile } from 'yauzl';
import { problemsOf, writeCcx } from '../../../scripts/ccx.mjs';

const root = resolve(__dirname, '../../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
let folder: string;

/** A plugin with everything that belongs to one, but little in it; manifest and icons are the real ones. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lway-ccx-'));
  cpSync(join(root, 'manifest.json'), join(folder, 'manifest.json'));
  cpSync(join(root, 'icons'), join(folder, 'icons'), { recursive: true });
  mkdirSync(join(folder, 'page/packed/models'), { recursive: true });
  const files = ['index.html', 'photoshop.js', 'photoshop.js.map', 'page/index.html', 'page/page.js', 'LICENSE'];
  for (const file of [
    ...files,
    'THIRD-PARTY-NOTICES.txt',
    'page/THIRD-PARTY-NOTICES.txt',
    'page/packed/models/a.onnx.js',
  ]) {
    writeFileSync(join(folder, file), file);
  }
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the committed manifest and icons are in order', () => {
  expect(problemsOf(folder, version)).toEqual([]);
});

test('stray files, machine paths and missing files are found', () => {
  writeFileSync(join(folder, 'page/notes.txt'), 'x');
  writeFileSync(join(folder, 'photoshop.js'), `"${process.cwd()}/src"`);
  rmSync(join(folder, 'LICENSE'));
  expect(problemsOf(folder, version).sort()).toEqual([
    'LICENSE is missing.',
    'page/notes.txt does not belong into the plugin.',
    'photoshop.js holds a path of this machine.',
  ]);
  rmSync(join(folder, 'manifest.json'));
  expect(problemsOf(folder, version)).toHaveLength(1);
});

interface Manifest {
  [key: string]: unknown;
  entrypoints: { id: string }[];
  requiredPermissions: { webview: Record<string, unknown> };
}
const faults: [string, RegExp, (manifest: Manifest) => void][] = [
  ['another version', /version is 9\.9\.9/, (manifest) => (manifest['version'] = '9.9.9')],
  ['several hosts', /one object/, (manifest) => (manifest['host'] = [manifest['host']])],
  [
    'two entry points of one id',
    /id of its own/,
    (manifest) => (manifest.entrypoints[1]!.id = manifest.entrypoints[2]!.id),
  ],
  ['a remote page', /empty list/, (manifest) => (manifest.requiredPermissions.webview['domains'] = 'all')],
  [
    'more rights than needed',
    /network are not needed/,
    (manifest) => Object.assign(manifest.requiredPermissions, { network: {} }),
  ],
  [
    'an icon of the wrong size',
    /plugin@1x\.png is 48×48/,
    (manifest) => Object.assign((manifest['icons'] as object[])[0]!, { width: 24 }),
  ],
  ['no script', /main \(gone\.html\)/, (manifest) => (manifest['main'] = 'gone.html')],
];
test.each(faults)('a manifest with %s is refused', (_what, message, spoil) => {
  const path = join(folder, 'manifest.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  spoil(manifest);
  writeFileSync(path, JSON.stringify(manifest));
  expect(problemsOf(folder, version).join('\n')).toMatch(message);
});

test('the package is a zip with the manifest at its root, without source maps, the same each time', async () => {
  const target = join(folder, '../', `${folder.split('/').pop()!}.ccx`);
  const { files, bytes } = await writeCcx(folder, target);
  const content = readFileSync(target);
  expect(statSync(target).size).toBe(bytes);
  expect(files).toContain('manifest.json');
  expect(files.join()).not.toContain('.map');
  const names = await new Promise<string[]>((done, fail) => {
    fromBuffer(content, (error: Error | null, zip: ZipFile) => {
      if (error) return fail(error);
      const found: string[] = [];
      zip.on('entry', (entry: Entry) => found.push(entry.fileName));
      zip.on('end', () => done(found));
    });
  });
  expect(names).toEqual(files);
  await writeCcx(folder, target);
  expect(readFileSync(target).equals(content)).toBe(true);
  rmSync(target);
});
