import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModelProtoSchema, StringStringEntryProtoSchema, TensorProto_DataLocation } from 'onnx-buf';
import { readGraph } from '../../src/engine/graph';
import { tinyNetwork } from '../engine/upscaling/tiny-networks';
import { safetensors } from '../engine/conversion/support';
import { difference, doubled, drawn, readPicture, writePng } from './support/pictures';
import { doublingNetwork, TestRoot } from './support/test-root';

let root: TestRoot;
beforeEach(() => (root = new TestRoot()));
afterEach(() => root.remove());

/** A Compact ×2 that adds nothing to the enlarged picture, so that results can be checked to the bit. */
const weights = safetensors({ 'body.0.weight': [4, 3, 3, 3], 'body.1.weight': [4], 'body.2.weight': [12, 4, 3, 3] });
const param = '7767517\n2 2\nInput in 0 1 data\nInterp enlarge 1 1 data output 0=1 1=2.000000e+00 2=2.000000e+00\n';

const upscaled = async (model: string, name: string) => {
  await writePng(root.path('in.png'), drawn(20, 16, 3));
  const args = ['--scale', '2', '--model', model, '--device', 'cpu', '--adapt', 'off', '-o', name];
  expect(await root.lway('upscale', 'in.png', ...args)).toMatchObject({ code: 0 });
  return difference(await readPicture(root.path(name)), doubled(await readPicture(root.path('in.png'))));
};

test('weights and ncnn pairs are networks like any other: used from the file, kept, exported', async () => {
  writeFileSync(root.path('x2.safetensors'), weights);
  writeFileSync(root.path('pair.param'), param);
  writeFileSync(root.path('pair.bin'), '');
  expect(await upscaled('x2.safetensors', 'one.png')).toBe(0);
  expect(await upscaled('pair.param', 'two.png')).toBe(0);

  expect(await root.lway('models', 'add', 'x2.safetensors')).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('Added "x2": ×2') as string,
  });
  expect((await root.lway('models')).stdout).toMatch(/x2 .*Compact network, read from x2\.safetensors/);
  expect(await root.lway('models', 'export', 'x2', 'out.onnx')).toMatchObject({ code: 0 });
  expect(readGraph(readFileSync(root.path('out.onnx'))).nodes.map(({ op }) => op)).toContain('PRelu');
  expect(await root.lway('models', 'export', 'x2', 'out.onnx')).toMatchObject({ code: 1 });
  expect(await root.lway('models', 'export', 'x2', 'out.onnx', '-f')).toMatchObject({ code: 0 });
  expect(await upscaled('out.onnx', 'three.png')).toBe(0);
});

test('a network from weights is adapted like any other', async () => {
  root.useShippedModels();
  writeFileSync(root.path('x2.safetensors'), weights);
  await writePng(root.path('in.png'), drawn(64, 56, 3));
  const args = ['--scale', '2', '--model', 'x2.safetensors', '--device', 'cpu', '--adapt', 'quick', '--json'];
  const { code, stdout } = await root.lway('upscale', 'in.png', ...args);
  expect(code).toBe(0);
  const done = JSON.parse(stdout.split('\n').find((line) => line.includes('"event":"done"'))!) as object;
  const adaptation = { pictures: 1, frozen: [] };
  expect(done).toMatchObject({ notices: [], adaptation });
  expect(done).not.toMatchObject({ adaptation: { stopped: expect.anything() as unknown } });
});

test('a folder is taken whole; what cannot be used does not keep the others out', async () => {
  mkdirSync(root.path('models/more'), { recursive: true });
  writeFileSync(root.path('models/a.safetensors'), weights);
  writeFileSync(root.path('models/b.param'), param);
  writeFileSync(root.path('models/b.bin'), '');
  const long = `more/${'long-'.repeat(13)}name`;
  mkdirSync(root.path('models', long), { recursive: true });
  writeFileSync(root.path('models', long, 'b.param'), param);
  writeFileSync(root.path('models', long, 'b.bin'), '');
  writeFileSync(root.path('models/c.param'), param);
  writeFileSync(root.path('models/notes.txt'), 'not looked at');
  writeFileSync(root.path('models/more/doubling.onnx'), doublingNetwork());
  writeFileSync(root.path('models/more/e.onnx'), doublingNetwork());
  const { code, stderr } = await root.lway('models', 'add', 'models');
  expect(code).toBe(0);
  expect(stderr).toMatch(/a\.safetensors: added "a", ×2/);
  expect(stderr).toMatch(/b\.param: added "b", ×2/);
  expect(stderr).toMatch(/c\.param: left out\..*Add the \.bin file/);
  expect(stderr).toMatch(/doubling\.onnx: there is already a network "doubling"/);
  expect(stderr).toMatch(/name.b\.param: added "ng-(long-){11}name-b", ×2/);
  expect(stderr).toMatch(/4 added, 1 left out, 1 already here/);
  expect(stderr).not.toMatch(/b\.bin|notes/);
  expect(existsSync(join(root.home, 'lway/models/e.onnx'))).toBe(true);
});

test('an empty folder, and options that mean nothing to one', async () => {
  mkdirSync(root.path('empty'));
  expect(await root.lway('models', 'add', 'empty')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('no networks in') as string,
  });
  expect(await root.lway('models', 'add', 'empty', '--id', 'x')).toMatchObject({ code: 2 });
});

test('what is found out about the values is told, and what is said is believed', async () => {
  writeFileSync(root.path('a.onnx'), tinyNetwork({ white: 255 }));
  writeFileSync(root.path('b.onnx'), doublingNetwork());
  expect((await root.lway('models', 'add', 'a.onnx')).stderr).toMatch(/Added "a": ×2, RGB 0\.\.255, /);
  expect((await root.lway('models', 'add', 'b.onnx')).stderr).toMatch(/Added "b": ×2, RGB 0\.\.1, /);
  const said = await root.lway('models', 'add', 'b.onnx', '--id', 'c', '--range', '-1..1', '--order', 'bgr');
  expect(said.stderr).toMatch(/Added "c": ×2, BGR -1\.\.1, /);
  expect(await root.lway('models', 'add', 'b.onnx', '--id', 'd', '--range', '0..7')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('0..255') as string,
  });
});

/** An ONNX file whose largest weight lies in `weights.data` from byte 8 on, and that file. */
function inTwoFiles(bytes: Uint8Array, location = 'weights.data'): { network: Uint8Array; data: Uint8Array } {
  const model = fromBinary(ModelProtoSchema, bytes);
  const [largest] = model.graph!.initializer.toSorted((a, b) => b.rawData.length - a.rawData.length);
  const data = new Uint8Array(8 + largest!.rawData.length);
  data.set(largest!.rawData, 8);
  const entries = { location, offset: '8', length: String(largest!.rawData.length) };
  largest!.rawData = new Uint8Array(0);
  largest!.dataLocation = TensorProto_DataLocation.EXTERNAL;
  largest!.externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  return { network: toBinary(ModelProtoSchema, model), data };
}

test('weights in a file beside the network are taken along; from elsewhere nothing is', async () => {
  const { network, data } = inTwoFiles(tinyNetwork());
  writeFileSync(root.path('two.onnx'), network);
  expect(await root.lway('models', 'add', 'two.onnx')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('weights.data') as string,
  });
  writeFileSync(root.path('weights.data'), data.subarray(0, 20));
  expect((await root.lway('models', 'add', 'two.onnx')).stderr).toMatch(/weights\.data".* too short/);
  writeFileSync(root.path('weights.data'), data);
  expect(await root.lway('models', 'add', 'two.onnx')).toMatchObject({ code: 0 });
  expect(await root.lway('models', 'export', 'two', 'one.onnx')).toMatchObject({ code: 0 });
  expect(readGraph(readFileSync(root.path('one.onnx'))).initializers).toEqual(readGraph(tinyNetwork()).initializers);
  writeFileSync(root.path('escaping.onnx'), inTwoFiles(tinyNetwork(), '../weights.data').network);
  expect((await root.lway('models', 'add', 'escaping.onnx')).stderr).toMatch(/not in the same folder/);
});

test('an input besides the picture takes the value that is said', async () => {
  writeFileSync(root.path('level.onnx'), tinyNetwork({ ports: 'level' }));
  expect((await root.lway('models', 'add', 'level.onnx')).stderr).toMatch(/input "level".*--value level=NUMBER/s);
  expect((await root.lway('models', 'add', 'level.onnx', '--value', 'level')).stderr).toMatch(/--value/);
  expect(await root.lway('models', 'add', 'level.onnx', '--value', 'level=0.25')).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('Its input "level" is 0.25.') as string,
  });
});
