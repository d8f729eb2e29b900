import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { resultSize } from '../../../src/actions/size';
import { addGimp } from '../../../src/entries/gimp-command.node';
import { factorOf } from '../../../src/hosts/shared/enlarging';
import { decodeFrame, encodeFrame, FrameReader } from '../../../src/hosts/gimp/frames';
import { examinePlugIn, gimpFolders, installPlugIn, uninstallPlugIn } from '../../../src/hosts/gimp/installation.node';
import { PipePort } from '../../../src/hosts/gimp/pipe-port.node';
import { decodeSamples, encodeSamples, type SampleType } from '../../../src/hosts/gimp/samples';
import { TestRoot } from '../../cli/support/test-root';
import { testPixels } from '../contract';

const never = new AbortController().signal;
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'lway-gimp-parts-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the factor of an enlargement', () => {
  test('small regions: the one that was asked for', () => {
    expect(factorOf({ width: 32, height: 19 }, { width: 48, height: 29 })).toEqual({ x: 1.5, y: 1.5 });
    expect(factorOf({ width: 3, height: 2 }, { width: 5, height: 3 })).toEqual({ x: 1.5, y: 1.5 });
    expect(factorOf({ width: 24, height: 18 }, { width: 48, height: 36 })).toEqual({ x: 2, y: 2 });
  });

  test('fits both sides, and the document that they lie in is not distorted', () => {
    const side = fc.integer({ min: 1, max: 4000 });
    const scale = fc.integer({ min: 100, max: 800 }).map((each) => each / 100);
    fc.assert(
      fc.property(side, side, scale, (width, height, factor) => {
        const after = resultSize({ scale: factor }, width, height);
        const { x, y } = factorOf({ width, height }, after);
        expect(Math.round(width * x)).toBe(after.width);
        expect(Math.round(height * y)).toBe(after.height);
        expect(x).toBe(y);
      }),
    );
  });

  test('where no single factor fits, each axis has its own', () => {
    expect(factorOf({ width: 10, height: 10 }, { width: 20, height: 30 })).toEqual({ x: 2, y: 3 });
  });
});

test.each<[SampleType, number]>([
  ['u8', 0],
  ['u16', 0],
  ['u32', 1e-7],
  ['half', 5e-4],
  ['float', 0],
  ['double', 0],
])('values as %s, there and back', (type, tolerance) => {
  const pixels = testPixels(7, 5, 4, 8);
  const bytes = encodeSamples(type, pixels);
  const back = decodeSamples(type, bytes, 7, 5, 4);
  expect(Math.max(...back.data.map((value, i) => Math.abs(value - pixels.data[i]!)))).toBeLessThanOrEqual(tolerance);
  // Wherever in a message they lie.
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  expect(decodeSamples(type, shifted.subarray(1), 7, 5, 4)).toEqual(back);
});

describe('messages', () => {
  const messages = [
    [{ op: 'one', text: 'line\nbreak é' }, new Uint8Array(0)],
    [{ op: 'two' }, Uint8Array.from({ length: 300 }, (_, i) => i % 11)],
    [{ op: 'three' }, new Uint8Array(0)],
  ] as const;

  test.each([1, 7, 10_000])('come together again from pieces of %i bytes', (size) => {
    const whole = Buffer.concat(messages.flatMap(([header, bytes]) => encodeFrame(header, bytes)));
    const seen: [unknown, Uint8Array][] = [];
    const reader = new FrameReader((header, bytes) => seen.push([header, bytes.slice()]));
    for (let at = 0; at < whole.length; at += size) reader.push(whole.subarray(at, at + size));
    expect(seen.map(([header, bytes]) => [(header as { op: string }).op, [...bytes]])).toEqual(
      messages.map(([{ op }, bytes]) => [op, [...bytes]]),
    );
  });

  test('that are cut off or none are refused', () => {
    const whole = Buffer.concat(encodeFrame({ op: 'two' }, new Uint8Array(5)));
    expect(decodeFrame(whole).bytes).toHaveLength(5);
    expect(() => decodeFrame(whole.subarray(0, -1))).toThrow(SyntaxError);
    expect(() => decodeFrame(Buffer.from('no message'))).toThrow(SyntaxError);
    expect(() => new FrameReader(() => undefined).push(Buffer.from('{"bytes":-1}\n'))).toThrow(SyntaxError);
  });

  test('GIMP gone: who waits hears of it, and so does who asks later', async () => {
    const input = new PassThrough();
    const port = new PipePort(input, new PassThrough());
    const waiting = port.ask(never, { op: 'hello' });
    input.end();
    await expect(waiting).rejects.toMatchObject({ code: 'document-changed' });
    await expect(port.ask(never, { op: 'hello' })).rejects.toMatchObject({ code: 'document-changed' });
    expect(port.gone.aborted).toBe(true);
  });

  test('a question that nobody waits for any more does not mix up the next one’s answer', async () => {
    const input = new PassThrough();
    const port = new PipePort(input, new PassThrough());
    const stop = new AbortController();
    const first = port.ask(stop.signal, { op: 'hello' });
    const second = port.ask(never, { op: 'hello' });
    stop.abort(new Error('changed my mind'));
    await expect(first).rejects.toThrow('changed my mind');
    input.write('{"answer":1}\n{"answer":2}\n');
    expect((await second).answer).toEqual({ answer: 2 });
  });
});

describe('installing', () => {
  const program = { node: process.execPath, args: [__filename] };

  function shipped(): string {
    const path = join(folder, 'shipped');
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'gimp-plug-in.cjs'), 'two');
    writeFileSync(join(path, 'lway.py'), '#!/usr/bin/env python3\nthree');
    return path;
  }

  test('finds the person’s folders, by what GIMP has made and by programs', async () => {
    const place = { env: { XDG_CONFIG_HOME: folder }, platform: 'linux', home: '/nowhere' };
    for (const name of ['2.8', '2.10', '3.0', 'other']) mkdirSync(join(folder, 'GIMP', name), { recursive: true });
    expect(await gimpFolders(place, ['3.2'])).toEqual([
      { version: '2.10', kind: 2, path: join(folder, 'GIMP', '2.10'), exists: true },
      { version: '3.0', kind: 3, path: join(folder, 'GIMP', '3.0'), exists: true },
      { version: '3.2', kind: 3, path: join(folder, 'GIMP', '3.2'), exists: false },
    ]);
    const elsewhere = { ...place, env: { ...place.env, GIMP2_DIRECTORY: '/elsewhere' } };
    expect((await gimpFolders(elsewhere))[0]).toMatchObject({ version: '2.10', path: '/elsewhere' });
  });

  test.each([
    ['2.10', 2, 'lway.cjs', `#!${process.execPath}\ntwo`],
    ['3.0', 3, 'lway.py', '#!/usr/bin/env python3\nthree'],
  ] as const)('GIMP %s: a file named like its folder that may be executed', async (version, kind, name, text) => {
    const gimp = { version, kind, path: join(folder, version), exists: true };
    const target = join(folder, version, 'plug-ins', 'lway');
    expect(await examinePlugIn(gimp, shipped(), 'linux')).toBeNull();
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, 'old.txt'), '');
    await installPlugIn(gimp, shipped(), program, 'linux');
    expect(readFileSync(join(target, name), 'utf8')).toBe(text);
    expect(statSync(join(target, name)).mode & 0o111).toBe(0o111);
    expect(JSON.parse(readFileSync(join(target, 'lway.json'), 'utf8'))).toEqual({
      command: [process.execPath, __filename],
    });
    expect(existsSync(join(target, 'old.txt'))).toBe(false);
    expect(await examinePlugIn(gimp, shipped(), 'linux')).toEqual([]);
    chmodSync(join(target, name), 0o644);
    expect(await examinePlugIn(gimp, shipped(), 'linux')).toEqual([expect.stringMatching(/executed/)]);
    writeFileSync(join(target, name), 'older');
    writeFileSync(join(target, 'lway.json'), '{"command":["/gone","/too"]}');
    expect(await examinePlugIn(gimp, shipped(), 'linux')).toHaveLength(4);
    expect(await uninstallPlugIn(gimp)).toBe(true);
    expect(existsSync(target)).toBe(false);
    expect(await uninstallPlugIn(gimp)).toBe(false);
  });

  test('on Windows GIMP 2.10 is told what runs the file', async () => {
    const gimp = { version: '2.10', kind: 2, path: join(folder, '2.10'), exists: true } as const;
    const node = 'C:\\Program Files\\nodejs\\node.exe';
    await installPlugIn(gimp, shipped(), { node, args: [] }, 'win32');
    const table = join(folder, '2.10', 'interpreters', 'lway.interp');
    expect(readFileSync(table, 'utf8')).toBe(`/usr/bin/env lway-node=${node}\n,lway-node,E,,cjs,,${node},\n`);
    expect(readFileSync(join(folder, '2.10', 'plug-ins', 'lway', 'lway.cjs'), 'utf8')).toMatch(
      /^#!\/usr\/bin\/env lway-node\n/,
    );
    await uninstallPlugIn(gimp);
    expect(existsSync(table)).toBe(false);
  });
});

describe('the command line', () => {
  let root: TestRoot;
  beforeEach(() => (root = new TestRoot()));
  afterEach(() => root.remove());
  const lway = (...args: string[]) => root.lwayWith([addGimp], 'gimp', ...args);

  test('installs, looks and removes', async () => {
    const at = join(folder, '3.0');
    expect(await lway('doctor', '--folder', at)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/LWay is not installed/) as string,
    });
    expect(await lway('install', '--folder', at)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/npm run build/) as string,
    });
    for (const [path, text] of Object.entries({
      'dist/cli/lway.py': 'three',
      'dist/page/gimp.html': '',
      'bin/lway.mjs': '',
    })) {
      mkdirSync(join(root.root, path, '..'), { recursive: true });
      writeFileSync(join(root.root, path), text);
    }
    expect(await lway('install', '--folder', at)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(join(at, 'plug-ins', 'lway')) as string,
    });
    expect(await lway('doctor', '--folder', at)).toMatchObject({ code: 0 });
    expect(await lway('uninstall', '--folder', at)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Removed/) as string,
    });
    expect(await lway('uninstall', '--folder', at)).toMatchObject({
      code: 0,
      stdout: 'LWay is not installed in any GIMP.\n',
    });
  });

  test('a folder of no GIMP that LWay knows is refused', async () => {
    const { code, stderr } = await lway('install', '--folder', join(folder, 'somewhere'));
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/does not end in a GIMP version/) as string,
    });
  });
});
