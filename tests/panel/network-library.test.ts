import { LWayError } from '../../src/engine/common/errors';
import type { NetworkEntry, NetworkRegistry } from '../../src/engine/network/registry';
import type { Speed } from '../../src/engine';
import { takeInFile } from '../../src/engine/node';
import { PageNetworks } from '../../src/panel/network-library';
import type { OwnNetworks } from '../../src/panel/own-networks';
import { readNetworkFile } from '../../src/engine/network/network-file';
import { safetensors } from '../engine/conversion/support';
import { tinyModel } from '../engine/upscaling/tiny-networks';
import { never } from './support';

class MemoryModels implements OwnNetworks {
  readonly kept = new Map<string, { entry: NetworkEntry; bytes: Uint8Array }>();
  async list() {
    return [...this.kept.values()].map(({ entry }) => entry);
  }
  async bytes(id: string) {
    return this.kept.get(id)!.bytes;
  }
  async put(entry: NetworkEntry, bytes: Uint8Array) {
    this.kept.set(entry.id, { entry, bytes });
  }
  async delete(id: string) {
    this.kept.delete(id);
  }
}

async function library(
  damage: (files: Map<string, Uint8Array>) => void = () => {},
  speed: Speed = 'gpu',
  quicker = false,
) {
  const models = await Promise.all([
    tinyModel({}, { id: 'second', file: 'second.onnx', name: 'Second' }),
    tinyModel({}, { id: 'first', file: 'first.onnx', name: 'First' }),
  ]);
  const registry: NetworkRegistry = {
    version: 1,
    default: 'first',
    models: models.map(({ entry }) => entry),
    ...(quicker ? { defaultWhereSlow: 'second' } : {}),
  };
  const files = new Map(models.map(({ entry, bytes }) => [`models/${entry.file}`, bytes]));
  files.set('models/models.json', new TextEncoder().encode(JSON.stringify(registry)));
  damage(files);
  const loads: string[] = [];
  const assets = {
    load: async (_: AbortSignal, name: string) => {
      loads.push(name);
      const bytes = files.get(name);
      if (!bytes) throw new LWayError('missing-model', `${name} is missing.`, 'Install it.');
      return bytes;
    },
  };
  const own = new MemoryModels();
  return { models: new PageNetworks(assets, own, takeInFile, async () => speed), own, loads };
}

test('lists the default first, and loads a network once', async () => {
  const { models, loads } = await library();
  expect((await models.list(never)).map(({ entry }) => entry.id)).toEqual(['first', 'second']);
  const loaded = await models.load(never, 'default');
  expect(loaded.entry.id).toBe('first');
  expect(await models.load(never, 'first')).toBe(loaded);
  expect(loads).toEqual(['models/models.json', 'models/first.onnx']);
});

test('where one thread has to do, a quicker network is the default, and it says why', async () => {
  const { models } = await library(undefined, 'slow', true);
  const [standard, other] = await models.list(never);
  expect(standard).toMatchObject({
    entry: { id: 'second' },
    reason: expect.stringMatching(/neither a graphics card.*First/),
  });
  expect(other!.reason).toBeUndefined();
  expect((await models.load(never, 'default')).entry.id).toBe('second');
});

test('without a GPU the best network stays the default, and the quicker one is named', async () => {
  const { models } = await library(undefined, 'threads', true);
  const [standard] = await models.list(never);
  expect(standard).toMatchObject({ entry: { id: 'first' }, reason: expect.stringMatching(/Second is quicker/) });
  expect((await models.load(never, 'default')).entry.id).toBe('first');
});

test('with a GPU there is nothing to explain', async () => {
  const { models } = await library(undefined, 'gpu', true);
  const [standard] = await models.list(never);
  expect(standard).toMatchObject({ entry: { id: 'first' }, reason: undefined });
});

test('refuses a file that is not the one that the registry names', async () => {
  const { models } = await library((files) => {
    const bytes = files.get('models/first.onnx')!.slice();
    bytes[bytes.length - 1]! ^= 1;
    files.set('models/first.onnx', bytes);
  });
  await expect(models.load(never, 'first')).rejects.toMatchObject({ code: 'bad-model' });
  await expect(models.load(never, 'second')).resolves.toBeDefined();
});

test('says in a sentence why there is no adaptation', async () => {
  const { models } = await library();
  expect(await models.adaptation(never, { scale: 4 })).toMatch(/came without the networks/);
});

test('a registry that cannot be loaded may be there the next time', async () => {
  let kept: Uint8Array | undefined;
  let files: Map<string, Uint8Array> | undefined;
  const { models } = await library((all) => {
    files = all;
    kept = all.get('models/models.json');
    all.delete('models/models.json');
  });
  await expect(models.list(never)).rejects.toMatchObject({ code: 'missing-model' });
  files!.set('models/models.json', kept!);
  await expect(models.list(never)).resolves.toHaveLength(2);
});

test('keeps a network of the person’s own until it is removed', async () => {
  const { models, own } = await library();
  const { bytes } = await tinyModel();
  const added = await models.add(never, 'mine', bytes);
  expect(added).toMatchObject({ own: true, entry: { id: 'mine' } });
  expect((await models.list(never)).at(-1)).toEqual(added);
  expect((await models.load(never, 'mine')).bytes).toBe(bytes);
  await models.remove('mine');
  expect(own.kept.size).toBe(0);
  await expect(models.load(never, 'mine')).rejects.toMatchObject({ code: 'missing-model' });
});

test('weights are kept as ONNX, under the name of their file', async () => {
  const { models, own } = await library();
  const shapes = { 'body.0.weight': [4, 3, 3, 3], 'body.1.weight': [4], 'body.2.weight': [12, 4, 3, 3] };
  const added = await models.add(never, 'mine.safetensors', safetensors(shapes));
  expect(added.entry).toMatchObject({ id: 'mine', description: 'Compact network, read from mine.safetensors.' });
  expect(readNetworkFile([...own.kept.values()][0]!.bytes).operators).toContain('PRelu');
});

test('half of an ncnn pair is refused with what is missing, the whole is kept', async () => {
  const { models, own } = await library();
  const text = '7767517\n2 2\nInput in 0 1 data\nInterp up 1 1 data output 0=1 1=2.0 2=2.0\n';
  const param = new TextEncoder().encode(text);
  await expect(models.add(never, 'mine.param', param)).rejects.toMatchObject({
    advice: expect.stringMatching(/\.bin/),
  });
  await models.add(never, 'mine.param', param, { name: 'mine.bin', bytes: new Uint8Array(0) });
  expect(readNetworkFile([...own.kept.values()][0]!.bytes).operators).toContain('Resize');
});

test('a network with an end can be mixed, and its end is not listed', async () => {
  const { models } = await library((files) => {
    const text = new TextDecoder().decode(files.get('models/models.json'));
    const registry = JSON.parse(text) as { models: { id: string; ends?: object }[] };
    registry.models.find(({ id }) => id === 'first')!.ends = { faithful: { model: 'second' } };
    files.set('models/models.json', new TextEncoder().encode(JSON.stringify(registry)));
  });
  expect((await models.list(never)).map(({ entry }) => entry.id)).toEqual(['first']);
  const { entry } = await models.load(never, 'first');
  const tuning = await models.tuning(never, entry, { detail: 30 });
  expect(tuning).toMatchObject({ detail: 30, noise: 'auto', ends: { faithful: { entry: { id: 'second' } } } });
  // Without the networks that tell, automatic is the network as it came.
  expect(tuning!.estimators).toBeUndefined();
  const { entry: own } = await models.add(never, 'mine', (await tinyModel()).bytes);
  expect(await models.tuning(never, own, { detail: 30 })).toBeUndefined();
});
