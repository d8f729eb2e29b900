import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataLocation } from 'onnx-buf';
import type { GraphProto } from 'onnx-buf';
import { checkNetwork, defaultId, findEntry, parseRegistry, sha256 } from '../../../src/engine/network/load-network';
import { readNetworkFile } from '../../../src/engine/network/network-file';
import { loadNetwork, readRegistry } from '../../../src/engine/network/networks.node';
import { tinyModel, tinyNetwork } from '../upscaling/tiny-networks';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'lway-models-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a registry', () => {
  async function write() {
    const { entry, bytes } = await tinyModel();
    writeFileSync(join(folder, 'models.json'), JSON.stringify({ version: 1, default: 'tiny', models: [entry] }));
    writeFileSync(join(folder, entry.file), bytes);
    return { entry, bytes };
  }

  test('gives the model by its id and as the default', async () => {
    const { entry, bytes } = await write();
    const registry = await readRegistry(folder);
    for (const id of ['tiny', 'default']) {
      const network = await loadNetwork(folder, registry, id);
      expect(network.entry).toEqual(JSON.parse(JSON.stringify(entry)));
      expect(Buffer.compare(network.bytes, bytes)).toBe(0);
    }
  });

  test('has another default where it is slow, if it says so', async () => {
    await write();
    const registry = await readRegistry(folder);
    expect([defaultId(registry, false), defaultId(registry, true)]).toEqual(['tiny', 'tiny']);
    const quick = { ...registry, defaultWhereSlow: 'quick' };
    expect([defaultId(quick, false), defaultId(quick, true)]).toEqual(['tiny', 'quick']);
  });

  test('names what there is where an id is unknown', async () => {
    await write();
    const registry = await readRegistry(folder);
    expect(() => findEntry(registry, 'huge')).toThrow(
      expect.objectContaining({ code: 'missing-model', advice: expect.stringContaining('tiny') }),
    );
  });

  test('refuses a file that is missing, cut short or changed', async () => {
    const { entry, bytes } = await write();
    const registry = await readRegistry(folder);
    const load = () => loadNetwork(folder, registry, 'tiny');
    writeFileSync(join(folder, entry.file), bytes.subarray(0, 100));
    await expect(load()).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringMatching(/100 bytes instead of/),
    });
    const changed = bytes.slice();
    changed[changed.length - 200]! ^= 1;
    writeFileSync(join(folder, entry.file), changed);
    await expect(load()).rejects.toMatchObject({ code: 'bad-model', message: expect.stringMatching(/SHA-256/) });
    rmSync(join(folder, entry.file));
    await expect(load()).rejects.toMatchObject({ code: 'missing-model', message: expect.stringMatching(/ENOENT/) });
  });

  test('refuses an entry that names other inputs than the file has', async () => {
    const { entry, bytes } = await tinyModel();
    const wrong = { ...entry, input: { ...entry.input, name: 'lr' } };
    await expect(checkNetwork(wrong, bytes)).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringMatching(/inputs and outputs/),
    });
  });

  test.each([
    ['no JSON', 'models: tiny', /cannot be read/],
    ['null', 'null', /: the list should be Object and is null\./],
    ['another version', '{"version": 2, "default": "a", "models": []}', /: version should be 1 and is 2\./],
    [
      'an entry without a kind',
      '{"version": 1, "default": "a", "models": [{"id": "a"}]}',
      /: models\.0\.kind is missing/,
    ],
  ])('refuses %s', (_, text, message) => {
    const error = { code: 'bad-model', message: expect.stringMatching(message) };
    expect(() => parseRegistry(text)).toThrow(expect.objectContaining(error));
  });

  test.each([
    [{ scale: 0 }, 'scale must be at least 1'],
    [{ parameters: 1.5 }, 'parameters must be a whole number'],
    [{ sha256: 'abc' }, 'sha256 must be 64 hexadecimal digits'],
    [{ adaptation: { learningRate: 0 } }, 'adaptation.learningRate must be above 0'],
    [{ adaptation: { start: 1.5 } }, 'adaptation.start must not be above 1'],
    [{ ends: { clean: { model: 'a', noise: [4] } } }, 'ends.clean.noise.1 is missing'],
    [{ input: undefined }, 'input is missing'],
  ])('names the field that is wrong: %j', async (change, fault) => {
    const { entry } = await tinyModel();
    const text = JSON.stringify({ version: 1, default: 'tiny', models: [entry, { ...entry, ...change }] });
    const message = `The list of networks (models.json) is wrong: models.1.${fault}.`;
    expect(() => parseRegistry(text)).toThrow(expect.objectContaining({ code: 'bad-model', message }));
  });

  test('refuses files outside its folder', async () => {
    const { entry } = await tinyModel();
    for (const file of ['../secret.onnx', 'a/b.onnx', 'c\\d.onnx', '..']) {
      const text = JSON.stringify({ version: 1, default: 'tiny', models: [{ ...entry, file }] });
      expect(() => parseRegistry(text)).toThrow(expect.objectContaining({ code: 'bad-model' }));
    }
  });

  test('SHA-256 of "abc" is that of FIPS 180-4', async () => {
    expect(await sha256(new TextEncoder().encode('abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});

describe('an ONNX file', () => {
  const change = (act: (graph: GraphProto) => void): Uint8Array => {
    const model = fromBinary(ModelProtoSchema, tinyNetwork());
    act(model.graph!);
    return toBinary(ModelProtoSchema, model);
  };

  test('tells its inputs, outputs, operators and parameters', () => {
    const file = readNetworkFile(tinyNetwork());
    expect(file.inputs).toEqual([{ name: 'image', type: 'FLOAT', shape: [1, 3, 'height', 'width'] }]);
    expect(file.outputs).toEqual([{ name: 'enlarged', type: 'FLOAT', shape: [1, 3, 'tall', 'wide'] }]);
    expect(file.operators).toEqual(
      new Set(['Clip', 'Resize', 'Conv', 'Relu', 'DepthToSpace', 'Add', 'Gather', 'Sub', 'Identity']),
    );
    expect(file.parameters).toBeGreaterThan(1000);
  });

  test('tells ports of unknown sizes and of other types, and takes weights among the inputs for what they are', () => {
    const dim = [
      { value: { case: 'dimValue' as const, value: 0n } },
      { value: { case: undefined } },
      { value: { case: 'dimParam' as const, value: 'w' } },
      { value: { case: 'dimValue' as const, value: 7n } },
    ];
    const tensor = (elemType: number, shape?: { dim: typeof dim }) => ({
      value: { case: 'tensorType' as const, value: { elemType, shape } },
    });
    const { graph } = create(ModelProtoSchema, {
      graph: {
        input: [
          { name: 'a', type: tensor(10, { dim }) },
          { name: 'b', type: tensor(99) },
          { name: 'c', type: { value: { case: 'sequenceType', value: {} } } },
          { name: 'd' },
          { name: 'weight', type: tensor(1) },
        ],
        initializer: [{ name: 'weight', dims: [2n, 3n], dataType: 1 }],
      },
    });
    const bytes = change((own) => {
      own.input = graph!.input;
      own.initializer = graph!.initializer;
      own.node = [own.node[0]!];
    });
    const file = readNetworkFile(bytes);
    expect(file.inputs).toEqual([
      { name: 'a', type: 'FLOAT16', shape: ['', '', 'w', 7] },
      { name: 'b', type: 'UNDEFINED', shape: null },
      { name: 'c', type: 'sequenceType', shape: null },
      { name: 'd', type: 'UNDEFINED', shape: null },
    ]);
    expect([file.parameters, file.nodes]).toEqual([6, 1]);
  });

  test('counts what graphs within its nodes hold, and names operators of other domains in full', () => {
    const { graph } = create(ModelProtoSchema, {
      graph: {
        node: [
          { opType: 'Constant', output: ['k'], attribute: [{ name: 'value', t: { dims: [5n], dataType: 1 } }] },
          { opType: 'Odd', domain: 'example.org', output: ['o'] },
          { opType: 'Plain', domain: 'ai.onnx', output: ['p'] },
        ],
        initializer: [{ name: 'inner', dims: [2n], dataType: 1 }],
      },
    });
    for (const attribute of [
      { name: 'body', g: graph! },
      { name: 'bodies', graphs: [graph!] },
    ]) {
      const bytes = change((own) => {
        own.initializer = [];
        own.node = create(ModelProtoSchema, {
          graph: { node: [{ opType: 'Loop', attribute: [attribute] }] },
        }).graph!.node;
      });
      const file = readNetworkFile(bytes);
      expect([...file.operators].sort()).toEqual(['Constant', 'Loop', 'Plain', 'example.org.Odd']);
      expect([file.nodes, file.parameters]).toEqual([4, 7]);
    }
  });

  test('is refused where it is empty or holds no network', () => {
    const refused = (bytes: Uint8Array, message: RegExp) =>
      expect(() => readNetworkFile(bytes)).toThrow(
        expect.objectContaining({ code: 'bad-model', message: expect.stringMatching(message) }),
      );
    refused(new Uint8Array(), /is empty/);
    refused(toBinary(ModelProtoSchema, create(ModelProtoSchema, { producerName: 'nobody' })), /holds no network/);
    refused(
      change((graph) => (graph.node = [])),
      /holds no network/,
    );
    refused(
      change((graph) => (graph.output = [])),
      /holds no network/,
    );
  });

  test('is refused for its size before it is read: from 2 GiB on', () => {
    // Only its length is asked for: a file of 2 GB for a test would be too much.
    const large = (length: number) => readNetworkFile({ length } as Uint8Array);
    expect(() => large(2 ** 31)).toThrow(expect.objectContaining({ advice: 'Choose a smaller network.' }));
    expect(() => large(2 ** 31 - 1)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/not an ONNX/) }),
    );
  });

  test.each(['one', 'many'])('nests eight graphs deep, and no deeper: %s to an attribute', (count) => {
    const holding = (inner: GraphProto) => {
      const attribute = [count === 'one' ? { name: 'branch', g: inner } : { name: 'branches', graphs: [inner] }];
      return create(ModelProtoSchema, { graph: { node: [{ opType: 'If', attribute }] } }).graph!;
    };
    const nested = (depth: number) => {
      let inner = create(ModelProtoSchema, { graph: { node: [{ opType: 'Relu' }] } }).graph!;
      for (let i = 1; i < depth; i++) inner = holding(inner);
      return change((graph) => (graph.node = inner.node));
    };
    expect(readNetworkFile(nested(8)).nodes).toBe(8);
    expect(() => readNetworkFile(nested(9))).toThrow(/nested too deeply/);
  });

  test('has as many as 50000 nodes', () => {
    const bytes = change((graph) => {
      const [node] = graph.node;
      while (graph.node.length < 50_000) graph.node.push(node!);
      graph.node.length = 50_000;
    });
    expect(readNetworkFile(bytes).nodes).toBe(50_000);
  });

  test('is refused where its weights are in another file', () => {
    const named = change(({ initializer }) =>
      initializer[0]!.externalData.push(
        create(ModelProtoSchema, {
          graph: { initializer: [{ externalData: [{ key: 'location', value: 'w' }] }] },
        }).graph!.initializer[0]!.externalData[0]!,
      ),
    );
    expect(() => readNetworkFile(named)).toThrow(/another file/);
    const bytes = change(({ initializer }) => (initializer[0]!.dataLocation = TensorProto_DataLocation.EXTERNAL));
    expect(() => readNetworkFile(bytes)).toThrow(
      expect.objectContaining({ code: 'bad-model', message: expect.stringMatching(/another file/) }),
    );
  });

  test('is refused where it has too many nodes or nests too deeply', () => {
    const many = change((graph) => {
      const [node] = graph.node;
      while (graph.node.length <= 50_000) graph.node.push(node!);
    });
    expect(() => readNetworkFile(many)).toThrow(/50000 nodes/);
    for (const depth of [12, 200]) {
      const deep = change((graph) => {
        let inner = graph.node[0]!;
        for (let i = 0; i < depth; i++) {
          const model = create(ModelProtoSchema, { graph: { node: [inner] } });
          inner = create(ModelProtoSchema, {
            graph: { node: [{ opType: 'If', output: ['y'], attribute: [{ name: 'then_branch', g: model.graph! }] }] },
          }).graph!.node[0]!;
        }
        graph.node.push(inner);
      });
      expect(() => readNetworkFile(deep)).toThrow(expect.objectContaining({ code: 'bad-model' }));
    }
  });

  test('is refused, never crashes, wherever it is cut off', () => {
    const bytes = tinyNetwork();
    for (let length = 1; length < bytes.length - 1; length += 97) {
      try {
        readNetworkFile(bytes.subarray(0, length));
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad-model' });
      }
    }
  });
});
