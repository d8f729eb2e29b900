import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataLocation as Location, TensorProto_DataType as Type } from 'onnx-buf';
import { hasExternalData, withDataInside } from '../../../src/engine/network/external-data';

// ONNX files whose weights lie in files beside them: https://onnx.ai/onnx/repo-docs/ExternalData.html

type Said = Record<string, string>;

const tensor = (name: string, said: Said, dataLocation = Location.EXTERNAL) => ({
  name,
  dataType: Type.UINT8,
  dims: [4n],
  dataLocation,
  externalData: Object.entries(said).map(([key, value]) => ({ key, value })),
});

/** A network with these weights as initializers, one in a node, and one in a graph within a node. */
function network(initializers: readonly ReturnType<typeof tensor>[], inNode?: Said, inBranch?: Said): Uint8Array {
  const constant = (said: Said) => ({
    opType: 'Constant',
    output: ['c'],
    attribute: [{ name: 'value', t: tensor('', said) }],
  });
  const branch = { name: 'branch', node: inBranch ? [constant(inBranch)] : [] };
  const node = [
    ...(inNode ? [constant(inNode)] : []),
    { opType: 'If', input: ['condition'], output: ['y'], attribute: [{ name: 'then_branch', g: branch }] },
  ];
  const graph = { name: 'g', initializer: [...initializers], node, output: [{ name: 'y' }] };
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n, graph }));
}

const files: Record<string, Uint8Array> = {
  'w.bin': Uint8Array.of(10, 11, 12, 13, 14, 15, 16, 17),
  'v.bin': Uint8Array.of(20, 21),
};
const asked: string[] = [];
beforeEach(() => (asked.length = 0));
const read = (name: string) => {
  asked.push(name);
  return Promise.resolve(files[name]!);
};

test('is told by a location, by entries, and also deep inside; a whole file and what is no network have none', () => {
  expect(hasExternalData(network([tensor('a', { location: 'w.bin' })]))).toBe(true);
  expect(hasExternalData(network([tensor('a', {})]))).toBe(true);
  expect(hasExternalData(network([tensor('a', { location: 'w.bin' }, Location.DEFAULT)]))).toBe(true);
  expect(hasExternalData(network([], { location: 'w.bin' }))).toBe(true);
  expect(hasExternalData(network([], undefined, { location: 'w.bin' }))).toBe(true);
  expect(hasExternalData(network([tensor('a', {}, Location.DEFAULT)]))).toBe(false);
  expect(hasExternalData(new Uint8Array())).toBe(false);
  expect(hasExternalData(Uint8Array.of(0xff, 0xff, 0xff))).toBe(false);
});

test('comes inside, each from its place, and a file is read once', async () => {
  const whole = await withDataInside(
    network(
      [
        tensor('all', { location: 'w.bin' }),
        tensor('middle', { location: 'w.bin', offset: '2', length: '3' }),
        tensor('rest', { location: 'w.bin', offset: '6' }),
        tensor('to the end', { location: 'v.bin', offset: '0', length: '2' }),
        tensor('nothing', { location: 'v.bin', offset: '2', length: '0' }),
      ],
      { location: 'w.bin', offset: '7', length: '1' },
      { location: 'v.bin', offset: '1' },
    ),
    read,
  );
  expect(hasExternalData(whole)).toBe(false);
  const graph = fromBinary(ModelProtoSchema, whole).graph!;
  expect(graph.initializer.map(({ rawData }) => [...rawData])).toEqual([
    [10, 11, 12, 13, 14, 15, 16, 17],
    [12, 13, 14],
    [16, 17],
    [20, 21],
    [],
  ]);
  expect([...graph.node[0]!.attribute[0]!.t!.rawData]).toEqual([17]);
  expect([...graph.node[1]!.attribute[0]!.g!.node[0]!.attribute[0]!.t!.rawData]).toEqual([21]);
  for (const { dataLocation, externalData } of graph.initializer) {
    expect(dataLocation).toBe(Location.DEFAULT);
    expect(externalData).toEqual([]);
  }
  expect(asked).toEqual(['w.bin', 'v.bin']);
});

test('a file that was read once stays as it is', async () => {
  const bytes = network([tensor('a', { location: 'w.bin' })]);
  expect(hasExternalData(bytes)).toBe(true);
  await withDataInside(bytes, read);
  expect(hasExternalData(bytes)).toBe(true);
});

test.each<[string, Said]>([
  ['ends behind the file', { offset: '5', length: '4' }],
  ['begins behind it', { offset: '9' }],
  ['begins before it', { offset: '-1', length: '2' }],
  ['is of less than nothing', { offset: '2', length: '-1' }],
  ['begins nowhere', { offset: 'x' }],
])('a weight that %s: the file is too short', async (_, said) => {
  await expect(withDataInside(network([tensor('a', { location: 'w.bin', ...said })]), read)).rejects.toMatchObject({
    code: 'bad-model',
    message: expect.stringMatching(/"w\.bin".*is too short/),
  });
});

test.each(['', '.', '..', '../w.bin', 'a/w.bin', 'a\\w.bin', 'C:w.bin'])(
  '"%s" is not in the folder, and not read',
  async (location) => {
    await expect(withDataInside(network([tensor('a', { location })]), read)).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringMatching(/not in the same folder/),
    });
    expect(asked).toEqual([]);
  },
);

test('a name that only begins with dots is a name', async () => {
  const found = await withDataInside(network([tensor('a', { location: '..w' })]), () =>
    Promise.resolve(Uint8Array.of(5)),
  );
  expect([...fromBinary(ModelProtoSchema, found).graph!.initializer[0]!.rawData]).toEqual([5]);
});

test('more than a protobuf message holds is refused before it is put together', async () => {
  // Only its length is asked for: a file of 2 GB for a test would be too much.
  const large = { length: 2 ** 31 - 1 } as Uint8Array;
  await expect(
    withDataInside(network([tensor('a', { location: 'w.bin' })]), () => Promise.resolve(large)),
  ).rejects.toMatchObject({ code: 'bad-model', message: expect.stringMatching(/too large/) });
});
